#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing, builds, and runs all tests:
#   sh tests/check.sh           everything, about an hour
#   sh tests/check.sh --quick   the tiers of a working day: unit, virtual, bus, fuzz corpus; gcc only
# Goes on after a failure. The end names what failed and what was skipped; the last line counts.

set -u
. "$(dirname -- "$0")/prepare.sh"

quick=no
case ${1-} in
--quick) quick=yes ;;
'') ;;
*)
        echo "usage: $0 [--quick]" >&2
        exit 2
        ;;
esac

if [ "$quick" = yes ]; then install_missing build test; else install_missing build test full; fi
builds=${STMBOOT_BUILD_DIR:-$top/build-check}
processes=$((2 * $(nproc))) # many a test waits for a wire most of its time
mkdir -p "$builds" || exit 1
started=$(date +%s)
results=$scratch/results # a line each: PASS, FAIL, SKIP or PART, two spaces, what
: >"$results"

# apart FILTER COMMAND...: runs a command in a session of its own, with its output through a filter.
# Ctrl-C ends all of it: Meson would take it for a wish to skip one test, jobs in the background would
# not hear it.
running=
apart() {
        filter=$1
        shift
        rm -f "$scratch/output"
        mkfifo "$scratch/output"
        "$filter" <"$scratch/output" &
        setsid "$@" >"$scratch/output" 2>&1 &
        running=$!
        wait "$running"
        status=$?
        wait
        running=
        return $status
}

clean_up() {
        [ -z "$running" ] || { kill -- "-$running" && wait; } 2>/dev/null
}

say() {
        seconds=$(($(date +%s) - started))
        printf '\n== %s (at %d:%02d)\n' "$*" $((seconds / 60)) $((seconds % 60))
}

result() {
        echo "$1  $2" >>"$results"
}

# A step that is one test: step NAME COMMAND...
step() {
        name=$1
        shift
        say "$name"
        if "$@"; then
                result PASS "$name"
        else
                result FAIL "$name"
        fi
}

# The builder speaks up only where it fails: Meson 1.7 leaves what only tests need to `meson test`.
without_builder() {
        grep --line-buffered -vE '^(ninja: [En]|\[[0-9]+/[0-9]+\] |$)'
}

# meson_tests NAME BUILD-DIRECTORY [meson test arguments]
meson_tests() {
        name=$1 directory=$2
        shift 2
        say "$name"
        rm -f "$directory/meson-logs/check.json"
        apart without_builder env TMPDIR="$scratch" \
                meson test -C "$directory" --logbase check --print-errorlogs \
                --num-processes "$processes" "$@"
        if [ -f "$directory/meson-logs/check.json" ]; then
                python3 "$top/tests/results.py" "$name" "$directory/meson-logs/check.json" \
                        >>"$results"
        else
                result FAIL "$name: did not run"
        fi
}

with_clang() (
        export CC=clang
        "$@"
)

under_sanitizers() {
        export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
        "$@"
        unset UBSAN_OPTIONS
}

under_valgrind() {
        export STMBOOTD_WRAPPER='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite'
        "$@"
        unset STMBOOTD_WRAPPER
}

# Each version of clang-format formats a little differently.
check_format() {
        version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
        if [ "$version" != 14 ]; then
                result SKIP "Source format: clang-format is $version here; 14 (Debian 12) checks"
                return
        fi
        step 'Source format' sh -c 'find "$@" -name "*.[ch]" -print0 |
                xargs -0 clang-format --dry-run --Werror' find "$top/src" "$top/include" "$top/tests"
}

into_rig_log() {
        tee "$scratch/rig"
}

# The rig counts as run.sh in it does: a line a test.
run_rig() {
        say 'Rig: Debian 12 and 13 in QEMU'
        # Only there can it run: see what_lacks in run.sh.
        if [ "$(id -u)" = 0 ] && [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ]; then
                (install_missing rig)
        fi
        apart into_rig_log env STMBOOT_RIG_DIR="$builds/rig" "$top/tests/rig/run.sh"
        status=$?
        sed -nE 's/^(PASS|FAIL|SKIP)  /\1  Rig: /p' "$scratch/rig" >>"$results"
        case $status in
        0) ;;
        77) result SKIP "Rig: $(sed -n 's/^rig: skipped: //p' "$scratch/rig")" ;;
        *) grep -q '^FAIL  ' "$scratch/rig" || result FAIL 'Rig: did not come to its end' ;;
        esac
}

step 'Build with gcc, warnings are errors' build "$builds/gcc" -Dwerror=true
meson_tests 'Tests' "$builds/gcc"

if [ "$quick" = no ]; then
        check_format
        step 'Build with clang, warnings are errors' with_clang build "$builds/clang" -Dwerror=true
        step 'Build with sanitizers' build "$builds/sanitize" -Dwerror=true \
                -Db_sanitize=address,undefined -Db_lundef=false
        under_sanitizers meson_tests 'Tests under ASan and UBSan' "$builds/sanitize" \
                --timeout-multiplier 5
        under_valgrind meson_tests 'Bus tier under valgrind' "$builds/gcc" --suite bus \
                --timeout-multiplier 10
        meson_tests 'Benchmarks' "$builds/gcc" --benchmark --verbose
        run_rig
fi

count() {
        grep -c "^$1  " "$results"
}

echo
grep -v '^PASS  ' "$results"
echo "$(count PASS) passed, $(count FAIL) failed, $(count SKIP) skipped"
[ "$(count FAIL)" = 0 ]
