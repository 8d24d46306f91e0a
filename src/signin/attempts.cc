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
  by_end_.erase({it->second.ends_us, key});
  counts_.erase(it);
}

std::optional<std::int64_t> Attempts::begin(std::string_view client) {
  const std::string key(network(client));
  const std::int64_t now_us = clock_.monotonic_us();
  const os::MutexLock lock(mutex_);
  while (!by_end_.empty() && by_end_.begin()->first <= now_us) erase(std::string(by_end_.begin()->second));
  const auto it = counts_.find(key);
  if (it != counts_.end()) {
    if (it->second.failures >= kFailuresOfClientMax) return it->second.ends_us - now_us;
    ++it->second.failures;
    return std::nullopt;
  }
  if (counts_.size() >= kCountsMax) erase(std::string(by_end_.begin()->second));
  const std::int64_t ends_us = now_us + kFailureWindowUs;
  counts_.emplace(key, Count{1, ends_us});
  by_end_.emplace(ends_us, key);
  return std::nullopt;
}

void Attempts::give_back(std::string_view client) {
  const std::string key(network(client));
  const os::MutexLock lock(mutex_);
  const auto it = counts_.find(key);
  if (it != counts_.end() && --it->second.failures <= 0) erase(key);
}

}  // namespace lapel::signin
