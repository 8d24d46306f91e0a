// SPDX-License-Identifier: Apache-2.0
#include "dock/bay.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "proof/receipt.h"

namespace lapel::dock {
namespace {

// Between two looks: a file that is the same in both is no longer being written.
constexpr std::int64_t kLookPeriodOnceUs = 1'000'000;
constexpr std::int64_t kLookPeriodWatchUs = 5'000'000;
constexpr int kLooksOnceMax = 8;
constexpr std::int64_t kAskAgainUs = 60'000'000;  // after the server could not be had

bool is_in(const std::vector<Found>& sorted, const Found& found) {
  return std::binary_search(sorted.begin(), sorted.end(), found);
}

}  // namespace

std::string_view bay_state_name(BayState state) {
  switch (state) {
    case BayState::kEmpty:
      return "empty";
    case BayState::kLooking:
      return "looking";
    case BayState::kCopying:
      return "copying";
    case BayState::kSending:
      return "sending";
    case BayState::kSafe:
      return "safe";
    case BayState::kAttention:
      return "attention";
  }
  return "attention";
}

Result<void> Bay::run() {
  set_state(BayState::kEmpty);
  return options_.mode == Mode::kOnce ? run_once() : run_watching();
}

Result<void> Bay::run_once() {
  std::size_t left = 0;
  for (int looks = 0; looks < kLooksOnceMax && !is_stopped(); ++looks) {
    if (looks > 0) parts_.outbox.wait_us(kLookPeriodOnceUs);
    const auto camera = Camera::open(options_.folder);
    if (!camera) {
      tell_taken_away({});
      parts_.outbox.note(camera.error(), name());
      break;
    }
    TRY(round(*camera));
    if (looks == 0) continue;
    parts_.outbox.drain();
    if (parts_.outbox.has_failed(name())) break;
    // Once more over the same files, now that receipts are here: what may be erased is erased.
    left = TRY(settle_all(*camera, planned_));
    if (left == 0) break;
  }
  count_left();
  const auto incomplete = [&](Code code, std::string words) {
    parts_.outbox.note(Error{&generic_problem(code), std::move(words), {}}, name());
  };
  if (left > 0 && !is_stopped() && !parts_.outbox.has_failed(name()))
    incomplete(Code::kBusy, fmt::format("{} files on the camera keep changing or could not be copied", left));
  if (taken_away_ > 0)
    incomplete(Code::kInternal, fmt::format("The camera was taken away before {} files were copied", taken_away_));
  if (!is_look_complete_) incomplete(Code::kInternal, "Not everything on the camera could be looked at");
  return {};
}

Result<void> Bay::run_watching() {
  while (!is_stopped()) {
    const auto camera = Camera::open(options_.folder);
    if (camera) {
      TRY(round(*camera));
    } else {
      tell_taken_away({});
      seen_.clear();
      planned_.clear();
      known_.clear();
      finished_.clear();
      // No camera in the dock is the usual state of a dock.
      const bool is_empty = camera.error().code() == Code::kNotFound;
      set_state(is_empty ? BayState::kEmpty : BayState::kAttention);
      if (is_empty && options_.ends_with_folder) return {};
      if (!is_empty) complain({camera.error().text()});
    }
    // While watching, what failed is tried again: only what stands when it ends counts.
    parts_.outbox.forget_failures();
    parts_.outbox.wait_us(kLookPeriodWatchUs);
  }
  return {};
}

void Bay::complain(std::vector<std::string> complaints) {
  for (const std::string& complaint : complaints) {
    if (std::find(complaints_.begin(), complaints_.end(), complaint) != complaints_.end()) continue;
    say("left_out", fmt::format("Left out: {}", complaint), {{"reason", complaint}});
  }
  complaints_ = std::move(complaints);
}

// Whose card it is: lapel-camera.json, else what the camera itself wrote by its profile, else what the dock was told.
void Bay::learn(const Camera& camera, const Look& look) {
  std::vector<std::string> complaints;
  auto serial = camera.serial();
  if (!serial) complaints.push_back(serial.error().text());
  std::vector<std::string> paths;
  for (const Found& found : look.files) paths.push_back(found.path);
  card_ = {profile_of(parts_.profiles, paths), {}, camera.times(), options_.zone};
  identity_path_.clear();
  for (const Profile& profile : parts_.profiles) {
    // Also of a card that has nothing else any more: it is erased down to what says whose it is.
    const std::string file = profile.identity_file(paths);
    if (file.empty() || (card_.profile && card_.profile != &profile)) continue;
    identity_path_ = file;
    if (const auto text = camera.small_file(file, kCardFileBytesMax)) card_.says = profile.read_identity(*text);
    break;
  }
  if (serial && *serial) {
    serial_ = *serial;
  } else if (!card_.says.serial.empty()) {
    serial_ = card_.says.serial;
  } else {
    serial_ = options_.serial;
  }
  complaints.insert(complaints.end(), look.left_out.begin(), look.left_out.end());
  complain(std::move(complaints));
  is_look_complete_ = look.left_out.empty();
  const os::MutexLock lock(mutex_);
  told_.serial = serial_.value_or("");
}

// What was there and is not, and was not copied. One that has another size or time now is still there.
void Bay::tell_taken_away(const Look& look) {
  std::size_t missing = 0;
  for (const Found& found : seen_) {
    if (known_.contains(found)) continue;
    const auto same_path = [&](const Found& other) { return other.path == found.path; };
    if (std::none_of(look.files.begin(), look.files.end(), same_path)) ++missing;
  }
  if (missing == 0) return;
  taken_away_ += missing;
  say("taken_away", fmt::format("The camera was taken away before {} files were copied: put it back", missing),
      {{"files", missing}});
}

Result<void> Bay::round(const Camera& camera) {
  Look look = camera.look();
  has_trouble_ = !look.left_out.empty();
  tell_taken_away(look);
  learn(camera, look);
  const auto is_gone = [&](const Found& found) { return !is_in(look.files, found); };
  std::erase_if(known_, [&](const auto& known) { return is_gone(known.first); });
  std::erase_if(finished_, is_gone);
  std::vector<Planned> planned = plan(card_.profile, look.files);
  // Those that the look before saw just so are settled; the others are seen from now on.
  const std::size_t left = TRY(settle_all(camera, planned));
  seen_ = std::move(look.files);
  planned_ = std::move(planned);
  count_left();
  if (left > 0 && !has_trouble_ &&
      std::all_of(seen_.begin(), seen_.end(), [&](const Found& found) { return known_.contains(found); }))
    set_state(BayState::kSending);
  return {};
}

bool Bay::is_all_receipted() const {
  return std::all_of(seen_.begin(), seen_.end(), [&](const Found& found) {
    const auto it = known_.find(found);
    return it != known_.end() && parts_.spool.is_receipted(it->second);
  });
}

Result<std::size_t> Bay::settle_all(const Camera& camera, const std::vector<Planned>& files) {
  std::size_t left = 0;
  std::set<std::string> unsteady;  // takes with a part before this one that is still being written: it would lead
  for (const Planned& file : files) {
    if (is_stopped()) return files.size();
    if (!is_in(seen_, file.found) || unsteady.contains(file.take)) {
      ++left;  // new since the last look, or still being written
      if (!file.take.empty()) unsteady.insert(file.take);
      continue;
    }
    const Standing standing = TRY(settle(camera, file));
    if (standing != Standing::kReceipted) ++left;
    if (standing == Standing::kUnsettled) has_trouble_ = true;
  }
  if (has_trouble_) {
    set_state(BayState::kAttention);
  } else if (left == 0) {
    set_state(BayState::kSafe);
  }
  return left;
}

Result<Bay::Standing> Bay::settle(const Camera& camera, const Planned& file) {
  const Found& found = file.found;
  auto it = known_.find(found);
  if (it == known_.end()) {
    set_state(BayState::kCopying);
    auto id = TRY(recognize(camera, found));
    if (!id) id = TRY(copy(camera, file));
    if (!id) return Standing::kUnsettled;
    it = known_.emplace(found, *id).first;
    count_left();
  }
  const FileId id = it->second;
  if (!parts_.spool.is_receipted(id)) return Standing::kSpooled;
  const bool stays = options_.afterwards == Afterwards::kLeave || found.path == identity_path_;
  if (stays || finished_.contains(found)) return Standing::kReceipted;
  return erase(camera, found, id);
}

Result<std::optional<FileId>> Bay::recognize(const Camera& camera, const Found& found) {
  const std::vector<Item> alike = parts_.spool.alike({found.path, found.bytes, found.modified_us, serial_});
  if (alike.empty()) return std::optional<FileId>();
  // Names and times repeat from camera to camera; only the bytes say that it is the same file.
  crypto::Sha256 hash;
  const auto read = camera.read(found, [&](ByteView bytes) -> Result<void> {
    if (is_stopped()) return fail(Code::kUnavailable, "Stopped");
    hash.update(bytes);
    parts_.report.progress(parts_.outbox.progress());
    return {};
  });
  if (!read) return std::optional<FileId>();  // copy() will meet the same, and say it
  const Digest sha256 = hash.finish();
  for (const Item& item : alike) {
    if (item.sha256 == sha256) return std::optional(item.file);
  }
  return std::optional<FileId>();
}

Result<bool> Bay::make_room(const Found& found) {
  for (bool is_told = false;; is_told = true) {
    const bool is_reserved = parts_.spool.reserve(found.bytes, options_.spool_bytes_max);
    const std::uint64_t free = TRY(parts_.disk.free_bytes(parts_.state.directory()));
    if (is_reserved && free >= limits::kDiskReserveBytes + parts_.spool.reserved_bytes()) return true;
    if (is_reserved) parts_.spool.give_back(found.bytes);
    if (!is_told) {
      say("spool_full", fmt::format("The spool has no room for {} yet", printable(found.path)),
          {{"path", found.path}, {"bytes", found.bytes}, {"spool_bytes", parts_.spool.used_bytes()}});
    }
    if (is_stopped() || options_.mode == Mode::kWatch) return false;
    const bool never_fits = sealed_bytes(found.bytes) > options_.spool_bytes_max;
    // Asked in this order: what was reserved is queued before the reservation ends.
    const auto others = parts_.spool.reserved_bytes() > 0 ? Outbox::Others::kCopying : Outbox::Others::kIdle;
    if (never_fits || !parts_.outbox.wait_for_room(others)) break;
  }
  parts_.outbox.note(
      Error{&generic_problem(Code::kFull),
            fmt::format("The spool of {} bytes has no room for a file of {}", options_.spool_bytes_max, found.bytes),
            printable(found.path)},
      name());
  return false;
}

Result<std::optional<FileId>> Bay::copy(const Camera& camera, const Planned& file) {
  const auto none = std::optional<FileId>();
  const Found& found = file.found;
  if (!TRY(make_room(found))) return none;
  struct Room {
    Spool& spool;
    std::uint64_t bytes;
    ~Room() { spool.give_back(bytes); }
  } const room{parts_.spool, found.bytes};
  CopyWriter writer = TRY(parts_.spool.begin());
  std::optional<Error> spool_failure;  // ours; everything else is the camera's
  const auto read = camera.read(found, [&](ByteView bytes) -> Result<void> {
    if (is_stopped()) return fail(Code::kUnavailable, "Stopped");
    parts_.report.progress(parts_.outbox.progress());
    auto written = writer.write(bytes);
    if (!written) spool_failure = written.error();
    return written;
  });
  if (spool_failure && spool_failure->code() == Code::kFull) {
    parts_.outbox.note(*spool_failure, name());
    return none;
  }
  if (spool_failure) return fail(*std::move(spool_failure));
  if (!read) {
    if (is_stopped()) return none;
    say("unread", fmt::format("Not copied: {}", read.error().text()),
        {{"path", found.path}, {"reason", read.error().text()}});
    return none;
  }
  Item item;
  item.path = found.path;
  item.modified_us = found.modified_us;
  item.serial = serial_;
  item.copied_at = parts_.clock.now();
  item.take = file.take;
  item.part = file.part;
  item.is_side_car = file.is_side_car;
  item.leader = parts_.spool.leader_of(item);
  Told told = tell(card_, file, item.copied_at);
  item.recorded_at = told.recorded_at;
  item.said = std::move(told.said);
  item = TRY(writer.finish(std::move(item)));
  parts_.spool.add(item);
  say("copied", fmt::format("Copied {} ({} bytes)", printable(item.path), item.bytes),
      {{"path", item.path}, {"file", item.file.text()}, {"bytes", item.bytes}, {"sha256", hex(item.sha256)}});
  parts_.outbox.enqueue(item, name());
  return std::optional(item.file);
}

// Whatever keeps the file from being erased is said, and the file stays.
Bay::Standing Bay::erase(const Camera& camera, const Found& found, const FileId& file) {
  const auto erased = [&]() -> Result<void> {
    const Spool::Kept kept = TRY(parts_.spool.kept(file));
    // Verified when it came; verified again, because between then and now it was only a file.
    TRY(check_receipt(kept.receipt, kept.item, parts_.state.identity().ledger, parts_.state.key().public_key()));
    TRY(ask_again(kept));
    return camera.erase(found, kept.item.sha256, [&](ByteView) -> Result<void> {
      parts_.report.progress(parts_.outbox.progress());
      return is_stopped() ? Result<void>(fail(Code::kUnavailable, "Stopped")) : Result<void>();
    });
  }();
  if (erased) {
    finished_.insert(found);
    say("erased", fmt::format("Erased {} from the camera: its receipt is kept", printable(found.path)),
        {{"path", found.path}, {"file", file.text()}});
    return Standing::kReceipted;
  }
  if (is_stopped()) return Standing::kReceipted;
  say("not_erased", fmt::format("Not erased: {}", erased.error().text()),
      {{"path", found.path}, {"file", file.text()}, {"reason", erased.error().text()}});
  if (erased.error().code() == Code::kConflict) {
    known_.erase(found);  // it is another file now, with a receipt of its own to come
    return Standing::kUnsettled;
  }
  finished_.insert(found);
  if (erased.error().code() != Code::kNotFound) {  // gone already is gone
    parts_.outbox.note(erased.error(), name());
    has_trouble_ = true;
  }
  return Standing::kReceipted;
}

// A server restored from an old backup has lost what it gave receipts for, and then the camera may hold the only copy. A
// receipt is proof enough where the server cannot be reached; where it can, it must not have gone back behind the receipt.
Result<void> Bay::ask_again(const Spool::Kept& kept) {
  const std::int64_t now = parts_.clock.monotonic_us();
  if (now < ask_not_before_us_) return {};
  if (!asked_again_) asked_again_ = TRY(Server::open(parts_.state, parts_.clock, [this] { return is_stopped(); }));
  const auto receipt = asked_again_->receipt(*kept.item.recording);
  if (!receipt) {
    const Code code = receipt.error().code();
    if (code == Code::kUnavailable || code == Code::kBusy || code == Code::kLimited) {
      ask_not_before_us_ = now + kAskAgainUs;
      return {};
    }
    return fail(problems::kProofInvalid, "The server no longer gives the receipt that is kept here",
                receipt.error().message);
  }
  TRY(check_receipt(*receipt, kept.item, parts_.state.identity().ledger, parts_.state.key().public_key()));
  const proof::Trust trust{parts_.state.identity().ledger, {}};
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

// ---- what is told ----

void Bay::say(std::string_view event, const std::string& words, Json::Object fields) {
  fields.emplace("bay", name());
  parts_.report.say(event, words, std::move(fields));
}

void Bay::set_state(BayState state) {
  const os::MutexLock lock(mutex_);
  told_.name = name();
  told_.state = state;
  if (state != BayState::kEmpty) return;
  told_.serial.clear();
  told_.files_left = told_.bytes_left = 0;
}

void Bay::count_left() {
  std::uint64_t files = 0, bytes = 0;
  for (const Found& found : seen_) {
    const auto it = known_.find(found);
    if (it != known_.end() && parts_.spool.is_receipted(it->second)) continue;
    ++files;
    bytes += found.bytes;
  }
  const os::MutexLock lock(mutex_);
  told_.files_left = files;
  told_.bytes_left = bytes;
  if (told_.state == BayState::kEmpty) told_.state = BayState::kLooking;
}

BayTold Bay::told() const {
  const os::MutexLock lock(mutex_);
  return told_;
}

}  // namespace lapel::dock
