#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing, builds, and runs all tests:
#   sh tests/check.sh           everything
#   sh tests/check.sh --quick   the tiers of a working day: unit, virtual, bus, fuzz corpus; gcc only

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

install_missing test
builds=${STMBOOT_BUILD_DIR:-$top/build-check}
mkdir -p "$builds"
passed=0 failed=0 skipped=0

say() {
        printf '\n== %s\n' "$*"
}

# count RESULT NAME
count() {
        case $1 in
        0) passed=$((passed + 1)) ;;
        77) skipped=$((skipped + 1)) ;;
        *)
                failed=$((failed + 1))
                echo "FAILED: $2"
                ;;
        esac
}

# A step of ours that is one test: step NAME COMMAND...
step() {
        name=$1
        shift
        say "$name"
        "$@"
        count $? "$name"
}

# meson_tests NAME BUILD-DIRECTORY [meson test arguments]; adds meson's own counts to ours.
meson_tests() {
        name=$1 directory=$2
        shift 2
        say "$name"
        log=$(mktemp)
        meson test -C "$directory" --print-errorlogs --no-rebuild "$@" >"$log" 2>&1
        result=$?
        grep -vE '^(ninja: |$)' "$log"
        ok=$(sed -n 's/^Ok: *//p' "$log")
        bad=$(sed -n 's/^\(Fail\|Timeout\|Unexpected Pass\): *//p' "$log" | paste -sd+ | sed 's/^$/0/')
        skip=$(sed -n 's/^Skipped: *//p' "$log")
        rm -f "$log"
        bad=$((${bad:-0}))
        [ "$result" = 0 ] || [ "$bad" -gt 0 ] || bad=1
        passed=$((passed + ${ok:-0})) failed=$((failed + bad)) skipped=$((skipped + ${skip:-0}))
}

check_format() {
        find "$top/src" "$top/include" "$top/tests" -name '*.[ch]' -print0 |
                xargs -0 clang-format --dry-run --Werror
}

step 'Build with gcc, warnings are errors' build "$builds/gcc" -Dwerror=true
meson_tests 'Tests: unit, virtual, bus, witness, fuzz corpus' "$builds/gcc"

if [ "$quick" = no ]; then
        if [ "$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')" = 14 ]; then
                step 'Source format' check_format
        else # each version formats a little differently
                say 'Source format: skipped, it is checked with clang-format 14 (Debian 12)'
                count 77 format
        fi
        step 'Build with clang, warnings are errors' \
                env CC=clang sh -c '. "$0"; build "$1" -Dwerror=true' \
                "$top/tests/prepare.sh" "$builds/clang"
        step 'Build with AddressSanitizer and UndefinedBehaviorSanitizer' \
                build "$builds/sanitize" -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
                meson_tests 'Tests under ASan and UBSan' "$builds/sanitize" --timeout-multiplier 5
        STMBOOTD_WRAPPER='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite' \
                meson_tests 'Bus tier under valgrind' "$builds/gcc" --suite bus \
                --timeout-multiplier 10
        meson_tests 'Benchmarks' "$builds/gcc" --benchmark
fi

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
