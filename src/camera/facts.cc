// SPDX-License-Identifier: Apache-2.0
#include "camera/facts.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <sys/timex.h>

namespace lapel::camera {
namespace {

std::string first_word(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

}  // namespace

std::optional<int> battery_percent(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> supplies;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    supplies.push_back(entry->path());
  }
  std::sort(supplies.begin(), supplies.end());
  for (const auto& supply : supplies) {
    if (first_word(supply / "type") != "Battery") continue;
    const std::string text = first_word(supply / "capacity");
    if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string::npos) continue;
    return std::min(std::stoi(text), 100);
  }
  return std::nullopt;
}

bool is_clock_synchronized() {
  timex asked{};
  return ::adjtimex(&asked) >= 0 && (asked.status & STA_UNSYNC) == 0;
}

}  // namespace lapel::camera
