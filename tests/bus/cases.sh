# SPDX-License-Identifier: LGPL-2.1-or-later
# Cases for scripts that drive stmbootctl ($ctl) in a directory of their own. Each case prints one
# line; one that fails says what was seen.

failures=0

# run ARGUMENT...: stmbootctl, its outcome in $code, out and err.
run() {
        "$ctl" "$@" >out 2>err </dev/null
        code=$?
}

problem() {
        failures=$((failures + 1)) bad=yes
        echo "  $*"
        for seen in out err log; do
                [ ! -s $seen ] || tail -n 20 $seen | sed "s/^/    $seen: /"
        done
}

exits() {
        [ "$code" = "$1" ] || problem "exit code $code, not $1"
}

# has FILE TEXT, lacks FILE TEXT, is FILE TEXT
has() {
        grep -qF -e "$2" "$1" || problem "'$2' is not in $1"
}

lacks() {
        ! grep -qF -e "$2" "$1" || problem "'$2' is in $1"
}

is() {
        [ "$(cat "$1")" = "$2" ] || problem "$1 is not '$2'"
}

# case_ NAME FUNCTION
case_() {
        bad=no
        : >out
        : >err
        : >log
        "$2"
        [ $bad = yes ] && echo "FAILED  $1" || echo "ok      $1"
}

# wait_for FILE TEXT
wait_for() {
        tries=0
        until grep -q -e "$2" "$1" || [ $tries -ge 100 ]; do
                tries=$((tries + 1))
                sleep 0.05
        done
}
