/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FTDI FT232R with its CBUS pins as GPIO. Requests as the kernel's ftdi_sio makes them; baud
 * rates: AN232B-05; latency timer: AN232B-04.
 */
#include <errno.h>
#include <string.h>

#include "adapter.h"
#include "util/bytes.h"
#include "util/macro.h"

enum {
        RESET = 0,
        MODEM_CONTROL = 1,
        SET_FLOW = 2,
        SET_BAUDRATE = 3,
        SET_DATA = 4,
        GET_MODEM_STATUS = 5,
        SET_LATENCY = 9,
        GET_LATENCY = 0xa,
        SET_BITMODE = 0xb,
        READ_PINS = 0xc,
        READ_EEPROM = 0x90,
};

#define BITMODE_CBUS 0x20

/* The two bytes in front of each packet: CTS and DSR on; all sent, or not. */
#define MODEM_STATUS     0x30
#define LINE_STATUS      0x60
#define LINE_STATUS_BUSY 0x00

static void reset(struct adapter *adapter) {
        adapter->latency = 16;
        adapter->latency_time = 0;
}

/* A divisor of 3 MHz in eighths: 14 bits whole, 3 bits of code. 0 and 1 are 3 and 2 MBd. */
static unsigned divisor_baud(uint16_t value, uint16_t index) {
        static const unsigned eighths[] = { 0, 4, 2, 1, 3, 5, 6, 7 };
        unsigned whole = value & 0x3fff, code = (unsigned)(value >> 14) | (index & 1U) << 2;

        if (whole <= 1 && code == 0)
                return whole == 0 ? 3000000 : 2000000;
        return 24000000 / (MAX(whole, 1U) * 8 + eighths[code]);
}

/* Low half: levels of the pins that are outputs, which the high half tells. */
static void set_cbus(struct adapter *adapter, uint8_t value) {
        uint8_t outputs = value >> 4;

        adapter->gpio = (uint8_t)((value & outputs) | (GPIO_PULLS & ~outputs));
        adapter_apply_lines(adapter);
}

static int read_request(struct adapter *adapter, const struct setup *setup, uint8_t *data) {
        switch (setup->request) {
        case GET_MODEM_STATUS:
                data[0] = MODEM_STATUS;
                data[1] = adapter_backlog(adapter) ? LINE_STATUS_BUSY : LINE_STATUS;
                return 2;
        case GET_LATENCY:
                data[0] = adapter->latency;
                return 1;
        case READ_PINS:
                data[0] = adapter->gpio;
                return 1;
        case READ_EEPROM: /* word 0x0a: functions of the CBUS pins, all GPIO */
                put_le16(data, setup->index == 0x0a ? 0xaaaa : 0);
                return 2;
        default:
                return -EPIPE;
        }
}

static int write_request(struct adapter *adapter, const struct setup *setup) {
        switch (setup->request) {
        case RESET:
                if (setup->value == 1)
                        adapter->n_rx = 0;
                break;
        case MODEM_CONTROL:
                adapter_set_modem_lines(adapter, setup->value);
                break;
        case SET_BAUDRATE:
                adapter->baud = divisor_baud(setup->value, setup->index);
                adapter_apply_format(adapter);
                break;
        case SET_DATA:
                adapter->data_bits = (uint8_t)setup->value;
                adapter->parity = setup->value >> 8 & 7;
                adapter->stop_bits = (setup->value >> 11 & 7) == 0 ? 1 : 2;
                adapter_apply_format(adapter);
                break;
        case SET_LATENCY:
                adapter->latency = (uint8_t)setup->value;
                board_log(adapter->board, "latency timer: %u ms", adapter->latency);
                break;
        case SET_BITMODE:
                if (setup->value >> 8 == BITMODE_CBUS)
                        set_cbus(adapter, (uint8_t)setup->value);
                break;
        default: /* flow control, event and error characters: nothing to show */
                break;
        }
        return setup->length;
}

static int control(struct adapter *adapter, const struct setup *setup, uint8_t *data) {
        return setup->type & 0x80 ? read_request(adapter, setup, data)
                                  : write_request(adapter, setup);
}

/* A packet goes out when it is full, or when the latency timer has run. */
static size_t fetch(struct adapter *adapter, uint8_t *ret_packet, size_t size) {
        size_t room = MIN(size, (size_t)ADAPTER_PACKET);

        if (room < 2 || (adapter->n_rx < room - 2 && adapter->board->now < adapter->latency_time))
                return 0;
        adapter->latency_time = adapter->board->now + adapter->latency * USEC_PER_MSEC;
        ret_packet[0] = MODEM_STATUS | 1;
        ret_packet[1] = adapter_backlog(adapter) ? LINE_STATUS_BUSY : LINE_STATUS;
        return 2 + adapter_take(adapter, ret_packet + 2, room - 2);
}

static uint64_t fetch_time(const struct adapter *adapter) {
        return adapter->latency_time;
}

const struct adapter_type adapter_ft232r = {
        .name = "ft232r",
        .vendor_name = "FTDI",
        .product_name = "FT232R USB UART",
        .vendor = 0x0403,
        .product = 0x6001,
        .release = 0x0600,
        .in_endpoint = 1,
        .out_endpoint = 2,
        .reset = reset,
        .control = control,
        .fetch = fetch,
        .fetch_time = fetch_time,
};
