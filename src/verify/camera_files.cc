// SPDX-License-Identifier: Apache-2.0
#include "verify/camera_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "proof/capture.h"
#include "proof/device_log.h"
#include "verify/paths.h"

namespace lapel::verify {
namespace {

using Standing = proof::CaptureVerdict::Standing;

struct Footage {
  std::string path;
  proof::CaptureVerdict verdict;
  bool is_verified() const { return verdict.standing == Standing::kWhole || verdict.standing == Standing::kCut; }
};

std::string_view heading(Standing standing) {
  if (standing == Standing::kWhole) return "VERIFIED: this camera signed all of it, and its end";
  if (standing == Standing::kCut) return "VERIFIED, CUT OFF: this camera signed all of it; the end is missing";
  if (standing == Standing::kInPart) return "NOT VERIFIED AS A WHOLE: it is signed in part";
  if (standing == Standing::kUnsigned) return "NOT VERIFIED: it is not signed";
  return "NOT VERIFIED: this is not what the camera signed";
}

Json footage_json(const Footage& footage) {
  const proof::CaptureVerdict& verdict = footage.verdict;
  Json::Object out{{"path", footage.path},        {"standing", proof::capture_standing_name(verdict.standing)},
                   {"bytes", verdict.bytes},      {"signed_bytes", verdict.signed_bytes},
                   {"signatures", verdict.boxes}, {"media_ms", verdict.media_ms}};
  if (!verdict.breach.empty()) {
    out.emplace("breach", verdict.breach);
    out.emplace("breach_at", verdict.breach_at);
  }
  if (verdict.head) {
    out.emplace("serial", verdict.head->serial);
    out.emplace("recording", hex(verdict.head->recording));
    out.emplace("pre_event_ms", verdict.head->pre_event_ms);
    out.emplace("from", ledger_time(verdict.first_at));
    out.emplace("to", ledger_time(verdict.last_at));
    out.emplace("end", verdict.end);
    Json::Object sounds, clocks;
    for (const auto& [sound, ms] : verdict.sounds) sounds.emplace(sound, ms);
    for (const auto& [clock, count] : verdict.clocks) clocks.emplace(clock, count);
    out.emplace("sound_ms", std::move(sounds));
    out.emplace("clocks", std::move(clocks));
  }
  return out;
}

std::string_view stretch_name(proof::DeviceLogVerdict::Stretch::Kind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"on", "silent", "off", "unknown", "missing", "clock"};
  return kNames[static_cast<std::size_t>(kind)];
}

Json log_json(const proof::DeviceLogVerdict& log) {
  Json::Array stretches, recordings;
  for (const auto& stretch : log.stretches) {
    stretches.emplace_back(Json::Object{
        {"kind", stretch_name(stretch.kind)}, {"from", ledger_time(stretch.from)}, {"to", ledger_time(stretch.to)}});
  }
  for (const auto& recorded : log.recordings) {
    recordings.emplace_back(Json::Object{{"recording", recorded.recording},
                                         {"file", recorded.file},
                                         {"end", recorded.end},
                                         {"fragments", recorded.fragments},
                                         {"from", ledger_time(recorded.from)},
                                         {"to", ledger_time(recorded.to)}});
  }
  return Json::Object{{"verified", log.holds()},
                      {"breach", log.breach},
                      {"where", log.where},
                      {"entries", log.entries},
                      {"ends_cut", log.ends_cut},
                      {"serial", log.serial},
                      {"stretches", std::move(stretches)},
                      {"recordings", std::move(recordings)}};
}

// The footage that the log tells of, in what was given. The log is good.
void compare(const proof::DeviceLogVerdict& log, const std::vector<Footage>& all, CameraReport& report) {
  std::multimap<std::string, const Footage*> by_recording;
  for (const Footage& footage : all) {
    if (footage.verdict.head) by_recording.emplace(hex(footage.verdict.head->recording), &footage);
  }
  std::size_t missing = 0;
  bool is_all_told = true;
  for (const auto& recorded : log.recordings) {
    const auto [first, last] = by_recording.equal_range(recorded.recording);
    if (recorded.file.empty() && first == last) {
      if (!recorded.end.empty()) continue;  // ended before its first fragment: there is no file
      // The line that names its file may be the next one of a log that was cut off.
      is_all_told = false;
      report.lines.push_back(
          fmt::format("The camera began recording {} at {}, and these lines end before they say what became of it.",
                      recorded.recording, ledger_time(recorded.from)));
      continue;
    }
    if (first == last) {
      ++missing;
      report.lines.push_back(fmt::format("Not here: {}, which the camera recorded from {} to {}.", recorded.file,
                                         ledger_time(recorded.from), ledger_time(recorded.to)));
      continue;
    }
    // Each of them, in whatever order they were given: one that was cut is not made whole by a copy beside it.
    for (auto one = first; one != last; ++one) {
      const Footage& footage = *one->second;
      const std::string signed_last = hex(footage.verdict.last);
      if (recorded.end.empty() || !footage.is_verified() || signed_last == recorded.last) continue;
      report.is_verified = false;
      report.lines.push_back(fmt::format("{}: the camera's log tells of {} signatures, and here are {}.", footage.path,
                                         recorded.fragments, footage.verdict.boxes));
    }
    by_recording.erase(first, last);
  }
  for (const auto& [recording, footage] : by_recording) {
    report.lines.push_back(fmt::format("{}: these logs do not tell of it.", footage->path));
  }
  report.json.emplace("missing", missing);
  if (missing == 0 && is_all_told && !log.recordings.empty() && by_recording.empty()) {
    report.lines.push_back(log.has_missing()
                               ? "All that these lines of the camera's log tell of is here; lines are missing."
                               : "All that the camera's log says it recorded is here.");
  }
}

}  // namespace

