#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs fuzzers with libFuzzer, ASan and UBSan, one after the other, each for so many seconds:
#
#   tests/fuzz/run.sh BUILD-DIRECTORY SECONDS [NAME...]
#
# What they find and learn stays below BUILD-DIRECTORY. Needs what stands in
# tests/packages under "fuzz".

set -eu
[ $# -ge 2 ] || { sed -n 's/^# *\(tests.*\)/usage: \1/p' "$0" >&2; exit 2; }
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
seconds=$2
shift 2

if [ ! -e "$build/build.ninja" ]; then
        CC=clang meson setup "$build" "$source" -Dfuzz-engine=-fsanitize=fuzzer \
                -Dc_args=-fsanitize=fuzzer-no-link -Db_sanitize=address,undefined \
                -Db_lundef=false >&2
fi
build=$(cd "$build" && pwd)
ninja -C "$build" fuzzers >&2
if [ $# -eq 0 ]; then
        set -- $(cd "$source/tests/fuzz" && ls fuzz-*.c | sed 's/^fuzz-\(.*\)\.c$/\1/')
fi

cd "$build/tests/fuzz"
status=0
for name; do
        mkdir -p "learned/$name" "seeds/$name"
        for seed in "$source/tests/fuzz/corpus/$name"/* "$name"-seed.*; do
                [ ! -e "$seed" ] || cp "$seed" "seeds/$name"
        done
        echo "== $name"
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
                nice -n 19 ./fuzz-"$name" -max_total_time="$seconds" -timeout=10 \
                -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$name-" \
                "learned/$name" "seeds/$name" >"$name.log" 2>&1 || status=1
        grep -E '^(SUMMARY|stat::|Done|==[0-9]+== ERROR)' "$name.log" || true
done
exit $status
