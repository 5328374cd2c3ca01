/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/bytes.h"
#include "util/macro.h"

struct host *host_new(const struct virtual_config *config) {
        struct host *host = calloc(1, sizeof(*host));

        assert_non_null(host);
        assert_non_null(config->chip);
        assert_int_equal(virtual_new(config, &host->chip), 0);
        host->now = USEC_PER_SEC;
        host->quiet = 60 * USEC_PER_SEC;
        host_format(host, 115200, !(config->chip->quirks & CHIP_QUIRK_8N1));
        return host;
}

struct host *host_free(struct host *host) {
        if (host) {
                virtual_free(host->chip);
                free(host);
        }
        return NULL;
}

struct host *host_of(const char *chip, uint32_t flash_size) {
        struct virtual_config config = {
                .chip = chip_by_name(chip),
                .flash_size = flash_size,
                .seed = 1,
        };

        return host_new(&config);
}

void host_lines(struct host *host, bool reset, bool boot0) {
        host->reset = reset;
        host->boot0 = boot0;
        virtual_set_lines(host->chip, host->now, reset, boot0, host->boot1);
}

void host_wait(struct host *host, uint64_t usec) {
        host->now += usec;
        (void)virtual_state(host->chip, host->now);
}

void host_format(struct host *host, unsigned baud, bool parity) {
        host->baud = baud;
        host->parity = parity;
        virtual_set_format(host->chip, host->now, baud, parity);
}

static void host_forget(struct host *host) {
        uint8_t data[512];

        while (virtual_receive(host->chip, host->now, data, sizeof(data)) > 0)
                ;
}

enum virtual_state host_reset(struct host *host, bool boot0) {
        host_lines(host, true, boot0);
        host_wait(host, 10 * USEC_PER_MSEC);
        host_lines(host, false, boot0);
        host_wait(host, 3 * USEC_PER_SEC);
        host_forget(host);
        return virtual_state(host->chip, host->now);
}

enum virtual_state host_power_cycle(struct host *host, bool boot0) {
        virtual_power_off(host->chip, host->now);
        host_wait(host, 10 * USEC_PER_MSEC);
        host_lines(host, false, boot0);
        virtual_power_on(host->chip, host->now);
        host_wait(host, 3 * USEC_PER_SEC);
        host_forget(host);
        return virtual_state(host->chip, host->now);
}

void host_enter(struct host *host) {
        if (host_reset(host, true) != VIRTUAL_ROM)
                assert_int_equal(host_power_cycle(host, true), VIRTUAL_ROM);
        host_send(host, "7F");
        host_wait(host, 100 * USEC_PER_MSEC);
        host_forget(host);
}

/* ---- bytes ---- */

static size_t parse(const char *text, uint8_t *ret, size_t size) {
        size_t n = 0;

        while (*(text += strspn(text, " "))) {
                unsigned value;
                int length;

                assert_int_equal(sscanf(text, "%2x%n", &value, &length), 1);
                assert_true(n < size);
                ret[n++] = (uint8_t)value;
                text += length;
        }
        return n;
}

void host_send(struct host *host, const char *send) {
        uint8_t data[600];
        size_t n = parse(send, data, sizeof(data));

        virtual_send(host->chip, host->now, data, n);
}

size_t host_listen(struct host *host, uint64_t usec, uint8_t *ret_data, size_t size) {
        uint64_t end = host->now + usec;
        unsigned turns = 0;
        size_t n = 0;

        for (;;) {
                size_t more = virtual_receive(host->chip, host->now, ret_data + n, size - n);
                uint64_t next;

                if (more > 0)
                        host->heard = host->now;
                n += more;
                next = virtual_next_time(host->chip);
                assert_true(next > host->now || n == size);
                assert_true(++turns < 20000); /* it does not spin */
                if (next > end || n == size)
                        break;
                host->now = next;
        }
        return n;
}

static void format(const uint8_t *data, size_t size, char *ret_text) {
        for (size_t i = 0; i < size; i++)
                sprintf(ret_text + 3 * i, "%02X ", data[i]);
        ret_text[3 * size] = '\0';
}

