// SPDX-License-Identifier: Apache-2.0
#include "oversight/bursts.h"

#include <algorithm>
#include <map>
#include <set>

namespace lapel::oversight {

std::int64_t uncovered(std::span<const Look> looks) {
  std::set<RecordingId> counted;
  std::map<std::string, std::set<RecordingId>> named;
  for (const Look& look : looks) {
    switch (look.tie) {
      case evidence::Tie::kOwn:
      case evidence::Tie::kCase:
        break;
      case evidence::Tie::kNamed:
        named[look.case_number].insert(look.recording);
        break;
      case evidence::Tie::kUnit:
      case evidence::Tie::kUnattributed:
      case evidence::Tie::kNone:
        counted.insert(look.recording);
        break;
    }
  }
  const auto most = std::max_element(named.begin(), named.end(),
                                     [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  for (auto it = named.begin(); it != named.end(); ++it) {
    if (it != most) counted.insert(it->second.begin(), it->second.end());
  }
  return static_cast<std::int64_t>(counted.size());
}

Bursts find_bursts(std::span<const Look> looks, std::optional<Timestamp> last_until) {
  Bursts out;
  out.last_until = last_until;
  std::optional<Timestamp> until = last_until;
  std::size_t begin = 0;  // of the window
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Look& look = looks[i];
    while (look.at - looks[begin].at >= kBurstWindowUs) ++begin;
    if (!look.is_new) continue;
    const std::span<const Look> window = looks.subspan(begin, i + 1 - begin);
    const bool was_in = until && i > 0 && *until == looks[i - 1].at;
    if (was_in && uncovered(window) >= kBurstRecordings) {
      until = look.at;
      (out.until.empty() ? *out.last_until : out.until.back()) = look.at;
      continue;
    }
    const auto first =
        std::find_if(window.begin(), window.end(), [&](const Look& each) { return !until || each.at > *until; });
    const std::span<const Look> after(first, window.end());
    const std::int64_t recordings = uncovered(after);
    if (recordings < kBurstRecordings) continue;
    out.found.push_back({after.front().at, look.at, recordings});
    out.until.push_back(look.at);
    until = look.at;
  }
  return out;
}

}  // namespace lapel::oversight
