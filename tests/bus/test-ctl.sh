#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What stmbootctl does with answers that a service of the tests' own gives it:
#   test-ctl.sh STMBOOTCTL FAKE-SERVICE

set -u
. "$(dirname -- "$0")/with-fake.sh"

# ---- results ----

lists_targets_with_what_is_wrong_with_them() {
        run list
        exits 0
        has out 'NAME'
        has out 'refuse_TargetBroken  broken       STM32F405/407  x.conf:3: unknown key'
        run list --json=short
        exits 0
        has out '"name":"ok","description":"Something useful","state":"idle"'
        run info ok
        has out 'Chip: STM32F405/407 (0x413)'
        has out 'Flash: 1.0 MiB'
        run info interrupted
        has out 'State: interrupted (a job that was changing the flash was cut off; flash it again)'
        run -q probe ok
        has out 'Chip: STM32F405/407'
        is err ''
}

sends_what_was_asked_for() {
        while IFS='|' read -r arguments call; do
                : >log
                # shellcheck disable=SC2086
                run -q --yes $arguments
                exits 0
                is log "$call"
        done <<END
flash ok fw.bin|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin
flash ok fw.bin --if-different|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin check=s:full
flash ok fw.bin --check=fast --erase=all|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin erase=s:all check=s:fast
flash ok fw.bin --format=bin --address=0x08004000|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin format=s:bin address=t:0x8004000
flash ok fw.bin --after=go:0x08000000 --baud=57600|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin after=s:go go-address=t:0x8000000 baud=u:57600
flash ok fw.bin --no-run --layout=4x16K --permanent|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin permanent=b:1 after=s:stay layout=s:4x16K
flash ok fw.bin --preserve --option-segments --protect-readout|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin preserve=b:1 option-segments=b:1 protect-readout=b:1
flash ok fw.bin --fast-program --enable-boot-pin --one-piece|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin fast-program=b:1 enable-boot-pin=b:1 one-piece=b:1
flash ok fw.bin --unbootable|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin unbootable=b:1
flash ok fw.bin --option-bytes=aa:55 --protect-write=0-1,7|FlashFd ok  fd(5000 bytes, sealed)  name=s:fw.bin option-bytes=ay:2,170,85 protect-write=ay:3,0,1,7
flash ok motor/fw.hex --on-gateway|Flash ok s:motor/fw.hex$sp
verify ok fw.bin|VerifyFd ok  fd(5000 bytes, sealed)  name=s:fw.bin
erase ok|Erase ok$sp
erase ok --mass|Erase ok  mass=b:1
erase ok --bank=2|Erase ok  bank=u:2
erase ok 0x08010000 16K|Erase ok  address=t:0x8010000 length=t:0x4000
run ok|Run ok$sp
run ok 0x08008000|Run ok  address=t:0x8008000
reset ok|Reset ok$sp
boot ok|EnterBootloader ok$sp
protect ok readout|ProtectReadout ok$sp
protect ok write 0-2,5|ProtectWrite ok ay:4,0,1,2,5$sp
unprotect ok write|UnprotectWrite ok$sp
unprotect ok readout|UnprotectReadout ok$sp
option-bytes ok --write=ff00 --address=0x1ffff800|WriteOptionBytes ok ay:2,255,0  address=t:0x1ffff800
sync ok|Sync ok$sp
sync ok --check --compare=record|Sync ok  check-only=b:1 check=s:record
END
}
sp=' '

leaves_out_the_only_target() {
        serve ok
        run -q flash fw.bin
        exits 0
        has log 'FlashFd ok'
        run -q run 0x08000000
        has log 'Run ok  address'
        run -q read 0x08000000 256 -o read.bin
        exits 0
        run cancel
        exits 4
        has err 'No job runs on ok.'
        serve ok slow
        run flash fw.bin
        exits 2
        has err 'Which target? There are: ok, slow.'
        serve
        run probe
        exits 4
        has err 'There is no target.'
        serve_all
}

