# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# What the cases share. They run as root under "set -eu": whatever fails, and is not expected to,
# fails the case.

out=/run/rig/out         # of the host: survives the guest
control=/run/rig/control # of the board that start_pi or start_usb made

note() {
        echo "note: $*" # shown in the case's line
}

fail() {
        echo "FAILED: $*"
        exit 1
}

skip() {
        echo "$*"
        exit 77
}

# expect STATUS COMMAND...: its output is left in ./output.
expect() {
        _want=$1 _got=0
        shift
        "$@" >output 2>&1 || _got=$?
        printf '$ %s\n' "$*"
        cat output
        [ "$_got" = "$_want" ] || fail "exit status $_got instead of $_want"
}

# output_has PATTERN: what the last expected command printed.
output_has() {
        grep -qE -e "$1" output || fail "output lacks: $1"
}

output_lacks() {
        ! grep -qE -e "$1" output || fail "output has: $1"
}

# same GOT WANTED
same() {
        [ "$1" = "$2" ] || fail "\"$1\" instead of \"$2\""
}

# wait_until SECONDS COMMAND...
wait_until() {
        # An emulator on a busy host: three times what the case thinks.
        _end=$(($(date +%s) + 3 * $1))
        shift
        until "$@" >/dev/null 2>&1; do
                [ "$(date +%s)" -le $_end ] || fail "not within the time: $*"
                sleep 0.1
        done
}

# ---- the board ----

board() {
        rig-tell "$control" "$@"
}

start_board() {
        _program=$1
        shift
        "$_program" "control=$control" "$@" >>"$out/board" 2>&1 &
        board_pid=$!
        wait_until 20 test -S "$control"
}

# A chip on the gpiochip and the UART of a Raspberry Pi 4: BOOT0 at GPIO17, NRST at GPIO6. GPIO22
# and 27 belong to a neighbour.
start_pi() {
        start_board rig-pi boot0=GPIO17 reset=GPIO6 other=GPIO22,GPIO27 uart=/dev/ttyS2 \
                peer=/dev/ttyS1 "$@"
}

# A chip behind a USB adapter: the tty and the gpiochip are its driver's.
start_usb() {
        start_board rig-usb "$@"
        wait_until 20 test -c /dev/ttyUSB0
        udevadm settle
}

stop_board() {
        kill "$board_pid"
        wait "$board_pid" || :
        rm -f "$control"
}

counter() {
        board counters | sed -n "s/^$1=//p"
}

# firmware SIZE SEED FILE: an image with a vector table that starts (SP in RAM, Thumb entry), and
# noise that does not repeat.
firmware() {
        perl -e 'my ($size, $x) = @ARGV;
                print pack "V2", 0x20001000, 0x08000101;
                for (my $i = 8; $i < $size; $i += 4) {
                        $x = ($x * 1103515245 + 12345) & 0xffffffff;
                        print pack "V", $x ^ $x >> 15;
                }' "$1" "$2" >"$3"
}

# chip_has FILE [ADDRESS]: the flash behind the drivers holds these bytes.
chip_has() {
        board read "${2:-0x08000000}" "$(stat -c %s "$1")" | cmp - "$1"
}

# The chip is in this state ("rom", "running 0x08000000"), or comes to it.
chip_is() {
        wait_until 5 state_is "$1"
}

state_is() {
        [ "$(board state)" = "$1" ]
}

chip_runs() {
        chip_is 'running 0x08000000'
}

# ---- people ----

# The rig's users: one in group stmboot, one in none of ours.
as_member() {
        setpriv --reuid=member --regid=member --init-groups -- "$@"
}

as_stranger() {
        setpriv --reuid=stranger --regid=stranger --init-groups -- "$@"
}

# ---- the service ----

# target NAME: its file, from standard input.
target() {
        mkdir -p /etc/stmboot/targets.d
        cat >"/etc/stmboot/targets.d/$1.conf"
}

# pi_target NAME: the board of start_pi. What follows on standard input is added.
pi_target() {
        {
                printf '[Target]\nDescription=Motor controller\n[Serial]\nPort=ttyS1\n'
                printf '[Lines]\nChip=pinctrl-bcm2711\nBoot0=GPIO17\nReset=GPIO6\n'
                [ -t 0 ] || cat
        } | target "$1"
}

# usb_target NAME GPIOCHIP: the board of start_usb, by the adapter's serial number.
usb_target() {
        {
                printf '[Serial]\nPort=%s\n' "${3:-usb:10c4:ea60:RIG00001}"
                [ "$2" = none ] || printf '[Lines]\nChip=%s\nBoot0=0\nReset=1\n' "$2"
        } | target "$1"
}

# state_of NAME WORD: the target's State.
state_of() {
        busctl get-property org.stmboot1 "/org/stmboot1/target/$1" org.stmboot1.Target State |
                grep -qx "s \"$2\""
}

# Waits until a job that was started in the background has programmed a good part.
in_mid_flash() {
        wait_until 60 programmed_more_than "${1:-2000}"
}

programmed_more_than() {
        [ "$(counter units_programmed)" -gt "$1" ]
}

daemon_pid() {
        systemctl show --property=MainPID --value stmbootd.service
}

# ---- without the service: the kernel's tools as a witness ----

# hold LABEL LINE=LEVEL: drives a line until release_line.
hold() {
        _chip=$(gpiodetect | sed -n "s/ \[$1\].*//p")
        case $(gpioset --version | head -n 1) in
        *v1.*) gpioset --mode=signal "$_chip" "$2" & ;;
        *) gpioset --chip "$_chip" "$2" & ;;
        esac
        _holder=$!
        wait_until 10 sh -c "gpioinfo $(gpio_argument "$_chip") | grep -q 'line *${2%=*}:.*gpioset'"
}

# How both generations of gpioinfo name a chip.
gpio_argument() {
        case $(gpioset --version | head -n 1) in *v1.*) echo "$1" ;; *) echo "--chip $1" ;; esac
}

release_line() {
        kill "$_holder"
        wait "$_holder" || :
}

# pulse LABEL LINE: low for 100 ms, open drain, then released.
pulse() {
        _chip=$(gpiodetect | sed -n "s/ \[$1\].*//p")
        case $(gpioset --version | head -n 1) in
        *v1.*)
                gpioset --mode=time --usec=100000 --drive=open-drain "$_chip" "$2=0"
                gpioset --mode=exit --drive=open-drain "$_chip" "$2=1"
                ;;
        *) gpioset --chip "$_chip" --drive open-drain --toggle 100ms,0 "$2=0" ;;
        esac
}

# reset_with_boot0 LABEL BOOT0-LINE NRST-LINE LEVEL
reset_with_boot0() {
        hold "$1" "$2=$4"
        pulse "$1" "$3"
        release_line
}
