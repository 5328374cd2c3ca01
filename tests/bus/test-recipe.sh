#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The recipes for gateways, as they stand in the README, run as their engines run them, and the
# second service of stmbootd(8):
#   test-recipe.sh STMBOOTD STMBOOTCTL MAKE-FIRMWARE README

set -eu

# block TEXT: the fenced block of the README that has this text.
block() {
        awk -v text="$1" '
                /^```/ { if (found) exit; inside = !inside; lines = ""; next }
                inside { lines = lines $0 "\n"; if (index($0, text)) found = 1 }
                END { if (!found) exit 1; printf "%s", lines }' "$readme" ||
                fail "the README has no block with '$1'"
}

# inline TEXT: what stands between backquotes there and begins so.
inline() {
        sed -n "s/.*\`\($1[^\`]*\)\`.*/\1/p" "$readme" | grep . || fail "the README has no '$1'"
}

fail() {
        echo "NOT OK: $*" >&2
        exit 1
}

# holds FILE, differs FILE: does the chip hold this image?
holds() {
        "$ctl" verify -q motor "$1" || fail "$recipe: the chip does not hold $1"
        echo "ok: $recipe"
}

differs() {
        code=0
        "$ctl" verify -q motor "$1" 2>/dev/null || code=$?
        [ $code = 10 ] || fail "$recipe: the chip holds $1 already, or cannot tell ($code)"
}

with_busctl() {
        recipe='busctl'
        cp a.hex firmware/motor.hex
        block 'org.stmboot1.Job Wait' >busctl.sh
        [ "$(grep -c . busctl.sh)" = 2 ] || fail 'it is not two lines any more'
        said=$(sh -e busctl.sh)
        [ "$said" = 's "done"' ] || fail "Wait said: $said"
        holds a.hex

        # What cannot be done is an error of the same calls.
        rm firmware/motor.hex
        ! sh -e busctl.sh >/dev/null 2>error || fail 'an image that is not there was flashed'
        grep -q motor.hex error || fail "$(cat error)"
        sed s/motor/lonely/g busctl.sh >lonely.sh
        cp a.hex firmware/lonely.hex
        ! sh -e lonely.sh >/dev/null 2>error || fail 'a chip without BOOT0 was flashed'
        grep -q BOOT0 error || fail "$(cat error)"
}

from_afar() {
        command -v systemd-stdio-bridge >/dev/null || return 0
        cp b.hex motor.hex
        for recipe in "$(inline 'stmbootctl -H')" "$(inline 'ssh gateway')"; do
                differs motor.hex
                sh -ec "$recipe"
                holds motor.hex
                cp a.hex motor.hex
        done
        grep -q '^-xT -- user@gateway ' ssh.log || fail "ssh was called so: $(cat ssh.log)"

        # "and busctl -H likewise"
        recipe='busctl -H'
        cp b.hex firmware/motor.hex
        sed 's/busctl /busctl -H user@gateway /' busctl.sh >busctl-H.sh
        [ "$(grep -c 'busctl -H' busctl-H.sh)" = 2 ] || fail "$(cat busctl-H.sh)"
        differs b.hex
        sh -e busctl-H.sh >/dev/null
        holds b.hex
}

# RAUC's documentation, "Custom Handlers (Interface)": variables, no arguments.
as_rauc() {
        recipe='RAUC, post-install handler'
        mkdir -p bundle
        cp a.hex bundle/motor.hex
        block 'RAUC_BUNDLE_MOUNT_POINT' >handler
        chmod +x handler
        differs a.hex
        RAUC_BUNDLE_MOUNT_POINT="$PWD/bundle" RAUC_SYSTEM_CONFIG=/etc/rauc/system.conf ./handler
        holds a.hex
        rm bundle/motor.hex
        ! RAUC_BUNDLE_MOUNT_POINT="$PWD/bundle" ./handler 2>error || fail 'RAUC was told nothing'
}

# SWUpdate's documentation, "Generic Executor Handler" and "shellscript".
as_swupdate() {
        recipe='SWUpdate, executor'
        cmd=$(block 'type = "executor"' | sed -n 's/.*cmd = "\([^"]*\)".*/\1/p')
        [ -n "$cmd" ] || fail 'no cmd in it'
        differs b.hex
        sh -c "$cmd" <b.hex
        holds b.hex
        ! head -c 3000 a.hex | sh -c "$cmd" 2>/dev/null || fail 'SWUpdate was told nothing'

        recipe='SWUpdate, shellscript'
        cp a.hex motor.hex
        block '$1" = postinst' | sed "s|/tmp/|$PWD/|" >script
        sh script preinst
        sh script postfailure
        differs a.hex
        sh script postinst
        holds a.hex
}

as_ansible() {
        recipe='--json'
        "$ctl" flash motor b.hex --json=short >json 2>/dev/null
        python3 -c '
import json
job = json.load(open("json"))
assert job["result"] == "done" and job["target"] == "motor", job'
        code=0
        "$ctl" sync --check motor --json=short >json 2>/dev/null || code=$?
        [ $code = 10 ] || fail "sync --check exits with $code"
        python3 -c 'import json; json.load(open("json"))'
        "$ctl" sync -q motor
        holds configured.hex
}

on_a_bus_of_its_own() {
        recipe='a second service'
        mkdir rehearsal
        sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/p' "$manual" |
                sed "/^\./d; s/\\\\-/-/g; s/\\\\e/\\\\/g; s|/tmp/rehearsal|$PWD/rehearsal|g" >example
        sed -n '/<!DOCTYPE/,/<.busconfig>/p' example >rehearsal/bus.conf
        sed '1,/<.busconfig>/d; $d' example >begin
        tail -n 1 example >use
        grep -q 'stmbootctl probe motor' use || fail 'the example has changed'
        (
                . ./begin >pid
                trap 'kill $! $(cat ../pid); wait $!' EXIT
                until stmbootctl list >/dev/null 2>&1; do
                        kill -0 $! || exit 1
                        sleep 0.1
                done
                . ../use
        ) >said 2>&1 || fail "$recipe: $(cat said)"
        grep -q 'STM32F405' said || fail "$recipe: $(cat said)"
        echo "ok: $recipe"
}

if [ "$1" = --on-bus ]; then
        ctl=$2 readme=$3 manual=$(dirname "$3")/units/man/stmbootd.8
        PATH=$PWD/bin:$PATH
        with_busctl
        from_afar
        as_rauc
        as_swupdate
        as_ansible
        on_a_bus_of_its_own
        exit 0
fi

top=$(cd -- "$(dirname -- "$0")" && pwd)
stmbootd=$(realpath "$1") stmbootctl=$(realpath "$2") make_firmware=$(realpath "$3")
readme=$(realpath "$4")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p config/targets.d firmware bin
ln -s "$stmbootctl" bin/stmbootctl
ln -s "$stmbootd" bin/stmbootd
# A host whose system bus is this one: what sshd does with the words that come after the host.
cat >bin/ssh <<'END'
#!/bin/sh
echo "$*" >>ssh.log
while case $1 in -*) true ;; *) false ;; esac; do
        shift
done
shift
case $1 in
systemd-stdio-bridge) exec systemd-stdio-bridge -p"$DBUS_SYSTEM_BUS_ADDRESS" ;;
*) exec sh -c "$*" ;;
esac
END
chmod +x bin/ssh
printf '[Manager]\nFirmwareDirectories=%s/firmware\n' "$work" >config/stmbootd.conf
printf '[Serial]\nPort=virtual:STM32F405\n[Virtual]\nWireTime=no\n[Image]\nFile=%s\n' \
        "$work/configured.hex" >config/targets.d/motor.conf
printf '[Serial]\nPort=virtual:STM32F405\n[Virtual]\nWireTime=no\nBoot0Wired=no\n' \
        >config/targets.d/lonely.conf
seed=0
for image in a b configured; do
        seed=$((seed + 1))
        python3 "$make_firmware" --size 9000 --seed $seed --format hex $image.hex
done
sh "$top/with-daemon.sh" "$stmbootd" "$work" \
        sh "$top/test-recipe.sh" --on-bus "$stmbootctl" "$readme"