tells_each_error_by_its_exit_code() {
        for pair in NoEntry:7 WrongChip:8 Protected:9 Differs:10 VerifyFailed:11 LinkLost:12 \
                Cancelled:13 Busy:5 ImageInvalid:6 Failed:1; do
                serve "fail_${pair%:*}" "refuse_${pair%:*}"
                run flash "fail_${pair%:*}" fw.bin
                exits "${pair#*:}"
                has err "fail_${pair%:*}: it went wrong"
                has err 'Try this instead.'
                is out ''
                run flash "refuse_${pair%:*}" fw.bin
                exits "${pair#*:}"
                has err "refuse_${pair%:*}: refused"
        done
        serve_all
        run flash nosuch fw.bin
        exits 4
        run flash ../etc fw.bin
        exits 4
        has err "not the name of a target"
}

prints_json_whatever_happens() {
        while IFS='|' read -r expected arguments message; do
                # shellcheck disable=SC2086
                run $arguments --json=short
                exits "$expected"
                has out "{\"result\":\"failed\",\"exit_code\":$expected,\"error_message\":\"$message"
                has err "stmbootctl: $message"
        done <<END
4|probe nosuch|
6|flash ok nosuch.hex|Cannot read nosuch.hex: No such file or directory.
2|erase ok|This erases all of the flash of ok (STM32F405/407).
4|cancel ok|No job runs on ok.
2|read ok 0 16|--json needs --output=FILE here
2|bogus|Unknown verb 'bogus'; see
2|list extra|Too many arguments; usage: stmbootctl list
2|flash|Missing arguments; usage: stmbootctl flash
2|read ok|Missing arguments; usage: stmbootctl read
2|list --bogus|Unknown option --bogus.
2|list --raw|Option --raw does not apply to 'list'
2|flash ok fw.bin --erase=some|Option --erase takes touched
2||What shall be done?
END
        run sync refuse_TargetBroken --no-wait --json=short
        exits 1
        has out '[{"target":"refuse_TargetBroken","result":"failed","exit_code":1,'
        has out '"error_message":"refuse_TargetBroken: refused'
        run flash ok "$(printf 'no\377such\302')" --json=short
        exits 6
        has out '"error_message":"Cannot read no?such?: No such file or directory."}'
        run option-bytes ok --json=short
        has out '{"target":"ok","job":'
        run option-bytes ok -o options.bin --json=short
        has out '"output":"options.bin"'
        run sync ok same --no-wait --json=short
        has out '[{"target":"ok","job":'
        has out ',{"target":"same","job":'
        run sync refuse_TargetBroken ok_note --no-wait --json=short
        exits 1
        has out '[{"target":"refuse_TargetBroken","result":"failed","exit_code":1,'
        has out '},{"target":"ok_note","job":'
        until run jobs && ! grep -q running out; do sleep 0.05; done
        run flash ok fw.bin --json=short
        exits 0
        has out '"target":"ok"'
        has out '"result":"done","exit_code":0'
        has out '"outcome":"complete","unchanged":false'
        is err ''
        run flash fail_NoEntry fw.bin --json=short
        exits 7
        has out '"error_name":"org.stmboot1.Error.NoEntry"'
        run sync ok same --json=short
        has out '[{"target":"ok"'
        has out '"target":"same"'
        has out '"unchanged":true'
}

tells_notes() {
        run flash ok_note fw.bin
        has err 'ok_note: note: first thing'
        has err 'ok_note: note: second thing'
        run -q flash ok_note fw.bin # warnings are not progress
        is err 'ok_note: note: first thing
ok_note: note: second thing'
        is out ''
}

tells_by_exit_code_whether_something_was_written() {
        run -q flash ok fw.bin --exit-code
        exits 10
        run flash same fw.bin --exit-code
        exits 0
        has out 'same: holds this image already, nothing written'
        run -q sync same ok --exit-code
        exits 10
        run -q sync same --exit-code
        exits 0
}

# ---- the command line ----

