// SPDX-License-Identifier: Apache-2.0
#include "signin/attempts.h"

namespace lapel::signin {
namespace {

// Whoever has one address of an IPv6 network has all of its last 64 bits.
std::string_view network(std::string_view client) {
  if (client.find(':') == std::string_view::npos) return client;
  std::size_t colons = 0;
  for (std::size_t i = 0; i < client.size(); ++i) {
    if (client.substr(i).starts_with("::") && colons < 4) return client.substr(0, i + 2);
    if (client[i] == ':' && ++colons == 4) return client.substr(0, i);
  }
  return client;
}

}  // namespace

void Attempts::erase(const std::string& key) {
  const auto it = counts_.find(key);
  if (it == counts_.end()) return;
  by_end_.erase({it->second.ends_us(), key});
  counts_.erase(it);
}

template <typename Change>
bool Attempts::change(Counts::iterator count, const Change& change) {
  by_end_.erase({count->second.ends_us(), count->first});
  const bool done = change(count->second);
  if (count->second.size() == 0) {
    counts_.erase(count);
  } else {
    by_end_.emplace(count->second.ends_us(), count->first);
  }
  return done;
}

std::optional<std::int64_t> Attempts::begin(std::string_view client) {
  const std::string key(network(client));
  const std::int64_t now_us = clock_.monotonic_us();
  const os::MutexLock lock(mutex_);
  while (!by_end_.empty() && by_end_.begin()->first <= now_us) erase(std::string(by_end_.begin()->second));
  auto it = counts_.find(key);
  if (it == counts_.end()) {
    if (counts_.size() >= kCountsMax) erase(std::string(by_end_.begin()->second));
    it = counts_.emplace(key, Tries({.window_us = kFailureWindowUs, .max = kFailuresOfClientMax})).first;
  }
  if (change(it, [&](Tries& tries) { return tries.count(now_us); })) return std::nullopt;
  return it->second.next_us() - now_us;
}

void Attempts::give_back(std::string_view client) {
  const std::string key(network(client));
  const std::int64_t now_us = clock_.monotonic_us();
  const os::MutexLock lock(mutex_);
  const auto it = counts_.find(key);
  if (it == counts_.end()) return;
  change(it, [&](Tries& tries) {
    tries.give_back(now_us);
    return true;
  });
}

}  // namespace lapel::signin
