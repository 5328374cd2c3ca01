/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "virtual/virtual.h"

/* A host that speaks to a virtual STM32 byte by byte, on a virtual clock. */

struct host {
        struct virtual_stm32 *chip;
        uint64_t now;
        bool reset, boot0, boot1;
        unsigned baud;
        bool parity;
        uint64_t quiet; /* how long host_talk() waits for more; 60 s */
        uint64_t heard; /* when the last byte came */
};

/* A chip that has just got power, all lines low; fails the test if there is no such chip. */
struct host *host_new(const struct virtual_config *config);
struct host *host_free(struct host *host);

/* The same for a row of the table and a flash size (0: the largest); wire time, typical times. */
struct host *host_of(const char *chip, uint32_t flash_size);

void host_lines(struct host *host, bool reset, bool boot0);
void host_wait(struct host *host, uint64_t usec);
void host_format(struct host *host, unsigned baud, bool parity);

/* Pulses NRST with BOOT0 as given and waits until what starts has started. */
enum virtual_state host_reset(struct host *host, bool boot0);

/* Takes the power away for 10 ms. */
enum virtual_state host_power_cycle(struct host *host, bool boot0);

/* Into the ROM and synchronised, by whatever gets this row there as it was delivered. */
void host_enter(struct host *host);

/*
 * Sends bytes ("31 CE"), then listens until nothing more can come, or host->quiet. Fails unless
 * exactly `expected` came. Returns the microseconds from the first byte sent to the last received.
 */
uint64_t host_talk(struct host *host, const char *send, const char *expected);

void host_send(struct host *host, const char *send);

/* Whatever comes within `usec`; time goes on as far as anything happens. Returns how many bytes. */
size_t host_listen(struct host *host, uint64_t usec, uint8_t *ret_data, size_t size);

/* Commands in full: each fails the test unless it is acknowledged as AN3155 says. */
void host_write(struct host *host, uint32_t address, const void *data, size_t size);
void host_read(struct host *host, uint32_t address, void *ret_data, size_t size);
void host_erase(struct host *host, const uint16_t *pages, size_t n);
void host_erase_all(struct host *host);
void host_go(struct host *host, uint32_t address);

/* A vector table that can run: stack pointer, then a reset vector to code at +0x40. */
void host_write_application(struct host *host, uint32_t address);
void host_poke_application(struct host *host, uint32_t address);

/* Whether `size` bytes of its memory are all `value`. */
bool host_is_filled(struct host *host, uint32_t address, size_t size, uint8_t value);
