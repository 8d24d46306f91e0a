#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make soak TESTDATA=DIR`: the slow lane. Every part runs, whatever the one before it came to; a table at the end says how
# each ended. What this machine cannot run is NOT RUN, and that is no success: only a table of passes ends with zero.
#
#   tools/soak.sh [PART ...]   sweep crash tsan clang_tidy fuzz agree; all of them where none is named
#
#   TESTDATA             the corpus of `sweep`: a folder with video, telemetry and adversarial in it
#   LAPEL_FUZZ_RUNS      executions of each fuzz target (1000000); LAPEL_FUZZ_SECONDS bounds the time of each
#   LAPEL_AGREE_INPUTS   questions that two verifiers are asked (1000000)
#   JOBS                 how many compilers, analyzers and fuzzers at once (as many as there are processors)
#
# What each part said is kept in build/soak/<part>.log; fuzzers leave what they found in build/soak/found.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
out=build/soak
not_run_status=77

not_run() {
  echo "NOT RUN: $1"
  exit $not_run_status
}

need() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null || not_run "there is no $1 here (Debian: $2)"
}

build() { # PRESET [TARGET]
  tools/setup.sh
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1" -j "$jobs" ${2:+--target "$2"} -- --quiet
}

# Every file of a corpus through dock, server and media worker, and back.
part_sweep() {
  [ -n "${TESTDATA:-}" ] || not_run "TESTDATA=DIR names no corpus"
  [ -d "$TESTDATA" ] || not_run "there is no folder $TESTDATA"
  need strace strace
  build release
  python3 test/soak/sweep.py "$TESTDATA"
}

# The campaigns of the fast lane at their full size.
part_crash() {
  need strace strace
  build release
  cd test/crash
  LAPEL_CRASH_POINTS=0 LAPEL_ERROR_POINTS=0 LAPEL_CRASH_KILLS=1000 LAPEL_CUT_STATES=5000 python3 -m unittest -v *_test.py
}

# Every test under the thread sanitizer; the fast lane has only those of modules with threads.
part_tsan() {
  build tsan
  ctest --preset tsan -j "$jobs" --no-tests=error
}

# .clang-tidy says which checks, and why not the others.
part_clang_tidy() {
  need clang-tidy-14 clang-tidy-14
  need run-clang-tidy-14 clang-tidy-14
  tools/setup.sh
  cmake --preset clang >/dev/null
  run-clang-tidy-14 -quiet -p build/clang -j "$jobs" "$PWD/(src|test)/"
}

# Each fuzz target from its seeds and from what earlier runs found worth keeping.
part_fuzz() {
  need clang++-14 clang-14
  compgen -G "$(clang++-14 -print-resource-dir)/lib/*/libclang_rt.fuzzer-*.a" >/dev/null ||
    not_run "clang 14 has no libFuzzer here (Debian: libclang-rt-14-dev)"
  build fuzz fuzzers
  JOBS=$jobs python3 test/soak/fuzz.py
}

# The verifier in C++ and the one in TypeScript over the same changed receipts, checkpoints and exports.
part_agree() {
  build release agree
  npm --prefix web run --silent build
  LAPEL_AGREE_INPUTS=${LAPEL_AGREE_INPUTS:-1000000} python3 test/soak/agree.py build/release/tests/agree
}

all=(sweep crash tsan clang_tidy fuzz agree)
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")
for part in "${parts[@]}"; do
  declare -F "part_$part" >/dev/null || { echo "soak: no part is called $part: ${all[*]}" >&2; exit 2; }
done

mkdir -p $out
failures=0
table=""
for part in "${parts[@]}"; do
  echo "== $part"
  begun=$SECONDS
  (set -e; "part_$part") 2>&1 | tee "$out/$part.log"
  status=${PIPESTATUS[0]}
  case $status in
    0) ended="passed" ;;
    "$not_run_status") ended="NOT RUN" ;;
    *) ended="FAILED" ;;
  esac
  [ "$status" = 0 ] || failures=$((failures + 1))
  table+=$(printf '%-12s %-8s %6d s' "$part" "$ended" $((SECONDS - begun)))$'\n'
done
printf '\n%s' "$table"
exit $((failures > 0))
