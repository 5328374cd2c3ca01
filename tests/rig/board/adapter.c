/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "adapter.h"

#include <string.h>

#include "util/macro.h"

void adapter_apply_format(struct adapter *adapter) {
        if (adapter->data_bits == 8 && adapter->stop_bits == 1 && adapter->parity != 1)
                board_set_format(adapter->board, adapter->baud, adapter->parity == 2);
        else
                board_log(adapter->board, "no format that a ROM knows: %u bits, parity %u",
                          adapter->data_bits, adapter->parity);
}

void adapter_apply_lines(struct adapter *adapter) {
        switch (adapter->wiring) {
        case WIRING_GPIO:
                board_set_lines(adapter->board, !(adapter->gpio & 2), adapter->gpio & 1, false);
                break;
        case WIRING_MODEM:
                board_set_lines(adapter->board, adapter->dtr, !adapter->rts, false);
                break;
        case WIRING_NONE:
                break;
        }
}

void adapter_reset(struct adapter *adapter) {
        adapter->baud = 9600;
        adapter->data_bits = 8;
        adapter->parity = 0;
        adapter->stop_bits = 1;
        adapter->dtr = adapter->rts = false;
        adapter->gpio = GPIO_PULLS;
        adapter->n_rx = 0;
        if (adapter->type->reset)
                adapter->type->reset(adapter);
        adapter_apply_format(adapter);
        adapter_apply_lines(adapter);
}

void adapter_set_modem_lines(struct adapter *adapter, uint16_t value) {
        if (value & 0x100)
                adapter->dtr = value & 1;
        if (value & 0x200)
                adapter->rts = value & 2;
        adapter_apply_lines(adapter);
}

size_t adapter_backlog(const struct adapter *adapter) {
        uint64_t empty = virtual_tx_empty_time(adapter->board->chip), now = adapter->board->now;
        unsigned bits = adapter->parity ? 11 : 10;

        if (empty <= now || empty == USEC_INFINITY)
                return 0;
        return (size_t)((empty - now) * adapter->baud / USEC_PER_SEC / bits) + 1;
}

size_t adapter_take(struct adapter *adapter, uint8_t *ret_data, size_t size) {
        size_t n = MIN(size, adapter->n_rx);

        memcpy(ret_data, adapter->rx, n);
        adapter->n_rx -= n;
        memmove(adapter->rx, adapter->rx + n, adapter->n_rx);
        return n;
}
