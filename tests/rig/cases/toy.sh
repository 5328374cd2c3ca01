private_bus() {
        cat >/run/rig/bus.conf <<'B'
<busconfig>
  <listen>unix:path=/run/rig/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/>
  </policy>
</busconfig>
B
        dbus-daemon --config-file=/run/rig/bus.conf --fork
        chmod 666 /run/rig/bus
}
run() {
        private_bus
        ls -la /run/rig
        busctl --address=unix:path=/run/rig/bus list || :
        setpriv --reuid=stmboot --regid=stmboot --groups=dialout,gpio -- busctl --address=unix:path=/run/rig/bus list || :
        mkdir -p second/targets.d state; chown stmboot state
        setpriv --reuid=stmboot --regid=stmboot --groups=dialout,gpio -- env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/rig/bus stmbootd --config-dir="$PWD/second" --state-dir="$PWD/state" || :
        journalctl --no-pager -b | tail -5
        exit 5
}
