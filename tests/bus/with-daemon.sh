#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a command beside stmbootd on a private bus:
#   with-daemon.sh STMBOOTD DIRECTORY COMMAND [ARGUMENT]...
# DIRECTORY holds config/ (stmbootd.conf, targets.d/); state/ and the daemon's log come beside it.
# The result is the command's, or 1 if the daemon did not end well. $STMBOOTD_WRAPPER may hold a
# command to run the daemon under.

set -u
stmbootd=$1 dir=$2
shift 2
command -v dbus-daemon >/dev/null || exit 77

cat >"$dir/bus.conf" <<EOF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$dir/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
EOF

daemon= bus=
stop() {
        result=$?
        trap - EXIT INT TERM
        if [ -n "$daemon" ]; then
                kill "$daemon" 2>/dev/null
                wait "$daemon" || { cat "$dir/daemon.log" >&2; result=1; }
        fi
        [ -z "$bus" ] || { kill "$bus"; wait "$bus"; } 2>/dev/null
        exit "$result"
}
trap stop EXIT
trap 'exit 130' INT TERM

dbus-daemon --config-file="$dir/bus.conf" --nofork --print-address >"$dir/bus.address" \
        2>"$dir/bus.log" &
bus=$!
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$dir/bus"

mkdir -p "$dir/state"
until [ -s "$dir/bus.address" ]; do # its socket is there before it listens
        kill -0 "$bus" 2>/dev/null || exit 1
        sleep 0.05
done
# shellcheck disable=SC2086 # the wrapper is a list of words
${STMBOOTD_WRAPPER-} "$stmbootd" --config-dir="$dir/config" --state-dir="$dir/state" \
        >"$dir/daemon.log" 2>&1 &
daemon=$!
until busctl call org.stmboot1 /org/stmboot1 org.freedesktop.DBus.Peer Ping >/dev/null 2>&1; do
        kill -0 "$daemon" 2>/dev/null || exit 1
        sleep 0.05
done

"$@"
