#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What does not add up in the data files is a build error that names the row."""

import importlib.util
import pathlib
import sys
import tempfile

DEVICES = [
    (",F4,", ",F4", "wrong number of fields"),
    ("0x413,", "0x412,", "a product ID is given twice"),
    ("0x413,", "413,", "413: not a product ID"),
    ("BULK_ID_READ", "BULK_ID", "unknown quirk BULK_ID"),
    ("GET_COUNT GO_NO_ACK", "GET_COUNT GET_COUNT", "0x450: quirk given twice"),
    (",64x1K,", ",63x1K,", "63x1K is not 65536 bytes"),
    (",64x1K,", ",64y1K,", "0x440: not a number: 64y1K"),
    ("1024K=2x(4x128K)@1M", "1024K=2x(3x128K)@1M", "0x450: does not add up"),
    ("1024K=2x(4x128K)@1M", "2048K=2x(8x128K)", "0x450: not smaller"),
    (',12,"1024K=', ',11,"1024K=', "0x419: bank2_first within bank 1"),
    ("STM32F405 ", "STM32F429 ", "0x419 STM32F429 overlaps 0x413 STM32F429"),
    ("STM32F103x8 ", "STM32F103xE ", "0x414 STM32F103xE overlaps 0x410 STM32F103xE"),
    ("STM32F405 ", "STM32F4x5 ", "overlaps"),
    ("STM32F405 ", "F405 ", "not a part number: F405"),
    ("0x1FFF7A22", "0x1FFF7A2G", "not an address: 0x1FFF7A2G"),
    ("0x1FFFC000-0x1FFFC00F", "0x1FFFC00F-0x1FFFC000", "not a range"),
    ("0x24004000-0x2404FFFF", "0x20010000-0x2404FFFF", "0x483: ranges overlap"),
    (",84.59,", ",84;59,", "not a time: 84;59"),
    (",f72,", ",f73,", "0x452: unknown timing class f73"),
    (",f72,", ",l4,", "0x452: fast times and VOLTAGE_RANGE disagree"),
    (",32,32,", ",32,24,", "not a power of two"),
    ("flash_kib layout", "flash_kib lay", "unproven: no column lay"),
    ("STM32C011,C0,M0+,,", "STM32C011,C0,M0+,,BANK_SWAP ", "BANK_SWAP without a second bank"),
    ("256K=2x(16x8K)@256K", "256K=16x8K/16x8K@256K", ""),
    ("256K=2x(16x8K)@256K", "256K=24x8K/8x8K@256K", "BANK_SWAP of banks that differ"),
]

TIMING = [
    ("16K=400/800 ", "", "0x411: no erase time for pages of {16384}"),
    ("1:16/100", "1:160/100", "f2: typical above worst"),
    ("16K=400/800 ", "16K=400 ", "f2: not a pair of times: 400"),
    ("f72,", "f4,", "f4: given twice"),
    ("wb0,", "wb9,", "unknown timing class wb0"),
]


sys.dont_write_bytecode = True  # nothing of ours goes beside the sources


def load(path):
    spec = importlib.util.spec_from_file_location("generator", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def message_of(generator, texts):
    """What the generator says of these files; empty if it makes a table."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [pathlib.Path(directory, name) for name in ("devices.csv", "timing.csv", "out.c")]
        for path, text in zip(paths, texts):
            path.write_text(text, encoding="ascii")
        try:
            generator.generate(*paths)
        except generator.Bad as error:
            return f"{error}, and wrote a table" if paths[2].exists() else str(error)
        return "" if paths[2].exists() else "no table"


def main():
    generator_path, *paths = sys.argv[1:]
    generator = load(generator_path)
    texts = [pathlib.Path(path).read_text(encoding="ascii") for path in paths]
    failures = 0

    def run(changed, expected):
        message = message_of(generator, changed)
        good = expected in message if expected else message == ""
        if not good or "wrote a table" in message:
            print(f"expected '{expected}', got '{message}'")
            return 1
        return 0

    failures += run(texts, "")
    for index, cases in enumerate((DEVICES, TIMING)):
        for old, new, expected in cases:
            changed = list(texts)
            changed[index] = changed[index].replace(old, new, 1)
            if changed == texts:
                print(f"'{old}' is not there to be damaged")
                failures += 1
            failures += run(changed, expected)

    print(f"{len(DEVICES) + len(TIMING)} damaged tables, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