says_what_is_missing() {
        while IFS='|' read -r expected arguments complaint; do
                # shellcheck disable=SC2086
                run $arguments
                exits "$expected"
                has err "$complaint"
                is out ''
                is log ''
        done <<END
2|flash ok|'ok' is a target; which image? Usage: stmbootctl flash [TARGET] IMAGE
2|verify ok|'ok' is a target; which image?
2|flash fw.bin|Which target? There are: ok, ok_note
2|read ok 0x08000000|Missing LENGTH; usage: stmbootctl read [TARGET] ADDRESS LENGTH
2|erase ok 0x08000000|Missing LENGTH; usage: stmbootctl erase [TARGET] [ADDRESS LENGTH]
2|erase nosuch 0x08000000|'nosuch' is not an address, as in 0x08000000; usage: stmbootctl erase
2|erase ok 0z08000000 16K|'0z08000000' is not an address
4|cancel nosuch|There is no job nosuch, and no target of that name.
4|cancel ok|No job runs on ok.
2|run ok 0x08000101|No vector table lies at 0x08000101
2|protect ok|Protect against what? Usage: stmbootctl protect
2|protect ok write|Which sectors? Usage: stmbootctl protect
2|unprotect ok|Lift which protection? Usage: stmbootctl unprotect
6|option-bytes ok --write=xyz|'xyz' is neither pairs of hexadecimal digits nor a file
END
        cp fw.bin ok
        run -q flash ok ok
        exits 0
        rm ok
}

