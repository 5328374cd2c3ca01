#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What stmbootctl does while jobs run, against a service and a systemd of the tests' own:
#   test-ctl-jobs.sh STMBOOTCTL FAKE-SERVICE

set -u
. "$(dirname -- "$0")/with-fake.sh"

# ---- while it runs ----

draws_a_bar_on_a_terminal() {
        TERM=xterm script -qec "stty cols 80; '$ctl' flash ok fw.bin" /dev/null >out 2>&1 </dev/null
        has out 'ok  writing   [###'
        has out '14.4/43.2 KiB'
        has out 'ok: flashed and verified in'
        lacks out 'ok: writing'
        run flash ok fw.bin
        has err 'ok: writing 43.2 KiB'
        lacks err '[##'
}

# Before the bar of the phase that it comes with, in a line of its own.
tells_notes_when_they_come() {
        serve ok_note slow_note
        for quiet in '' -q --json; do
                : >err # or what stood there before may be taken for it
                "$ctl" $quiet flash slow_note fw.bin >out 2>err &
                pid=$!
                wait_for err 'slow_note: note: first thing'
                has err 'slow_note: note: first thing'
                kill -0 $pid || problem 'the job has ended'
                kill -INT $pid
                wait $pid
                code=$?
                exits 13
                [ "$(grep -c 'note: first thing' err)" = 1 ] || problem 'it is told twice'
                [ "$(grep -c 'note: second thing' err)" = 1 ] || problem 'the second is not told'
        done
        has out '"first thing"'
        has out '"second thing"'
        TERM=xterm script -qec "stty cols 80; '$ctl' flash ok_note fw.bin" /dev/null >out 2>&1 \
                </dev/null
        tr '\r' '\n' <out | sed 's/\x1b\[[0-9]*[AJ]//g' >lines
        [ "$(grep -c '^ok_note: note: first thing$' lines)" = 1 ] || problem 'it has no line'
        sed -n '/first thing/,$p' lines | grep -q '^ok_note  writing   \[###' ||
                problem 'the bar does not go on'
        serve_all
}

# signalled SIGNAL-COUNT ARGUMENT...: sends SIGINT so often while the job runs.
signalled() {
        count=$1
        shift
        "$ctl" "$@" >out 2>err &
        pid=$!
        wait_for log 'slow\|stuck'
        while [ "$count" -gt 0 ]; do
                sleep 0.2
                kill -INT $pid
                count=$((count - 1))
        done
        wait $pid
        code=$?
}

cancels_on_ctrl_c_and_waits() {
        signalled 1 flash slow fw.bin
        exits 13
        has log 'Cancel slow'
        has err 'Cancelling; waiting'
        has err 'slow: it went wrong'
}

leaves_on_a_second_ctrl_c() {
        signalled 2 flash stuck fw.bin
        exits 13
        has log 'Cancel stuck'
        has err "goes on until it can be stopped safely; 'stmbootctl cancel"
        serve_all # that job never ends
}

cancels_jobs_by_number_and_target() {
        run flash slow fw.bin --no-wait
        exits 0
        job=$(cat out)
        run jobs
        has out "${job##*/}"
        run cancel slow
        exits 0
        has log 'Cancel slow'
        has out 'slow: it went wrong'
        run cancel "${job##*/}"
        exits 4
        has err 'has ended already'
        run flash slow fw.bin --no-wait
        job=$(cat out)
        run -q cancel "${job##*/}"
        exits 0
        run cancel slow
        exits 4
        run cancel 999999
        exits 4
}

syncs_all_at_once_and_reports_each() {
        run sync
        exits 1
        has log 'Sync ok'
        has log 'Sync refuse_TargetBroken'
        lacks log 'Sync slow'
        has out 'ok: brought up to date in'
        has out 'same: holds this image already, nothing written'
        has err 'refuse_TargetBroken: refused'
        : >log
        run sync ok ok same
        exits 0
        [ "$(grep -c Sync log)" = 2 ] || problem "not each was synced once"
}

