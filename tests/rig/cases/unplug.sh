# SPDX-License-Identifier: LGPL-2.1-or-later
# The adapter is unplugged in mid-flash and plugged in again.

# Of the daemon, user and system, in 1/100 s.
cpu_ticks() {
        awk '{ print $14 + $15 }' "/proc/$(daemon_pid)/stat"
}

run() {
        start_usb adapter=cp2104
        usb_target motor cp210x
        firmware 30000 1 one.bin
        as_member stmbootctl flash motor one.bin >client 2>&1 &
        client=$!
        in_mid_flash
        unplugged=$(date +%s%N)
        board unplug
        status=0
        wait $client || status=$?
        cat client
        [ $status = 12 ] || fail "exit status $status"
        note "LinkLost after $((($(date +%s%N) - unplugged) / 1000000)) ms"

        wait_until 10 state_of motor absent
        ticks=$(cpu_ticks)
        sleep 3
        spent=$(($(cpu_ticks) - ticks))
        [ $spent -lt 60 ] || fail "spins: $spent of 300 ticks"
        note "$spent of 300 CPU ticks while it is absent"
        expect 1 as_member stmbootctl probe motor
        output_has 'not there'

        board plug
        wait_until 20 state_of motor interrupted # by itself
        expect 0 as_member stmbootctl flash motor one.bin
        chip_has one.bin
        chip_runs
        state_of motor idle
}
