// SPDX-License-Identifier: Apache-2.0
#include "os/pace.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"

namespace lapel::os {

Pace::Pace(const Clock& clock, PaceOptions options)
    : clock_(clock), options_(options), step_us_(options.seconds * 1'000'000 / options.per_second) {
  CHECK(step_us_ >= 1 && options.at_once >= 1);
}

std::int64_t* Pace::paid_until(std::string_view who, std::int64_t now_us) {
  auto it = paid_until_us_.find(who);
  if (it == paid_until_us_.end()) {
    // Who has asked nothing lately owes nothing, and is as good as forgotten.
    if (paid_until_us_.size() >= options_.known_max) {
      std::erase_if(paid_until_us_, [&](const auto& known) { return known.second <= now_us; });
    }
    if (paid_until_us_.size() >= options_.known_max) return nullptr;
    it = paid_until_us_.emplace(who, now_us).first;
  }
  it->second = std::max(it->second, now_us);
  return &it->second;
}

Result<void> Pace::take(std::string_view who) {
  const std::int64_t now_us = clock_.monotonic_us();
  const MutexLock lock(mutex_);
  std::int64_t* paid_until_us = paid_until(who, now_us);
  if (paid_until_us == nullptr) return {};
  const std::int64_t paid_us = *paid_until_us + step_us_;
  const std::int64_t over_us = paid_us - now_us - options_.at_once * step_us_;
  if (over_us > 0) {
    const std::int64_t wait_s = (over_us + 999'999) / 1'000'000;
    return fail(Error{&problems::kLimited,
                      fmt::format("Too many requests: at most {} at once, and {} {} after that", options_.at_once,
                                  options_.per_second,
                                  options_.seconds == 1 ? "a second" : fmt::format("in {} seconds", options_.seconds)),
                      {},
                      wait_s});
  }
  *paid_until_us = paid_us;
  return {};
}

std::int64_t Pace::delay_us(std::string_view who) {
  const std::int64_t now_us = clock_.monotonic_us();
  const MutexLock lock(mutex_);
  std::int64_t* paid_until_us = paid_until(who, now_us);
  if (paid_until_us == nullptr) return 0;
  const std::int64_t free_us = options_.at_once * step_us_;
  *paid_until_us = std::min(*paid_until_us + step_us_, now_us + free_us + kDelayUsMax);
  return std::max<std::int64_t>(*paid_until_us - now_us - free_us, 0);
}

}  // namespace lapel::os
