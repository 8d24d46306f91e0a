#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every source and every header, alone, through clang 14 with its thread-safety analysis; warnings are errors. What the asan
# preset compiles has passed there, and so has a header that its own source includes before anything else: they are left out,
# unless there is no such build or --all is said.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=(-std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wthread-safety -Werror
       -Wno-pragma-once-outside-header -Isrc -I. -isystem build/third_party/sqlite3 -isystem /usr/include/postgresql
       -DBOOST_ERROR_CODE_HEADER_ONLY -DBOOST_ALL_NO_LIB -DLAPEL_SOURCE_DIR="\"$PWD\"" -DLAPEL_VERSION="\"\"" -DLAPEL_MEDIA="\"\""
       -DLAPEL_MEDIA_ESCAPE="\"\"" -DLAPEL_FUZZ_CONTAINER="\"\"" -DLAPEL_FUZZ_TELEMETRY="\"\"" -DLAPEL_IMPORT_MAPPINGS="\"\"")
# What stands in folders of its own; a system's, so that nobody's warnings but ours are told.
read -r -a paper < <(pkg-config --cflags pangocairo | sed 's/-I/-isystem /g')
flags+=("${paper[@]}")

passed() {
  local compiled
  mapfile -t compiled < <(sed -n "s#^ *\"file\": \"$PWD/\(\(src\|test\)/.*\)\",\?\$#\1#p" build/asan/compile_commands.json)
  printf '%s\n' "${compiled[@]}"
  awk 'FNR == 1 { is_first = 1 }
    /^#include/ && is_first {
      is_first = 0
      header = FILENAME; sub(/cc$/, "h", header)
      named = header; sub("^src/", "", named)
      if ($2 == "\"" named "\"") print header
    }' "${compiled[@]}"
}
left_out=$(mktemp)
trap 'rm -f "$left_out"' EXIT
if [ "${1:-}" != --all ] && [ -e build/asan/compile_commands.json ]; then passed >"$left_out"; fi
git ls-files --cached --others --exclude-standard 'src/*.cc' 'src/*.h' 'test/*.cc' 'test/*.h' | grep -vxFf "$left_out" |
  xargs -P "$(nproc)" -I{} clang++-14 "${flags[@]}" -x c++ {}
