#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turns devices.csv and timing.csv into chip_table.c, and refuses whatever does not add up."""

import csv
import re
import sys

QUIRKS = """8N1 NO_MASS_ERASE NO_BANK_ERASE ONE_PAGE_ERASE ONE_PAGE_BANK2 DOUBLE_NACK
DOUBLE_SYNC_ACK SILENT_ADDRESS GET_COUNT GO_NO_ACK EARLY_ERASE_ACK BULK_ID_READ EMPTY_CHECK
EMPTY_CLEARED PIN_OFF VOLTAGE_RANGE REREAD BLOCK_128 SIZE_CODE NO_RDP RESET_AFTER_OB NO_RAM
STRICT_HALFWORD ECC SIZE_LOW_BYTE BANK_SWAP NO_OPTION_LAUNCH""".split()

DEVICE_COLUMNS = """id name parts family core unusable quirks timing flash_start flash_kib layout
layout_other bank2_first smaller erased program_unit write_align ram options system alias
size_register unique_id bootloader_id pattern pins startup_ms startup_slow_ms jitter_percent
baud_max rom_ids protocol erase notes sources confidence unproven""".split()

TIMING_COLUMNS = """name program erase_ms mass_ms program_fast erase_fast_ms mass_fast_ms unproven
source""".split()

RANGES_MAX = 4
ERASE_TIMES_MAX = 5
RUNS_MAX = 8


