#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: kernel.sh
# Makes $work/kernel from the stock Debian kernel that this machine would install: vmlinux, initrd,
# modules/VERSION (the few that the tests need) and gpio-sim.ko, which Debian leaves out.
. "$(dirname "$0")/lib.sh"

out=$work/kernel
tmp=$work/kernel.tmp
modules='9p 9pnet_virtio virtio_console vhci-hcd cp210x ftdi_sio option configfs autofs4'

find_versions() {
        version=$(apt-cache depends linux-image-amd64 |
                sed -n 's/.*Depends: linux-image-\([0-9].*\)/\1/p' | head -n 1)
        source_package=$(apt-cache depends linux-source | sed -n 's/.*Depends: //p' | head -n 1)
        [ -n "$version$source_package" ] || die 'apt knows no linux-image-amd64 and linux-source'
}

download() {
        mkdir -p "$tmp/deb"
        cd "$tmp/deb"
        # shellcheck disable=SC2046 # a list
        apt-get download "linux-image-$version" "linux-headers-$version" "$source_package" \
                $(apt-cache depends "linux-headers-$version" |
                        sed -nE 's/.*Depends: (linux-(headers|kbuild)-.*)/\1/p')
}

unpack() {
        local package
        for package in "$tmp"/deb/linux-headers-* "$tmp"/deb/linux-kbuild-*; do
                dpkg-deb -x "$package" "$tmp/headers"
        done
        dpkg-deb -x "$tmp"/deb/linux-image-* "$tmp/image"
        [ -d "$tmp/image/lib" ] || ln -s usr/lib "$tmp/image/lib"
        depmod -b "$tmp/image" "$version"
}

# Of the kernel's source only a handful of files is wanted.
unpack_source() {
        mkdir -p "$tmp/source"
        dpkg-deb --fsys-tarfile "$tmp/deb/$source_package"_*.deb |
                tar -xf - -O --wildcards "*/$source_package.tar.xz" |
                xz -dcT0 |
                tar -xf - -C "$tmp/source" --strip-components=1 --wildcards \
                        "$source_package/drivers/gpio/gpio-sim.c" \
                        "$source_package/drivers/gpio/gpiolib.h" \
                        "$source_package/kernel/irq/irq_sim.c" \
                        "$source_package/arch/arm*/boot/dts/*bcm2711-rpi-4-b.dts" \
                        "$source_package/scripts/extract-vmlinux"
}

extract_kernel() {
        sh "$tmp/source/scripts/extract-vmlinux" "$tmp/image/boot/vmlinuz-$version" >"$tmp/vmlinux"
        [ -s "$tmp/vmlinux" ]
}

# gpio-sim with the interrupt simulator that it needs, as one module: neither is in Debian's
# kernels, and irq_to_desc() is not exported to modules.
build_gpio_sim() {
        local headers=$tmp/headers/usr/src/linux-headers-$version
        mkdir -p "$tmp/gpio-sim"
        cp "$tmp/source/drivers/gpio/gpio-sim.c" "$tmp/gpio-sim/gpio-sim-main.c"
        cp "$tmp/source/drivers/gpio/gpiolib.h" "$tmp/gpio-sim/"
        sed -e '/^EXPORT_SYMBOL/d' \
                -e 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' \
                "$tmp/source/kernel/irq/irq_sim.c" >"$tmp/gpio-sim/irq_sim.c"
        printf '%s\n' 'obj-m := gpio-sim.o' 'gpio-sim-y := gpio-sim-main.o irq_sim.o' \
                'ccflags-y := -DCONFIG_IRQ_SIM=1' >"$tmp/gpio-sim/Makefile"
        # Headers that are unpacked, not installed, name each other by absolute paths.
        sed -i "s,include /usr/src,include $tmp/headers/usr/src," "$headers/Makefile"
        # Nobody reads its types, and the tool that would add them is not at hand.
        make -C "$headers" M="$tmp/gpio-sim" CONFIG_DEBUG_INFO_BTF_MODULES= modules
}

# The names of the Raspberry Pi 4's 58 lines, as its device tree has them.
find_line_names() {
        find "$tmp/source" -name bcm2711-rpi-4-b.dts -size +4k -exec cat {} + |
                sed -n '/^&gpio {/,/^};/p' | sed -n '/gpio-line-names/,/;/p' |
                grep -o '"[^"]*"' | tr -d '"' >"$tmp/line-names"
        [ "$(wc -l <"$tmp/line-names")" = 58 ]
}

# Files of the named modules and of what they depend on, in the order of loading.
module_files() {
        local name
        for name; do
                modprobe -d "$tmp/image" -S "$version" --show-depends "$name"
        done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

copy_module() {
        case $1 in
        *.xz) xz -dc "$1" >"$2/$(basename "$1" .xz)" ;;
        *) cp "$1" "$2/" ;;
        esac
}

select_modules() {
        local file into=$tmp/modules/lib/modules/$version
        mkdir -p "$into/kernel"
        # shellcheck disable=SC2086 # a list
        module_files $modules | while read -r file; do copy_module "$file" "$into/kernel"; done
        strip -g -o "$into/kernel/gpio-sim.ko" "$tmp/gpio-sim/gpio-sim.ko"
        cp "$tmp/image/lib/modules/$version"/modules.builtin* \
                "$tmp/image/lib/modules/$version/modules.order" "$into/"
        depmod -b "$tmp/modules" "$version"
}

# Debian's kernel has virtio and ext4 as modules: this initrd loads them and mounts /dev/vda.
make_initrd() {
        local file
        mkdir -p "$tmp/initrd/bin" "$tmp/initrd/modules" "$tmp/initrd/dev" "$tmp/initrd/new"
        cp /bin/busybox "$tmp/initrd/bin/"
        module_files virtio_pci virtio_blk ext4 | while read -r file; do
                copy_module "$file" "$tmp/initrd/modules"
                basename "$file" .xz
        done >"$tmp/initrd/order"
        install -m755 "$rig/guest/init" "$tmp/initrd/init"
        (cd "$tmp/initrd" && find . | cpio -o -H newc --quiet) | gzip -1 >"$tmp/initrd.gz"
}

inputs=("$0" "$rig/guest/init" "$rig/tsc-khz.c")
is_current "$out" "${inputs[@]}" && exit 0
find_versions
rm -rf "$tmp" "$out"
mkdir -p "$tmp"
step "download kernel $version" download
step 'unpack' unpack
step 'pick from its source' unpack_source
step 'uncompress the kernel' extract_kernel
step 'build gpio-sim.ko' build_gpio_sim
step 'line names of the Pi 4' find_line_names
step 'select modules' select_modules
step 'initrd' make_initrd
mkdir "$out"
gcc -O2 -o "$out/tsc-khz" "$rig/tsc-khz.c"
mv "$tmp/vmlinux" "$tmp/initrd.gz" "$tmp/line-names" "$out/"
mv "$tmp/modules/lib/modules" "$out/modules"
rm -rf "$tmp"
mark_current "$out" "${inputs[@]}"
