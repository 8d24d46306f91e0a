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
      case audit::Tie::kOwn:
      case audit::Tie::kCase:
        break;
      case audit::Tie::kNamed:
        named[look.case_number].insert(look.recording);
        break;
      case audit::Tie::kUnit:
      case audit::Tie::kUnattributed:
      case audit::Tie::kNone:
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

Bursts find_bursts(std::span<const Look> looks, const std::optional<LastBurst>& last) {
  Bursts out;
  if (last) out.last_until = last->until;
  std::optional<Place> until = out.last_until;
  bool is_settled = last && last->is_settled;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Look& look = looks[i];
    if (!look.is_new) continue;
    // Back to the last one that is older. One that seems to be yet to come was just before, by a clock that was set back.
    std::size_t begin = i;
    while (begin > 0 && look.at - looks[begin - 1].at < kBurstWindowUs) --begin;
    const std::span<const Look> window = looks.subspan(begin, i + 1 - begin);
    const bool was_in = until && !is_settled && i > 0 && until->leaf == looks[i - 1].leaf;
    const bool is_set_back = until && until->at - look.at >= kBurstWindowUs;
    if (was_in && !is_set_back && uncovered(window) >= kBurstRecordings) {
      until = Place{look.leaf, look.at};
      (out.found.empty() ? *out.last_until : out.found.back().until) = *until;
      continue;
    }
    const auto first =
        std::find_if(window.begin(), window.end(), [&](const Look& each) { return !until || each.leaf > until->leaf; });
    const std::span<const Look> after(first, window.end());
    const std::int64_t recordings = uncovered(after);
    if (recordings < kBurstRecordings) continue;
    until = Place{look.leaf, look.at};
    is_settled = false;
    out.found.push_back({{after.front().leaf, after.front().at}, *until, *until, recordings});
  }
  return out;
}

}  // namespace lapel::oversight
