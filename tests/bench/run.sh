#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# stmbootd against stm32flash, seven minutes of it: run.sh BUILD-DIRECTORY [--quick]
# bench.c says what is measured. The last column is a ratio of times: 1.000 and less is no slower
# than stm32flash. Wants a machine with nothing else to do.

set -eu
build=$(CDPATH='' cd -- "${1:?usage: run.sh BUILD-DIRECTORY [--quick]}" && pwd)
shift

bench=$build/tests/bench
ninja --quiet -C "$build" tests/bench/bench tests/bench/bench.bin tests/bench/pty-shim.so \
        src/daemon/stmbootd src/virtual-pty/stmboot-virtual
exec "$bench/bench" "$@" "$build/src/daemon/stmbootd" "$build/src/virtual-pty/stmboot-virtual" \
        "$bench/pty-shim.so" "$bench/bench.bin"
