// SPDX-License-Identifier: Apache-2.0
#include "dock/offload.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "proof/receipt.h"

namespace lapel::dock {
namespace {

// Between two looks: a file that is the same in both is no longer being written.
constexpr std::int64_t kLookPeriodOnceUs = 1'000'000;
constexpr std::int64_t kLookPeriodWatchUs = 5'000'000;
constexpr int kLooksOnceMax = 8;

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

constexpr std::int64_t kReportUs = 1'000'000;  // how often the waiting thread looks whether to say something

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

}  // namespace

Offload::Offload(os::Disk& disk, const State& state, Spool& spool, Report& report, const Clock& clock,
                 OffloadOptions options)
    : disk_(disk), state_(state), spool_(spool), report_(report), clock_(clock), options_(std::move(options)) {
  CHECK(options_.senders >= 1 && options_.senders <= kSendersMax);
  for (const Item& item : spool_.waiting()) enqueue(item);
  for (int i = 0; i < options_.senders; ++i) senders_.emplace_back([this] { send_loop(); });
}

Offload::~Offload() {
  stop();
  for (std::thread& sender : senders_) sender.join();
}

void Offload::stop() {
  is_stopped_ = true;
  const os::MutexLock lock(mutex_);
  changed_.notify_all();
}

Result<void> Offload::run() {
  auto done = options_.mode == Mode::kOnce ? run_once() : run_watching();
  if (!done) return done;
  const bool is_all = is_all_receipted();
  const os::MutexLock lock(mutex_);
  if (gravest_) return fail(*gravest_);
  if (is_stopped_ && (options_.mode == Mode::kOnce || !is_all))
    return fail(Code::kUnavailable, "Stopped before everything was receipted");
  return {};
}

// ---- the camera's side ----

Result<void> Offload::run_once() {
  std::size_t left = 0;
  TRY(round());
  for (int looks = 1; looks < kLooksOnceMax && !is_stopped_; ++looks) {
    wait_us(kLookPeriodOnceUs);
    TRY(round());
    TRY(drain());
    {
      const os::MutexLock lock(mutex_);
      if (gravest_) return {};
    }
    // Once more over the same files, now that receipts are here: what may be erased is erased.
    const Camera camera = TRY(Camera::open(options_.camera));
    left = TRY(settle_all(camera, seen_));
    if (left == 0) break;
  }
  if (left > 0 && !is_stopped_) {
    note(Error{&generic_problem(Code::kBusy),
               fmt::format("{} files on the camera keep changing or could not be copied", left),
               {}});
  }
  if (!is_look_complete_)
    note(Error{&generic_problem(Code::kInternal), "Not everything on the camera could be looked at", {}});
  return {};
}

Result<void> Offload::run_watching() {
  while (!is_stopped_) {
    const auto looked = round();
    // No camera in the dock is the usual state of a dock.
    if (!looked && looked.error().code() != Code::kNotFound) return looked;
    if (!looked) {
      seen_.clear();
      known_.clear();
      finished_.clear();
    }
    {
      // While watching, what failed is tried again: only what stands when it ends counts.
      const os::MutexLock lock(mutex_);
      if (!is_stopped_) gravest_.reset();
    }
    wait_us(kLookPeriodWatchUs);
  }
  return {};
}

Result<void> Offload::round() {
  const Camera camera = TRY(Camera::open(options_.camera));
  auto serial = camera.serial();
  std::vector<std::string> complaints;
  if (!serial) complaints.push_back(serial.error().text());
  serial_ = serial && *serial ? *serial : options_.serial;
  Look look = camera.look();
  complaints.insert(complaints.end(), look.left_out.begin(), look.left_out.end());
  for (const std::string& complaint : complaints) {
    if (std::find(complaints_.begin(), complaints_.end(), complaint) != complaints_.end()) continue;
    report_.say("left_out", fmt::format("Left out: {}", complaint), {{"reason", complaint}});
  }
  complaints_ = std::move(complaints);
  is_look_complete_ = look.left_out.empty();
  const auto is_gone = [&](const Found& found) {
    return !std::binary_search(look.files.begin(), look.files.end(), found);
  };
  std::erase_if(known_, [&](const auto& known) { return is_gone(known.first); });
  std::erase_if(finished_, is_gone);
  TRY(settle_all(camera, look.files));
  seen_ = std::move(look.files);
  return {};
}

bool Offload::is_all_receipted() const {
  return spool_.waiting().empty() && std::all_of(seen_.begin(), seen_.end(), [&](const Found& found) {
           const auto it = known_.find(found);
           return it != known_.end() && spool_.is_receipted(it->second);
         });
}

Result<std::size_t> Offload::settle_all(const Camera& camera, const std::vector<Found>& files) {
  std::size_t left = 0;
  for (const Found& found : files) {
    if (is_stopped_) return files.size();
    if (!std::binary_search(seen_.begin(), seen_.end(), found)) {
      ++left;  // new since the last look, or still being written
      continue;
    }
    if (TRY(settle(camera, found)) != Standing::kReceipted) ++left;
  }
  return left;
}

Result<Offload::Standing> Offload::settle(const Camera& camera, const Found& found) {
  auto it = known_.find(found);
  if (it == known_.end()) {
    auto file = TRY(recognize(camera, found));
    if (!file) file = TRY(copy(camera, found));
    if (!file) return Standing::kUnsettled;
    it = known_.emplace(found, *file).first;
  }
  const FileId file = it->second;
  if (!spool_.is_receipted(file)) return Standing::kSpooled;
  if (options_.afterwards == Afterwards::kLeave || finished_.contains(found)) return Standing::kReceipted;
  return erase(camera, found, file);
}

Result<std::optional<FileId>> Offload::recognize(const Camera& camera, const Found& found) {
  const std::vector<Item> alike = spool_.alike({found.path, found.bytes, found.modified_us, serial_});
  if (alike.empty()) return std::optional<FileId>();
  // Names and times repeat from camera to camera; only the bytes say that it is the same file.
  crypto::Sha256 hash;
  const auto read = camera.read(found, [&](ByteView bytes) -> Result<void> {
    if (is_stopped_) return fail(Code::kUnavailable, "Stopped");
    hash.update(bytes);
    report_.progress(progress());
    return {};
  });
  if (!read) return std::optional<FileId>();  // copy() will meet the same, and say it
  const Digest sha256 = hash.finish();
  for (const Item& item : alike) {
    if (item.sha256 == sha256) return std::optional(item.file);
  }
  return std::optional<FileId>();
}

Result<bool> Offload::make_room(const Found& found) {
  const std::uint64_t needed = sealed_bytes(found.bytes);
  for (bool is_told = false;; is_told = true) {
    const std::uint64_t used = spool_.used_bytes();
    const std::uint64_t free = TRY(disk_.free_bytes(state_.directory()));
    if (used + needed <= options_.spool_bytes_max && free >= limits::kDiskReserveBytes + needed) return true;
    if (!is_told) {
      report_.say("spool_full", fmt::format("The spool has no room for {} yet", printable(found.path)),
                  {{"path", found.path}, {"bytes", found.bytes}, {"spool_bytes", used}});
    }
    {
      const os::MutexLock lock(mutex_);
      const bool is_hopeless = (queue_.empty() && underway_ == 0) || gave_up_ || needed > options_.spool_bytes_max;
      if (is_stopped_ || options_.mode == Mode::kWatch) return false;
      if (is_hopeless) break;
      changed_.wait_for_us(mutex_, kReportUs);
    }
    report_.progress(progress());
  }
  note(Error{&generic_problem(Code::kFull),
             fmt::format("The spool of {} bytes has no room for a file of {}", options_.spool_bytes_max, found.bytes),
             printable(found.path)});
  return false;
}

Result<std::optional<FileId>> Offload::copy(const Camera& camera, const Found& found) {
  const auto none = std::optional<FileId>();
  if (!TRY(make_room(found))) return none;
  CopyWriter writer = TRY(spool_.begin());
  std::optional<Error> spool_failure;  // ours; everything else is the camera's
  const auto read = camera.read(found, [&](ByteView bytes) -> Result<void> {
    if (is_stopped_) return fail(Code::kUnavailable, "Stopped");
    report_.progress(progress());
    auto written = writer.write(bytes);
    if (!written) spool_failure = written.error();
    return written;
  });
  if (spool_failure && spool_failure->code() == Code::kFull) {
    note(*spool_failure);
    return none;
  }
  if (spool_failure) return fail(*std::move(spool_failure));
  if (!read) {
    if (is_stopped_) return none;
    report_.say("unread", fmt::format("Not copied: {}", read.error().text()),
                {{"path", found.path}, {"reason", read.error().text()}});
    return none;
  }
  Item item;
  item.path = found.path;
  item.modified_us = found.modified_us;
  item.serial = serial_;
  item.copied_at = clock_.now();
  item = TRY(writer.finish(std::move(item)));
  spool_.add(item);
  report_.say("copied", fmt::format("Copied {} ({} bytes)", printable(item.path), item.bytes),
              {{"path", item.path}, {"file", item.file.text()}, {"bytes", item.bytes}, {"sha256", hex(item.sha256)}});
  enqueue(item);
  return std::optional(item.file);
}

// Whatever keeps the file from being erased is said, and the file stays.
Offload::Standing Offload::erase(const Camera& camera, const Found& found, const FileId& file) {
  const auto erased = [&]() -> Result<void> {
    const Spool::Kept kept = TRY(spool_.kept(file));
    // Verified when it came; verified again, because between then and now it was only a file.
    TRY(check_receipt(kept.receipt, kept.item, state_.identity().ledger, state_.key().public_key()));
    TRY(ask_again(kept));
    return camera.erase(found, kept.item.sha256, [&](ByteView) -> Result<void> {
      report_.progress(progress());
      return is_stopped_ ? Result<void>(fail(Code::kUnavailable, "Stopped")) : Result<void>();
    });
  }();
  if (erased) {
    finished_.insert(found);
    report_.say("erased", fmt::format("Erased {} from the camera: its receipt is kept", printable(found.path)),
                {{"path", found.path}, {"file", file.text()}});
    return Standing::kReceipted;
  }
  if (is_stopped_) return Standing::kReceipted;
  report_.say("not_erased", fmt::format("Not erased: {}", erased.error().text()),
              {{"path", found.path}, {"file", file.text()}, {"reason", erased.error().text()}});
  if (erased.error().code() == Code::kConflict) {
    known_.erase(found);  // it is another file now, with a receipt of its own to come
    return Standing::kUnsettled;
  }
  finished_.insert(found);
  if (erased.error().code() != Code::kNotFound) note(erased.error());  // gone already is gone
  return Standing::kReceipted;
}

// A server restored from an old backup has lost what it gave receipts for, and then the camera may hold the only copy. A
// receipt is proof enough where the server cannot be reached; where it can, it must not have gone back behind the receipt.
Result<void> Offload::ask_again(const Spool::Kept& kept) {
  const std::int64_t now = clock_.monotonic_us();
  if (now < ask_not_before_us_) return {};
  if (!asked_again_) asked_again_ = TRY(Server::open(state_, clock_, [this] { return is_stopped_.load(); }));
  const auto receipt = asked_again_->receipt(*kept.item.recording);
  if (!receipt) {
    const Code code = receipt.error().code();
    if (code == Code::kUnavailable || code == Code::kBusy || code == Code::kLimited) {
      ask_not_before_us_ = now + kRetryWatchMaxUs;
      return {};
    }
    return fail(problems::kProofInvalid, "The server no longer gives the receipt that is kept here",
                receipt.error().message);
  }
  TRY(check_receipt(*receipt, kept.item, state_.identity().ledger, state_.key().public_key()));
  const proof::Trust trust{state_.identity().ledger, {}};
  const auto before = proof::verify_receipt(kept.receipt, trust), after = proof::verify_receipt(*receipt, trust);
  CHECK(before && after);  // just checked
  const bool has_gone_back = after->checkpoint.size < before->checkpoint.size;
  const bool is_another =
      after->checkpoint.size == before->checkpoint.size && after->checkpoint.root != before->checkpoint.root;
  if (has_gone_back || is_another || after->index != before->index) {
    return fail(problems::kProofInvalid,
                "The server's ledger contradicts the receipt that is kept here: keep both and tell whoever is to know",
                printable(kept.item.path));
  }
  return {};
}

Result<void> Offload::drain() {
  for (;;) {
    {
      const os::MutexLock lock(mutex_);
      if (is_stopped_ || (underway_ == 0 && (queue_.empty() || gave_up_))) return {};
      changed_.wait_for_us(mutex_, kReportUs);
    }
    report_.progress(progress());
  }
}

void Offload::wait_us(std::int64_t us) {
  const std::int64_t end = clock_.monotonic_us() + us;
  for (;;) {
    const std::int64_t left = end - clock_.monotonic_us();
    if (left <= 0 || is_stopped_) return;
    report_.progress(progress());
    const os::MutexLock lock(mutex_);
    if (!is_stopped_) changed_.wait_for_us(mutex_, std::min(left, kReportUs));
  }
}

// ---- the server's side ----

void Offload::enqueue(const Item& item) {
  bytes_left_ += item.bytes;
  const os::MutexLock lock(mutex_);
  queue_.push_back(item);
  changed_.notify_all();
}

void Offload::note(const Error& error) {
  const os::MutexLock lock(mutex_);
  if (!gravest_ || gravity(error) > gravity(*gravest_)) gravest_ = error;
}

Progress Offload::progress() const {
  const os::MutexLock lock(mutex_);
  return {bytes_sent_, bytes_left_, queue_.size() + underway_};
}

bool Offload::pause_us(std::int64_t us) {
  const std::int64_t end = clock_.monotonic_us() + us;
  const os::MutexLock lock(mutex_);
  while (!is_stopped_) {
    const std::int64_t left = end - clock_.monotonic_us();
    if (left <= 0) return true;
    changed_.wait_for_us(mutex_, left);
  }
  return false;
}

void Offload::send_loop() {
  auto server = Server::open(state_, clock_, [this] { return is_stopped_.load(); });
  for (;;) {
    Item item;
    {
      const os::MutexLock lock(mutex_);
      while (!is_stopped_ && (queue_.empty() || gave_up_)) changed_.wait(mutex_);
      if (is_stopped_) return;
      item = std::move(queue_.front());
      queue_.pop_front();
      ++underway_;
    }
    if (server) {
      deliver_with_patience(**server, std::move(item));
    } else {
      note(server.error());
    }
    const os::MutexLock lock(mutex_);
    --underway_;
    changed_.notify_all();
  }
}

void Offload::deliver_with_patience(Server& server, Item item) {
  const bool is_once = options_.mode == Mode::kOnce;
  Delivery delivery{std::move(item), 0, 0};
  const Item& file = delivery.item;
  delivery.left = file.bytes;
  std::uint64_t before = 0;
  std::int64_t wait = kRetryFirstUs;
  for (int attempts = 1;; ++attempts) {
    const auto done = deliver(server, delivery);
    if (done || is_stopped_) return;
    const Error& error = done.error();
    if (std::exchange(before, delivery.durable) < delivery.durable) {
      attempts = 1;
      wait = kRetryFirstUs;
    }
    const bool is_hopeless = !may_pass(error);
    if (is_once && (is_hopeless || attempts >= (error.code() == Code::kBusy ? kAttemptsLockedMax : kAttemptsOnceMax))) {
      report_.say("failed", fmt::format("Not receipted: {}: {}", printable(file.path), error.text()),
                  {{"path", file.path},
                   {"file", file.file.text()},
                   {"problem", error.problem->slug},
                   {"reason", error.text()}});
      note(error);
      if (!is_of_the_server(error)) return;
      const os::MutexLock lock(mutex_);
      gave_up_ = true;
      return;
    }
    report_.say(
        "retry", fmt::format("Trying again later: {}: {}", printable(file.path), error.text()),
        {{"path", file.path}, {"file", file.file.text()}, {"problem", error.problem->slug}, {"reason", error.text()}});
    if (!pause_us(spread(is_hopeless ? kRetryHopelessUs : wait))) return;
    wait = std::min(wait * 2, is_once ? kRetryOnceMaxUs : kRetryWatchMaxUs);
  }
}

// One attempt, from wherever the last one ended.
Result<void> Offload::deliver(Server& server, Delivery& delivery) {
  Item& item = delivery.item;
  if (!item.statement) {
    std::optional<DeviceId> device;
    if (item.serial) device = TRY(server.register_device(*item.serial));
    item.statement = make_statement(item, state_.identity().origin, device, state_.key());
    TRY(spool_.save(item));  // before it leaves the dock: one file, one statement
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
    item.upload = TRY(server.uploads().create(item.bytes, upload_metadata(item)));
    TRY(spool_.save(item));
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
  item.recording = TRY(check_receipt(*receipt, item, state_.identity().ledger, state_.key().public_key()));
  TRY(spool_.keep(item, *receipt));
  report_.say("receipted", fmt::format("Receipted {}", printable(item.path)),
              {{"path", item.path},
               {"file", item.file.text()},
               {"recording", item.recording->text()},
               {"bytes", item.bytes},
               {"sha256", hex(item.sha256)}});
  return {};
}

Result<void> Offload::send_bytes(Server& server, Delivery& delivery) {
  CopyReader copy = TRY(spool_.read(delivery.item));
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

Result<RecordingId> Offload::wait_sealed(Server& server, const UploadId& upload) {
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
