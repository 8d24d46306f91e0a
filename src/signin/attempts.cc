// SPDX-License-Identifier: Apache-2.0
#include "signin/attempts.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace lapel::signin {
namespace {

struct Limit {
  std::string key;
  int failures_max;
};

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

// Keys are hashed: a login may be as long as a body, and none need stand in memory.
std::array<Limit, 3> limits_of(std::string_view login, std::string_view client) {
  const auto key = [](char kind, std::string_view a, std::string_view b) {
    const Digest parts[] = {crypto::sha256(as_bytes(a)), crypto::sha256(as_bytes(b))};
    return kind + hex(crypto::sha256({parts[0], parts[1]}));
  };
  const std::string_view from = network(client);
  return {Limit{key('p', login, from), kFailuresOfPairMax}, Limit{key('c', from, {}), kFailuresOfClientMax},
          Limit{key('l', login, {}), kFailuresOfLoginMax}};
}

}  // namespace

Attempts::Count* Attempts::find(const std::string& key) {
  const auto it = counts_.find(key);
  return it == counts_.end() ? nullptr : &it->second;
}

void Attempts::erase(const std::string& key) {
  const auto it = counts_.find(key);
  if (it == counts_.end()) return;
  by_end_.erase({it->second.ends_us, key});
  counts_.erase(it);
}

void Attempts::add(const std::string& key, std::int64_t now_us) {
  if (Count* count = find(key)) {
    ++count->failures;
    return;
  }
  if (counts_.size() >= kCountsMax) erase(std::string(by_end_.begin()->second));
  const std::int64_t ends_us = now_us + kFailureWindowUs;
  counts_.emplace(key, Count{1, ends_us});
  by_end_.emplace(ends_us, key);
}

std::optional<std::int64_t> Attempts::begin(std::string_view login, std::string_view client) {
  const auto limits = limits_of(login, client);
  const std::int64_t now_us = clock_.monotonic_us();
  const os::MutexLock lock(mutex_);
  while (!by_end_.empty() && by_end_.begin()->first <= now_us) erase(std::string(by_end_.begin()->second));
  std::int64_t wait_us = 0;
  for (const Limit& limit : limits) {
    const Count* count = find(limit.key);
    if (count != nullptr && count->failures >= limit.failures_max) wait_us = std::max(wait_us, count->ends_us - now_us);
  }
  if (wait_us > 0) return wait_us;
  for (const Limit& limit : limits) add(limit.key, now_us);
  return std::nullopt;
}

void Attempts::take_away(const std::string& key) {
  Count* count = find(key);
  if (count != nullptr && --count->failures <= 0) erase(key);
}

void Attempts::give_back(std::string_view login, std::string_view client) {
  const auto limits = limits_of(login, client);
  const os::MutexLock lock(mutex_);
  for (const Limit& limit : limits) take_away(limit.key);
}

void Attempts::forgive(std::string_view login, std::string_view client) {
  const auto limits = limits_of(login, client);
  const os::MutexLock lock(mutex_);
  erase(limits[0].key);
  take_away(limits[1].key);
  take_away(limits[2].key);
}

}  // namespace lapel::signin
