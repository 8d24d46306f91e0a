// SPDX-License-Identifier: Apache-2.0
#include "proof/device_log.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "proof/capture.h"

namespace lapel::proof {
namespace {

using Kind = DeviceLogVerdict::Stretch::Kind;
using Recorded = DeviceLogVerdict::Recorded;

std::string signed_text(const Json& entry) {
  return std::string(kDeviceLogDomain) + canonical(entry);
}

// The lines of one file, read.
struct Run {
  const DeviceLogFile* file = nullptr;
  std::vector<DeviceLogEntry> entries;
};

// The account, run by run.
class Account {
 public:
  explicit Account(DeviceLogVerdict& verdict) : verdict_(verdict) {}

  void begin(const Run& run) {
    const DeviceLogEntry& on = run.entries.front();
    const Timestamp before = verdict_.stretches.empty() ? Timestamp{} : verdict_.stretches.back().to;
    if (last_ != nullptr) {
      const bool is_missing = on.n != last_->n + 1;
      const Kind between = is_missing ? Kind::kMissing : last_->event == "off" ? Kind::kOff : Kind::kUnknown;
      verdict_.stretches.push_back({between, before, on.at});
    }
    const std::int64_t* beat_s = on.json.find_integer("beat_s");
    beat_ms_ = beat_s ? static_cast<std::uint64_t>(*beat_s) * 1000 : 0;
    verdict_.stretches.push_back({Kind::kOn, on.at, on.at});
    last_ = nullptr;
    for (const DeviceLogEntry& entry : run.entries) add(entry);
  }

 private:
  void add(const DeviceLogEntry& entry) {
    if (last_ != nullptr) {
      const bool is_silent = entry.up_ms > last_->up_ms + 2 * beat_ms_;
      const std::int64_t counted_ms = static_cast<std::int64_t>(entry.up_ms - last_->up_ms);
      const bool has_drifted = std::abs((entry.at - last_->at) / 1000 - counted_ms) >= kDeviceLogDriftMs;
      if (is_silent || has_drifted) {
        verdict_.stretches.push_back({is_silent ? Kind::kSilent : Kind::kClock, last_->at, entry.at});
        verdict_.stretches.push_back({Kind::kOn, entry.at, entry.at});
      }
    }
    verdict_.stretches.back().to = entry.at;
    ++verdict_.entries;
    verdict_.is_simulated = verdict_.is_simulated || entry.clock == kClockSimulated;
    note_recording(entry);
    last_ = &entry;
  }

  void note_recording(const DeviceLogEntry& entry) {
    const std::string* id = entry.json.find_string("recording");
    if (!id) return;
    const auto found = std::find_if(verdict_.recordings.rbegin(), verdict_.recordings.rend(),
                                    [&](const Recorded& recorded) { return recorded.recording == *id; });
    if (found == verdict_.recordings.rend()) {
      if (entry.event == "recording") verdict_.recordings.push_back({*id, {}, {}, 0, {}, entry.at, entry.at});
      return;
    }
    found->to = entry.at;
    const auto text = [&](std::string_view name) {
      const std::string* value = entry.json.find_string(name);
      return value ? *value : std::string();
    };
    const bool is_recorded = entry.event == "recorded";
    if (is_recorded || entry.event == "file") found->file = text("file");
    if (!is_recorded) return;
    found->end = text("end");
    found->last = text("last");
    const std::int64_t* fragments = entry.json.find_integer("fragments");
    found->fragments = fragments ? static_cast<std::uint64_t>(*fragments) : 0;
  }

  DeviceLogVerdict& verdict_;
  const DeviceLogEntry* last_ = nullptr;
  std::uint64_t beat_ms_ = 0;
};

// Nothing, or what does not hold.
std::string read_run(Run& run, const crypto::PublicKey& key, std::string& where) {
  std::string_view rest = whole_log_lines(run.file->text);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    where = fmt::format("{}, line {}", run.file->name, number);
    auto entry = read_log_line(rest.substr(0, end), key);
    if (!entry) return entry.error();
    if (run.entries.empty() != (entry->event == "on")) {
      return run.entries.empty() ? "the first line of a file says that the camera was switched on, and this does not"
                                 : "a camera that is on is switched on again within one file";
    }
    if (!run.entries.empty()) {
      const DeviceLogEntry& before = run.entries.back();
      if (before.event == "off") return "a line follows the goodbye";
      if (entry->n != before.n + 1 || entry->previous != before.digest) {
        return fmt::format("line {} follows line {}: lines were left out, moved or taken from elsewhere", entry->n,
                           before.n);
      }
      if (entry->up_ms < before.up_ms) return "the time since the camera was switched on goes back";
    }
    run.entries.push_back(*std::move(entry));
    rest.remove_prefix(end + 1);
  }
  where = run.file->name;
  return run.entries.empty() ? "there is no whole line in it" : "";
}

// By kind.
constexpr std::array<std::string_view, 6> kStretchWords = {
    "on, accounted for",
    "on, and silent for longer than it may be; what it did is not known",
    "off",
    "it ended without a goodbye in between; when, and why, is not known",
    "not in these files; lines of the log are missing",
    "its clock was set, or it slept; how long this was, and what it did, is not known",
};
static_assert(static_cast<std::size_t>(Kind::kClock) + 1 == kStretchWords.size());

std::string day_time(Timestamp at) {
  return ledger_time(at).substr(0, 19) + "Z";
}

}  // namespace

