#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make coverage`: every unit test and every test of the real programs, built by gcc with --coverage; then tools/coverage.py
# says which bars the counts keep. A program that is killed takes its counts along; one that ends on SIGTERM writes them, and so the tests
# end theirs with LAPEL_COUNTED=1 where they would kill them.
#
#   tools/coverage.sh           builds, runs, judges
#   tools/coverage.sh judge     judges the counts of the last run
#
# LAPEL_FIGURES names a file for the figures. What gcovr found is kept in build/coverage/gcovr.json.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
begun=$SECONDS

if [ "${1:-}" != judge ]; then
  cmake --preset coverage >/dev/null
  cmake --build --preset coverage -j "$jobs" -- --quiet
  npm --prefix web run --silent build  # two tests ask the verifier in TypeScript too
  ln -sfn ../../../share/lapel/web build/coverage/share/lapel/web  # the server looks for its pages beside itself
  find build/coverage -name '*.gcda' -delete
  # Tests of the fast lane have figures of their own, at their small sizes: they are none of this run's.
  env -u LAPEL_FIGURES LAPEL_COUNTED=1 ctest --test-dir build/coverage -j "$jobs" --no-tests=error --output-on-failure -E '^(crash_|server_tamper|server_manual)'
fi
# Branches that the compiler makes for exceptions are not decisions of ours; nothing else is left out here.
gcovr --root . --filter src/ --exclude '.*_(test|fuzz)\.cc' --exclude-throw-branches --exclude-unreachable-branches \
  -j "$jobs" --json build/coverage/gcovr.json build/coverage/src
python3 tools/coverage.py build/coverage/gcovr.json $((SECONDS - begun))
