# SPDX-License-Identifier: LGPL-2.1-or-later
"""Flattened device trees: reading, and what the Raspberry Pi's firmware does to overlays."""

import os
import struct
import subprocess

BEGIN_NODE, END_NODE, PROPERTY, NOP, END = 1, 2, 3, 4, 9


def read(path):
    """The tree as {path: {property: bytes}}; the root is "/"."""
    with open(path, 'rb') as file:
        blob = file.read()
    magic, _, at, strings = struct.unpack_from('>4I', blob)
    assert magic == 0xd00dfeed, path
    nodes, names = {}, []
    while True:
        token, = struct.unpack_from('>I', blob, at)
        at += 4
        if token == BEGIN_NODE:
            end = blob.index(b'\0', at)
            names.append(blob[at:end].decode())
            nodes['/'.join(names) or '/'] = {}
            at = (end + 4) & ~3
        elif token == END_NODE:
            names.pop()
        elif token == PROPERTY:
            size, name = struct.unpack_from('>2I', blob, at)
            name = blob[strings + name:blob.index(b'\0', strings + name)].decode()
            nodes['/'.join(names) or '/'][name] = blob[at + 8:at + 8 + size]
            at = (at + 8 + size + 3) & ~3
        elif token == END:
            return nodes
        else:
            assert token == NOP, token


def cells(value):
    return list(struct.unpack('>%dI' % (len(value) // 4), value))


def node_of(nodes, phandle):
    """The path of the node with this phandle."""
    found, = [path for path, properties in nodes.items()
              if properties.get('phandle') == struct.pack('>I', phandle)]
    return found


def unpack(nodes, directory):
    """Writes the tree as the kernel shows it in /proc/device-tree."""
    for path, properties in nodes.items():
        node = os.path.join(directory, path.lstrip('/'))
        os.makedirs(node, exist_ok=True)
        name = path.rsplit('/', 1)[1].split('@')[0]
        for key, value in {**properties, 'name': name.encode() + b'\0'}.items():
            with open(os.path.join(node, key), 'wb') as file:
                file.write(value)


def set_parameter(fdtput, overlay, name, value):
    """
    Sets a parameter of an overlay in place: each of its targets in __overrides__ is a phandle and
    "property:OFFSET" for a cell, or "property" for a string. There are more forms; none is used.
    (Raspberry Pi documentation, device-tree.adoc, "Overlay parameters".)
    """
    nodes = read(overlay)
    if name not in nodes['/__overrides__']:
        raise KeyError(name)
    rest = nodes['/__overrides__'][name]
    while rest:
        node = node_of(nodes, *struct.unpack_from('>I', rest))
        target, rest = rest[4:].split(b'\0', 1)
        target, _, offset = target.decode().partition(':')
        assert not set(target + offset) & set('.;#?=!{}[]'), target
        if offset:
            numbers = cells(nodes[node][target])
            numbers[int(offset) // 4] = int(value, 0)
            arguments = ['-t', 'u', overlay, node, target] + [str(n) for n in numbers]
        else:
            arguments = ['-t', 's', overlay, node, target, value]
        subprocess.run([fdtput] + arguments, check=True)