syncs_those_that_share_a_port_one_after_the_other() {
        run sync shared1 shared2
        exits 0
        has out 'shared1: brought up to date'
        has out 'shared2: brought up to date'
        lacks err 'busy'
        run flash slow fw.bin --no-wait
        run sync slow
        exits 5
        run -q cancel slow
}

tells_what_would_change() {
        serve ok same fail_Differs fail_NoEntry
        run -q sync --check same fail_Differs
        exits 10
        run -q sync --check same fail_Differs fail_NoEntry
        exits 7
        run -q sync --check same
        exits 0
        serve_all
}

follows_what_happens() {
        "$ctl" monitor >events 2>err &
        pid=$!
        "$ctl" monitor ok --json=short >events.json 2>>err &
        pid2=$!
        sleep 0.3
        run -q flash same fw.bin
        run -q flash ok fw.bin
        wait_for events 'ok: job .* done'
        wait_for events.json finished
        kill -INT $pid
        wait $pid
        code=$?
        exits 0
        kill -TERM $pid2
        wait $pid2
        code=$?
        exits 0
        grep -q 'ok: job [0-9]* flash started' events || problem "no start: $(cat events)"
        grep -q 'ok: job [0-9]* writing 30%' events || problem "no phase: $(cat events)"
        grep -q 'ok: job [0-9]* done' events || problem "no end: $(cat events)"
        has events 'same: job'
        lacks events chip
        lacks events.json same
        has events.json '"event":"job-finished"'
        has events.json '"changed":{"phase":"write","progress":30'
        has events.json '"notes":[]'
        lacks events.json '"notes":""'
        code=$(wc -l <events)
        [ "$code" -lt 40 ] || problem "$code lines for two jobs"
}

# ---- the unit that owns the port ----

stops_the_unit_and_starts_it_again() {
        run -q flash ok fw.bin --stop-unit=app
        exits 0
        tr '\n' ';' <log >sequence
        has sequence 'StopUnit app.service replace;FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin;StartUnit app.service replace;'
        : >log
        run -q flash fail_NoEntry fw.bin --stop-unit=app.service
        exits 7
        has log 'StartUnit app.service'
        : >log
        signalled 1 flash slow fw.bin --stop-unit=app
        exits 13
        has log 'StartUnit app.service'
}

leaves_alone_a_unit_that_is_not_active() {
        run -q flash ok fw.bin --stop-unit=idle
        exits 0
        lacks log Unit
}

says_when_the_unit_does_not_play() {
        run -q flash ok fw.bin --stop-unit=missing
        exits 1
        has err 'Cannot stop missing.service: there is no such unit.'
        lacks log FlashFd
        run -q flash ok fw.bin --stop-unit=lame
        exits 1
        has log FlashFd
        has err 'Cannot start lame.service: failed'
        : >log
        signalled 1 -q flash ok fw.bin --stop-unit=slow
        exits 13
        lacks log FlashFd
        has log 'StartUnit slow.service'
}

case_ 'draws a bar on a terminal' draws_a_bar_on_a_terminal
case_ 'tells notes when they come' tells_notes_when_they_come
case_ 'cancels on Ctrl-C and waits' cancels_on_ctrl_c_and_waits
case_ 'leaves on a second Ctrl-C' leaves_on_a_second_ctrl_c
case_ 'cancels jobs by number and target' cancels_jobs_by_number_and_target
case_ 'syncs all at once and reports each' syncs_all_at_once_and_reports_each
case_ 'syncs those that share a port one after the other' \
        syncs_those_that_share_a_port_one_after_the_other
case_ 'tells what would change' tells_what_would_change
case_ 'follows what happens' follows_what_happens
case_ 'stops the unit and starts it again' stops_the_unit_and_starts_it_again
case_ 'leaves alone a unit that is not active' leaves_alone_a_unit_that_is_not_active
case_ 'says when the unit does not play' says_when_the_unit_does_not_play

[ $failures = 0 ] || echo "$failures failures"
[ $failures = 0 ]
