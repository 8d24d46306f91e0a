// SPDX-License-Identifier: Apache-2.0
// A path of an export: what is taken stays within, and its forms agree with one another.
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "base/bytes.h"
#include "base/check.h"
#include "imports/path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const std::string_view text = as_text(ByteView(data, size));
  const std::size_t line = text.find('\n');
  const std::string_view path = text.substr(0, line);
  const std::string_view pattern = line == std::string_view::npos ? "*" : text.substr(line + 1);
  if (imports::path_trouble(path)) return 0;
  // By another's reckoning: joined to a folder it is below that folder, and says the same in its normal form.
  const std::filesystem::path plain(path);
  CHECK(plain.is_relative() && plain.lexically_normal() == plain);
  for (const auto& part : plain) CHECK(part != "..");
  CHECK(imports::key_of_word(imports::Match::kPath, path) == imports::key_of_path(imports::Match::kPath, path));
  CHECK(imports::key_of_word(imports::Match::kName, path) == imports::key_of_path(imports::Match::kName, path));
  CHECK(imports::fits(path.find('*') == std::string_view::npos ? path : "*", imports::last_part(path)) ||
        path.find('/') != std::string_view::npos);
  (void)imports::fits(pattern.substr(0, 200), path);
  return 0;
}
