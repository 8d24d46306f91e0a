// SPDX-License-Identifier: Apache-2.0
#pragma once
// NMEA 0183: the sentences of a receiver, in a log, in a dashcam's text or in its subtitles.
//
// Owns: the epoch that sentences of one moment make together, and the date that runs over midnight.
// Promises: a sentence counts only if its sum is right, unless not one in all of the source is: then the track says so. What
//   is not a sentence of a position is passed by. All talkers are alike. A day is known from RMC or ZDA: what comes before the
//   first of them gets it from there.
// Fails with: nothing: what is damaged is counted.
// Threads: one.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mediaworker/collector.h"
#include "mediaworker/telemetry.h"

namespace lapel::mediaworker {

class NmeaReader {
 public:
  enum class Sums { kChecked, kIgnored };
  explicit NmeaReader(Sums sums = Sums::kChecked) : sums_(sums) {}

  // Any text; sentences may stand anywhere in it and do not reach over the end of a line.
  void take(std::string_view text, const Shown& shown = {});
  bool has_right_sum() const { return has_right_sum_; }
  bool has_wrong_sum() const { return has_wrong_sum_; }
  protocol::Track finish();

 private:
  // Of one moment of the day.
  struct Epoch {
    std::int64_t us_of_day = 0;
    std::optional<std::int64_t> day;  // since 1970
    protocol::TrackPoint point;
    bool is_refused = false;    // a sentence said that there is no fix
    bool has_position = false;  // one gave a place
  };

  // Where reading goes on: behind the sentence that begins at `at`, or behind its name.
  std::size_t take_sentence(std::string_view line, std::size_t at, const Shown& shown);
  bool read(std::string_view type, std::span<const std::string_view> fields, const Shown& shown);
  bool read_rmc(std::span<const std::string_view> fields, const Shown& shown);
  bool read_gga(std::span<const std::string_view> fields, const Shown& shown);
  bool read_zda(std::span<const std::string_view> fields);
  bool read_magellan(std::span<const std::string_view> fields, const Shown& shown);
  Epoch& epoch_at(std::int64_t us_of_day, const Shown& shown);
  void end_epoch();
  void settle(const Epoch& epoch);

  const Sums sums_;
  Collector collector_{protocol::TrackSource::kNmea};
  std::optional<Epoch> epoch_;
  std::vector<Epoch> undated_;       // before the first date
  std::optional<std::int64_t> day_;  // of the last epoch that ended
  std::int64_t us_of_day_ = 0;       // of that epoch
  bool has_right_sum_ = false;
  bool has_wrong_sum_ = false;
};

// Both readings at once of what comes piece by piece: with sums, and without them should none be right.
class NmeaText {
 public:
  void take(std::string_view text, const Shown& shown = {});
  protocol::Track finish();

 private:
  NmeaReader strict_{NmeaReader::Sums::kChecked};
  NmeaReader lenient_{NmeaReader::Sums::kIgnored};
};

}  // namespace lapel::mediaworker
