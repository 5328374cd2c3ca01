# SPDX-License-Identifier: LGPL-2.1-or-later
# One port, two tools; one port, two daemons: the second is told who has it.

private_bus() {
        cat >/run/rig/bus.conf <<'B'
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/rig/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
B
        dbus-daemon --config-file=/run/rig/bus.conf --fork
}

on_private_bus() {
        env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/rig/bus "$@"
}

run() {
        start_pi
        pi_target motor </dev/null
        firmware 20000 1 one.bin

        flock --no-fork /dev/ttyS1 sleep 1000 &
        holder=$!
        wait_until 10 grep -q FLOCK /proc/locks
        expect 5 as_member stmbootctl flash motor one.bin
        output_has "in use by sleep \(process [0-9]+\)"
        kill $holder

        expect 1 setpriv --reuid=stmboot --regid=stmboot --init-groups stmbootd
        output_has 'already'

        private_bus
        mkdir -p second/targets.d state
        cp /etc/stmboot/targets.d/motor.conf second/targets.d/
        chown -R stmboot second state
        on_private_bus setpriv --reuid=stmboot --regid=stmboot --groups=dialout,gpio -- \
                stmbootd --config-dir="$PWD/second" --state-dir="$PWD/state" >"$out/second" 2>&1 &
        wait_until 20 on_private_bus stmbootctl list

        as_member stmbootctl flash motor one.bin >client 2>&1 &
        client=$!
        in_mid_flash
        expect 5 on_private_bus stmbootctl probe motor
        output_has "in use by stmbootd \(process $(daemon_pid)\)"
        # An ordinary program cannot get in between, either.
        expect 2 setpriv --reuid=stranger --regid=stranger --groups=dialout sh -c ': </dev/ttyS1'
        output_has 'busy'
        wait $client
        chip_has one.bin
        expect 0 on_private_bus stmbootctl verify motor one.bin
}