std::string sign_log_line(const crypto::SigningKey& key, const Json::Object& entry) {
  const Json json(entry);
  const crypto::Signature signature = key.sign(as_bytes(signed_text(json)));
  std::string line = canonical(Json(Json::Object{{"entry", json}, {"signature", hex(signature)}}));
  CHECK(read_log_line(line, key.public_key()));
  return line + "\n";
}

std::string_view whole_log_lines(std::string_view text) {
  const std::size_t end = text.rfind('\n');
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const std::size_t before = text.substr(0, end).rfind('\n');
  const std::size_t last = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(last).find('\0') == std::string_view::npos ? text : text.substr(0, last);
}

tl::expected<DeviceLogEntry, std::string> read_log_line(std::string_view line, const crypto::PublicKey& key) {
  const auto refuse = [](const char* why) { return tl::unexpected<std::string>(why); };
  if (line.size() > kDeviceLogLineBytesMax) return refuse("a line is longer than any is");
  const auto json = parse_canonical(line);
  const Json* entry = json ? json->find("entry") : nullptr;
  const std::string* hex_signature = json ? json->find_string("signature") : nullptr;
  const auto signature = hex_signature ? parse_hex_array<64>(*hex_signature) : std::nullopt;
  if (!entry || !entry->object() || !signature || json->object()->size() != 2) {
    return refuse("a line is not of the format");
  }
  const std::int64_t *n = entry->find_integer("n"), *up_ms = entry->find_integer("up_ms");
  const std::string *previous = entry->find_string("previous"), *at_text = entry->find_string("at"),
                    *clock = entry->find_string("clock"), *event = entry->find_string("event");
  const auto digest = previous ? parse_hex_array<32>(*previous) : std::nullopt;
  const auto at = at_text ? parse_ledger_time(*at_text) : std::nullopt;
  if (!n || *n < 1 || (*n == 1) != !entry->find("previous") || (*n > 1 && !digest) || !up_ms || !at || !clock ||
      !is_camera_clock(*clock) || !event) {
    return refuse("a line is not of the format");
  }
  if (!crypto::verify(key, as_bytes(signed_text(*entry)), *signature)) {
    return refuse("a line is not signed by the key that was given");
  }
  return DeviceLogEntry{static_cast<std::uint64_t>(*n),     digest, *at,    *clock,
                        static_cast<std::uint64_t>(*up_ms), *event, *entry, crypto::sha256(as_bytes(line))};
}

DeviceLogVerdict verify_device_log(const std::vector<DeviceLogFile>& files, const crypto::PublicKey& key) {
  DeviceLogVerdict verdict;
  std::vector<Run> runs;
  for (const DeviceLogFile& file : files) {
    Run run{&file, {}};
    verdict.breach = read_run(run, key, verdict.where);
    if (!verdict.breach.empty()) return verdict;
    runs.push_back(std::move(run));
  }
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.entries.front().n < b.entries.front().n; });
  Account account(verdict);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const DeviceLogEntry& first = runs[i].entries.front();
    verdict.where = runs[i].file->name + ", line 1";
    if (i > 0) {
      const DeviceLogEntry& last = runs[i - 1].entries.back();
      if (first.n <= last.n) verdict.breach = "it has numbers that another of these files has too";
      if (first.n == last.n + 1 && first.previous != last.digest) {
        verdict.breach = "it does not follow the last line of the file before";
      }
      if (!verdict.breach.empty()) return verdict;
    }
    const std::string* serial = first.json.find_string("serial");
    if (serial) verdict.serial = *serial;
    account.begin(runs[i]);
  }
  verdict.where.clear();
  if (!runs.empty()) verdict.first_n = runs.front().entries.front().n;
  if (!runs.empty()) verdict.ends_cut = runs.back().entries.back().event != "off";
  return verdict;
}

bool DeviceLogVerdict::has_missing() const {
  return first_n > 1 ||
         std::ranges::any_of(stretches, [](const Stretch& stretch) { return stretch.kind == Kind::kMissing; });
}

std::vector<std::string> device_log_words(const DeviceLogVerdict& verdict) {
  std::vector<std::string> out;
  if (!verdict.holds()) {
    out.push_back(fmt::format("{}: {}", verdict.where, verdict.breach));
    return out;
  }
  out.push_back(fmt::format("Camera {}, {} lines of its log", verdict.serial, verdict.entries));
  if (verdict.first_n > 1)
    out.push_back(fmt::format("The {} lines before are not in these files", verdict.first_n - 1));
  if (verdict.is_simulated) out.push_back("Its clock was simulated: these are no times of the world");
  for (const auto& stretch : verdict.stretches) {
    out.push_back(fmt::format("{} to {}: {}", day_time(stretch.from), day_time(stretch.to),
                              kStretchWords[static_cast<std::size_t>(stretch.kind)]));
  }
  if (verdict.ends_cut) out.push_back("The last run has no goodbye: the camera was on still, or was cut off");
  for (const Recorded& recorded : verdict.recordings) {
    const std::string_view file = recorded.file, end = recorded.end;
    out.push_back(fmt::format("{} to {}: recording {}, {}, {}{}", day_time(recorded.from), day_time(recorded.to),
                              recorded.recording, file.empty() ? "no file" : file,
                              end.empty() ? "never closed" : "ended: ", end));
  }
  if (verdict.recordings.empty()) {
    out.push_back(verdict.has_missing() ? "These lines tell of no recording; those that are missing may"
                                        : "It recorded nothing in this time");
  }
  return out;
}

}  // namespace lapel::proof
