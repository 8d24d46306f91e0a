// SPDX-License-Identifier: Apache-2.0
#pragma once
// The log that a camera keeps of its own state, signed line by line (docs/formats/camera_signature.md): both sides,
// and what follows from it.
//
// Owns: the form of a line; the account of when a camera was on, and what it recorded.
// Promises: no I/O. A camera is accounted for only where its own signed lines say so, one after the other.
// Fails with: a breach, told with its line. An unfinished last line is none.
// Threads: values and pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "crypto/ed25519.h"

namespace lapel::proof {

inline constexpr std::string_view kDeviceLogDomain = "lapel-camera-log/1\n";
inline constexpr std::string_view kDeviceLogStart = R"({"entry":{)";  // of every line
inline constexpr std::size_t kDeviceLogBytesMax = 64 << 20;           // of one file
inline constexpr std::int64_t kDeviceLogDriftMs = 1'000;  // of its clock beside its own count, from line to line
inline constexpr std::size_t kDeviceLogLineBytesMax = 8 * 1024;

struct DeviceLogEntry {
  std::uint64_t n = 0;
  std::optional<Digest> previous;
  Timestamp at;
  std::string clock;
  std::uint64_t up_ms = 0;
  std::string event;
  Json json;        // all of it
  Digest digest{};  // of its line
};

// A line with its LF. `entry` has every member of the format; CHECKs that the line can be read again.
std::string sign_log_line(const crypto::SigningKey& key, const Json::Object& entry);
// What of a file's text are whole lines. What follows is a line that a cut left unfinished: without its LF, or, where
// it is the last, with a zero byte, as a disk leaves the blocks that it did not get.
std::string_view whole_log_lines(std::string_view text);
// Without its LF; the reason of a refusal is a sentence without its stop.
tl::expected<DeviceLogEntry, std::string> read_log_line(std::string_view line, const crypto::PublicKey& key);

struct DeviceLogFile {
  std::string name, text;
};

struct DeviceLogVerdict {
  std::string breach, where;  // empty where everything holds

  std::string serial;
  std::uint64_t entries = 0, first_n = 0;
  bool is_simulated = false;  // its times are none of the world

  struct Stretch {
    enum class Kind {
      kOn,       // accounted for
      kSilent,   // on, and longer without a line than its beat allows
      kOff,      // between a goodbye and the next start
      kUnknown,  // between the last line of a run that was cut and the next start
      kMissing,  // lines are not in these files
      kClock,    // its clock was set, or it slept: more or less time than its own count went by
    };
    Kind kind = Kind::kOn;
    Timestamp from, to;
  };
  std::vector<Stretch> stretches;  // in order
  bool ends_cut = false;           // the last run has said no goodbye

  struct Recorded {
    std::string recording, file, end;  // file: of the card; end: empty where it was never closed
    std::uint64_t fragments = 0;
    std::string last;  // hex
    Timestamp from, to;
  };
  std::vector<Recorded> recordings;

  bool holds() const { return breach.empty(); }
  // Lines that were before these, or between them, are not in these files.
  bool has_missing() const;
};
// Of one device, in any order.
DeviceLogVerdict verify_device_log(const std::vector<DeviceLogFile>& files, const crypto::PublicKey& key);

// Sentences without their stops.
std::vector<std::string> device_log_words(const DeviceLogVerdict& verdict);

}  // namespace lapel::proof
