/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"

/*
 * A USB-UART adapter as its kernel driver sees it: descriptors, vendor requests, bulk data. Behind
 * it sits a board. An adapter's own file knows its requests; usb.c moves the data.
 */

#define ADAPTER_PACKET 64
#define ADAPTER_BUFFER 4096

enum wiring {
        WIRING_GPIO,  /* BOOT0 and NRST at the adapter's GPIO pins 0 and 1 */
        WIRING_MODEM, /* BOOT0 at RTS, NRST at DTR, directly: asserted is low */
        WIRING_NONE,
};

struct adapter {
        const struct adapter_type *type;
        struct board *board;
        enum wiring wiring;
        const char *serial;

        bool dtr, rts;
        uint8_t gpio; /* levels at the pins */
        unsigned baud;
        uint8_t data_bits, parity, stop_bits; /* parity: 0 none, 1 odd, 2 even */

        uint8_t rx[ADAPTER_BUFFER]; /* from the chip, not yet fetched by the host */
        size_t n_rx;

        uint16_t line_control; /* CP2104 */
        uint8_t flow[16];      /* CP2104 */
        bool escape;           /* CP2104: marks events in the data */
        uint8_t latency;       /* FT232R: milliseconds */
        uint64_t latency_time; /* FT232R: when it answers without 62 bytes */
        uint16_t divisor_low;  /* FT232R */
};

struct setup {
        uint8_t type, request;
        uint16_t value, index, length;
};

struct adapter_type {
        const char *name, *vendor_name, *product_name;
        uint16_t vendor, product, release;
        uint8_t in_endpoint, out_endpoint;

        /* What power-up sets besides the registers that all have; may be NULL. */
        void (*reset)(struct adapter *adapter);

        /* A vendor or class request with its data, `length` bytes of room or content. Returns how
         * many bytes it moves, or -EPIPE: not understood. */
        int (*control)(struct adapter *adapter, const struct setup *setup, uint8_t *data);

        /* What goes into the next packet to the host; 0: nothing yet. */
        size_t (*fetch)(struct adapter *adapter, uint8_t *ret_packet, size_t size);

        /* When fetch() is to be asked again though nothing came from the chip; may be NULL. */
        uint64_t (*fetch_time)(const struct adapter *adapter);
};

extern const struct adapter_type adapter_cp2104, adapter_ft232r, adapter_modem;

/* Levels of the GPIO pins while nothing drives them: BOOT0 is pulled down, the others up. */
#define GPIO_PULLS 0x0e

/* Power-up. */
void adapter_reset(struct adapter *adapter);

/* DTR and RTS in bits 0 and 1, each if bit 8 or 9 says so: CP2104 and FT232R agree. */
void adapter_set_modem_lines(struct adapter *adapter, uint16_t value);

/* Tell the board what the registers now say. */
void adapter_apply_format(struct adapter *adapter);
void adapter_apply_lines(struct adapter *adapter);

/* Bytes that the host sent and that are not on the wire yet. */
size_t adapter_backlog(const struct adapter *adapter);

/* Takes up to `size` received bytes. */
size_t adapter_take(struct adapter *adapter, uint8_t *ret_data, size_t size);
