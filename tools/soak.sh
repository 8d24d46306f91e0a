#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make soak TESTDATA=DIR`: the slow lane. Every part runs, whatever the one before it came to; a table at the end says how
# each ended. What this machine cannot run is NOT RUN, and that is no success: only a table of passes ends with zero.
#
#   tools/soak.sh [PART ...]   every part where none is named; an unknown name is answered with all of them
#   tools/soak.sh save         makes docs/reliability.md of the figures that these parts came to
#
#   TESTDATA             the corpus of `sweep`: a folder with video, telemetry and adversarial in it
#   LAPEL_FUZZ_RUNS      executions of each fuzz target (1000000); LAPEL_FUZZ_SECONDS bounds the time of each;
#                        LAPEL_FUZZ_GO_ON=1 counts what a program, the same to the byte, came through in earlier runs
#   LAPEL_AGREE_INPUTS   questions that two verifiers are asked (1000000)
#   LAPEL_TAMPER_SECONDS how long one sweep of sweep_1000 may take (1500); one that needs longer takes every n-th byte, and says so
#   JOBS                 how many compilers, analyzers and fuzzers at once (as many as there are processors)
#
# What each part said is kept in build/soak/<part>.log, its figures in build/soak/figures.jsonl; fuzzers leave what they found in build/soak/found.
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

# Every file of a corpus through dock, server and media worker, and back; and what the worker makes of its telemetry.
part_sweep() {
  [ -n "${TESTDATA:-}" ] || not_run "TESTDATA=DIR names no corpus"
  [ -d "$TESTDATA" ] || not_run "there is no folder $TESTDATA"
  need strace strace
  build release
  local ended=0
  python3 test/soak/telemetry.py "$TESTDATA" || ended=1
  python3 test/soak/sweep.py "$TESTDATA" || ended=1
  return $ended
}