uint64_t host_talk(struct host *host, const char *send, const char *expected) {
        uint8_t wanted[600], found[600];
        char wanted_text[1801], found_text[1801];
        uint64_t start = host->now;
        size_t n_wanted = parse(expected, wanted, sizeof(wanted)), n_found;

        host_send(host, send);
        n_found = host_listen(host, host->quiet, found, sizeof(found));
        format(wanted, n_wanted, wanted_text);
        format(found, n_found, found_text);
        if (strcmp(wanted_text, found_text) != 0)
                fail_msg("to \"%s\": expected \"%s\", found \"%s\"", send, wanted_text, found_text);
        if (n_found == 0)
                host_wait(host, 10 * USEC_PER_MSEC);
        return host->heard - start;
}

/* ---- commands ---- */

static void address_packet(uint32_t address, char *ret_text) {
        uint8_t data[5];

        put_be32(data, address);
        data[4] = data[0] ^ data[1] ^ data[2] ^ data[3];
        format(data, sizeof(data), ret_text);
}

void host_write(struct host *host, uint32_t address, const void *data, size_t size) {
        uint8_t packet[258];
        char text[3 * sizeof(packet) + 1];

        packet[0] = (uint8_t)(size - 1);
        memcpy(packet + 1, data, size);
        packet[1 + size] = 0;
        for (size_t i = 0; i <= size; i++)
                packet[1 + size] ^= packet[i];

        host_talk(host, "31 CE", "79");
        address_packet(address, text);
        host_talk(host, text, "79");
        format(packet, size + 2, text);
        host_talk(host, text, "79");
}

void host_read(struct host *host, uint32_t address, void *ret_data, size_t size) {
        uint8_t reply[257];
        char text[16];

        host_talk(host, "11 EE", "79");
        address_packet(address, text);
        host_talk(host, text, "79");
        sprintf(text, "%02X %02X", (unsigned)(size - 1), (unsigned)(~(size - 1) & 0xFF));
        host_send(host, text);
        assert_int_equal(host_listen(host, host->quiet, reply, sizeof(reply)), 1 + size);
        assert_int_equal(reply[0], 0x79);
        memcpy(ret_data, reply + 1, size);
}

void host_erase(struct host *host, const uint16_t *pages, size_t n) {
        uint8_t packet[2 + 2 * 64 + 1], sum = 0;
        char text[3 * sizeof(packet) + 1];
        size_t size = 2;

        assert_in_range(n, 1, 64);
        put_be16(packet, (uint16_t)(n - 1));
        for (size_t i = 0; i < n; i++, size += 2)
                put_be16(packet + size, pages[i]);
        for (size_t i = 0; i < size; i++)
                sum ^= packet[i];
        packet[size++] = sum;

        host_talk(host, "44 BB", "79");
        format(packet, size, text);
        host_talk(host, text, "79");
}

void host_erase_all(struct host *host) {
        host_talk(host, "44 BB", "79");
        host_talk(host, "FF FF 00", "79");
}

void host_go(struct host *host, uint32_t address) {
        char text[16];

        host_talk(host, "21 DE", "79");
        address_packet(address, text);
        host_send(host, text);
        host_wait(host, 100 * USEC_PER_MSEC);
        host_forget(host);
}

/* ---- applications ---- */

static void application(uint32_t address, uint8_t *ret) {
        memset(ret, 0x11, 128);
        put_le32(ret, 0x20000800);
        put_le32(ret + 4, address + 0x41);
}

void host_write_application(struct host *host, uint32_t address) {
        uint8_t data[128];

        application(address, data);
        host_write(host, address, data, sizeof(data));
}

void host_poke_application(struct host *host, uint32_t address) {
        uint8_t data[128];

        application(address, data);
        assert_true(virtual_poke(host->chip, address, data, sizeof(data)));
}

bool host_is_filled(struct host *host, uint32_t address, size_t size, uint8_t value) {
        for (size_t i = 0; i < size; i++) {
                uint8_t byte;

                assert_true(virtual_peek(host->chip, address + (uint32_t)i, &byte, 1));
                if (byte != value)
                        return false;
        }
        return true;
}
