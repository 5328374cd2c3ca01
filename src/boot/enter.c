/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <string.h>

#include "boot/an3155.h"
#include "boot/enter.h"
#include "util/macro.h"

/* The longest from 0x7F to its ACK is 105 ms (F105 with PA9 high, AN2606 table 228). */
#define SYNC_TIMEOUT (150 * USEC_PER_MSEC)

/* A ROM that may be there already is looked for more briefly: but for that one, a third of a
 * millisecond is the longest in that table; the rest is for adapters and a late wake-up. */
#define LOOK_TIMEOUT (50 * USEC_PER_MSEC)

/* What may follow the ACK to 0x7F: L412's second one (AN2606, V13.1), and a USB frame of delay. */
#define SETTLE_BYTES 3
#define SETTLE_TIME  (2 * USEC_PER_MSEC)

enum {
        STATE_ATTEMPT,
        STATE_FORMAT,
        STATE_STEPS,
        STATE_FLUSH,
        STATE_SYNC,
        STATE_SETTLE,
        STATE_ID,
        STATE_ID_DRAIN,
};

void enter_begin(struct enter *enter, const struct entry_config *config, const struct chip *chip,
                 unsigned baud) {
        *enter = (struct enter){
                .config = config,
                .chip = chip,
                .baud = baud,
                .evidence = {
                        .baud = baud,
                        .lines = config->has_reset || config->has_boot0 ||
                                 config->sequence.n_steps > 0,
                },
        };
}

void enter_begin_look(struct enter *enter, const struct entry_config *config,
                      const struct chip *chip, unsigned baud) {
        enter_begin(enter, config, chip, baud);
        enter->look = true;
}

/* ---- what was seen ---- */

static bool is_answer(uint8_t byte) {
        return byte == AN3155_ACK || byte == AN3155_NACK;
}

static bool is_text(const uint8_t *data, size_t size) {
        size_t n = 0;

        for (size_t i = 0; i < size; i++)
                n += isprint(data[i]) || data[i] == '\r' || data[i] == '\n';
        return n >= 4 && n * 4 >= size * 3;
}

static void note(struct enter *enter, const struct link *link) {
        struct entry_evidence *evidence = &enter->evidence;
        size_t zeros = 0, strange = 0;

        if (link->n_received == 0)
                return;
        for (size_t i = 0; i < link->n_received; i++) {
                uint8_t byte = link->received[i];

                zeros += byte == 0;
                strange += byte != 0 && !is_answer(byte) && byte != AN3155_SYNC;
                evidence->echo |= byte == AN3155_SYNC;
                evidence->echo_answered |=
                        is_answer(byte) && i > 0 && link->received[i - 1] == AN3155_SYNC;
        }
        if (is_text(link->received, link->n_received))
                evidence->text = true;
        else if (strange > 0)
                evidence->garbage = true;
        else if (zeros == link->n_received)
                evidence->zeros = true;

        size_t n = MIN(link->n_received, sizeof(evidence->received) - evidence->n_received);
        memcpy(evidence->received + evidence->n_received, link->received, n);
        evidence->n_received += n;
}

/* A reset makes the chip's TX twitch: a byte or two that nobody asked for say nothing. */
static void note_unasked(struct enter *enter, const struct link *link) {
        if (link->n_received > 2)
                note(enter, link);
}

/* ---- the steps of an attempt ---- */

static void forget(struct enter *enter) {
        enter->evidence = (struct entry_evidence){
                .baud = enter->evidence.baud,
                .lines = enter->evidence.lines,
        };
}

static enum enter_status next_attempt(struct enter *enter) {
        if (enter->looking) /* whatever ran there may say what it likes */
                forget(enter);
        else
                enter->attempt++;
        enter->looking = false;
        enter->state = STATE_ATTEMPT;
        return ENTER_BUSY;
}

/* The long waits are for a ROM that is not ready yet, that is: silent. */
static bool worth_trying(const struct enter *enter) {
        const struct entry_evidence *evidence = &enter->evidence;
        bool talks = evidence->text || evidence->echo;

        if (enter->look)
                return enter->attempt == 0;
        return enter->attempt < entry_attempts(enter->config, enter->chip) &&
               (enter->attempt < 3 || !talks || evidence->silence);
}

static enum enter_status start_attempt(struct enter *enter, struct link *link) {
        if (!worth_trying(enter))
                return ENTER_NO_ANSWER;
        entry_attempt(enter->config, enter->chip, enter->baud, enter->attempt, &enter->current);
        enter->looking = enter->look_first;
        enter->look_first = false;
        if (enter->look || enter->looking)
                enter->current.sequence.n_steps = 0;
        enter->syncs = 0;
        enter->id_retried = enter->id_known = false;
        if (enter->evidence.lowest_baud == 0 || enter->current.baud < enter->evidence.lowest_baud)
                enter->evidence.lowest_baud = enter->current.baud;
        link_format(link, enter->current.baud, enter->current.even_parity);
        enter->state = STATE_FORMAT;
        return ENTER_BUSY;
}

