// SPDX-License-Identifier: Apache-2.0
#include "dock/offload.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"

namespace lapel::dock {
namespace {

constexpr std::int64_t kFindPeriodUs = 1'000'000;  // how soon a folder that appears is looked at
constexpr std::int64_t kTellPeriodUs = 15'000'000;
constexpr std::int64_t kTellChangeUs = 2'000'000;  // no oftener, whatever changes
constexpr std::size_t kNameCharactersMax = 100;

}  // namespace

struct Offload::Running {
  Running(const Bay::Parts& parts, Bay::Options options) : bay(parts, std::move(options)) {}
  Bay bay;
  Result<void> ended;
  std::atomic<bool> has_ended = false;
  std::thread thread;
};

Offload::Offload(os::Disk& disk, const State& state, Spool& spool, Report& report, const Clock& clock,
                 OffloadOptions options)
    : disk_(disk),
      state_(state),
      spool_(spool),
      report_(report),
      clock_(clock),
      options_(std::move(options)),
      outbox_({state, spool, report, clock}, {options_.mode, options_.senders}) {}

Offload::~Offload() {
  outbox_.stop();
  if (teller_.joinable()) teller_.join();
}

void Offload::begin(std::string name, os::Path folder, bool ends_with_folder) {
  Bay::Options options{first_characters(printable(name), kNameCharactersMax),
                       std::move(folder),
                       options_.mode,
                       options_.afterwards,
                       options_.serial,
                       options_.zone,
                       options_.spool_bytes_max,
                       ends_with_folder};
  auto running = std::make_unique<Running>(
      Bay::Parts{disk_, state_, spool_, outbox_, report_, clock_, options_.profiles}, std::move(options));
  Running& bay = *running;
  const os::MutexLock lock(mutex_);
  bays_.push_back(std::move(running));
  bay.thread = std::thread([this, &bay] {
    bay.ended = bay.bay.run();
    if (!bay.ended) outbox_.stop();  // the spool is everybody's
    bay.has_ended = true;
  });
}

// A folder is a camera's from when it appears until it goes.
Result<void> Offload::find_cameras() {
  auto names = disk_.list(options_.cameras_folder);
  if (!names && names.error().code() == Code::kNotFound && options_.mode == Mode::kWatch) return {};
  for (const std::string& name : TRY(std::move(names))) {
    if (name.starts_with('.')) continue;
    const os::Path folder = options_.cameras_folder / name;
    const auto about = disk_.stat(folder);
    if (!about || !about->is_directory) continue;
    const std::string shown = first_characters(printable(name), kNameCharactersMax);
    {
      const os::MutexLock lock(mutex_);
      const bool is_known =
          std::any_of(bays_.begin(), bays_.end(), [&](const auto& running) { return running->bay.name() == shown; });
      if (is_known || bays_.size() >= kBaysMax) continue;
    }
    begin(name, folder, true);
  }
  return {};
}

void Offload::take_ended() {
  std::vector<std::unique_ptr<Running>> ended;
  {
    const os::MutexLock lock(mutex_);
    for (auto it = bays_.begin(); it != bays_.end();) {
      if ((*it)->has_ended && (*it)->ended) {
        ended.push_back(std::move(*it));
        it = bays_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (const auto& running : ended) running->thread.join();
}

void Offload::stop() {
  is_stopped_ = true;
  outbox_.stop();
}

Result<void> Offload::run() {
  teller_ = std::thread([this] { tell_loop(); });
  std::map<std::string, int> names;
  for (const os::Path& camera : options_.cameras) {
    std::string name = (camera.has_filename() ? camera : camera.parent_path()).filename().native();
    if (const int count = ++names[name]; count > 1) name += fmt::format(" ({})", count);
    begin(std::move(name), camera, false);
  }
  Result<void> found;
  if (!options_.cameras_folder.empty()) {
    do {
      found = find_cameras();
      if (!found) outbox_.stop();
      if (options_.mode == Mode::kOnce || outbox_.is_stopped()) break;
      outbox_.wait_us(kFindPeriodUs);
      take_ended();
    } while (!outbox_.is_stopped());
  }
  std::vector<Running*> all;
  {
    const os::MutexLock lock(mutex_);
    for (const auto& running : bays_) all.push_back(running.get());
  }
  for (Running* running : all) running->thread.join();
  // Without a camera, what an earlier run left is sent all the same.
  if (options_.mode == Mode::kOnce && all.empty()) outbox_.drain();
  if (!found) return found;
  bool is_all = spool_.waiting().empty();
  for (Running* running : all) {
    is_all = is_all && running->bay.is_all_receipted();
    if (!running->ended) return running->ended;
  }
  tell_last();
  if (auto gravest = outbox_.gravest()) return fail(*std::move(gravest));
  if (is_stopped() && (options_.mode == Mode::kOnce || !is_all))
    return fail(Code::kUnavailable, "Stopped before everything was receipted");
  return {};
}

// ---- what the server is told ----

Json Offload::state() const {
  Json::Array bays;
  {
    const os::MutexLock lock(mutex_);
    for (const auto& running : bays_) {
      const BayTold told = running->bay.told();
      Json::Object bay = {{"name", running->bay.name()},
                          {"state", bay_state_name(told.state)},
                          {"files", told.files_left},
                          {"bytes", told.bytes_left}};
      bay.emplace("serial", told.serial.empty() ? Json() : Json(told.serial));
      bays.emplace_back(std::move(bay));
    }
  }
  std::uint64_t bytes = 0;
  const std::vector<Item> waiting = spool_.waiting();
  for (const Item& item : waiting) bytes += item.bytes;
  return Json(Json::Object{{"bays", std::move(bays)},
                           {"files_waiting", waiting.size()},
                           {"bytes_waiting", bytes},
                           {"spool_bytes", spool_.used_bytes()},
                           {"spool_bytes_max", options_.spool_bytes_max}});
}

// Of a dock that was enrolled before its agency had one. Copying does not wait for it.
void Offload::learn_agency_key(Server& server) {
  const auto receipt = server.spool_key();
  if (!receipt) return;
  const auto key = check_agency_key(*receipt, state_.identity());
  const auto kept = key ? keep_agency_key(disk_, state_.directory(), *receipt) : Result<void>();
  if (key && kept) return spool_.set_agency_key(*key);
  const Error& error = key ? kept.error() : key.error();
  report_.say("agency_key", fmt::format("The agency's spool key is not used: {}", error.text()),
              {{"reason", error.text()}});
}

// At the end of a run that has brought something, so that the server knows that a card was read to its end.
void Offload::tell_last() {
  if (options_.mode != Mode::kOnce || !outbox_.has_delivered() || outbox_.has_given_up() || is_stopped()) return;
  const auto server = Server::open(state_, clock_, [this] { return outbox_.is_stopped(); });
  if (server) static_cast<void>((*server)->tell_state(state()));
}

void Offload::tell_loop() {
  auto server = Server::open(state_, clock_, [this] { return outbox_.is_stopped(); });
  if (!server) return;
  if (!state_.agency_key()) learn_agency_key(**server);
  if (options_.mode == Mode::kOnce) return;
  Json last;
  std::int64_t told_us = 0;
  while (!outbox_.is_stopped()) {
    Json now = state();
    const std::int64_t since = clock_.monotonic_us() - told_us;
    if (told_us == 0 || since >= kTellPeriodUs || (now != last && since >= kTellChangeUs)) {
      // An old server has no such page, a busy one no time: neither is the footage's business.
      static_cast<void>((*server)->tell_state(now));
      last = std::move(now);
      told_us = clock_.monotonic_us();
    }
    outbox_.wait_us(kTellChangeUs);
  }
}

}  // namespace lapel::dock
