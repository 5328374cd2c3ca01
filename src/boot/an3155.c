/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/an3155.h"
#include "util/bytes.h"
#include "util/macro.h"

/* Special page counts of Extended Erase (AN3155 3.8). */
enum {
        ERASE_ALL = 0xFFFF,
        ERASE_BANK1 = 0xFFFE,
        ERASE_BANK2 = 0xFFFD,
};

void an3155_get(struct exchange *ret) {
        exchange_init(ret, AN3155_GET, AN3155_TIMEOUT);
        ret->stages[0].reply = EXCHANGE_ACK_COUNTED_ACK;
        ret->stages[0].count_unsure = true; /* AN2606, H74x V9.0 known limitations */
}

void an3155_get_id(struct exchange *ret) {
        exchange_init(ret, AN3155_GET_ID, AN3155_TIMEOUT);
        ret->stages[0].reply = EXCHANGE_ACK_COUNTED_ACK;
}

uint16_t an3155_chip_id(const struct exchange *exchange) {
        /* One byte in F1's earliest ROMs (AN3155 table 3), two since; on WB0 and WL3 three or four,
         * of which the third names the product (AN2606). */
        if (exchange->n_data >= 3)
                return exchange->data[2];
        if (exchange->n_data == 2)
                return get_be16(exchange->data);
        return (uint16_t)(0x400 | exchange->data[0]);
}

static void add_address(struct exchange *exchange, uint32_t address) {
        uint8_t bytes[4];

        put_be32(bytes, address);
        (void)exchange_add(exchange, bytes, sizeof(bytes), AN3155_TIMEOUT);
}

void an3155_read(struct exchange *ret, uint32_t address, size_t size) {
        assert(size >= 1 && size <= 256);

        exchange_init(ret, AN3155_READ, AN3155_TIMEOUT);
        add_address(ret, address);

        struct exchange_stage *stage =
                exchange_add(ret, (uint8_t[]){ (uint8_t)(size - 1) }, 1, AN3155_TIMEOUT);
        stage->reply = EXCHANGE_ACK_DATA;
        stage->count = (uint16_t)size;
}

void an3155_write(struct exchange *ret, uint32_t address, const uint8_t *data, size_t size,
                  uint64_t timeout) {
        uint8_t packet[1 + 256];

        assert(size >= 1 && size <= 256);
        exchange_init(ret, AN3155_WRITE, AN3155_TIMEOUT);
        add_address(ret, address);
        packet[0] = (uint8_t)(size - 1);
        memcpy(packet + 1, data, size);
        (void)exchange_add(ret, packet, 1 + size, timeout);
}

void an3155_go(struct exchange *ret, uint32_t address) {
        exchange_init(ret, AN3155_GO, AN3155_TIMEOUT);
        add_address(ret, address);
}

bool an3155_erase_names(uint8_t command, uint16_t page) {
        return command == AN3155_EXTENDED_ERASE || page <= UINT8_MAX;
}

void an3155_erase(struct exchange *ret, uint8_t command, const uint16_t *pages, size_t n_pages,
                  uint64_t timeout) {
        uint8_t packet[2 + 2 * AN3155_ERASE_PAGES_MAX];
        size_t size = 0;

        assert(n_pages >= 1 && n_pages <= AN3155_ERASE_PAGES_MAX);
        exchange_init(ret, command, AN3155_TIMEOUT);
        if (command == AN3155_ERASE) {
                packet[size++] = (uint8_t)(n_pages - 1);
                for (size_t i = 0; i < n_pages; i++) {
                        assert(an3155_erase_names(command, pages[i]));
                        packet[size++] = (uint8_t)pages[i];
                }
        } else {
                put_be16(packet, (uint16_t)(n_pages - 1));
                size = 2;
                for (size_t i = 0; i < n_pages; i++, size += 2)
                        put_be16(packet + size, pages[i]);
        }
        (void)exchange_add(ret, packet, size, timeout);
}

static void erase_special(struct exchange *ret, uint16_t code, uint64_t timeout) {
        uint8_t packet[2];

        exchange_init(ret, AN3155_EXTENDED_ERASE, AN3155_TIMEOUT);
        put_be16(packet, code);
        (void)exchange_add(ret, packet, sizeof(packet), timeout);
}

void an3155_erase_all(struct exchange *ret, uint8_t command, uint64_t timeout) {
        if (command == AN3155_EXTENDED_ERASE) {
                erase_special(ret, ERASE_ALL, timeout);
                return;
        }
        exchange_init(ret, AN3155_ERASE, AN3155_TIMEOUT);
        (void)exchange_add(ret, (uint8_t[]){ 0xFF }, 1, timeout);
}

void an3155_erase_bank(struct exchange *ret, uint8_t bank, uint64_t timeout) {
        erase_special(ret, bank == 2 ? ERASE_BANK2 : ERASE_BANK1, timeout);
}

void an3155_write_protect(struct exchange *ret, const uint8_t *sectors, size_t n_sectors,
                          uint64_t timeout) {
        uint8_t packet[1 + 256];

        assert(n_sectors >= 1 && n_sectors <= 256);
        exchange_init(ret, AN3155_WRITE_PROTECT, AN3155_TIMEOUT);
        packet[0] = (uint8_t)(n_sectors - 1);
        memcpy(packet + 1, sectors, n_sectors);
        (void)exchange_add(ret, packet, 1 + n_sectors, timeout);
}

void an3155_protection(struct exchange *ret, uint8_t command, uint64_t timeout) {
        exchange_init(ret, command, AN3155_TIMEOUT);
        (void)exchange_add_wait(ret, timeout);
}
