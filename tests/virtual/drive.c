/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drive.h"
#include "util/bytes.h"
#include "util/macro.h"

static void send(struct drive *drive, const struct session_want *want,
                 struct session_event *event) {
        if (drive->lose_link_at > 0 && ++drive->sends >= drive->lose_link_at) {
                event->type = SESSION_EVENT_LINK_LOST;
                event->error = -ENODEV;
                return;
        }
        virtual_send(drive->chip, drive->now, want->data, want->size);
        drive->last_sent = want->size;
        event->type = SESSION_EVENT_SENT;
}

static void set_lines(struct drive *drive, const struct entry_lines *lines,
                      struct session_event *event) {
        event->type = SESSION_EVENT_LINES;
        if (++drive->steps == drive->lines_fail_at) {
                event->error = -EBUSY;
                return;
        }
        if (lines->set_boot0)
                drive->boot0 = lines->boot0;
        if (lines->set_boot1)
                drive->boot1 = lines->boot1;
        if (lines->set_reset) {
                drive->pulses += lines->reset && !drive->reset;
                drive->reset = lines->reset;
        }
        virtual_set_lines(drive->chip, drive->now, drive->reset, drive->boot0, drive->boot1);
}

static void set_format(struct drive *drive, const struct session_want *want,
                       struct session_event *event) {
        event->type = SESSION_EVENT_FORMAT;
        if (drive->format_fails) {
                event->error = -EPROTONOSUPPORT;
                return;
        }
        drive->baud = event->baud = want->baud;
        drive->even_parity = want->even_parity;
        virtual_set_format(drive->chip, drive->now, want->baud,
                           want->even_parity && !drive->parity_lost);
}

static void wait(struct drive *drive, uint64_t until, uint8_t *buffer, size_t size,
                 struct session_event *event) {
        uint64_t next = virtual_next_time(drive->chip);
        const uint64_t moments[] = { drive->cancel_at, drive->unplug_at, drive->noise_at };

        for (size_t i = 0; i < ARRAY_SIZE(moments); i++)
                if (moments[i] > drive->now)
                        next = MIN(next, moments[i]);

        if (drive->before_wait)
                drive->before_wait(drive, MIN(until, next));
        drive->now = MAX(drive->now, MIN(until, next));
        event->size = virtual_receive(drive->chip, drive->now, buffer, size);
        drive->heard += event->size;
        event->data = buffer;
        event->type = event->size > 0 ? SESSION_EVENT_RECEIVED : SESSION_EVENT_TIME;
}

static void check_progress(struct drive *drive, const struct session *session) {
        struct session_progress progress;

        session_progress(session, &progress);
        drive->percent_fell |= progress.percent < drive->last_percent || progress.percent > 100;
        drive->last_percent = progress.percent;
}

static bool is_due(uint64_t *moment, uint64_t now) {
        if (*moment == 0 || now < *moment)
                return false;
        *moment = 0;
        return true;
}

/* What happens by itself. */
static bool interfere(struct drive *drive, struct session_event *event) {
        if (is_due(&drive->cancel_at, drive->now)) {
                event->type = SESSION_EVENT_CANCEL;
        } else if (is_due(&drive->unplug_at, drive->now)) {
                event->type = SESSION_EVENT_LINK_LOST;
                event->error = -ENODEV;
        } else if (is_due(&drive->noise_at, drive->now)) {
                event->type = SESSION_EVENT_RECEIVED;
                event->data = (const uint8_t *)"\x55";
                event->size = 1;
        } else {
                return false;
        }
        event->now = drive->now;
        return true;
}

void drive_cycle_power(struct drive *drive) {
        drive->reset = drive->boot0 = drive->boot1 = false;
        virtual_power_off(drive->chip, drive->now);
        virtual_set_lines(drive->chip, drive->now, false, false, false);
        drive->now += 100 * USEC_PER_MSEC;
        virtual_power_on(drive->chip, drive->now);
        drive->now += 5 * USEC_PER_SEC;
        virtual_flush(drive->chip, drive->now); /* as a port is when it is opened */
}