# The campaigns of the fast lane at their full size; that of two servers is `postgres`.
part_crash() {
  need strace strace
  build release
  cd test/crash
  local campaigns
  mapfile -t campaigns < <(ls ./*_test.py | grep -v two_servers_test)
  LAPEL_CRASH_POINTS=0 LAPEL_ERROR_POINTS=0 LAPEL_SERVED_POINTS=0 LAPEL_CRASH_KILLS="${LAPEL_CRASH_KILLS:-2000}" \
    LAPEL_CUT_STATES="${LAPEL_CUT_STATES:-5000}" python3 -m unittest -v "${campaigns[@]}"
}

# What the campaigns on filesystems of their own need besides what the build needs: installed where that is possible.
need_filesystems() {
  [ "$(id -u)" = 0 ] || not_run "only root can make filesystems"
  command -v mkfs.xfs >/dev/null || apt-get install -y -q xfsprogs e2fsprogs >/dev/null 2>&1 || true
  need mkfs.xfs xfsprogs
  need xfs_io xfsprogs
  need mkfs.ext4 e2fsprogs
}

# Copies of a live disk, as a power cut would leave it, and disks shut down in place: ext4 and XFS.
part_power_cuts() {
  need_filesystems
  build release
  python3 test/soak/power_cuts.py
}

# No room, no inodes, no quota, at moments of no choosing.
part_full_disk() {
  need_filesystems
  build release
  python3 test/soak/full_disk.py
}

# 32 clients race for one upload, 10,000 times, and a quarter as often with two servers that share a PostgreSQL.
part_races() {
  build release
  python3 test/soak/races.py
}

# The same on a server that watches its own threads.
part_races_tsan() {
  build tsan lapel
  LAPEL_BIN=$PWD/build/tsan/src python3 test/soak/races.py --sanitized
}

# Bits that flip in originals, tiles, rows and pages, and what the check and the ways out make of them.
part_bit_rot() {
  build release
  python3 test/soak/bit_rot.py
}

# Every byte of a 1,024-leaf ledger; every n-th where all would take longer than the seconds of one sweep. Sweeps run beside each
# other, the last of the file first: they take longest.
part_sweep_1000() {
  build release tamper_test
  local program=build/release/tests/tamper_test
  rm -rf $out/sweep_1000
  mkdir $out/sweep_1000
  export LAPEL_TAMPER_LEAVES=1024 LAPEL_TAMPER_SECONDS=${LAPEL_TAMPER_SECONDS:-1500}
  $program --gtest_list_tests | sed -n 's/^  //p' | tac |
    xargs -P "$jobs" -I{} sh -c "$program --gtest_filter='TamperTest.{}' >$out/sweep_1000/{}.txt 2>&1" || true  # judged below
  cat $out/sweep_1000/*.txt
  python3 test/soak/sweep_1000.py $out/sweep_1000
}

# Crawlers, floods and idle connections beside an honest client; and what a week later is left of them.
part_abuse() {
  build release
  python3 test/soak/abuse.py
}

# Names that want to be paths, in uploads and in exports.
part_hostile_names() {
  need strace strace
  build release
  python3 test/soak/hostile_names.py
}

# Two servers on one database, killed far more often than in the fast lane, and the database under them.
part_postgres() {
  build release
  local ended=0
  (cd test/scenarios && LAPEL_TRANSCRIPTS=all python3 -m unittest -v on_postgres_test) || ended=1
  (cd test/crash && LAPEL_TWO_SERVER_KILLS=200 LAPEL_DATABASE_KILLS=20 python3 -m unittest -v two_servers_test) || ended=1
  return $ended
}

# 1,000 recordings of a simulated body-worn system over TLS, with calls cut off, answers lost and the server killed.
part_camera_system() {
  build release
  python3 test/soak/camera_system.py
}

# 10,000 files of an export, and what memory the server takes for them.
part_imports() {
  build release
  python3 test/soak/imports.py
}

# A camera killed 200 times while it records, half of them before a system call that writes.
part_camera_killed() {
  need strace strace
  build release
  python3 test/soak/camera_killed.py
}

# Media files made to hurt, in the worker alone, under strace.
part_hostile_media() {
  need strace strace
  build release
  python3 test/soak/hostile_media.py ${TESTDATA:+"$TESTDATA/adversarial"}
}

# A decoder that was taken over, trying its ways out of the sandbox beside a live server.
part_sandbox() {
  build release
  build asan media_escape
  python3 test/soak/sandbox.py build/asan/tests/media_escape
}

# Every test under a sanitizer; of the thread sanitizer the fast lane has only those of modules with threads.
suite_under() { # PRESET ITS_COMPILER SANITIZERS
  build "$1"
  local begun=$SECONDS
  "$2" -std=c++20 -g1 -O0 -w "-fsanitize=$3" "test/soak/planted/$1.cc" -o "$out/$1_planted"
  "$out/$1_planted" >"$out/$1_planted.txt" 2>&1 || true  # it is there to be reported
  env -u LAPEL_FIGURES ctest --preset "$1" -j "$jobs" --no-tests=error --output-on-failure | tee "$out/$1_tests.txt" || true  # judged below
  python3 test/soak/analyzed.py "$1" "$out/$1_planted.txt" "$out/$1_tests.txt" $((SECONDS - begun))
}

part_asan() {
  suite_under asan clang++-14 address,undefined
  # The programs themselves too, as their clients use them.
  JOBS=$jobs python3 test/soak/sanitized_servers.py build/asan/src upload_test recordings_test shares_test dock_test
}

part_tsan() {
  suite_under tsan g++ thread
}

# .clang-tidy says which checks, and why not the others.
part_clang_tidy() {
  need clang-tidy-14 clang-tidy-14
  need run-clang-tidy-14 clang-tidy-14
  tools/setup.sh
  tools/syntax.sh --all
  cmake --preset clang >/dev/null
  local begun=$SECONDS files
  files=$(grep -c "\"file\": \"$PWD/\(src\|test\)/" build/clang/compile_commands.json)
  clang-tidy-14 -quiet test/soak/planted/clang_tidy.cc -- -std=c++20 >$out/clang_tidy_planted.txt 2>&1 || true  # judged below
  run-clang-tidy-14 -quiet -p build/clang -j "$jobs" "$PWD/(src|test)/" >$out/clang_tidy_found.txt || true  # judged below
  cat $out/clang_tidy_found.txt
  python3 test/soak/analyzed.py clang_tidy $out/clang_tidy_planted.txt $out/clang_tidy_found.txt $((SECONDS - begun)) "$files"
}

# Lines and branches of what must not fail, under their bars.
part_coverage() {
  need gcovr gcovr
  tools/setup.sh
  tools/coverage.sh
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

# Attacks on the structure of evidence, refused by both of them.
part_attacks() {
  build release agree
  npm --prefix web run --silent build
  python3 test/attacks_test.py build/release/tests/agree
}

if [ "${1:-}" = save ]; then
  exec python3 tools/reliability.py --from $out/figures.jsonl
fi

all=(sweep crash power_cuts full_disk postgres races races_tsan bit_rot sweep_1000 abuse hostile_names camera_system camera_killed imports hostile_media sandbox asan tsan clang_tidy coverage fuzz agree attacks)
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")
for part in "${parts[@]}"; do
  declare -F "part_$part" >/dev/null || { echo "soak: no part is called $part: ${all[*]}" >&2; exit 2; }
done

mkdir -p $out
# A whole run begins anew; a part by itself replaces its own figures, since the last one told counts.
export LAPEL_FIGURES=$PWD/$out/figures.jsonl
[ $# -gt 0 ] || rm -f "$LAPEL_FIGURES"
failures=0
table=""
for part in "${parts[@]}"; do
  echo "== $part"
  begun=$SECONDS
  figures_before=$(cat "$LAPEL_FIGURES" 2>/dev/null | wc -l)
  (set -e; "part_$part") 2>&1 | tee "$out/$part.log"
  status=${PIPESTATUS[0]}
  # A campaign may end well and yet have missed its bar, or have been made shorter than it.
  if [ "$status" = 0 ] && tail -n "+$((figures_before + 1))" "$LAPEL_FIGURES" 2>/dev/null | grep '"held": false'; then status=1; fi
  case $status in
    0) ended="passed" ;;
    "$not_run_status") ended="NOT RUN" ;;
    *) ended="FAILED" ;;
  esac
  [ "$status" = 0 ] || failures=$((failures + 1))
  table+=$(printf '%-12s %-8s %6d s' "$part" "$ended" $((SECONDS - begun)))$'\n'
done
printf '\n%s' "$table"
[ ! -s "$LAPEL_FIGURES" ] || echo "figures: $LAPEL_FIGURES (tools/soak.sh save makes docs/reliability.md of them)"
exit $((failures > 0))
