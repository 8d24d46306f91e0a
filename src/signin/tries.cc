// SPDX-License-Identifier: Apache-2.0
#include "signin/tries.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"

namespace lapel::signin {

Tries::Tries(TriesLimit limit, std::string_view text) : limit_(limit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (const auto us = parse_decimal(text.substr(0, end))) times_us_.push_back(static_cast<std::int64_t>(*us));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string Tries::text() const {
  return fmt::format("{}", fmt::join(times_us_, " "));
}

void Tries::slide(std::int64_t now_us) {
  std::erase_if(times_us_, [&](std::int64_t us) { return now_us - us >= limit_.window_us; });
}

bool Tries::count(std::int64_t now_us) {
  slide(now_us);
  if (times_us_.size() >= limit_.max) return false;
  times_us_.push_back(now_us);
  return true;
}

void Tries::give_back(std::int64_t now_us) {
  slide(now_us);
  if (!times_us_.empty()) times_us_.pop_back();
}

}  // namespace lapel::signin
