# SPDX-License-Identifier: LGPL-2.1-or-later
# Two boots. At the first the chip is blank: it is flashed before the application starts, and the
# gateway is reset in the middle of an update. At the second that is repaired before the application
# starts. A second chip hangs on a USB adapter that is found late; the sync of a third fails. Users,
# groups and permissions are as the boot made them.

prepare() {
        root=$1
        etc=$root/etc/systemd/system
        mkdir -p "$etc/multi-user.target.wants" "$root/etc/stmboot/targets.d" \
                "$root/usr/lib/firmware/stmboot"
        cat >"$root/etc/stmboot/targets.d/motor.conf" <<'T'
[Serial]
Port=ttyS1
[Lines]
Chip=pinctrl-bcm2711
Boot0=GPIO17
Reset=GPIO6
[Image]
File=/usr/lib/firmware/stmboot/motor.bin
T
        cat >"$root/etc/stmboot/targets.d/pump.conf" <<'T'
[Serial]
Port=usb:10c4:ea60
[Lines]
Chip=cp210x
Boot0=0
Reset=1
[Image]
File=/usr/lib/firmware/stmboot/pump.bin
T
        firmware 2000 3 "$root/usr/lib/firmware/stmboot/pump.bin"
        firmware 20000 1 "$root/usr/lib/firmware/stmboot/motor.bin"

        # The board has power of its own: what is in its flash, the host's directory keeps.
        cat >"$etc/rig-board.service" <<'U'
[Unit]
Before=stmbootd.service
[Service]
Type=exec
ExecStartPre=/usr/local/lib/rig/share out none
ExecStartPre=/usr/local/lib/rig/gpio
ExecStart=/bin/sh -c 'exec /usr/local/lib/rig/rig-pi control=/run/rig/control gpio=pinctrl-bcm2711 \
        boot0=GPIO17 reset=GPIO6 uart=/dev/ttyS2 peer=/dev/ttyS1 \
        $(test ! -e /run/rig/out/flash || echo load=/run/rig/out/flash) >>/run/rig/out/board 2>&1'
ExecStartPost=/bin/sh -c 'until test -S /run/rig/control; do sleep 0.05; done; \
        sleep 0.5; /usr/local/lib/rig/rig-tell /run/rig/control state >/run/rig/found'
U
        cat >"$etc/rig-adapter.service" <<'U'
[Unit]
After=stmbootd.service
[Service]
Type=exec
ExecStartPre=/sbin/modprobe vhci-hcd
ExecStartPre=/bin/sh -c 'until systemctl show --property=ActiveState stmboot-sync@pump.service | \
        grep -q activating; do sleep 0.2; done; sleep 1'
ExecStart=/usr/local/lib/rig/rig-usb control=/run/rig/adapter part=STM32F103
U
        # Applications, ordered as the installed example says: one that needs its chip's firmware, one
        # that starts even if a sync failed, as the one of "valve" does.
        example=$root/usr/share/doc/stmboot/examples/motor-control.service
        cp "$example" "$etc/motor-control.service"
        sed 's/^Requires=.*//; s/^After=.*//; s/^#\(Wants\|After\)=/\1=/' "$example" \
                >"$etc/viewer.service"
        application motor-control /run/rig/control
        application viewer /run/rig/adapter
        printf '[Serial]\nPort=ttyS3\n[Image]\nFile=/usr/lib/firmware/stmboot/none.bin\n' \
                >"$root/etc/stmboot/targets.d/valve.conf"

        ln -s ../rig-board.service ../rig-adapter.service ../motor-control.service \
                ../viewer.service "$etc/multi-user.target.wants/"
        # As "systemctl enable" does; that of "motor" is not needed.
        mkdir -p "$etc/stmboot-synced.target.wants"
        for wants in multi-user stmboot-synced; do
                for target in pump valve; do
                        ln -s /usr/lib/systemd/system/stmboot-sync@.service \
                                "$etc/$wants.target.wants/stmboot-sync@$target.service"
                done
        done
}

# application NAME BOARD: it writes down what that board's chip does when it starts.
application() {
        mkdir "$etc/$1.service.d"
        cat >"$etc/$1.service.d/rig.conf" <<U
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=
ExecStart=/bin/sh -c '/usr/local/lib/rig/rig-tell $2 state >/run/rig/$1'
U
}

application_saw_it_run() {
        systemctl start motor-control.service # its job is there, and is waited for
        same "$(cat /run/rig/found)" hung # neither a blank chip nor half an image starts
        same "$(cat /run/rig/motor-control)" 'running 0x08000000'
        expect 0 systemctl is-active stmboot-sync@motor.service
        chip_has /usr/lib/firmware/stmboot/motor.bin
        expect 0 journalctl -b -o short-monotonic --no-hostname -u stmbootd -u 'stmboot-*' \
                -u motor-control
}

run() {
        case $(sed -n 's/.*rig\.boot=\([0-9]*\).*/\1/p' /proc/cmdline) in
        1)
                application_saw_it_run
                expect 0 stat -c '%U %G %a' /var/lib/stmboot/firmware /dev/gpiochip0
                output_has '^stmboot stmboot 2775$'
                output_has '^root gpio 660$'
                expect 0 systemctl is-active dev-gpiochip0.device
                systemctl start viewer.service
                same "$(cat /run/rig/viewer)" 'running 0x08000000'
                expect 0 systemctl is-active stmboot-synced.target stmboot-sync@pump.service
                control=/run/rig/adapter chip_has /usr/lib/firmware/stmboot/pump.bin
                expect 0 systemctl --failed --no-legend --plain
                same "$(cut -d' ' -f1 output)" stmboot-sync@valve.service

                firmware 20000 2 /usr/lib/firmware/stmboot/motor.bin
                sync
                programmed=$(counter units_programmed)
                as_member stmbootctl sync motor >client 2>&1 &
                in_mid_flash $((programmed + 2000))
                board save "$out/flash" # this cuts the chip's power, too
                echo b >/proc/sysrq-trigger
                sleep 60
                ;;
        2)
                application_saw_it_run
                output_has 'the last job did not come to its end'
                state_of motor idle
                ;;
        *) fail 'booted too often' ;;
        esac
}
