/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/command.h"
#include "boot/exchange.h"
#include "util/macro.h"

static struct exchange_stage *add_stage(struct exchange *exchange, size_t size, uint64_t timeout) {
        assert(exchange->n_stages < EXCHANGE_STAGES_MAX);

        struct exchange_stage *stage = &exchange->stages[exchange->n_stages++];
        *stage = (struct exchange_stage){
                .offset = exchange->n_tx,
                .size = (uint16_t)size,
                .timeout = timeout,
        };
        exchange->n_tx = (uint16_t)(exchange->n_tx + size);
        return stage;
}

void exchange_init(struct exchange *exchange, uint8_t command, uint64_t timeout) {
        *exchange = (struct exchange){
                .command = command,
                .tx = { command, (uint8_t)~command },
        };
        (void)add_stage(exchange, 2, timeout);
}

struct exchange_stage *exchange_add(struct exchange *exchange, const uint8_t *data, size_t size,
                                    uint64_t timeout) {
        uint8_t *tx = exchange->tx + exchange->n_tx;
        uint8_t checksum = size == 1 ? 0xFF : 0; /* AN3155 section 3: one byte, its complement */

        assert(exchange->n_tx + size + 1 <= sizeof(exchange->tx));
        for (size_t i = 0; i < size; i++)
                checksum ^= tx[i] = data[i];
        tx[size] = checksum;
        return add_stage(exchange, size + 1, timeout);
}

struct exchange_stage *exchange_add_wait(struct exchange *exchange, uint64_t timeout) {
        return add_stage(exchange, 0, timeout);
}

const struct exchange_stage *exchange_stage(const struct exchange *exchange) {
        return &exchange->stages[MIN(exchange->stage, exchange->n_stages - 1)];
}

bool exchange_ends_here(const struct exchange *exchange) {
        for (unsigned i = exchange->stage + 1; i < exchange->n_stages; i++)
                if (exchange->stages[i].size > 0)
                        return false;
        return true;
}

size_t exchange_reply_size(const struct exchange *exchange) {
        const struct exchange_stage *stage = exchange_stage(exchange);

        switch (stage->reply) {
        case EXCHANGE_ACK_DATA:
                return 1 + (size_t)stage->count;
        case EXCHANGE_ACK_COUNTED_ACK:
                return 1 + 1 + 256 + 1;
        case EXCHANGE_ACK:
                break;
        }
        return 1;
}

static void end_stage(struct exchange *exchange) {
        exchange->stage++;
        exchange->acked = exchange->counted = false;
        exchange->n_missing = 0;
        if (exchange->stage == exchange->n_stages)
                exchange->status = EXCHANGE_DONE;
}

static void receive_ack(struct exchange *exchange, uint8_t byte) {
        const struct exchange_stage *stage = exchange_stage(exchange);

        if (byte == AN3155_NACK) {
                exchange->status = EXCHANGE_NACKED;
                return;
        }
        if (byte != AN3155_ACK) {
                exchange->status = EXCHANGE_GARBAGE;
                return;
        }
        if (exchange->acked || stage->reply == EXCHANGE_ACK) {
                end_stage(exchange);
                return;
        }
        exchange->acked = true;
        exchange->n_missing = stage->count;
}

static void receive_byte(struct exchange *exchange, uint8_t byte) {
        const struct exchange_stage *stage = exchange_stage(exchange);

        if (!exchange->acked) {
                receive_ack(exchange, byte);
                return;
        }
        if (stage->reply == EXCHANGE_ACK_COUNTED_ACK && !exchange->counted) {
                exchange->counted = true;
                exchange->n_missing = (uint16_t)(byte + 1);
                return;
        }
        if (exchange->n_missing == 0) {
                receive_ack(exchange, byte); /* the one behind counted bytes */
                return;
        }
        exchange->data[exchange->n_data++] = byte;
        if (--exchange->n_missing == 0 && stage->reply == EXCHANGE_ACK_DATA)
                end_stage(exchange);
}

size_t exchange_receive(struct exchange *exchange, const uint8_t *data, size_t size) {
        unsigned stage = exchange->stage;
        size_t i = 0;

        while (i < size && exchange->status == EXCHANGE_BUSY && exchange->stage == stage)
                receive_byte(exchange, data[i++]);
        return i;
}

void exchange_timeout(struct exchange *exchange) {
        const struct exchange_stage *stage = exchange_stage(exchange);

        if (stage->ack_optional && !exchange->acked) {
                end_stage(exchange);
                return;
        }
        if (stage->count_unsure && exchange->n_data > 1 &&
            exchange->data[exchange->n_data - 1] == AN3155_ACK) {
                exchange->n_data--;
                end_stage(exchange);
                return;
        }
        exchange->status = EXCHANGE_SILENT;
}
