# SPDX-License-Identifier: LGPL-2.1-or-later
# What sync finds out and does: no record, current, a probe's work, a swapped board, a damaged
# record, a full disk, a /var that forgets.

sync_motor() {
        expect "$1" as_member stmbootctl sync motor --exit-code
}

run() {
        start_pi
        pi_target motor <<'T'
[Image]
File=/usr/lib/firmware/stmboot/motor.bin
T
        firmware 12000 1 /usr/lib/firmware/stmboot/motor.bin
        image=/usr/lib/firmware/stmboot/motor.bin
        record=/var/lib/stmboot/motor.state

        expect 10 as_member stmbootctl sync motor --check
        same "$(counter units_programmed)" 0
        sync_motor 10
        chip_has $image
        chip_runs
        start=$(date +%s%N)
        sync_motor 0
        took=$((($(date +%s%N) - start) / 1000000))
        job=$(journalctl -u stmbootd.service | sed -n 's/.*sync done in //p' | tail -n 1)
        note "current: the job $job, stmbootctl $took ms"
        chip_runs

        edges=$(counter edges)
        expect 0 as_member stmbootctl sync motor --compare=record
        same "$(counter edges)" "$edges" # not even looked at

        board write 0x08000004 0x55 # a debug probe
        expect 10 as_member stmbootctl sync motor --check
        sync_motor 10
        chip_has $image

        rm $record # all is compared, nothing written
        programmed=$(counter units_programmed)
        sync_motor 0
        [ -s $record ] || fail 'no record'
        echo garbage >$record
        systemctl restart stmbootd.service
        sync_motor 0
        journalctl -u stmbootd.service | grep -i 'record' || fail 'the damage is not told'
        same "$(counter units_programmed)" "$programmed"

        stop_board # another board, with an older firmware
        start_pi seed=2
        sync_motor 10
        chip_has $image
        chip_runs

        systemctl stop stmbootd.service
        mount -t tmpfs -o size=8k,uid=stmboot,gid=stmboot,mode=755 tmpfs /var/lib/stmboot
        head -c 8192 /dev/zero >/var/lib/stmboot/fill || :
        sync_motor 0
        output_has 'No space left'
        rm /var/lib/stmboot/fill
        sync_motor 0
        output_has 'volatile|does not survive|forgotten'
}
