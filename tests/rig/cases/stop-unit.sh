# SPDX-License-Identifier: LGPL-2.1-or-later
# An application that owns the UART is stopped for the flash, with the caller's rights.

run() {
        start_pi
        pi_target motor </dev/null
        firmware 4000 1 firmware.bin
        cat >/run/systemd/system/motor-control.service <<'U'
[Service]
Type=exec
ExecStart=/usr/bin/flock --no-fork /dev/ttyS1 sleep infinity
U
        systemctl daemon-reload
        systemctl start motor-control.service
        wait_until 10 grep -q FLOCK /proc/locks
        before=$(systemctl show --property=MainPID --value motor-control.service)

        expect 5 as_member stmbootctl flash motor firmware.bin
        output_has "in use by sleep \(process $before\)"
        # Group stmboot may flash; who may stop units is not ours to say.
        expect 3 as_member stmbootctl flash motor firmware.bin --stop-unit=motor-control.service
        same "$(systemctl show --property=MainPID --value motor-control.service)" "$before"

        expect 0 stmbootctl flash motor firmware.bin --stop-unit=motor-control.service
        chip_has firmware.bin
        chip_runs
        expect 0 systemctl is-active motor-control.service
        [ "$(systemctl show --property=MainPID --value motor-control.service)" != "$before" ] ||
                fail 'was not stopped'
}
