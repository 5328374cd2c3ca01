/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a peer that answers each 0x7F in its own way is taken for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/advice_cause.h"
#include "boot/enter.h"
#include "util/macro.h"

#define LINES   1U /* somebody drives NRST and BOOT0 */
#define LOOK    2U /* one 0x7F only */
#define PIN_OFF 4U /* a chip that ignores BOOT0 */

static const struct peer {
        const char *name;
        unsigned how;
        const char *unasked; /* comes when NRST is released */
        const char *sync;    /* what it says to each 0x7F */
        const char *command; /* and to a Get ID */
        bool enters;
        enum advice_symptom symptom;
        unsigned sent; /* times 0x7F; 0: not told */
} peers[] = {
        { "a ROM", LINES, "", "\x79", "\x79\x01\x04\x13\x79", true, ADVICE_SYMPTOM_NONE, 1 },
        { "twice acknowledged", LINES, "", "\x79\x79", "\x79\x01\x04\x13\x79", true,
          ADVICE_SYMPTOM_NONE, 1 },
        { "a ROM in step", 0, "", "\x1F", "\x79\x01\x04\x13\x79", true, ADVICE_SYMPTOM_NONE, 1 },
        { "an ID that changes", LINES, "", "\x79", NULL, false, ADVICE_SYMPTOM_GARBAGE, 0 },
        { "silence", LINES, "", "", "", false, ADVICE_SYMPTOM_SILENCE, 10 },
        { "silence without lines", 0, "", "", "", false, ADVICE_SYMPTOM_SILENCE, 6 },
        { "a glitch, then silence", LINES, "\xF0", "", "", false, ADVICE_SYMPTOM_SILENCE, 10 },
        { "a banner, then silence", LINES, "Motor 1.0\r\n", "", "", false, ADVICE_SYMPTOM_TEXT,
          10 },
        { "a banner at another rate", LINES, "\x8A\xCC\x0C\xF3\x8E", "", "", false,
          ADVICE_SYMPTOM_GARBAGE, 10 },
        { "text in which a y is an ACK", LINES, "", "ready> ", "?\r\n", false, ADVICE_SYMPTOM_TEXT,
          0 },
        { "text that begins with it", LINES, "", "yes, master\r\n", "", false, ADVICE_SYMPTOM_TEXT,
          0 },
        { "an echo", LINES, "", "\x7F", "\x02\xFD", false, ADVICE_SYMPTOM_ECHO, 3 },
        { "an echo and a ROM", LINES, "", "\x7F\x79", "\x02\xFD\x79", false,
          ADVICE_SYMPTOM_ECHO_ANSWERED, 3 },
        { "an echo and a ROM in step", 0, "", "\x7F\x1F", "\x02\xFD\x79", false,
          ADVICE_SYMPTOM_ECHO_ANSWERED, 2 },
        { "another byte", LINES, "", "\x01", "", false, ADVICE_SYMPTOM_GARBAGE, 5 },
        { "deaf", LINES, "", "\x79", "", false, ADVICE_SYMPTOM_ACKED_SILENT, 5 },
        { "refusing", LINES, "", "\x79", "\x1F", false, ADVICE_SYMPTOM_ACKED_NACK, 5 },
        { "only refusing", 0, "", "\x1F", "\x1F", false, ADVICE_SYMPTOM_NACK_ONLY, 2 },
        { "a look at a ROM", LINES | LOOK, "", "\x79", "\x79\x01\x04\x13\x79", true,
          ADVICE_SYMPTOM_NONE, 1 },
        { "a look at an application", LINES | LOOK, "", "ready> ", "?", false, ADVICE_SYMPTOM_TEXT,
          1 },
        { "a look at silence", LINES | LOOK, "", "", "", false, ADVICE_SYMPTOM_SILENCE, 1 },
        /* looked for before its lines are touched: what the application says then is no evidence */
        { "silence after a talk", LINES | PIN_OFF, NULL, "ready> ", "", false,
          ADVICE_SYMPTOM_SILENCE, 10 },
};

struct bench {
        const struct peer *peer;
        struct link link;
        struct enter enter;
        uint64_t now;
        unsigned commands, releases;
        const char *saying; /* what is on its way */
};

