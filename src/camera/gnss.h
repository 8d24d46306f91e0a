// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the camera is: NMEA sentences, of a receiver, a file, or gpsd, which is asked to speak NMEA.
//
// Owns: the connection or the file; the last position.
// Promises: a sentence without a right check sum, or without a fix, is no position. What is read is bounded, and a
//   receiver that says nothing or goes away stops nothing.
// Fails with: kInvalid for what names no receiver, kUnavailable where it cannot be opened.
// Threads: one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace lapel::camera {

struct Fix {
  std::string place;              // "LATITUDE,LONGITUDE", in degrees, six digits behind the point
  std::optional<Timestamp> time;  // of the receiver, with the date: RMC
  std::int64_t day_us = 0;        // since midnight
};
// The position in a sentence, `$…*hh`, without its line end: RMC and GGA. None where there is no fix.
std::optional<Fix> read_nmea(std::string_view sentence);

class Gnss {
 public:
  // none | nmea:PATH | gpsd:HOST:PORT
  static Result<std::unique_ptr<Gnss>> open(const std::string& where);
  ~Gnss();

  // What came since the last call: sentences in order. `us`: how far a file is read, by the times in it.
  std::vector<std::string> take(std::int64_t us);
  // For poll(); -1 where there is nothing to wait for.
  int descriptor() const;

 private:
  struct State;
  explicit Gnss(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lapel::camera
