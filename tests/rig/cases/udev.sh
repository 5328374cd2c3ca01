# SPDX-License-Identifier: LGPL-2.1-or-later
# ModemManager and brltty leave a target's adapter alone, and only that one. brltty's own rule is
# stood in for by one of the same form.

property() {
        udevadm info --query=property "$1" | sed -n "s/^$2=//p"
}

run() {
        mkdir -p /etc/udev/rules.d
        cat >/etc/udev/rules.d/90-brltty-usb.rules <<'R'
ACTION=="add", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", TAG+="systemd", ENV{SYSTEMD_WANTS}+="brltty-device@.service"
R
        cat >/run/systemd/system/brltty-device@.service <<'U'
[Service]
Type=oneshot
ExecStart=/bin/touch /run/rig/brltty
U
        systemctl daemon-reload
        udevadm control --reload

        start_usb adapter=cp2104
        same "$(property /dev/ttyUSB0 ID_MM_DEVICE_IGNORE)" ''
        wait_until 10 test -e /run/rig/brltty
        for port in usb:10C4:EA60:RIG00001 usb:10c4:ea60 /dev/ttyUSB0 \
                /dev/serial/by-id/usb-Silicon_Labs_CP2104_USB_to_UART_Bridge_Controller_RIG00001-if00-port0; do
                usb_target motor none "$port"
                rm -f /run/rig/brltty
                board unplug
                wait_until 10 test ! -e /dev/ttyUSB0
                board plug
                wait_until 10 test -c /dev/ttyUSB0
                udevadm settle
                echo "Port=$port"
                same "$(property /dev/ttyUSB0 ID_MM_DEVICE_IGNORE)" 1
                same "$(property /dev/ttyUSB0 ID_MM_PORT_IGNORE)" 1
                # A tty's number is not known yet when the USB device comes.
                [ "$port" = /dev/ttyUSB0 ] || [ ! -e /run/rig/brltty ] || fail brltty
        done
}