bool drive_session(struct drive *drive, struct session *session) {
        drive->last_percent = 0;
        for (unsigned long turn = 0; turn < 20000000; turn++) {
                struct session_want want;
                struct session_event event = { 0 };
                uint8_t buffer[512];

                session_next(session, drive->now, &want);
                check_progress(drive, session);
                if (interfere(drive, &event)) {
                        session_event(session, &event);
                        continue;
                }
                switch (want.type) {
                case SESSION_WANT_DONE:
                        return true;
                case SESSION_WANT_FAILED:
                        return false;
                case SESSION_WANT_SEND:
                        send(drive, &want, &event);
                        break;
                case SESSION_WANT_LINES:
                        set_lines(drive, &want.lines, &event);
                        break;
                case SESSION_WANT_FORMAT:
                        set_format(drive, &want, &event);
                        break;
                case SESSION_WANT_FLUSH:
                        while (virtual_receive(drive->chip, drive->now, buffer, sizeof(buffer)) > 0)
                                ;
                        event.type = SESSION_EVENT_FLUSHED;
                        break;
                case SESSION_WANT_WAIT:
                        wait(drive, want.until, buffer, sizeof(buffer), &event);
                        break;
                }
                event.now = drive->now;
                session_event(session, &event);
        }
        fail_msg("the session never ends");
        return false;
}

struct session *drive_job(struct drive *drive, const struct session_config *config,
                          const struct session_request *request, bool *ret_done) {
        struct session *session;

        assert_int_equal(session_new(config, request, &session), 0);
        *ret_done = drive_session(drive, session);
        return session;
}

struct virtual_stm32 *drive_chip(const struct chip *chip, uint64_t seed) {
        const struct virtual_config config = { .chip = chip, .seed = seed };
        struct virtual_stm32 *virtual;

        assert_int_equal(virtual_new(&config, &virtual), 0);
        virtual_power_on(virtual, 0);
        return virtual;
}

bool drive_enters_once(const struct chip *chip) {
        return chip->quirks & CHIP_QUIRK_PIN_OFF && chip_options_size(chip) == 0;
}

struct session_config drive_config(const struct chip *chip) {
        return (struct session_config){
                .chip = chip,
                .baud = 115200,
                .entry = { .has_reset = true, .has_boot0 = true },
        };
}

static uint32_t stack_top(const struct chip *chip) {
        for (size_t i = 0; i < ARRAY_SIZE(chip->ram); i++)
                if (chip->ram[i].size > 0)
                        return chip->ram[i].start + chip->ram[i].size;
        return 0x20001000; /* the ROM keeps all of it to itself; the chip has at least 4 KiB */
}

struct image *drive_image(const struct chip *chip, uint32_t size, unsigned seed) {
        struct image_options options = { .format = IMAGE_BIN,
                                         .default_address = chip->flash_start };
        struct image *image;
        uint8_t *data = malloc(size);
        uint32_t state = seed * 2654435761U + 1;

        assert_non_null(data);
        for (uint32_t i = 0; i < size; i++) {
                state = state * 1664525 + 1013904223;
                data[i] = (uint8_t)(state >> 24);
        }
        put_le32(data, stack_top(chip));
        put_le32(data + 4, chip->flash_start + (size > 512 ? 0x100 : 0x40) + 1);
        assert_int_equal(image_open(data, size, &options, &image, NULL), 0);
        free(data);
        return image;
}

bool drive_holds(const struct virtual_stm32 *chip, const struct image *image) {
        for (size_t i = 0; i < image->n_segments; i++) {
                const struct image_segment *segment = &image->segments[i];
                uint8_t *found = malloc(segment->size);

                assert_non_null(found);
                bool same = virtual_peek(chip, segment->address, found, segment->size) &&
                            memcmp(found, segment->data, segment->size) == 0;
                free(found);
                if (!same)
                        return false;
        }
        return true;
}

bool drive_runs(struct drive *drive) {
        drive->now += 5 * USEC_PER_SEC; /* the longest start-up time, L47x without LSE, twice */
        return virtual_state(drive->chip, drive->now) == VIRTUAL_RUNNING;
}
