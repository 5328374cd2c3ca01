# SPDX-License-Identifier: LGPL-2.1-or-later
# SIGKILL in mid-flash, on a kernel that keeps released lines driven, as Raspberry Pi's does.

run() {
        start_pi persist=1
        pi_target motor </dev/null
        target neighbour <<'T'
[Serial]
Port=/dev/ttyS3
[Lines]
Chip=pinctrl-bcm2711
Boot0=GPIO22
Reset=GPIO27
T
        firmware 30000 1 one.bin
        firmware 30000 2 two.bin
        expect 0 as_member stmbootctl flash motor one.bin
        chip_runs
        before=$(daemon_pid)
        programmed=$(counter units_programmed)

        as_member stmbootctl flash motor two.bin >client 2>&1 &
        client=$!
        in_mid_flash $((programmed + 2000))
        kill -STOP "$before" # what it did until here is counted
        resets=$(counter resets)
        kill -KILL "$before"
        wait $client && fail 'the client was told of success'
        cat client

        wait_until 20 systemctl is-active stmbootd.service
        [ "$(daemon_pid)" != "$before" ] || fail 'not restarted'
        tail -n 1 "$out/board" | grep 'NRST high, BOOT0 low' || fail 'lines are not safe'
        same "$(counter resets)" "$resets"
        same "$(board state)" rom
        [ -z "$(ls /run/stmboot)" ] || fail 'a marker is left'
        same "$(board other-edges)" 0
        state_of motor interrupted
        state_of neighbour idle

        board power cycle
        chip_is hung # no half image starts
        expect 0 as_member stmbootctl flash motor two.bin
        chip_has two.bin
        chip_runs
        state_of motor idle
        same "$(board other-edges)" 0
}
