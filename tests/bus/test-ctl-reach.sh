#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where stmbootctl finds the service, and what it says where it does not:
#   test-ctl-reach.sh STMBOOTCTL FAKE-SERVICE

set -u
. "$(dirname -- "$0")/with-fake.sh"

# on_another_bus ADDRESS ARGUMENT...
on_another_bus() {
        address=$1
        shift
        env DBUS_SYSTEM_BUS_ADDRESS="$address" "$ctl" "$@" >out 2>err </dev/null
        code=$?
}

says_when_there_is_no_service() {
        stop_serving
        run list
        exits 4
        has err 'stmbootd cannot be reached'
        on_another_bus unix:path=/nonexistent list
        exits 4
        has err 'that DBUS_SYSTEM_BUS_ADDRESS names, unix:path=/nonexistent: No such file'
        run -M nosuchbox list
        exits 4
        has err 'No connection to the system bus of container nosuchbox'
        has err 'machinectl list'
        serve_all
}

says_when_the_service_goes_away() {
        serve dies
        run flash dies fw.bin
        exits 4
        has err 'stmbootd went away while job 1 ran'
        serve_all
}

# The bus of a system where this user is nobody.
says_who_may() {
        cat >denying.conf <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=$work/denying</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
    <deny send_interface="org.stmboot1.Target"/>
  </policy>
</busconfig>
END
        dbus-daemon --config-file=denying.conf --nofork --print-address >address 2>/dev/null &
        denying_pid=$!
        wait_for address unix:
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/denying "$fake" ok >/dev/null 2>&1 &
        other_pid=$!
        tries=0
        until on_another_bus "unix:path=$work/denying" list && [ $code = 0 ] || [ $tries = 100 ]; do
                tries=$((tries + 1))
                sleep 0.05
        done
        on_another_bus "unix:path=$work/denying" probe ok
        kill $other_pid $denying_pid
        wait $other_pid $denying_pid 2>/dev/null
        exits 3
        has err 'Permission denied. Only root and members of the group stmboot may do this'
        has err 'usermod -aG stmboot'
}

says_what_keeps_ssh_away() {
        mkdir -p bin
        printf '#!/bin/sh\necho "ssh: no route" >&2\nexit 255\n' >bin/ssh
        chmod +x bin/ssh
        old_path=$PATH PATH=$work/bin:$PATH
        run -H me@gw list
        PATH=$old_path
        exits 4
        has err 'ssh: no route'
        has err 'No connection to stmbootd on me@gw: ssh has ended.'
        has err 'A login there by ssh(1) must work'
}

talks_through_ssh() {
        command -v systemd-stdio-bridge >/dev/null || return 0
        mkdir -p bin
        cat >bin/ssh <<END
#!/bin/sh
echo "\$*" >>'$work/ssh-log'
exec systemd-stdio-bridge -p '$DBUS_SYSTEM_BUS_ADDRESS'
END
        chmod +x bin/ssh
        old_path=$PATH PATH=$work/bin:$PATH
        run -H me@gw flash ok fw.bin -q
        exits 0
        has log 'FlashData ok ay:5000,0,0'
        is ssh-log '-xT -- me@gw systemd-stdio-bridge'
        head -c 33000000 /dev/zero >large.bin
        run -H me@gw flash ok large.bin -q
        exits 6
        has err 'at most 31.0 MiB can be given to the service through ssh'
        # What a terminal does: the signal goes to ssh as well, and the job is cancelled through it.
        setsid "$ctl" -H gw flash slow fw.bin >out 2>err &
        pid=$!
        wait_for log slow
        sleep 0.3
        kill -s INT -- "-$pid"
        wait $pid
        code=$?
        exits 13
        has log 'Cancel slow'
        PATH=$old_path
}

says_that_a_job_goes_on_where_ssh_has_ended() {
        command -v systemd-stdio-bridge >/dev/null || return 0
        mkdir -p bin
        cat >bin/ssh <<END
#!/bin/sh
echo \$\$ >'$work/ssh-pid'
exec systemd-stdio-bridge -p '$DBUS_SYSTEM_BUS_ADDRESS'
END
        chmod +x bin/ssh
        old_path=$PATH PATH=$work/bin:$PATH
        : >err
        "$ctl" -H me@gw flash slow fw.bin >out 2>err &
        pid=$!
        wait_for err 'slow: writing'
        kill "$(cat ssh-pid)"
        wait $pid
        code=$?
        exits 4
        has err 'slow: the connection to me@gw ended while job '
        has err "The job goes on there; 'stmbootctl -H me@gw info slow' tells how it gets on."
        lacks err 'went away'
        run -H me@gw probe nosuch
        has err "'stmbootctl -H me@gw list' shows"
        PATH=$old_path
        run cancel slow # it is there
        exits 0
}

case_ 'says when there is no service' says_when_there_is_no_service
case_ 'says when the service goes away' says_when_the_service_goes_away
case_ 'says who may' says_who_may
case_ 'says what keeps ssh away' says_what_keeps_ssh_away
case_ 'talks through ssh' talks_through_ssh
case_ 'says that a job goes on where ssh has ended' says_that_a_job_goes_on_where_ssh_has_ended

[ $failures = 0 ] || echo "$failures failures"
[ $failures = 0 ]
