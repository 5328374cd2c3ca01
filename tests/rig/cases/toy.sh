run() {
        usb_target motor none usb:10C4:EA60:RIG00001
        start_usb adapter=cp2104
        udevadm info --query=property /dev/ttyUSB0
        udevadm test --action=add /sys/class/tty/ttyUSB0 2>&1 | grep -v "^Reading" || :
        /usr/lib/udev/stmboot-port ttyUSB0 10c4:ea60:RIG00001; echo $?
        cat /etc/stmboot/targets.d/*
        exit 5
}
