// SPDX-License-Identifier: Apache-2.0
#include "dock/outbox.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"

namespace lapel::dock {
namespace {

constexpr std::int64_t kRetryFirstUs = 250'000;
constexpr std::int64_t kRetryOnceMaxUs = 4'000'000;
constexpr std::int64_t kRetryWatchMaxUs = 60'000'000;
constexpr int kAttemptsLockedMax = 24;  // longer than a server holds an upload for a connection that died silently
// While watching, what no waiting mends is tried again rarely all the same: an administrator may have mended it.
constexpr std::int64_t kRetryHopelessUs = 300'000'000;
constexpr int kAttemptsOnceMax = 8;  // in a row without a byte gained

constexpr std::int64_t kSealPollFirstUs = 20'000;
constexpr std::int64_t kSealPollMaxUs = 1'000'000;
constexpr int kSealPollsMax = 600;

constexpr std::int64_t kReportUs = 1'000'000;  // how often a waiting thread looks whether to say something

// What may be better a little later.
bool may_pass(const Error& error) {
  switch (error.code()) {
    case Code::kUnavailable:
    case Code::kLimited:
    case Code::kBusy:
    case Code::kFull:
    case Code::kConflict:
    case Code::kGone:
    case Code::kNotFound:
      return true;
    default:
      return false;
  }
}

// The server as a whole: no use in trying the next file at once.
bool is_of_the_server(const Error& error) {
  return error.code() == Code::kUnavailable || error.code() == Code::kUnauthenticated;
}

// A quarter less or more, so that the docks of a station do not all come back in the same moment.
std::int64_t spread(std::int64_t us) {
  return us * 3 / 4 + us / 2 * crypto::random_bytes<1>()[0] / 256;
}

Json::Object told(const Item& item, const std::string& bay) {
  Json::Object out = {{"path", item.path}, {"file", item.file.text()}};
  if (!bay.empty()) out.emplace("bay", bay);
  return out;
}

}  // namespace

int gravity(const Error& error) {
  switch (exit_code(error.code())) {
    case 6:
      return 4;
    case 4:
      return 3;
    case 7:
      return 2;
    default:
      return 1;
  }
}

Outbox::Outbox(const Parts& parts, const Options& options) : parts_(parts), options_(options) {
  CHECK(options_.senders >= 1 && options_.senders <= kSendersMax);
  for (const Item& item : parts_.spool.waiting()) enqueue(item, {});
  for (int i = 0; i < options_.senders; ++i) senders_.emplace_back([this] { send_loop(); });
}

Outbox::~Outbox() {
  stop();
  for (std::thread& sender : senders_) sender.join();
}

void Outbox::stop() {
  is_stopped_ = true;
  const os::MutexLock lock(mutex_);
  changed_.notify_all();
}

void Outbox::enqueue(const Item& item, const std::string& bay) {
  bytes_left_ += item.bytes;
  const os::MutexLock lock(mutex_);
  // Under the same lock release() looks in held_: a leader that is receipted in this moment releases it, or is receipted already.
  if (item.leader && parts_.spool.is_waiting(*item.leader)) {
    held_.emplace(*item.leader, Entry{item, bay});
  } else {
    queue_.push_back({item, bay});
  }
  changed_.notify_all();
}

void Outbox::release(const FileId& file, Leader leader) {
  std::vector<Entry> entries;
  {
    const os::MutexLock lock(mutex_);
    const auto [begin, end] = held_.equal_range(file);
    for (auto it = begin; it != end; ++it) entries.push_back(std::move(it->second));
    held_.erase(begin, end);
  }
  for (Entry& entry : entries) {
    if (leader == Leader::kMissing) entry.item.leader.reset();
    const os::MutexLock lock(mutex_);
    queue_.push_back(std::move(entry));
    changed_.notify_all();
  }
}

void Outbox::note(const Error& error, const std::string& bay) {
  const os::MutexLock lock(mutex_);
  const auto [it, is_new] = failures_.emplace(bay, error);
  if (!is_new && gravity(error) > gravity(it->second)) it->second = error;
}

bool Outbox::has_failed(const std::string& bay) const {
  const os::MutexLock lock(mutex_);
  return gave_up_ || failures_.contains(bay) || failures_.contains(std::string());
}

bool Outbox::has_given_up() const {
  const os::MutexLock lock(mutex_);
  return gave_up_;
}

std::optional<Error> Outbox::gravest() const {
  const os::MutexLock lock(mutex_);
  const Error* out = nullptr;
  for (const auto& [bay, error] : failures_) {
    if (!out || gravity(error) > gravity(*out)) out = &error;
  }
  return out ? std::optional(*out) : std::nullopt;
}

void Outbox::forget_failures() {
  const os::MutexLock lock(mutex_);
  if (!is_stopped_) failures_.clear();
}

Progress Outbox::progress() const {
  const os::MutexLock lock(mutex_);
  return {bytes_sent_, bytes_left_, queue_.size() + held_.size() + underway_};
}

void Outbox::drain() {
  for (;;) {
    {
      const os::MutexLock lock(mutex_);
      if (is_stopped_ || (underway_ == 0 && (queue_.empty() || gave_up_))) return;
      changed_.wait_for_us(mutex_, kReportUs);
    }
    parts_.report.progress(progress());
  }
}

void Outbox::wait_us(std::int64_t us) {
  const std::int64_t end = parts_.clock.monotonic_us() + us;
  for (;;) {
    const std::int64_t left = end - parts_.clock.monotonic_us();
    if (left <= 0 || is_stopped_) return;
    parts_.report.progress(progress());
    const os::MutexLock lock(mutex_);
    if (!is_stopped_) changed_.wait_for_us(mutex_, std::min(left, kReportUs));
  }
}

bool Outbox::wait_for_room(Others others) {
  {
    const os::MutexLock lock(mutex_);
    const bool is_idle = queue_.empty() && underway_ == 0 && others == Others::kIdle;
    if (is_idle || gave_up_ || is_stopped_) return false;
    changed_.wait_for_us(mutex_, kReportUs);
  }
  parts_.report.progress(progress());
  return true;
}

bool Outbox::pause_us(std::int64_t us) {
  const std::int64_t end = parts_.clock.monotonic_us() + us;
  const os::MutexLock lock(mutex_);
  while (!is_stopped_) {
    const std::int64_t left = end - parts_.clock.monotonic_us();
    if (left <= 0) return true;
    changed_.wait_for_us(mutex_, left);
  }
  return false;
}

void Outbox::send_loop() {
  auto server = Server::open(parts_.state, parts_.clock, [this] { return is_stopped_.load(); });
  for (;;) {
    Entry entry;
    {
      const os::MutexLock lock(mutex_);
      while (!is_stopped_ && (queue_.empty() || gave_up_)) changed_.wait(mutex_);
      if (is_stopped_) return;
      entry = std::move(queue_.front());
      queue_.pop_front();
      ++underway_;
    }
    if (server) {
      deliver_with_patience(**server, std::move(entry));
    } else {
      note(server.error(), entry.bay);
    }
    const os::MutexLock lock(mutex_);
    --underway_;
    changed_.notify_all();
  }
}

void Outbox::deliver_with_patience(Server& server, Entry entry) {
  const bool is_once = options_.mode == Mode::kOnce;
  Delivery delivery{std::move(entry.item), std::move(entry.bay), 0, 0};
  const Item& file = delivery.item;
  delivery.left = file.bytes;
  std::uint64_t before = 0;
  std::int64_t wait = kRetryFirstUs;
  for (int attempts = 1;; ++attempts) {
    const auto done = deliver(server, delivery);
    if (done) {
      has_delivered_ = true;
      return release(file.file, Leader::kReceipted);
    }
    if (is_stopped_) return;
    const Error& error = done.error();
    if (std::exchange(before, delivery.durable) < delivery.durable) {
      attempts = 1;
      wait = kRetryFirstUs;
    }
    const bool is_hopeless = !may_pass(error);
    // What belongs to it must not wait for ever.
    if (is_hopeless && !is_of_the_server(error)) release(file.file, Leader::kMissing);
    Json::Object fields = told(file, delivery.bay);
    fields.emplace("problem", error.problem->slug);
    fields.emplace("reason", error.text());
    if (is_once && (is_hopeless || attempts >= (error.code() == Code::kBusy ? kAttemptsLockedMax : kAttemptsOnceMax))) {
      parts_.report.say("failed", fmt::format("Not receipted: {}: {}", printable(file.path), error.text()),
                        std::move(fields));
      note(error, delivery.bay);
      if (!is_of_the_server(error)) return;
      const os::MutexLock lock(mutex_);
      gave_up_ = true;
      return;
    }
    parts_.report.say("retry", fmt::format("Trying again later: {}: {}", printable(file.path), error.text()),
                      std::move(fields));
    if (!pause_us(spread(is_hopeless ? kRetryHopelessUs : wait))) return;
    wait = std::min(wait * 2, is_once ? kRetryOnceMaxUs : kRetryWatchMaxUs);
  }
}

// As a part of its leader's recording, or by itself where the server has no such recording any more.
Result<UploadId> Outbox::create(Server& server, Item& item) {
  const auto group = item.leader ? parts_.spool.recording_of(*item.leader) : std::nullopt;
  auto upload = server.uploads().create(item.bytes, upload_metadata(item, group));
  if (!upload && group && upload.error().code() == Code::kInvalid) {
    item.leader.reset();
    upload = server.uploads().create(item.bytes, upload_metadata(item));
  }
  return upload;
}

// One attempt, from wherever the last one ended.
Result<void> Outbox::deliver(Server& server, Delivery& delivery) {
  Item& item = delivery.item;
  if (!item.statement) {
    std::optional<DeviceId> device;
    if (item.serial) device = TRY(server.register_device(*item.serial));
    item.statement = make_statement(item, parts_.state.identity().origin, device, parts_.state.key());
    TRY(parts_.spool.save(item));  // before it leaves the dock: one file, one statement
  }
  delivery.durable = 0;
  if (item.upload) {
    auto offset = server.uploads().offset(*item.upload, item.bytes);
    if (offset) {
      delivery.durable = *offset;
    } else if (offset.error().code() == Code::kNotFound || offset.error().code() == Code::kGone) {
      item.upload.reset();  // expired: the file's id stays, so that nothing is admitted twice
    } else {
      return fail(std::move(offset).error());
    }
  }
  if (!item.upload) {
    item.upload = TRY(create(server, item));
    TRY(parts_.spool.save(item));
  }
  bytes_left_ += item.bytes - delivery.durable - delivery.left;
  delivery.left = item.bytes - delivery.durable;
  if (delivery.left > 0) TRY(send_bytes(server, delivery));

  auto recording = wait_sealed(server, *item.upload);
  if (!recording) {
    // Refused once whole: what is sent anew needs an upload of its own.
    if (recording.error().code() == Code::kGone) item.upload.reset();
    return fail(std::move(recording).error());
  }
  const auto receipt = server.receipt(*recording);
  if (!receipt && (receipt.error().code() == Code::kNotFound || receipt.error().code() == Code::kDenied)) {
    return fail(problems::kProofInvalid, "The server says that the file is sealed and gives no receipt",
                receipt.error().message);
  }
  if (!receipt) return fail(receipt.error());
  item.recording = TRY(check_receipt(*receipt, item, parts_.state.identity().ledger, parts_.state.key().public_key()));
  TRY(parts_.spool.keep(item, *receipt));
  Json::Object fields = told(item, delivery.bay);
  fields.emplace("recording", item.recording->text());
  fields.emplace("bytes", item.bytes);
  fields.emplace("sha256", hex(item.sha256));
  parts_.report.say("receipted", fmt::format("Receipted {}", printable(item.path)), std::move(fields));
  return {};
}

Result<void> Outbox::send_bytes(Server& server, Delivery& delivery) {
  if (parts_.spool.needs_key(delivery.item))
    parts_.spool.give_key(delivery.item.file, TRY(server.unwrap(delivery.item.file, *delivery.item.wrapped_key)));
  CopyReader copy = TRY(parts_.spool.read(delivery.item));
  const std::uint64_t from = delivery.durable;
  const http::BodySource rest{delivery.left, [&](std::uint64_t at, std::span<std::uint8_t> out) -> Result<std::size_t> {
                                const std::size_t count = TRY(copy.read(from + at, out));
                                // Bytes that are sent again on a new connection were counted before.
                                const std::uint64_t left_after = delivery.item.bytes - from - at - count;
                                if (left_after < delivery.left) {
                                  bytes_sent_ += delivery.left - left_after;
                                  bytes_left_ -= delivery.left - left_after;
                                  delivery.left = left_after;
                                }
                                return count;
                              }};
  TRY(server.uploads().send(*delivery.item.upload, from, rest));
  delivery.durable = delivery.item.bytes;
  return {};
}

Result<RecordingId> Outbox::wait_sealed(Server& server, const UploadId& upload) {
  std::int64_t wait = kSealPollFirstUs;
  for (int polls = 0; polls < kSealPollsMax; ++polls) {
    const http::UploadState state = TRY(server.uploads().state(upload));
    if (state.is == http::UploadState::Is::kSealed) return *state.recording;
    // The spool's chunks are authenticated, so the bytes were damaged on the way or there.
    if (state.is == http::UploadState::Is::kRefused)
      return fail(Code::kGone, fmt::format("The server refused the file once it was whole: {}", state.reason));
    if (!pause_us(wait)) return fail(Code::kUnavailable, "Stopped");
    wait = std::min(wait * 2, kSealPollMaxUs);
  }
  return fail(Code::kUnavailable, "The server has received the file and does not seal it", upload.text());
}

}  // namespace lapel::dock
