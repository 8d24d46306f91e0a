#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make bench`: sets up the peers, builds what is measured, and prints one JSON line a comparison on stdout; talk on stderr.
#
#   tools/bench.sh [BENCH]…          b1 b2 b3 b5 b8 b9 b10 b11, or nothing for all
#   tools/bench.sh --save            all of them into docs/figures/benchmarks.jsonl, and docs/benchmarks.md made from it
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}

tools/setup.sh >&2
tools/setup-bench.sh >&2
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs" --target lapel lapel-media -- --quiet >&2
cmake --preset bench >/dev/null
cmake --build --preset bench -j "$jobs" -- --quiet >&2

if [ "${1:-}" = --save ]; then
  [ $# = 1 ] || { echo "usage: tools/bench.sh [BENCH]… | --save" >&2; exit 2; }
  lines=$(mktemp)
  trap 'rm -f "$lines"' EXIT
  python3 bench/machine.py > "$lines"
  python3 bench/run.py >> "$lines"
  mkdir -p docs/figures
  cp "$lines" docs/figures/benchmarks.jsonl
  python3 tools/benchmarks.py
else
  python3 bench/run.py "$@"
fi
