#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a firmware file with a valid Cortex-M vector table, for tests, demo and benches.

The same address, RAM end, size and seed give the same bytes in every format: a vector table, a
reset handler that loops, and seeded random bytes up to the size.
"""

import argparse
import hashlib
import random
import struct
import sys

VECTORS = 64  # 16 of the core, 48 interrupts
RESET_HANDLER = VECTORS * 4
DEFAULT_HANDLER = RESET_HANDLER + 2
CODE_END = DEFAULT_HANDLER + 2
LOOP = 0xE7FE  # b .


def make_firmware(address, ram_end, size, seed):
    thumb = 1
    reserved = (7, 8, 9, 10, 13)
    vectors = [ram_end, address + RESET_HANDLER | thumb]
    for number in range(2, VECTORS):
        vectors.append(0 if number in reserved else address + DEFAULT_HANDLER | thumb)
    head = struct.pack(f"<{VECTORS}I2H", *vectors, LOOP, LOOP)
    return head + random.Random(seed).randbytes(size - len(head))


def ihex_record(kind, offset, data=b""):
    record = struct.pack(">BHB", len(data), offset, kind) + data
    return f":{record.hex()}{-sum(record) & 0xFF:02x}\n".upper()


def to_hex(address, firmware, width=16):
    lines = []
    base = None
    position = 0
    while position < len(firmware):
        at = address + position
        if at >> 16 != base:
            base = at >> 16
            lines.append(ihex_record(4, 0, struct.pack(">H", base)))
        room = min(width, 0x10000 - (at & 0xFFFF))  # a record does not cross 64 KiB
        lines.append(ihex_record(0, at & 0xFFFF, firmware[position:position + room]))
        position += room
    lines.append(ihex_record(5, 0, struct.pack(">I", address + RESET_HANDLER | 1)))
    lines.append(ihex_record(1, 0))
    return "".join(lines).encode()


def srec_record(kind, address_size, address, data=b""):
    body = address.to_bytes(address_size, "big") + data
    record = bytes([len(body) + 1]) + body
    return f"S{kind}{record.hex()}{~sum(record) & 0xFF:02x}\n".upper()


def to_srec(address, firmware, width=32):
    lines = [srec_record(0, 2, 0, b"firmware")]
    for position in range(0, len(firmware), width):
        lines.append(srec_record(3, 4, address + position, firmware[position:position + width]))
    count = len(lines) - 1
    lines.append(srec_record(5, 2, count) if count < 1 << 16 else srec_record(6, 3, count))
    lines.append(srec_record(7, 4, address + RESET_HANDLER | 1))
    return "".join(lines).encode()


def to_elf(address, firmware):
    """Two segments, as with initialised data: the second one runs in RAM and is stored in flash."""
    note = struct.pack("<3I4s", 4, 20, 3, b"GNU\0") + hashlib.sha1(firmware).digest()
    names = b"\0.text\0.data\0.note.gnu.build-id\0.shstrtab\0"
    split = (len(firmware) // 2 + 3) & ~3
    program_headers, start = 52, 52 + 3 * 32
    note_at = start + len(firmware)
    names_at = note_at + len(note)
    sections_at = names_at + len(names) + 3 & ~3

    def program_header(kind, offset, vaddr, paddr, size, flags):
        return struct.pack("<8I", kind, offset, vaddr, paddr, size, size, flags, 4)

    def section(name, kind, flags, addr, offset, size):
        index = names.index(name + b"\0")
        return struct.pack("<10I", index, kind, flags, addr, offset, size, 0, 0, 4, 0)

    rest = len(firmware) - split
    elf = b"\x7fELF\1\1\1".ljust(16, b"\0")
    elf += struct.pack("<2H5I6H", 2, 40, 1, address + RESET_HANDLER | 1, program_headers,
                       sections_at, 0x05000200, 52, 32, 3, 40, 5, 4)
    elf += program_header(1, start, address, address, split, 5)
    elf += program_header(1, start + split, 0x20000000, address + split, rest, 6)
    elf += program_header(4, note_at, 0, 0, len(note), 4)
    elf += firmware + note + names
    elf = elf.ljust(sections_at, b"\0") + bytes(40)
    elf += section(b".text", 1, 6, address, start, split)
    elf += section(b".data", 1, 3, 0x20000000, start + split, rest)
    elf += section(b".note.gnu.build-id", 7, 0, 0, note_at, len(note))
    elf += section(b".shstrtab", 3, 0, 0, names_at, len(names))
    return elf


FORMATS = {
    "bin": lambda address, firmware: firmware,
    "hex": to_hex,
    "srec": to_srec,
    "elf": to_elf,
}


def number(text):
    return int(text, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", type=number, default=0x08000000, help="start of the firmware")
    parser.add_argument("--ram-end", type=number, default=0x20001000, help="initial stack pointer")
    parser.add_argument("--size", type=number, default=4096, help="bytes")
    parser.add_argument("--seed", type=number, default=1)
    parser.add_argument("--format", choices=FORMATS, default="bin")
    parser.add_argument("out")
    args = parser.parse_args()
    if args.size < CODE_END:
        sys.exit(f"{parser.prog}: the vector table alone takes {CODE_END} bytes")

    firmware = make_firmware(args.address, args.ram_end, args.size, args.seed)
    with open(args.out, "wb") as file:
        file.write(FORMATS[args.format](args.address, firmware))


if __name__ == "__main__":
    main()
