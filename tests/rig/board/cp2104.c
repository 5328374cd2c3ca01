/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Silicon Labs CP2104. Requests: AN571; port configuration and latch as the kernel's cp210x. */
#include <errno.h>
#include <string.h>

#include "adapter.h"
#include "util/bytes.h"
#include "util/macro.h"

enum {
        SET_LINE_CTL = 0x03,
        GET_LINE_CTL = 0x04,
        SET_MHS = 0x07,
        GET_MDMSTS = 0x08,
        GET_COMM_STATUS = 0x10,
        PURGE = 0x12,
        SET_FLOW = 0x13,
        GET_FLOW = 0x14,
        EMBED_EVENTS = 0x15,
        GET_BAUDRATE = 0x1d,
        SET_BAUDRATE = 0x1e,
        VENDOR_SPECIFIC = 0xff,
};

/* Values of VENDOR_SPECIFIC. */
enum {
        READ_LATCH = 0x00c2,
        GET_PARTNUM = 0x370b,
        GET_PORTCONFIG = 0x370c,
        WRITE_LATCH = 0x37e1,
};

#define PARTNUM_CP2104 0x04
#define ESCAPE         0xec

/* GPIO 1 is open drain, for NRST; the others drive both ways. */
#define GPIO_PUSH_PULL 0x0d

static void reset(struct adapter *adapter) {
        adapter->line_control = 0x0800;
        adapter->escape = false;
        memset(adapter->flow, 0, sizeof(adapter->flow));
}

static void set_line_control(struct adapter *adapter, uint16_t value) {
        adapter->line_control = value;
        adapter->data_bits = (uint8_t)(value >> 8);
        adapter->parity = value >> 4 & 0xf;
        adapter->stop_bits = (value & 0xf) == 0 ? 1 : 2;
        adapter_apply_format(adapter);
}

static int vendor_specific(struct adapter *adapter, const struct setup *setup, uint8_t *data) {
        uint8_t mask = (uint8_t)setup->index, state = (uint8_t)(setup->index >> 8);

        switch (setup->value) {
        case GET_PARTNUM:
                data[0] = PARTNUM_CP2104;
                return 1;
        case GET_PORTCONFIG: /* gpio_mode at 0, reset_state at 4, device_cfg at 12 */
                memset(data, 0, setup->length);
                if (setup->length < 13)
                        return -EPIPE;
                put_le16(data, GPIO_PUSH_PULL << 8);
                put_le16(data + 4, GPIO_PULLS << 8);
                return setup->length;
        case READ_LATCH:
                data[0] = adapter->gpio;
                return 1;
        case WRITE_LATCH:
                adapter->gpio = (uint8_t)((adapter->gpio & ~mask) | (state & mask));
                adapter_apply_lines(adapter);
                return 0;
        default:
                return -EPIPE;
        }
}

static int read_request(struct adapter *adapter, const struct setup *setup, uint8_t *data) {
        size_t length = setup->length;

        memset(data, 0, length);
        switch (setup->request) {
        case GET_LINE_CTL:
                if (length >= 2)
                        put_le16(data, adapter->line_control);
                return 2;
        case GET_MDMSTS:
                data[0] = (uint8_t)(adapter->dtr | adapter->rts << 1);
                return 1;
        case GET_COMM_STATUS: /* ulAmountInInQueue at 8, ulAmountInOutQueue at 12 */
                if (length < 19)
                        return -EPIPE;
                put_le32(data + 8, (uint32_t)adapter->n_rx);
                put_le32(data + 12, (uint32_t)adapter_backlog(adapter));
                return 19;
        case GET_FLOW:
                memcpy(data, adapter->flow, MIN(length, sizeof(adapter->flow)));
                return sizeof(adapter->flow);
        case GET_BAUDRATE:
                if (length >= 4)
                        put_le32(data, adapter->baud);
                return 4;
        default:
                return -EPIPE;
        }
}

static int write_request(struct adapter *adapter, const struct setup *setup, const uint8_t *data) {
        switch (setup->request) {
        case SET_LINE_CTL:
                set_line_control(adapter, setup->value);
                break;
        case SET_BAUDRATE:
                if (setup->length != 4)
                        return -EPIPE;
                adapter->baud = get_le32(data);
                adapter_apply_format(adapter);
                break;
        case SET_MHS:
                adapter_set_modem_lines(adapter, setup->value);
                break;
        case SET_FLOW:
                memcpy(adapter->flow, data, MIN(setup->length, sizeof(adapter->flow)));
                break;
        case PURGE:
                adapter->n_rx = 0;
                break;
        case EMBED_EVENTS:
                adapter->escape = setup->value == ESCAPE;
                break;
        default: /* enable, event masks, special characters: nothing to show */
                break;
        }
        return setup->length;
}

static int control(struct adapter *adapter, const struct setup *setup, uint8_t *data) {
        if (setup->request == VENDOR_SPECIFIC)
                return vendor_specific(adapter, setup, data);
        return setup->type & 0x80 ? read_request(adapter, setup, data)
                                  : write_request(adapter, setup, data);
}

static size_t fetch(struct adapter *adapter, uint8_t *ret_packet, size_t size) {
        size_t n = 0;

        /* In event mode the escape character itself is escaped. */
        while (n + 1 < size && adapter_take(adapter, &ret_packet[n], 1) == 1)
                if (ret_packet[n++] == ESCAPE && adapter->escape)
                        ret_packet[n++] = 0;
        return n;
}

const struct adapter_type adapter_cp2104 = {
        .name = "cp2104",
        .vendor_name = "Silicon Labs",
        .product_name = "CP2104 USB to UART Bridge Controller",
        .vendor = 0x10c4,
        .product = 0xea60,
        .release = 0x0100,
        .in_endpoint = 1,
        .out_endpoint = 1,
        .reset = reset,
        .control = control,
        .fetch = fetch,
};