static enum enter_status start_sync(struct enter *enter, struct link *link) {
        enter->syncs++;
        enter->evidence.attempts++;
        link_probe(link, AN3155_SYNC, enter->look || enter->looking ? LOOK_TIMEOUT : SYNC_TIMEOUT);
        enter->state = STATE_SYNC;
        return ENTER_BUSY;
}

/*
 * AN3155 section 2. No answer to the first 0x7F: it was lost, or it is pending as half a command
 * (the ROM was synchronised already). A second one draws the ACK, a third the NACK. After a reset
 * the third makes no sense; the second does (H74x on PB14/PB15 wants two).
 */
static enum enter_status synced(struct enter *enter, struct link *link) {
        unsigned most = enter->look ? 1 : enter->evidence.lines ? 2 : 3;

        note(enter, link);
        if (enter->look && link->result == LINK_OK && link->n_received != 1)
                return next_attempt(enter); /* an application's text has an ACK's 'y' in it */
        switch (link->result) {
        case LINK_OK:
        case LINK_NACK:
                enter->synced_by_nack = link->result == LINK_NACK;
                link_quiet(link, link_wire_time(link, SETTLE_BYTES) + SETTLE_TIME);
                enter->state = STATE_SETTLE;
                return ENTER_BUSY;
        case LINK_SILENCE:
                if (enter->syncs < most)
                        return start_sync(enter, link);
                enter->evidence.silence = true;
                return next_attempt(enter);
        case LINK_LOST:
                return ENTER_LINK;
        default:
                return next_attempt(enter);
        }
}

static enum enter_status ask_id(struct enter *enter, struct link *link) {
        an3155_get_id(&link->exchange);
        link_exchange(link);
        enter->state = STATE_ID;
        return ENTER_BUSY;
}

/* An ID carries no checksum, and decides about everything that follows: it is asked for twice. */
static enum enter_status take_id(struct enter *enter, struct link *link) {
        uint16_t id = an3155_chip_id(&link->exchange);
        bool first = !enter->id_known && !enter->look;

        if (link->stray || (enter->id_known && id != enter->chip_id)) {
                enter->evidence.garbage = true;
                return next_attempt(enter);
        }
        enter->chip_id = id;
        enter->id_known = true;
        return first ? ask_id(enter, link) : ENTER_OK;
}

static enum enter_status got_id(struct enter *enter, struct link *link) {
        struct entry_evidence *evidence = &enter->evidence;

        switch (link->result) {
        case LINK_OK:
                return take_id(enter, link);
        case LINK_NACK:
                evidence->nack_only |= enter->synced_by_nack;
                evidence->acked_then_nack |= !enter->synced_by_nack;
                if (enter->id_retried)
                        return next_attempt(enter);
                enter->id_retried = true;
                link_quiet(link, link_wire_time(link, SETTLE_BYTES) + SETTLE_TIME);
                enter->state = STATE_ID_DRAIN;
                return ENTER_BUSY;
        case LINK_SILENCE:
                evidence->acked_then_silent = true;
                return next_attempt(enter);
        case LINK_LOST:
                return ENTER_LINK;
        default:
                note(enter, link);
                evidence->garbage = true;
                return next_attempt(enter);
        }
}

enum enter_status enter_advance(struct enter *enter, struct link *link) {
        switch (enter->state) {
        case STATE_ATTEMPT:
                return start_attempt(enter, link);
        case STATE_FORMAT:
                if (link->result != LINK_OK)
                        return ENTER_LINK;
                link_steps(link, &enter->current.sequence);
                enter->state = STATE_STEPS;
                return ENTER_BUSY;
        case STATE_STEPS:
                if (link->result != LINK_OK)
                        return ENTER_LINK;
                note_unasked(enter, link);
                link_quiet(link, link_wire_time(link, 2));
                enter->state = STATE_FLUSH;
                return ENTER_BUSY;
        case STATE_FLUSH:
                if (link->result == LINK_LOST)
                        return ENTER_LINK;
                note_unasked(enter, link);
                return start_sync(enter, link);
        case STATE_SYNC:
                return synced(enter, link);
        case STATE_SETTLE:
        case STATE_ID_DRAIN:
                if (link->result == LINK_LOST)
                        return ENTER_LINK;
                note(enter, link);
                return ask_id(enter, link);
        default:
                return got_id(enter, link);
        }
}