Result<CameraReport> verify_camera_files(const std::vector<std::string>& paths, const crypto::PublicKey& key) {
  CameraReport report;
  std::vector<Footage> all;
  std::vector<proof::DeviceLogFile> logs;
  for (const std::string& path : paths) {
    const PathKind kind = TRY(classify(path));
    if (kind == PathKind::kCameraLog) {
      auto text = TRY(read_text(path, proof::kDeviceLogBytesMax));  // no test: classify() has just read it
      if (!text) return fail(Code::kTooLarge, "A camera's log has at most 64 MiB", path);
      logs.push_back({std::filesystem::path(path).filename().string(), *std::move(text)});
      continue;
    }
    proof::CaptureVerifier verifier(key);
    TRY(read_file(path, [&](ByteView chunk) { verifier.feed(chunk); }));
    all.push_back({path, verifier.finish()});
  }

  report.is_verified =
      std::all_of(all.begin(), all.end(), [](const Footage& footage) { return footage.is_verified(); });
  Json::Array footage_list;
  for (const Footage& footage : all) {
    if (paths.size() > 1)
      report.lines.push_back(fmt::format("{}: {}.", footage.path, heading(footage.verdict.standing)));
    for (const std::string& words : proof::capture_words(footage.verdict)) report.lines.push_back(words + ".");
    footage_list.push_back(footage_json(footage));
  }
  report.json.emplace("footage", std::move(footage_list));
  if (!logs.empty()) {
    const proof::DeviceLogVerdict log = proof::verify_device_log(logs, key);
    report.is_verified = report.is_verified && log.holds();
    report.lines.push_back(
        !log.holds() ? "The camera's log: NOT VERIFIED."
        : log.has_missing()
            ? "The camera's log: VERIFIED as far as it is here, each line is signed; lines of it are missing."
            : "The camera's log: VERIFIED, each line is signed and none between them is left out.");
    for (const std::string& words : proof::device_log_words(log)) report.lines.push_back(words + ".");
    if (log.holds() && !all.empty()) compare(log, all, report);
    report.json.emplace("log", log_json(log));
  }
  const auto cut = std::count_if(all.begin(), all.end(),
                                 [](const Footage& footage) { return footage.verdict.standing == Standing::kCut; });
  if (paths.size() == 1 && !all.empty()) {
    report.summary = std::string(heading(all[0].verdict.standing)) + ".";
  } else if (!report.is_verified) {
    report.summary = "NOT VERIFIED: not all of these files are what this camera signed.";
  } else if (cut > 0) {
    report.summary = fmt::format(
        "VERIFIED, CUT OFF: all of these files are what this camera signed; the end of {} of them is missing.", cut);
  } else {
    report.summary = "VERIFIED: all of these files are what this camera signed.";
  }
  return report;
}

}  // namespace lapel::verify
