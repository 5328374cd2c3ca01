/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/command.h"
#include "boot/exchange.h"

/* The commands of ST AN3155 as exchanges. Time-outs are microseconds, without time on the wire. */

/* A ROM answers at once except where it programs or erases; three times what was ever seen, and
 * what a loaded host and a USB adapter add. */
#define AN3155_TIMEOUT 1000000ULL

/* Pages in one erase command: ROM limits are not published, ST's open bootloader keeps 581. Few
 * enough that a time-out still tells something. */
#define AN3155_ERASE_PAGES_MAX 64

/* Get: data is the version, then the command codes. */
void an3155_get(struct exchange *ret);

/* Get ID: data is the product ID, most significant byte first. */
void an3155_get_id(struct exchange *ret);
uint16_t an3155_chip_id(const struct exchange *exchange);

/* Read Memory: 1..256 bytes. */
void an3155_read(struct exchange *ret, uint32_t address, size_t size);

/* Write Memory: 1..256 bytes. The final ACK comes after programming, and proves nothing. */
void an3155_write(struct exchange *ret, uint32_t address, const uint8_t *data, size_t size,
                  uint64_t timeout);

/* Go: the stack pointer is loaded from `address`, the program counter from the next word. */
void an3155_go(struct exchange *ret, uint32_t address);

/* Can the command name a page of this number? Erase (0x43) has one byte for it (AN3155 3.7). */
bool an3155_erase_names(uint8_t command, uint16_t page);

/* Erase (0x43) or Extended Erase (0x44) of 1..AN3155_ERASE_PAGES_MAX pages that it can name. */
void an3155_erase(struct exchange *ret, uint8_t command, const uint16_t *pages, size_t n_pages,
                  uint64_t timeout);

/* Everything, with the command given. */
void an3155_erase_all(struct exchange *ret, uint8_t command, uint64_t timeout);

/* Bank 1 or 2; Extended Erase only. */
void an3155_erase_bank(struct exchange *ret, uint8_t bank, uint64_t timeout);

/* Write Protect: 1..256 sectors; the list replaces the one in force. */
void an3155_write_protect(struct exchange *ret, const uint8_t *sectors, size_t n_sectors,
                          uint64_t timeout);

/* Write Unprotect (0x73), Readout Protect (0x82), Readout Unprotect (0x92): two ACKs, the second
 * when the work is done. */
void an3155_protection(struct exchange *ret, uint8_t command, uint64_t timeout);
