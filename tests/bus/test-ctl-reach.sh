#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where stmbootctl finds the service, and what it says where it does not:
#   test-ctl-reach.sh STMBOOTCTL FAKE-SERVICE

set -u
. "$(dirname -- "$0")/with-fake.sh"

says_when_there_is_no_service() {
        stop_serving
        run list
        exits 4
        has err 'stmbootd cannot be reached'
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent run list
        exits 4
        serve_all
}

says_when_the_service_goes_away() {
        serve dies
        run flash dies fw.bin
        exits 4
        has err 'stmbootd went away while job 1 ran'
        serve_all
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

case_ 'says when there is no service' says_when_there_is_no_service
case_ 'says when the service goes away' says_when_the_service_goes_away
case_ 'talks through ssh' talks_through_ssh

[ $failures = 0 ] || echo "$failures failures"
[ $failures = 0 ]
