// SPDX-License-Identifier: Apache-2.0
#pragma once
// How fast one principal may ask: so much at once, and so much a second after that.
//
// Owns: when each was last heard of, in memory. A restart forgets it.
// Promises: of any number that ask at once no more get through than the pace allows; others are not slowed by one who asks too
//   much. At most `known_max` are remembered, of those who asked more than once lately; when there are more, the further
//   ones are not held to it. Who is only slowed is never made to wait longer than kDelayUsMax for one request.
// Fails with: kLimited, with the seconds to wait.
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "os/worker.h"

namespace lapel::os {

struct PaceOptions {
  std::int64_t per_second = 1'000;  // 1 to 1,000,000
  std::int64_t at_once = 5'000;     // at least 1
  std::size_t known_max = 10'000;
  std::int64_t seconds = 1;  // of a slower pace: so many in each of so many seconds
};

class Pace {
 public:
  explicit Pace(const Clock& clock, PaceOptions options = {});
  static constexpr std::int64_t kDelayUsMax = 1'000'000;
  // One request of this principal.
  Result<void> take(std::string_view who);
  // The same, of one who is slowed and not refused: how long its answer is to wait, 0 to kDelayUsMax.
  std::int64_t delay_us(std::string_view who);

 private:
  // Until when what they asked is paid for. Null: not known, for want of room.
  std::int64_t* paid_until(std::string_view who, std::int64_t now_us) LAPEL_REQUIRES(mutex_);

  const Clock& clock_;
  const PaceOptions options_;
  const std::int64_t step_us_;  // what one request costs
  Mutex mutex_;
  std::map<std::string, std::int64_t, std::less<>> paid_until_us_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::os
