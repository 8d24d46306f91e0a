#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every source and every header, alone, through clang 14 with its thread-safety analysis; warnings are errors.
#
#   tools/syntax.sh --all   all of them, each with nothing but what it includes itself (tools/soak.sh clang_tidy)
#   tools/syntax.sh         without what can hardly differ: tests, what the asan preset compiled alone, and headers that their own
#                           source includes before anything else; the system's headers are read once for all, as in that preset
set -euo pipefail
cd "$(dirname "$0")/.."
flags=(-std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wthread-safety -Werror
       -Wno-pragma-once-outside-header -Isrc -I. -isystem build/third_party/sqlite3 -isystem /usr/include/postgresql
       -DBOOST_ERROR_CODE_HEADER_ONLY -DBOOST_ALL_NO_LIB -DLAPEL_SOURCE_DIR="\"$PWD\"" -DLAPEL_VERSION="\"\"" -DLAPEL_MEDIA="\"\""
       -DLAPEL_MEDIA_ESCAPE="\"\"" -DLAPEL_FUZZ_CONTAINER="\"\"" -DLAPEL_FUZZ_TELEMETRY="\"\"" -DLAPEL_IMPORT_MAPPINGS="\"\"")
# What stands in folders of its own; a system's, so that nobody's warnings but ours are told.
read -r -a paper < <(pkg-config --cflags pangocairo | sed 's/-I/-isystem /g')
flags+=("${paper[@]}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# FILE...: the header of each source that includes it first.
own_headers() {
  awk 'FNR == 1 { is_first = 1 }
    /^#include/ && is_first {
      is_first = 0
      header = FILENAME; sub(/cc$/, "h", header)
      named = header; sub("^src/", "", named)
      if ($2 == "\"" named "\"") print header
    }' "$@"
}

git ls-files --cached --others --exclude-standard 'src/*.cc' 'src/*.h' 'test/*.cc' 'test/*.h' >"$scratch/files"
touch "$scratch/left_out"
if [ "${1:-}" != --all ]; then
  mapfile -t tests < <(grep '_test\.cc$' "$scratch/files")
  mapfile -t alone < <(sed -n "s#^ *\"file\": \"$PWD/\(\(src\|test\)/.*\.cc\)\",\?\$#\1#p" build/asan/compile_commands.json | sort -u)
  mapfile -t sources < <(grep '\.cc$' "$scratch/files" | grep -v '_test\.cc$')
  { printf '%s\n' "${tests[@]}" "${alone[@]}"; own_headers "${sources[@]}"; } >"$scratch/left_out"
  echo "#include \"$PWD/build/asan/src/CMakeFiles/precompiled.dir/cmake_pch.hxx\"" >"$scratch/system.h"
  clang++-14 "${flags[@]}" -pthread -x c++-header "$scratch/system.h" -o "$scratch/system.pch"
  flags+=(-pthread -include-pch "$scratch/system.pch")
fi
grep -vxFf "$scratch/left_out" "$scratch/files" | xargs -P "$(nproc)" -I{} clang++-14 "${flags[@]}" -fsyntax-only -x c++ {}
