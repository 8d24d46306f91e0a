#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every header and every source, alone, through clang 14 with its thread-safety analysis; warnings are errors.
#
#   tools/syntax.sh --all   all of them, each with nothing but what it includes itself (tools/soak.sh clang_tidy)
#   tools/syntax.sh         headers; the asan preset compiles each source, though beside others. The system's headers are read once
#                           for all, as in that preset
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

kinds=("src/*.h" "test/*.h")
if [ "${1:-}" = --all ]; then
  kinds+=("src/*.cc" "test/*.cc")
else
  echo "#include \"$PWD/build/asan/src/CMakeFiles/precompiled.dir/cmake_pch.hxx\"" >"$scratch/system.h"
  clang++-14 "${flags[@]}" -pthread -x c++-header "$scratch/system.h" -o "$scratch/system.pch"
  flags+=(-pthread -include-pch "$scratch/system.pch")
fi
git ls-files --cached --others --exclude-standard "${kinds[@]}" |
  xargs -P "$(nproc)" -I{} clang++-14 "${flags[@]}" -fsyntax-only -x c++ {}
