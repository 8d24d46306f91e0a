// SPDX-License-Identifier: Apache-2.0
#include "cameras/counters.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace lapel::cameras {

Counts count(const Counter& counter, std::vector<Counted> files) {
  const std::int64_t range = counter.last - counter.first + 1;
  std::sort(files.begin(), files.end(), [](const Counted& a, const Counted& b) {
    return std::tie(a.at, a.number, a.recording) < std::tie(b.at, b.number, b.recording);
  });
  Counts out;
  // By its place on a line without end, so that what follows the last number is one further.
  std::map<std::int64_t, const Counted*> run;
  const auto end_run = [&] {
    for (auto it = run.begin(); it != run.end(); ++it) {
      const auto next = std::next(it);
      if (next == run.end() || next->first == it->first + 1) continue;
      const auto number = [&](std::int64_t place) {
        const std::int64_t in = (place - counter.first) % range;
        return counter.first + (in < 0 ? in + range : in);
      };
      out.gaps.push_back({number(it->first + 1), number(next->first - 1), next->first - it->first - 1,
                          it->second->recording, next->second->recording});
    }
    run.clear();
  };
  std::int64_t place = 0, newest = 0;
  for (const Counted& file : files) {
    if (run.empty()) {
      place = newest = file.number;
      run.emplace(place, &file);
      continue;
    }
    std::int64_t step = (file.number - (newest - counter.first) % range - counter.first) % range;
    if (step < 0) step += range;
    if (step > range / 2) step -= range;  // back
    place = newest + step;
    const auto there = run.find(place);
    if (there != run.end() && there->second->sha256 == file.sha256) continue;
    const bool is_repeat = there != run.end();
    if (is_repeat) out.repeats.push_back({file.recording, there->second->recording, file.number});
    if (is_repeat || -step > kStepsBackMax) {
      end_run();
      place = file.number;
      newest = place;
    }
    run.emplace(place, &file);
    newest = std::max(newest, place);
  }
  end_run();
  return out;
}

std::vector<std::int64_t> numbers_of(const Counter& counter, std::int64_t first, std::int64_t missing,
                                     std::size_t limit) {
  std::vector<std::int64_t> out;
  std::int64_t number = first;
  for (std::int64_t i = 0; i < missing && out.size() < limit; ++i) {
    out.push_back(number);
    number = number == counter.last ? counter.first : number + 1;
  }
  return out;
}

}  // namespace lapel::cameras
