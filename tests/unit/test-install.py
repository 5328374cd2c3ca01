# SPDX-License-Identifier: LGPL-2.1-or-later
"""What "meson install" puts where, and that "ninja uninstall" takes all of it away.

    test-install.py MESON BUILD-DIRECTORY HAS-VIRTUAL HAS-OVERLAYS

Works beside the build directory, whose own list of what was installed a later "ninja uninstall" may
need.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

EXPECTED = """
d etc/stmboot/targets.d
x usr/bin/stmbootctl
x usr/bin/stmbootd
d usr/lib/firmware/stmboot
- usr/lib/systemd/system/stmboot-sync@.service
- usr/lib/systemd/system/stmboot-synced.target
- usr/lib/systemd/system/stmbootd.service
- usr/lib/sysusers.d/stmboot.conf
- usr/lib/tmpfiles.d/stmboot.conf
- usr/lib/udev/rules.d/40-stmboot.rules
- usr/lib/udev/rules.d/61-stmboot.rules
- usr/lib/udev/rules.d/91-stmboot-brltty.rules
x usr/lib/udev/stmboot-port
- usr/share/bash-completion/completions/stmbootctl
- usr/share/dbus-1/interfaces/org.stmboot1.xml
- usr/share/dbus-1/system-services/org.stmboot1.service
- usr/share/dbus-1/system.d/org.stmboot1.conf
- usr/share/doc/stmboot/examples/motor-control.service
- usr/share/doc/stmboot/examples/pump-overlay.dts
- usr/share/man/man1/stmbootctl.1
- usr/share/man/man5/org.stmboot1.5
- usr/share/man/man5/stmboot.conf.5
- usr/share/man/man8/stmboot-sync.8
- usr/share/man/man8/stmbootd.8
"""
VIRTUAL = """
x usr/bin/stmboot-virtual
- usr/share/man/man1/stmboot-virtual.1
"""
OVERLAYS = """
- usr/share/stmboot/overlays/stmboot-pi4.dtbo
- usr/share/stmboot/overlays/stmboot-pi5.dtbo
"""


def describe(root, path):
    """A line as above for a file or an empty directory; None for other directories."""
    if path.is_dir():
        return None if any(path.iterdir()) else f"d {path.relative_to(root)}"
    kind = "x" if path.stat().st_mode & 0o111 else "-"
    return f"{kind} {path.relative_to(root)}"


def check_units(root):
    """Nothing was left unreplaced, and what the units start is there."""
    for unit in (root / "usr/lib/systemd/system").iterdir():
        for line in unit.read_text(encoding="utf-8").splitlines():
            assert "@bindir@" not in line and "@busctl@" not in line, f"{unit.name}: {line}"
            if line.startswith(("ExecStart=", "ExecStopPost=")):
                program = line.split("=", 1)[1].split()[0]
                assert (root / program.lstrip("/")).is_file(), f"{unit.name}: {line}"


def run(*command, cwd):
    result = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}:\n{result.stdout.decode()}")


def main():
    meson, build, has_virtual, has_overlays = sys.argv[1:]
    expected = EXPECTED
    expected += VIRTUAL if has_virtual == "yes" else ""
    expected += OVERLAYS if has_overlays == "yes" else ""

    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        copy, root = work / "build", work / "root"
        root.mkdir()
        (copy / "meson-logs").mkdir(parents=True)
        for path in pathlib.Path(build).iterdir():
            if path.name == "meson-private":
                shutil.copytree(path, copy / path.name, ignore=shutil.ignore_patterns("tmp*"))
            elif path.name != "meson-logs":
                (copy / path.name).symlink_to(path)

        run(meson, "install", "--no-rebuild", "--quiet", "-C", str(copy), "--destdir", str(root),
            cwd=work)
        found = sorted(filter(None, (describe(root, path) for path in root.rglob("*"))))
        wanted = sorted(expected.split("\n"))
        wanted = [line for line in wanted if line]
        for line in sorted(set(found) ^ set(wanted)):
            print("only", "installed:" if line in found else "expected:", line)
        assert found == wanted
        check_units(root)

        # what the rule "uninstall" of build.ninja runs
        run(meson, "--internal", "uninstall", cwd=copy)
        left = [str(path.relative_to(root)) for path in root.rglob("*")]
        assert not left, f"uninstall leaves {left}"
        print(f"{len(found)} files and directories installed, and taken away again")


main()
