/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A session whose chip, port and lines are the fuzzer's: whatever comes, whenever it comes, the
 * session ends, says how, and keeps its promises on the way.
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "boot/failure.h"
#include "boot/session.h"
#include "fuzz.h"
#include "util/cleanup.h"
#include "util/macro.h"

/* Far more than the longest job with all its recoveries takes. */
#define TURNS_MAX 2000000

struct input {
        const uint8_t *data;
        size_t size;
};

static uint8_t take(struct input *input) {
        if (input->size == 0)
                return 0;
        input->size--;
        return *input->data++;
}

static struct session_config read_config(struct input *input) {
        uint8_t wiring = take(input);
        const struct chip *chip = &chip_table[take(input) % chip_table_size];

        return (struct session_config){
                .chip = wiring & 0x80 ? NULL : chip,
                .chip_name = wiring & 0x40 ? "STM32" : NULL,
                .baud = 115200,
                .instant = wiring & 0x20,
                .entry = { .has_reset = wiring & 1,
                           .has_boot0 = wiring & 2,
                           .has_boot1 = wiring & 4 },
        };
}

static struct session_request read_request(struct input *input, const struct image *image) {
        static const uint8_t options[16] = { 0xAA, 0x55 };
        static const uint8_t sectors[3] = { 0, 1, 2 };
        uint8_t kind = take(input), flags = take(input);

        return (struct session_request){
                .kind = kind % (SESSION_WRITE_OPTIONS + 1),
                .image = image,
                .check = flags % 3,
                .erase = (flags >> 2) % 3,
                .after = (flags >> 4) % 3,
                .preserve = flags & 0x40,
                .one_piece = flags & 0x80,
                .unbootable = true, /* to get further */
                .enable_boot_pin = kind & 0x80,
                .fast_program = kind & 0x40,
                .permanent = kind & 0x20,
                .address = 0x08000000,
                .length = kind & 0x10 ? 1000 : 0,
                .option_bytes = options,
                .option_size = kind & 0x20 ? sizeof(options) : 4,
                .sectors = sectors,
                .n_sectors = sizeof(sectors),
                .readout_protect = flags & 0x40,
        };
}

/* What the chip says next: the right thing, the wrong thing, or nothing. */
static size_t answer(struct input *input, uint8_t *ret) {
        uint8_t what = take(input);
        size_t n = 0;

        switch (what >> 5) {
        case 0:
        case 1:
                ret[n++] = 0x79;
                break;
        case 2: /* ACK and data */
                ret[n++] = 0x79;
                for (size_t size = (size_t)(what & 31) * 9; n < size;)
                        ret[n++] = 0xFF;
                break;
        case 3: /* an answer to Get or Get ID */
                ret[n++] = 0x79;
                ret[n++] = what & 15;
                for (unsigned i = 0; i <= (what & 15U); i++)
                        ret[n++] = take(input);
                ret[n++] = 0x79;
                break;
        case 4:
                ret[n++] = 0x1F;
                if (what & 1)
                        ret[n++] = 0x1F;
                break;
        case 5:
                for (unsigned i = 0; i <= (what & 31U); i++)
                        ret[n++] = take(input);
                break;
        default:
                break; /* silence */
        }
        return n;
}

static void respond(const struct session_want *want, struct input *input, uint64_t *now,
                    struct session_event *event, uint8_t *buffer) {
        uint8_t luck = input->size > 0 && (want->type != SESSION_WANT_WAIT) ? *input->data : 0;

        switch (want->type) {
        case SESSION_WANT_SEND:
                PROMISED(want->size > 0 && want->size <= 300 && want->until > *now);
                event->type = luck == 0xEE ? SESSION_EVENT_LINK_LOST : SESSION_EVENT_SENT;
                event->error = -ENODEV;
                break;
        case SESSION_WANT_LINES:
                event->type = SESSION_EVENT_LINES;
                event->error = luck == 0xED ? -EBUSY : 0;
                break;
        case SESSION_WANT_FORMAT:
                event->type = SESSION_EVENT_FORMAT;
                event->error = luck == 0xEC ? -EPROTONOSUPPORT : 0;
                event->baud = want->baud;
                break;
        case SESSION_WANT_FLUSH:
                event->type = SESSION_EVENT_FLUSHED;
                break;
        default:
                PROMISED(want->until < *now + 3600 * USEC_PER_SEC);
                event->size = input->size > 0 ? answer(input, buffer) : 0;
                event->data = buffer;
                event->type = event->size > 0 ? SESSION_EVENT_RECEIVED : SESSION_EVENT_TIME;
                *now = event->size > 0 ? *now + 30 * USEC_PER_MSEC : MAX(*now, want->until);
        }
        event->now = *now;
}

static void check_end(const struct session *session, bool done,
                      const struct session_config *config) {
        const struct session_failure *failure = session_failure(session);
        const struct advice_context context = { .chip = config->chip,
                                                .entry = &config->entry,
                                                .baud = config->baud };

        PROMISED(done == (failure == NULL));
        if (!failure)
                return;
        PROMISED(failure->error != SESSION_OK);
        PROMISED(failure->n_received <= sizeof(failure->received));

        _cleanup_free_ char *text = failure_to_text("fuzz", failure, &context);
        PROMISED(text && strlen(text) > 20);
}

static void run(struct session *session, struct input *input, const struct session_config *config) {
        uint64_t now = 1000;
        unsigned percent = 0;

        for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
                struct session_want want;
                struct session_event event = { 0 };
                struct session_progress progress;
                uint8_t buffer[512];

                session_next(session, now, &want);
                session_progress(session, &progress);
                PROMISED(progress.percent >= percent && progress.percent <= 100);
                PROMISED(progress.done <= progress.total);
                percent = progress.percent;
                if (want.type == SESSION_WANT_DONE || want.type == SESSION_WANT_FAILED) {
                        check_end(session, want.type == SESSION_WANT_DONE, config);
                        return;
                }
                if (input->size > 0 && *input->data == 0xEB) {
                        event.type = SESSION_EVENT_CANCEL;
                        event.now = now;
                        (void)take(input);
                } else {
                        respond(&want, input, &now, &event, buffer);
                }
                session_event(session, &event);
        }
        PROMISED(false && "the session ends");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const uint8_t firmware[600] = { 0x00, 0x20, 0x00, 0x20, 0x01, 0x01,
                                               0x00, 0x08, 1,    2,    3 };
        const struct image_options options = { .format = IMAGE_BIN, .default_address = 0x08000000 };
        struct input input = { data, size };
        struct image *image;
        struct session *session;

        if (image_open(firmware, sizeof(firmware), &options, &image, NULL) != 0)
                return 0;
        struct session_config config = read_config(&input);
        struct session_request request = read_request(&input, image);
        if (session_new(&config, &request, &session) == 0) {
                run(session, &input, &config);
                session_free(session);
        }
        image_free(image);
        return 0;
}
