# SPDX-License-Identifier: LGPL-2.1-or-later
# Who is in no group of ours may look and nothing else; nobody but the service has its name.

manager='org.stmboot1 /org/stmboot1'
motor='org.stmboot1 /org/stmboot1/target/motor'

# Every method of our interfaces, as the live objects tell: "INTERFACE METHOD".
methods() {
        # shellcheck disable=SC2086 # service and object
        busctl introspect $1 | awk '/^org\.stmboot1\./ { i = $1 } /^\.[A-Z].* method / && i {
                print i, substr($1, 2) } /^org\.freedesktop/ { i = "" }'
}

# shellcheck disable=SC2086
refused() {
        echo "$*" >>refused
        ! as_stranger busctl call $1 "$2" "$3" >output 2>&1 || fail "$3 was allowed"
        output_has 'Access denied'
}

# A job after the monitor has begun to listen is in what it prints.
sees_jobs() {
        as_member stmbootctl --quiet probe motor && grep -q 'job .* done$' seen
}

# shellcheck disable=SC2086
run() {
        start_pi
        pi_target motor </dev/null
        expect 0 as_member stmbootctl probe motor
        job="org.stmboot1 /org/stmboot1/job/$(busctl call $manager org.stmboot1.Manager ListJobs |
                grep -o 'job/[^"]*' | head -n 1 | cut -d/ -f2)"

        for object in "$manager" "$motor" "$job"; do
                methods "$object" >methods
                [ -s methods ] || fail "$object has no methods"
                while read -r interface method; do
                        case $method in
                        ListTargets | ListJobs)
                                expect 0 as_stranger busctl call $object "$interface" "$method"
                                ;;
                        GetTarget)
                                expect 0 as_stranger busctl call $object "$interface" "$method" \
                                        s motor
                                ;;
                        *) refused "$object" "$interface" "$method" ;;
                        esac
                done <methods
                expect 0 as_stranger busctl introspect $object
        done
        [ "$(wc -l <refused)" -ge 26 ] || fail 'methods are missing'
        expect 0 as_stranger busctl get-property $motor org.stmboot1.Target Chip
        output_has STM32F405
        expect 0 as_stranger busctl get-property $job org.stmboot1.Job Result
        expect 3 as_stranger stmbootctl flash motor /etc/hostname
        expect 0 as_stranger stmbootctl info motor

        # What happens is told to everybody.
        # Not by as_stranger: that would be killed, and what it runs go on.
        setpriv --reuid=stranger --regid=stranger --init-groups -- stmbootctl monitor >seen 2>&1 &
        monitor=$!
        wait_until 10 sees_jobs
        kill $monitor
        wait $monitor
        for event in 'probe started' 'state busy' 'state idle' 'done$'; do
                grep -q "motor: .*$event" seen || fail "not told: $event"
        done

        # Only root may change what the service logs.
        level='org.stmboot1 /org/freedesktop/LogControl1 org.freedesktop.LogControl1 LogLevel s debug'
        expect 1 as_stranger busctl set-property $level
        expect 1 as_member busctl set-property $level
        expect 0 busctl set-property $level

        # The name is the service's: as another user, and even as root.
        systemctl stop stmbootd.service
        rm -f /etc/stmboot/targets.d/motor.conf
        for person in as_stranger as_member ''; do
                expect 1 $person busctl call org.freedesktop.DBus /org/freedesktop/DBus \
                        org.freedesktop.DBus RequestName su org.stmboot1 0
                output_has 'not allowed to own|denied'
                expect 1 $person stmbootd
                output_has 'cannot|denied'
        done
}