static void say(struct bench *bench, const char *text) {
        bench->saying = text;
}

static bool hear(struct bench *bench) {
        const struct session_event event = { .type = SESSION_EVENT_RECEIVED,
                                             .now = bench->now + 100,
                                             .data = (const uint8_t *)bench->saying,
                                             .size = 1 };

        if (!bench->saying || !*bench->saying)
                return false;
        bench->now += 100;
        bench->saying++;
        link_event(&bench->link, &event);
        return true;
}

/* After a reset the one that talked before is silent. */
static bool is_mute(const struct bench *bench) {
        return !bench->peer->unasked && bench->releases > 0;
}

static void answer(struct bench *bench, const struct session_want *want) {
        const char *command = bench->peer->command;

        bench->now += want->size * 100; /* on the wire */
        if (want->data[0] == 0x7F) {
                say(bench, is_mute(bench) ? "" : bench->peer->sync);
                return;
        }
        if (!command)
                command = bench->commands++ % 2 ? "\x79\x01\x04\x13\x79" : "\x79\x01\x04\x12\x79";
        say(bench, command);
}

static void respond(struct bench *bench, const struct session_want *want) {
        struct session_event event = { .now = bench->now };

        switch (want->type) {
        case SESSION_WANT_SEND:
                event.type = SESSION_EVENT_SENT;
                link_event(&bench->link, &event);
                answer(bench, want);
                return;
        case SESSION_WANT_LINES:
                event.type = SESSION_EVENT_LINES;
                link_event(&bench->link, &event);
                if (want->lines.set_reset && !want->lines.reset) {
                        bench->releases++;
                        say(bench, bench->peer->unasked ?: "");
                }
                return;
        case SESSION_WANT_FORMAT:
                event.type = SESSION_EVENT_FORMAT;
                event.baud = want->baud;
                break;
        case SESSION_WANT_FLUSH:
                event.type = SESSION_EVENT_FLUSHED;
                break;
        default:
                if (hear(bench))
                        return;
                event.type = SESSION_EVENT_TIME;
                event.now = bench->now = MAX(bench->now, want->until);
        }
        link_event(&bench->link, &event);
}

static enum enter_status run(struct bench *bench) {
        for (unsigned turn = 0; turn < 10000; turn++) {
                struct session_want want;

                if (bench->link.activity == LINK_IDLE) {
                        enum enter_status status = enter_advance(&bench->enter, &bench->link);

                        if (status != ENTER_BUSY)
                                return status;
                        continue;
                }
                link_next(&bench->link, bench->now, &want);
                respond(bench, &want);
        }
        fail_msg("%s: without end", bench->peer->name);
        return ENTER_BUSY;
}

static void each_peer_is_taken_for_what_it_is(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
                const struct peer *peer = &peers[i];
                const struct entry_config lines = { .has_reset = true, .has_boot0 = true };
                const struct entry_config none = { 0 };
                const struct entry_config *config = peer->how & LINES ? &lines : &none;
                const struct chip chip = { .startup_usec = 1000,
                                           .quirks = peer->how & PIN_OFF ? CHIP_QUIRK_PIN_OFF : 0 };
                struct bench bench = { .peer = peer,
                                       .link = { .baud = 115200, .even_parity = true } };

                if (peer->how & LOOK)
                        enter_begin_look(&bench.enter, config, &chip, 115200);
                else
                        enter_begin(&bench.enter, config, &chip, 115200);
                bench.enter.look_first = entry_looks_first(config, &chip) && !(peer->how & LOOK);

                enum enter_status status = run(&bench);
                const struct entry_evidence *evidence = &bench.enter.evidence;
                if (status != (peer->enters ? ENTER_OK : ENTER_NO_ANSWER) ||
                    (!peer->enters && advice_symptom(evidence) != peer->symptom) ||
                    (peer->sent > 0 && evidence->attempts != peer->sent))
                        fail_msg("%s: status %d, symptom %d, 0x7F sent %u times", peer->name,
                                 (int)status, (int)advice_symptom(evidence), evidence->attempts);
                if (peer->enters)
                        assert_int_equal(bench.enter.chip_id, 0x413);
                if (peer->how & LOOK)
                        assert_int_equal(bench.releases, 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_peer_is_taken_for_what_it_is),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