class Bad(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Bad(message)


def read_rows(path, columns):
    with open(path, newline="", encoding="ascii") as file:
        reader = csv.DictReader(file, strict=True)
        check(reader.fieldnames == columns, f"columns are {reader.fieldnames}")
        rows = list(reader)
    for row in rows:
        check(None not in row and None not in row.values(), f"wrong number of fields: {row}")
    return rows


# ---- values ----


def number(text, least=0, most=0xFFFFFFFF):
    check(re.fullmatch(r"[0-9]+", text or "0"), f"not a number: {text}")
    value = int(text or "0")
    check(least <= value <= most, f"out of range: {text}")
    return value


def address(text):
    if not text:
        return 0
    check(re.fullmatch(r"0x[0-9A-F]{8}", text), f"not an address: {text}")
    return int(text, 16)


def ranges(text):
    found = []
    for item in text.split():
        first, _, last = item.partition("-")
        first, last = address(first), address(last)
        check(last > first, f"not a range: {item}")
        check(
            all(last < other or first > other_last for other, other_last in found),
            f"ranges overlap: {text}",
        )
        found.append((first, last))
    check(len(found) <= RANGES_MAX, f"too many ranges: {text}")
    return [(first, last - first + 1) for first, last in found]


def size(text):
    match = re.fullmatch(r"([1-9][0-9]*)([KM]?)", text)
    check(match, f"not a size: {text}")
    return int(match[1]) << {"": 0, "K": 10, "M": 20}[match[2]]


def usec(text):
    """Milliseconds to microseconds."""
    check(re.fullmatch(r"[0-9]+(\.[0-9]+)?", text or "0"), f"not a time: {text}")
    return round(float(text or "0") * 1000)


# ---- layouts ----


def bank_runs(text):
    runs = []
    for item in text.split(","):
        pages, _, page_size = item.partition("x")
        runs.append((number(pages, 1, 0xFFFF), size(page_size)))
    return runs


def layout_banks(text):
    """The runs of each bank; text as in flash_map_parse()."""
    text = re.sub(r"(?<=[)0-9KM])@[0-9]+[KM]$", "", text)
    twice = re.fullmatch(r"2x\((.*)\)", text)
    banks = [twice[1]] * 2 if twice else text.split("/")
    check(len(banks) <= 2, f"more than two banks: {text}")
    banks = [bank_runs(bank) for bank in banks]
    check(sum(len(bank) for bank in banks) <= RUNS_MAX, f"too many runs: {text}")
    return banks


def layout_size(text):
    return sum(pages * page for bank in layout_banks(text) for pages, page in bank)


def page_sizes(text):
    return {page for bank in layout_banks(text) for _, page in bank}


def smaller_parts(text, flash_size):
    """ "768K=LAYOUT 512K=LAYOUT|LAYOUT_OTHER" """
    parts = []
    for item in text.split():
        part_size, _, layouts = item.partition("=")
        layouts = layouts.split("|")
        check(len(layouts) <= 2, f"more than two layouts: {item}")
        for layout in layouts:
            check(layout_size(layout) == size(part_size), f"does not add up: {item}")
        check(size(part_size) < flash_size, f"not smaller: {item}")
        parts.append((size(part_size), *layouts, *[None] * (2 - len(layouts))))
    check(len({part[0] for part in parts}) == len(parts), f"size given twice: {text}")
    return parts


# ---- names ----


def names_fit(a, b):
    """As chip_name_fits() compares them."""
    return all(x == y or "x" in (x, y) for x, y in zip(a, b))


def check_names(devices):
    """One name must not fit two rows, but where one of them says so with a plus."""
    seen = []
    for row in devices:
        for part in row["parts"].split():
            shared = part.startswith("+")
            part = part.lstrip("+")
            check(re.fullmatch(r"STM32[0-9A-Zx]{3,}", part), f"not a part number: {part}")
            for other, other_shared, other_row in seen:
                allowed = row is not other_row and (shared or other_shared)
                check(
                    allowed or not names_fit(part, other),
                    f"{row['id']} {part} overlaps {other_row['id']} {other}",
                )
            seen.append((part, shared, row))


# ---- timing ----


def speed(program, erase, mass):
    if not program:
        check(not erase and not mass, "erase times without program time")
        return None

    match = re.fullmatch(r"([0-9]+):([0-9.]+)/([0-9.]+)", program)
    check(match, f"not a program time: {program}")
    unit = number(match[1], 1)
    times = [round(float(match[2]) * 1000), round(float(match[3]) * 1000)]
    check(0 < times[0] <= times[1], f"typical above worst: {program}")

    erases = []
    for item in erase.split():
        page, _, pair = item.partition("=")
        erases.append((size(page), *pair_usec(pair)))
    check(0 < len(erases) <= ERASE_TIMES_MAX, f"erase times: {erase}")
    check(erases == sorted(erases), f"page sizes not in order: {erase}")

    if mass == "pages":
        return unit, times, erases, (0, 0), 0
    scope, _, pair = mass.partition(":")
    return unit, times, erases, pair_usec(pair), 0 if scope == "bank" else size(scope)


def pair_usec(text):
    typical, _, worst = text.partition("/")
    typical, worst = usec(typical), usec(worst)
    check(0 < typical <= worst, f"not a pair of times: {text}")
    return typical, worst


def read_timing(path):
    classes = {}
    for row in read_rows(path, TIMING_COLUMNS):
        try:
            check(row["name"] not in classes, "given twice")
            check(row["source"], "no source")
            classes[row["name"]] = (
                speed(row["program"], row["erase_ms"], row["mass_ms"]),
                speed(row["program_fast"], row["erase_fast_ms"], row["mass_fast_ms"]),
            )
        except Bad as error:
            raise Bad(f"{row['name']}: {error}") from None
    return classes


# ---- C ----


def c_string(text):
    if not text:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def c_ranges(found):
    return "{ " + ", ".join(f"{{ 0x{start:08X}, 0x{length:X} }}" for start, length in found) + " }"


def c_speed(values):
    unit, times, erases, mass, mass_size = values
    erases = ", ".join(f"{{ {page}, {{ {a}, {b} }} }}" for page, a, b in erases)
    return (
        f"{{ .program_bytes = {unit}, "
        f".program_nsec = {{ {times[0]}, {times[1]} }},\n"
        f"                .erase = {{ {erases} }},\n"
        f"                .mass_usec = {{ {mass[0]}, {mass[1]} }}, .mass_size = {mass_size} }}"
    )


def c_device(row, timing):
    """Checks one row and returns its lists and its initializer."""
    chip_id = row["id"]
    check(re.fullmatch(r"0x[0-9A-F]{3}", chip_id), "not a product ID")
    for column in ("name", "family", "core", "confidence"):
        check(row[column], f"no {column}")

    for column in row["unproven"].split():
        check(column in DEVICE_COLUMNS, f"unproven: no column {column}")

    quirks = row["quirks"].split()
    for quirk in quirks:
        check(quirk in QUIRKS, f"unknown quirk {quirk}")
    check(len(set(quirks)) == len(quirks), "quirk given twice")

    flash_size = number(row["flash_kib"]) << 10
    layouts = [text for text in (row["layout"], row["layout_other"]) if text]
    parts = smaller_parts(row["smaller"], flash_size)
    for layout in layouts:
        check(layout_size(layout) == flash_size, f"{layout} is not {flash_size} bytes")
    if not row["unusable"]:
        check(flash_size > 0 and row["layout"], "no flash size or layout")
        check(row["timing"], "no timing class")
        check(row["system"] and row["pins"] and row["pattern"], "no ROM, pins or boot pattern")
        check(number(row["program_unit"]) > 0, "no program unit")
        check(number(row["write_align"]) > 0, "no write alignment")
        check(address(row["flash_start"]) > 0, "no start of flash")

    unit, align = number(row["program_unit"], 0, 128), number(row["write_align"], 0, 128)
    check(unit & (unit - 1) == 0 and align & (align - 1) == 0, "not a power of two")
    check(unit == 0 or align % unit == 0, "write alignment splits program units")
    check(unit == 0 or align % 4 == 0, "AN3155 3.6: writes are multiples of 4")

    if row["timing"]:
        check(row["timing"] in timing, f"unknown timing class {row['timing']}")
        fast = timing[row["timing"]][1]
        check(bool(fast) == ("VOLTAGE_RANGE" in quirks), "fast times and VOLTAGE_RANGE disagree")
        trimmed = [text for part in parts for text in part[1:] if text]
        sizes = set().union(*map(page_sizes, layouts + trimmed))
        for values in filter(None, timing[row["timing"]]):
            missing = sizes - {erase[0] for erase in values[2]}
            check(not missing, f"no erase time for pages of {missing}")

    bank2_first = number(row["bank2_first"], 0, 0xFFFF)
    if bank2_first:
        dual = [banks for banks in map(layout_banks, layouts) if len(banks) == 2]
        check(dual, "bank2_first without a second bank")
        for banks in dual:
            check(bank2_first >= sum(pages for pages, _ in banks[0]), "bank2_first within bank 1")
    if "BANK_SWAP" in quirks:
        banks = [layout_banks(text) for part in [layouts] + [part[1:] for part in parts]
                 for text in part if text]
        check(len(banks[0]) == 2, "BANK_SWAP without a second bank")
        check(all(dual[0] == dual[-1] for dual in banks), "BANK_SWAP of banks that differ")

    symbol = chip_id[2:].lower()
    names = [c_string(part.lstrip("+")) for part in row["parts"].split()] + ["NULL"]
    lists = f"static const char *const parts_{symbol}[] = {{ {', '.join(names)} }};\n"
    if parts:
        items = ", ".join(f"{{ {s}, {c_string(a)}, {c_string(b)} }}" for s, a, b in parts)
        lists += f"static const struct chip_part smaller_{symbol}[] = {{ {items}, {{ 0 }} }};\n"
    if row["timing"]:
        slow, fast = timing[row["timing"]]
        lists += f"static const struct chip_data data_{symbol} = {{\n"
        lists += f"        .speed = {c_speed(slow)},\n"
        if fast:
            lists += f"        .speed_fast = {c_speed(fast)},\n"
        if parts:
            lists += f"        .smaller = smaller_{symbol},\n"
        lists += "};\n"

    system = ranges(row["system"]) or [(0, 0)]
    check(len(system) == 1, "more than one system memory")
    aliases = [(address(alias), flash_size) for alias in row["alias"].split()]
    fields = {
        "id": chip_id,
        "name": c_string(row["name"]),
        "parts": f"parts_{symbol}",
        "family": c_string(row["family"]),
        "core": c_string(row["core"]),
        "unusable": c_string(row["unusable"]),
        "quirks": " | ".join(f"CHIP_QUIRK_{quirk}" for quirk in quirks) or "0",
        "flash_start": f"0x{address(row['flash_start']):08X}",
        "flash_size": flash_size,
        "layout": c_string(row["layout"]),
        "layout_other": c_string(row["layout_other"]),
        "bank2_first": bank2_first,
        "erased": f"0x{int(row['erased'] or '0xFF', 16):02X}",
        "program_unit": unit,
        "write_align": align,
        "ram": c_ranges(ranges(row["ram"])),
        "options": c_ranges(ranges(row["options"])),
        "system": c_ranges(system)[2:-2],
        "alias": c_ranges(aliases),
        "flash_size_register": f"0x{address(row['size_register']):08X}",
        "unique_id": f"0x{address(row['unique_id']):08X}",
        "bootloader_id": f"0x{address(row['bootloader_id']):08X}",
        "pattern": number(row["pattern"], 0, 19),
        "pins": c_string(row["pins"]),
        "startup_usec": usec(row["startup_ms"]),
        "startup_slow_usec": usec(row["startup_slow_ms"]),
        "jitter_percent": number(row["jitter_percent"], 0, 20),
        "baud_max": number(row["baud_max"]),
        "notes": c_string(row["notes"]),
        "data": f"&data_{symbol}" if row["timing"] else "NULL",
    }
    for empty in ("ram", "options", "alias"):
        if fields[empty] == "{  }":
            del fields[empty]
    return lists, "".join(f"                .{key} = {value},\n" for key, value in fields.items())


def generate(devices_path, timing_path, output_path):
    timing = read_timing(timing_path)
    devices = read_rows(devices_path, DEVICE_COLUMNS)
    check(len({row["id"] for row in devices}) == len(devices), "a product ID is given twice")
    check_names(devices)

    lists, table = "", ""
    for row in devices:
        try:
            row_lists, initializer = c_device(row, timing)
        except Bad as error:
            raise Bad(f"{row['id']}: {error}") from None
        lists += row_lists
        table += "        {\n" + initializer + "        },\n"
    unused = set(timing) - {row["timing"] for row in devices}
    check(not unused, f"timing classes without a chip: {unused}")

    with open(output_path, "w", encoding="ascii") as file:
        file.write("/* Generated from devices.csv and timing.csv. */\n")
        file.write('#include "chip/chip-data.h"\n#include "chip/chip.h"\n\n')
        file.write(lists)
        file.write("\nconst struct chip chip_table[] = {\n" + table + "};\n\n")
        file.write("const size_t chip_table_size = sizeof(chip_table) / sizeof(chip_table[0]);\n")


if __name__ == "__main__":
    try:
        generate(*sys.argv[1:])
    except (Bad, OSError, ValueError, csv.Error) as error:
        sys.exit(f"gen-chip-table.py: {error}")