helps_within_80_columns() {
        run --help
        exits 0
        ! grep -q '.\{80\}' out || problem "--help is wide"
        for verb in $("$ctl" --help | sed -n '/^Verbs/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
                run "$verb" --help
                exits 0
                ! grep -q '.\{80\}' out || problem "$verb --help is wide"
        done
        [ "$verb" = monitor ] || problem "the last verb was '$verb'"
}

# ---- images ----

takes_an_image_from_anywhere_but_nowhere() {
        "$ctl" -q flash ok - <fw.bin >out 2>err
        code=$?
        exits 0
        has log 'fd(5000 bytes, sealed)'
        head -c 70 fw.bin | "$ctl" -q flash ok - >out 2>err
        has log 'fd(70 bytes, sealed)'
        run flash ok /nonexistent
        exits 6
        has err 'Cannot read /nonexistent: No such file'
        run flash ok "$work"
        exits 6
        run flash ok /dev/null
        exits 6
        has err 'is empty'
        run flash ok /dev/zero
        exits 6
        has err 'too large: at most 64.0 MiB'
        run flash ok fw.bin --option-bytes=/nonexistent
        exits 6
        run flash ok - --option-bytes=-
        exits 2
}

shows_what_is_in_an_image() {
        run image fw.bin --target=ok
        exits 0
        has out 'Segments: 0x08000000  43.0 KiB (44000 bytes)'
        has out 'Pages: 0x08000000  2 x 16.0 KiB'
        has out 'CRC-32: 0x1234abcd'
        has out 'Vector table: none at its start'
        has log 'InspectImageFd -  fd(5000 bytes, sealed) s:ok'
        run image fw.bin --target=slow
        exits 6
        has out 'Fits: no'
}

# ---- reading ----

replaces_a_file_only_as_a_whole() {
        echo old >read.bin
        run -q read ok 0x08000000 255 -o read.bin
        exits 1
        has err '256 bytes instead of 255'
        is read.bin old
        run -q read fail_Protected 0x08000000 256 -o read.bin
        exits 9
        is read.bin old
        run -q read ok 0x08000000 256 -o read.bin
        exits 0
        [ "$(wc -c <read.bin)" = 256 ] || problem "read.bin is not of 256 bytes"
        [ "$(ls read.bin*)" = read.bin ] || problem "something was left behind"
        run -q read ok 0x08000000 256
        cmp -s out read.bin || problem "standard output got something else"
        run -q read ok 0x08000000 256 -o /nonexistent/read.bin
        exits 1
        run -q read ok 0x08000000 256 --json
        exits 2
        run read ok 0x08000000 0
        exits 2
        run read ok here 256
        exits 2
        printf 'Read ok t:0x8000000 t:0xff \nRead fail_Protected t:0x8000000 t:0x100 \n' >expected
        head -n 2 log | cmp -s - expected || problem "what cannot be written was read all the same"
        run -q option-bytes ok
        exits 0
        has out '00f0  f0 f1 f2'
}

reports_output_that_cannot_be_written() {
        run -q read ok 0x08000000 256 -o /dev/full
        exits 1
        has err 'Cannot write /dev/full: No space left on device'
        "$ctl" list >/dev/full 2>err
        code=$?
        exits 1
        has err 'Cannot write the output'
}

ends_quietly_when_nobody_reads() {
        rm -f closed
        {
                until [ -e closed ]; do sleep 0.01; done
                "$ctl" list 2>err
                echo $? >code
        } | { exec <&-; : >closed; until [ -s code ]; do sleep 0.01; done; }
        code=$(cat code)
        exits 0
        is err ''
}

# ---- hostile answers ----

lets_nothing_drive_the_terminal() {
        for arguments in 'list' 'info nasty' 'flash nasty fw.bin' 'trace nasty' \
                'list --json=pretty' 'trace nasty --json=short' 'sync nasty --json'; do
                # shellcheck disable=SC2086
                run $arguments
                if LC_ALL=C tr -d '\n\t -\377' <out | grep -q .; then
                        problem "$arguments printed control characters"
                fi
                if LC_ALL=C tr -d '\n\t -\377' <err | grep -q .; then
                        problem "$arguments printed control characters on stderr"
                fi
                ! LC_ALL=C grep -qF "$(printf '\302\233')" out err || problem "$arguments: CSI"
        done
}

takes_an_answer_of_another_shape() {
        run image fw.bin --target=nasty
        [ "$code" -le 13 ] || problem "it ended with $code"
        run image fw.bin --target=nasty --json=short
        exits 6
        has out '"segments":["a","b"]'
}

# ---- asking ----

asks_before_data_is_destroyed() {
        for arguments in 'erase ok' 'erase ok --mass' 'erase ok --bank=1' 'unprotect ok readout' \
                'flash ok fw.bin --erase=all' 'sync ok --erase=all'; do
                # shellcheck disable=SC2086
                run $arguments
                exits 2
                has err 'no terminal to ask on'
                is log ''
        done
        run sync ok slow --erase=all
        exits 2
        has err 'of ok (STM32F405/407), slow (STM32F405/407), also what lies outside the image.'
        run flash nasty fw.bin --erase=all
        exits 2
        has err 'of nasty ('
        printf 'no\n' | script -qec "'$ctl' unprotect nasty readout" /dev/null >out 2>&1
        has out 'of nasty (STM32?[2J)'
        ! LC_ALL=C grep -q "$(printf '\033')" out || problem 'the chip could drive a terminal'
        printf 'no\n' | script -qec "'$ctl' unprotect ok readout" /dev/null >out 2>&1
        has out 'erases all of the flash of ok (STM32F405/407): that is how the chip does it. Type '
        has out "Type 'yes' to go on"
        has out 'Not confirmed'
        is log ''
        # script(1) ends with its input, so that has to wait.
        { sleep 0.3; echo yes; sleep 1; } |
                script -qec "'$ctl' -q unprotect ok readout" /dev/null >out 2>&1
        has log 'UnprotectReadout ok'
}

case_ 'lists targets with what is wrong with them' lists_targets_with_what_is_wrong_with_them
case_ 'sends what was asked for' sends_what_was_asked_for
case_ 'leaves out the only target' leaves_out_the_only_target
case_ 'tells each error by its exit code' tells_each_error_by_its_exit_code
case_ 'prints JSON whatever happens' prints_json_whatever_happens
case_ 'tells notes' tells_notes
case_ 'tells by exit code whether something was written' \
        tells_by_exit_code_whether_something_was_written
case_ 'says what is missing' says_what_is_missing
case_ 'helps within 80 columns' helps_within_80_columns
case_ 'takes an image from anywhere but nowhere' takes_an_image_from_anywhere_but_nowhere
case_ 'shows what is in an image' shows_what_is_in_an_image
case_ 'replaces a file only as a whole' replaces_a_file_only_as_a_whole
case_ 'reports output that cannot be written' reports_output_that_cannot_be_written
case_ 'ends quietly when nobody reads' ends_quietly_when_nobody_reads
case_ 'lets nothing drive the terminal' lets_nothing_drive_the_terminal
case_ 'takes an answer of another shape' takes_an_answer_of_another_shape
case_ 'asks before data is destroyed' asks_before_data_is_destroyed

[ $failures = 0 ] || echo "$failures failures"
[ $failures = 0 ]
