#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What TAB offers:
#   test-completion.sh STMBOOTCTL FAKE-SERVICE COMPLETION

if [[ -z ${CTL_TEST_ON_BUS-} ]]; then
        command -v dbus-run-session >/dev/null || exit 77
        if [[ ! -r /usr/share/bash-completion/bash_completion ]]; then
                echo "SKIP: bash-completion is not installed"
                exit 77
        fi
        CTL_TEST_ON_BUS=yes exec dbus-run-session -- bash "$0" "$@"
fi
export DBUS_SYSTEM_BUS_ADDRESS="$DBUS_SESSION_BUS_ADDRESS"
ctl=$(realpath "$1") fake=$(realpath "$2") completion=$(realpath "$3")
PATH=$(dirname "$ctl"):$PATH

work=$(mktemp -d)
cd "$work" || exit 1
touch motor.hex mist.bin
"$fake" ok motor >/dev/null &
fake_pid=$!
trap 'kill $fake_pid; rm -rf "$work"' EXIT
for ((tries = 0; tries < 100; tries++)); do
        stmbootctl list >/dev/null 2>&1 && break
        sleep 0.05
done

. /usr/share/bash-completion/bash_completion
. "$completion"
compopt() { :; } # there is no completion under way

failures=0

# offers LINE WORD...: exactly these, in any order, at the end of the line.
offers() {
        local line=$1 expected got
        shift
        # As readline splits it: at blanks, and around "=".
        read -r -a COMP_WORDS <<<"${line//=/ = }"
        [[ $line != *' ' && $line != *= ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
        COMPREPLY=()
        _stmbootctl
        expected=$(printf '%s\n' "$@" | sort)
        got=$(printf '%s\n' "${COMPREPLY[@]}" | sort)
        if [[ $got == "$expected" ]]; then
                echo "ok      $line"
        else
                failures=$((failures + 1))
                echo "FAILED  $line: offered ${COMPREPLY[*]}, not $*"
        fi
}

offers 'stmbootctl fl' flash
offers 'stmbootctl -q r' read run reset
offers 'stmbootctl info ' ok motor
offers 'stmbootctl flash m' motor motor.hex mist.bin
offers 'stmbootctl flash motor m' motor.hex mist.bin
offers 'stmbootctl image m' motor.hex mist.bin
offers 'stmbootctl sync ok m' motor
offers 'stmbootctl list '
offers 'stmbootctl probe ok '
offers 'stmbootctl -H gw probe '
offers 'stmbootctl protect motor r' readout
offers 'stmbootctl flash --er' --erase=
offers 'stmbootctl read --er'
offers 'stmbootctl flash --erase=' touched all none
offers 'stmbootctl flash --after=' run stay go
offers 'stmbootctl flash --erase ' touched all none
offers 'stmbootctl flash --erase all m' motor motor.hex mist.bin
offers 'stmbootctl --host gw flash m' motor.hex mist.bin
offers 'stmbootctl flash --if-different m' motor motor.hex mist.bin
offers 'stmbootctl flash --if' --if-different
offers 'stmbootctl sync --ch' --check
offers 'stmbootctl flash --ch' --check=
offers 'stmbootctl list --js' --json
offers 'stmbootctl list --json=' short pretty off
offers 'stmbootctl read motor 0 4 -o mo' motor.hex
offers 'stmbootctl image motor.hex --target=' ok motor
[[ $failures = 0 ]]
