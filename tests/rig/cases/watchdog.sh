# SPDX-License-Identifier: LGPL-2.1-or-later
# A daemon that does nothing any more is killed and started anew. The unit's time is shortened.

restarted() {
        [ "$(daemon_pid)" != "$before" ] && systemctl is-active stmbootd.service
}

run() {
        mkdir -p /run/systemd/system/stmbootd.service.d
        printf '[Service]\nWatchdogSec=8s\n' >/run/systemd/system/stmbootd.service.d/rig.conf
        systemctl daemon-reload
        start_pi
        pi_target motor </dev/null
        expect 0 stmbootctl list
        before=$(daemon_pid)
        sleep 10
        same "$(daemon_pid)" "$before"
        kill -STOP "$before"
        wait_until 30 restarted
        journalctl -u stmbootd.service | grep -i 'watchdog' || fail 'by something else'
        expect 0 as_member stmbootctl probe motor
}
