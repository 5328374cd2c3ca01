#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: vm.sh save SUITE            boot the guest once; keep its disk and the machine's state
#        vm.sh install SUITE         restore that, install the product, keep that state as well
#        vm.sh run SUITE CASE OUT    restore the installed state, run a case
#        vm.sh boot SUITE CASE OUT   boot a guest that has the product installed; cases/CASE
#                                    prepares it on the host; a reset in the guest boots it again
# The exit status is the case's; 99 when the guest gave none within RIG_TIMEOUT seconds.
# OUT gets log, status, console, and the journal of a case that failed.
. "$(dirname "$0")/lib.sh"

verb=$1
suite=$2
case=${3:-}
out=${4:-}
saved=$work/$suite/saved
installed=$work/$suite/installed
kernel=$work/kernel
timeout=${RIG_TIMEOUT:-600}
run=$(mktemp -d "$work/run.XXXXXX")
qemu_pid=

clean_up() {
        [ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null || :
        rm -rf "$run"
}
trap clean_up EXIT

# The guest: two 8250 ports wired to each other (ttyS1, ttyS2), shared directories, a port to the
# agent. `disk` and further arguments are the caller's.
start_qemu() {
        local accel disk=$1 cmdline=$2
        shift 2
        if [ "$(accelerator)" = tcg ]; then
                accel='-accel tcg,thread=multi,tb-size=256 -cpu max'
                cmdline="tsc_early_khz=$("$kernel/tsc-khz") $cmdline"
        else
                accel='-accel kvm -cpu host'
        fi
        mkfifo "$run/agent.in" "$run/agent.out" "$run/monitor.in" "$run/monitor.out"
        # shellcheck disable=SC2086 # a list
        timeout -k 5 "$timeout" qemu-system-x86_64 $accel -M q35,hpet=off -smp 1 -m 512 \
                -display none -no-reboot -nodefaults -serial "file:$out/console" \
                -chardev "socket,id=a,path=$run/uart,server=on,wait=off" \
                -chardev "socket,id=b,path=$run/uart" -serial chardev:a -serial chardev:b \
                -chardev "pipe,id=monitor,path=$run/monitor" -mon chardev=monitor \
                -device virtio-serial-pci -chardev "pipe,id=agent,path=$run/agent" \
                -device virtserialport,chardev=agent,name=rig.agent -device virtio-rng-pci \
                -virtfs "local,path=$out,mount_tag=out,security_model=none,multidevs=remap" \
                -virtfs "local,path=$rig,mount_tag=scripts,security_model=none,readonly=on" \
                -virtfs "local,path=$work/$suite/product,mount_tag=product,security_model=none,\
readonly=on,multidevs=remap" \
                -drive "file=$disk,format=raw,if=virtio,cache=unsafe" \
                -kernel "$kernel/vmlinux" -initrd "$kernel/initrd.gz" \
                -append "root=/dev/vda rw console=ttyS0 panic=-1 quiet tsc=reliable \
no_timer_check mitigations=off audit=0 selinux=0 apparmor=0 systemd.show_status=0 \
systemd.gpt_auto=0 $cmdline" "$@" 2>"$out/qemu" &
        qemu_pid=$!
        # QEMU holds both ends of these pipes; opened so, nothing here waits for it to do so.
        exec 3<>"$run/agent.in" 4<>"$run/agent.out" 5<>"$run/monitor.in" 6<>"$run/monitor.out"
}

wait_for_qemu() {
        wait "$qemu_pid" || :
        qemu_pid=
        rm -f "$run"/*.in "$run"/*.out
}

# A tree that may be changed: links to the files of the guest's, with the rig's own put over them.
stage_tree() {
        local root=$1 unit
        cp -al "$work/$suite/guest" "$root"
        rm -f "$root/.made-from" "$root/etc/machine-id" "$root/etc/hostname" "$root/etc/fstab"
        echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
        echo gateway >"$root/etc/hostname"
        touch "$root/etc/fstab"
        mkdir -p "$root/etc/systemd/journald.conf.d" "$root/usr/local/lib/rig"
        printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' \
                >"$root/etc/systemd/journald.conf.d/rig.conf"
        while read -r unit; do
                ln -sfn /dev/null "$root/etc/systemd/system/$unit"
        done <"$rig/guest/masked-units"
        ln -sfn /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
        mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
        cp "$rig/guest/rig.service" "$root/etc/systemd/system/"
        ln -s ../rig.service "$root/etc/systemd/system/multi-user.target.wants/"
        install -m755 "$rig/guest/agent" "$rig/guest/gpio" "$rig/guest/share" \
                "$root/usr/local/lib/rig/"
        mkdir -p "$root/etc/sysusers.d"
        cp "$rig/guest/users.conf" "$root/etc/sysusers.d/rig.conf"
        cp "$kernel/line-names" "$root/usr/local/lib/rig/"
        cp -al "$kernel/modules" "$root/usr/lib/"
}

make_disk() {
        mke2fs -q -F -t ext4 -O ^metadata_csum -E lazy_itable_init=1,nodiscard -m 0 -d "$1" \
                "$2" 500M
}

monitor() {
        echo "$1" >&5
}

wait_until_ready() {
        local line
        until read -r -t "$timeout" line <&4 && [ "$line" = READY ]; do
                kill -0 "$qemu_pid" || die "$suite: no guest: $(tail "$out/qemu" "$out/console")"
        done
}

# Writes the machine's state beside its disk, and ends it.
save_state() {
        monitor 'migrate_set_parameter max-bandwidth 100G'
        monitor "migrate \"exec:cat >'$1'\""
        monitor 'info migrate'
        monitor quit
        wait_for_qemu
        exec 5>&-
        timeout 1 cat <&6 | grep -q 'Migration status: completed' || die "$suite: state not saved"
}

save() {
        local inputs=("$0" "$rig"/guest/* "$work/$suite/guest/.made-from" "$kernel/.made-from"
                "$(accelerator)" "$(grep -m 1 'model name' /proc/cpuinfo)")
        is_current "$saved" "${inputs[@]}" && return
        rm -rf "$saved"
        mkdir -p "$saved" "$work/$suite/product"
        stage_tree "$run/root"
        make_disk "$run/root" "$saved/disk"
        start_qemu "$saved/disk" ''
        wait_until_ready
        save_state "$saved/state"
        mark_current "$saved" "${inputs[@]}"
}

install_product() {
        rm -rf "$installed"
        mkdir -p "$installed"
        cp --sparse=always "$saved/disk" "$installed/disk"
        start_qemu "$installed/disk" '' -incoming "exec:cat '$saved/state'"
        echo "INSTALL $(date +%s)" >&3
        wait_until_ready
        save_state "$installed/state"
}

finish() {
        if [ -f "$out/status" ]; then exit "$(cat "$out/status")"; fi
        echo "no result from the guest after $SECONDS s; its console:"
        tail -n 15 "$out/console" "$out/qemu" || :
        exit 99
} >&2

run() {
        start_qemu "$installed/disk" '' -snapshot -incoming "exec:cat '$installed/state'"
        echo "RUN $(date +%s) $case $((timeout - 15))" >&3
        wait_for_qemu
        finish
}

boot() {
        local n=1
        stage_tree "$run/root"
        cp -a --remove-destination "$work/$suite/product/." "$run/root/"
        sh "$rig/guest/case" "$case" prepare "$run/root"
        make_disk "$run/root" "$run/disk"
        while [ $n -le 3 ] && [ ! -f "$out/status" ]; do
                start_qemu "$run/disk" "rig.case=$case:$((timeout - 15)) rig.boot=$n"
                wait_for_qemu
                n=$((n + 1))
        done
        finish
}

case $verb in
save | install)
        out=$run/out
        mkdir "$out"
        if [ "$verb" = save ]; then save; else install_product; fi
        ;;
run | boot)
        rm -rf "$out"
        mkdir -p "$out"
        out=$(cd "$out" && pwd)
        $verb
        ;;
*) die "unknown verb $verb" ;;
esac
