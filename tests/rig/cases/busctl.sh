# SPDX-License-Identifier: LGPL-2.1-or-later
# The service by busctl alone, as a gateway's script would; then stm32flash on the same port, with
# the service stopped.

motor=/org/stmboot1/target/motor

call() {
        as_member busctl --timeout=infinity call org.stmboot1 "$@"
}

# job METHOD ARGUMENTS...: of the target, and its job's end.
job() {
        expect 0 call $motor org.stmboot1.Target "$@"
        job=$(cut -d'"' -f2 output)
        expect 0 call "$job" org.stmboot1.Job Wait
        output_has '^s "done"$'
}

# Intel HEX of a binary at the start of flash.
to_hex() {
        perl -e 'undef $/; my $data = <STDIN>; my $n = 0;
                sub record { my $r = pack "Cna*", length $_[2], $_[0], pack("C", $_[1]) . $_[2];
                        printf ":%s%02X\n", uc unpack("H*", $r), -unpack("%8C*", $r) & 255 }
                record(0, 4, "\x08\x00");
                for (; $n < length $data; $n += 16) { record($n, 0, substr $data, $n, 16) }
                record(0, 1, "")' <"$1" >"$2"
}

run() {
        start_pi part=STM32F103
        pi_target motor </dev/null
        firmware 6000 3 motor.bin
        to_hex motor.bin /var/lib/stmboot/firmware/motor.hex

        # As in the documentation, letter by letter.
        cat >script <<'S'
job=$(busctl call org.stmboot1 /org/stmboot1/target/motor org.stmboot1.Target Flash 'sa{sv}' motor.hex 0 | cut -d'"' -f2)
busctl --timeout=infinity call org.stmboot1 "$job" org.stmboot1.Job Wait
S
        expect 0 as_member sh -eu script
        output_has '^s "done"$'
        chip_has motor.bin
        chip_runs

        job Verify 'sa{sv}' motor.hex 0
        job Read 'tta{sv}' 0x08000000 8 0
        expect 0 call "$job" org.stmboot1.Job GetData
        output_has '^ay 8 0 16 0 32 1 1 0 8$'
        job Probe 'a{sv}' 0
        job Erase 'a{sv}' 2 address t 0x08004000 length t 0x400
        job ProtectWrite 'aya{sv}' 2 0 1 0
        job UnprotectWrite 'a{sv}' 0
        job ReadOptionBytes 'a{sv}' 0
        expect 0 call "$job" org.stmboot1.Job GetData
        bytes=$(sed 's/^ay //' output)
        # shellcheck disable=SC2086 # one word a byte
        job WriteOptionBytes 'aya{sv}' $bytes 0
        job EnterBootloader 'a{sv}' 0
        chip_is rom
        job Run 'a{sv}' 0
        chip_runs
        job ProtectReadout 'a{sv}' 0
        job UnprotectReadout 'a{sv}' 0
        job FlashData 'aya{sv}' 8 0 16 0 32 1 1 0 8 0
        job Flash 'sa{sv}' motor.hex 1 if-different b true
        job Reset 'a{sv}' 0
        chip_runs
        expect 1 call $motor org.stmboot1.Target Flash 'sa{sv}' /etc/passwd 0

        systemctl stop stmbootd.service
        firmware 6000 4 other.bin
        reset_with_boot0 pinctrl-bcm2711 17 6 1
        chip_is rom
        expect 0 stm32flash -b 115200 -r read.bin -S 0x08000000:6000 /dev/ttyS1
        cmp read.bin motor.bin
        reset_with_boot0 pinctrl-bcm2711 17 6 1
        chip_is rom
        expect 0 stm32flash -b 115200 -w other.bin -v /dev/ttyS1
        reset_with_boot0 pinctrl-bcm2711 17 6 0
        expect 0 as_member stmbootctl verify motor other.bin
}
