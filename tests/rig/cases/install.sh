# SPDX-License-Identifier: LGPL-2.1-or-later
# What installing gives: users, groups, device permissions, activation, reload, a clean stop.

run() {
        expect 0 id stmboot
        output_lacks 'dialout|gpio' # the group that may call opens no device
        expect 0 stat -c '%U %G %a' /var/lib/stmboot/firmware /dev/gpiochip0
        output_has '^stmboot stmboot 2775$'
        output_has '^root gpio 660$'
        wait_until 10 systemctl is-active dev-gpiochip0.device

        pi_target motor </dev/null
        expect 3 systemctl is-active stmbootd.service
        expect 0 as_stranger stmbootctl list # the bus starts the service
        output_has '^motor +idle'
        expect 0 systemctl is-active stmbootd.service
        expect 0 stat -c %U "/proc/$(daemon_pid)"
        output_has stmboot

        pi_target pump </dev/null
        expect 0 systemctl reload stmbootd.service
        expect 0 stmbootctl list
        output_has '^pump '
        rm /etc/stmboot/targets.d/pump.conf
        expect 0 as_member busctl call org.stmboot1 /org/stmboot1 org.stmboot1.Manager Reload
        expect 0 stmbootctl list
        output_lacks '^pump '

        expect 0 systemctl stop stmbootd.service
        expect 0 systemctl show --property=Result stmbootd.service
        output_has 'Result=success'
}
