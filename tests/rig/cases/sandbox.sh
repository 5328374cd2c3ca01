# SPDX-License-Identifier: LGPL-2.1-or-later
# The running service's exposure by systemd's own measure: 1.5 or better.

run() {
        systemctl start stmbootd.service
        expect 0 systemd-analyze security --no-pager --threshold=15 stmbootd.service
        note "$(sed -n 's/.*Overall exposure level for \(.*\): \([0-9.]*\).*/exposure \2/p' output)"
        expect 0 systemd-analyze security --no-pager --threshold=35 'stmboot-sync@motor.service'
}
