#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make test`: set-up, builds, tests, with the time each took. Ends non-zero at the first part that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
start=$SECONDS

tools/setup.sh
after_setup=$SECONDS

# The product as it is used; units, conformance and replay under ASan and UBSan; what is concurrent under TSan.
concurrent="base_test os_test http_test db_test store_test ledger_test jobs_test"
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs" -- --quiet
cmake --preset asan >/dev/null
cmake --build --preset asan -j "$jobs" -- --quiet
cmake --preset tsan >/dev/null
cmake --build --preset tsan -j "$jobs" --target $concurrent -- --quiet
tools/syntax.sh
npm --prefix web run --silent build
after_builds=$SECONDS

python3 tools/tidy.py
python3 tools/benchmarks.py --check
# Tests wait for programs and for the disk more than they work: half as many again at once, in memory where there is enough of it
# and programs can be run from there. What a disk may do to them is tried on a disk (label crash), and by tools/soak.sh.
memory_kib=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1 || true)
if [ "${memory_kib:-0}" -ge $((6 * 1024 * 1024)) ] && place=$(mktemp -d /dev/shm/lapel-XXXXXX); then
  trap 'rm -rf "$place"' EXIT
  printf '#!/bin/sh\n' >"$place/try" && chmod 755 "$place" "$place/try"
  if "$place/try"; then export TMPDIR=$place; fi
fi
ctest --preset asan -j $((jobs + jobs / 2)) --no-tests=error
ctest --preset tsan -j "$jobs" --no-tests=error -R "^($(echo "$concurrent" | sed 's/_test//g; s/ /|/g'))$"
ctest --preset release -j $((jobs + jobs / 2)) --no-tests=error -L server
npm --prefix web run --silent units
npm --prefix web run --silent browser
after_tests=$SECONDS

echo "set-up $((after_setup - start)) s, builds $((after_builds - after_setup)) s, tests $((after_tests - after_builds)) s"
