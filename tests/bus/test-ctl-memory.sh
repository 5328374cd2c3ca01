#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What stmbootctl does where memory runs out in the midst of JSON:
#   test-ctl-memory.sh STMBOOTCTL-THAT-RUNS-SHORT FAKE-SERVICE

set -u
. "$(dirname -- "$0")/with-fake.sh"

# survives EXIT-CODE ARGUMENT...: memory that runs out ever later is a failure that is told and
# nothing worse, until there is enough of it.
survives() {
        expected=$1 JSON_SHORT=0
        shift
        export JSON_SHORT
        while
                JSON_SHORT=$((JSON_SHORT + 1))
                run "$@" --json=short
                [ "$code" -le 13 ] || problem "$*: $code at $JSON_SHORT"
                [ $bad = no ] && [ $JSON_SHORT -lt 1000 ] &&
                        { [ "$code" != "$expected" ] || [ ! -s out ]; }
        do
                [ "$code" != 0 ] || problem "$*: no result, and no error at $JSON_SHORT"
                [ -s err ] || problem "$*: nothing is told at $JSON_SHORT"
        done
        [ $JSON_SHORT -gt 1 ] && [ $JSON_SHORT -lt 1000 ] || problem "$*: ended at $JSON_SHORT"
        unset JSON_SHORT
}

each_verb_survives() {
        survives 0 list
        survives 0 info ok
        survives 0 trace ok
        survives 0 image fw.bin --target=ok
        survives 0 probe same
        survives 0 jobs
        survives 0 read same 0x08000000 256 --output=read.bin
        survives 0 sync same
        survives 0 probe same --no-wait
        survives 0 sync same --no-wait
        survives 1 probe refuse_TargetBroken
        survives 4 probe nosuch
}

serve ok same refuse_TargetBroken
case_ 'each verb survives' each_verb_survives

[ $failures = 0 ]
