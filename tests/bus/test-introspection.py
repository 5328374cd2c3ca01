#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the installed introspection XML against the live objects: every interface, method,
argument, property, signal and annotation of ours, in both directions.

    test-introspection.py STMBOOTD WITH-DAEMON XML
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

OBJECTS = {
    "org.stmboot1.Manager": "/org/stmboot1",
    "org.stmboot1.Target": "/org/stmboot1/target/motor",
}


def members(interface):
    """Everything that a client could rely on, as text."""
    found = set()
    for member in interface:
        if member.tag == "annotation":
            continue
        name = f"{member.tag} {member.get('name')}"
        if member.tag == "property":
            emits = [a.get("value") for a in member if a.tag == "annotation"]
            found.add(f"{name} {member.get('type')} {member.get('access')} {emits or ['true']}")
            continue
        default = "out" if member.tag == "signal" else "in"
        arguments = [f"{a.get('name')}:{a.get('type')}:{a.get('direction', default)}"
                     for a in member if a.tag == "arg"]
        notes = [f"{a.get('name')}={a.get('value')}" for a in member if a.tag == "annotation"]
        found.add(f"{name}({', '.join(arguments)}) {notes}")
    return found


def interfaces(text):
    root = ElementTree.fromstring(text)
    return {i.get("name"): members(i) for i in root.iter("interface")}


def busctl(*arguments):
    return subprocess.run(["busctl", *arguments], check=True, capture_output=True,
                          text=True).stdout


def on_bus(xml):
    with open(xml, encoding="utf-8") as file:
        written = interfaces(file.read())
    job = busctl("call", "org.stmboot1", OBJECTS["org.stmboot1.Target"], "org.stmboot1.Target",
                 "Probe", "a{sv}", "0").split('"')[1]
    objects = {**OBJECTS, "org.stmboot1.Job": job}
    if set(written) != set(objects):
        sys.exit(f"the file describes {sorted(written)}")
    failed = False
    for name, path in objects.items():
        live = interfaces(busctl("--xml-interface", "introspect", "org.stmboot1", path))
        print(f"{name}: {len(live[name])} members")
        for member in sorted(written[name] ^ live[name]):
            where = "the file" if member in written[name] else "the service"
            print(f"only in {where}: {name}: {member}")
            failed = True
    sys.exit(failed)


def main():
    if sys.argv[1] == "--on-bus":
        on_bus(sys.argv[2])
    stmbootd, with_daemon, xml = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        os.makedirs(f"{work}/config/targets.d")
        with open(f"{work}/config/targets.d/motor.conf", "w", encoding="utf-8") as file:
            file.write("[Serial]\nPort=virtual:STM32F405\n[Virtual]\nWireTime=no\n")
        sys.exit(subprocess.run(["sh", with_daemon, stmbootd, work, sys.executable, __file__,
                                 "--on-bus", xml]).returncode)


main()
