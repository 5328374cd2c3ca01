# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of stmbootctl against a service and a systemd of their own begin with, sourced with
# STMBOOTCTL FAKE-SERVICE as arguments: a bus, a directory, and the service with all its targets.

if [ -z "${CTL_TEST_ON_BUS-}" ]; then
        command -v dbus-run-session >/dev/null || exit 77
        CTL_TEST_ON_BUS=yes exec dbus-run-session -- sh "$0" "$@"
fi
export DBUS_SYSTEM_BUS_ADDRESS="$DBUS_SESSION_BUS_ADDRESS"
export TERM=dumb LC_ALL=C

top=$(cd -- "$(dirname -- "$0")" && pwd)
ctl=$(realpath "$1") fake=$(realpath "$2")
work=$(mktemp -d)
cd "$work" || exit 1
fake_pid=
. "$top/cases.sh"

# serve TARGET...: the service with these targets; an earlier one is replaced.
serve() {
        stop_serving
        : >log
        "$fake" "$@" >>log 2>fake-errors &
        fake_pid=$!
        tries=0
        until "$ctl" list >/dev/null 2>&1; do
                tries=$((tries + 1))
                [ $tries -lt 100 ] || { echo "The service does not come up."; exit 1; }
                sleep 0.05
        done
        : >log
}

stop_serving() {
        [ -z "$fake_pid" ] || { kill "$fake_pid" 2>/dev/null; wait "$fake_pid" 2>/dev/null; }
        fake_pid=
}

trap 'stop_serving; rm -rf "$work"' EXIT

head -c 5000 /dev/zero >fw.bin

serve_all() {
        serve ok ok_note same slow stuck shared1 shared2 nasty fail_NoEntry fail_Protected \
                refuse_TargetBroken interrupted
}

serve_all
