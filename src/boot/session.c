/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/session_internal.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define PHASE_END                                                                                  \
        { SESSION_PHASE_END, NULL, false }

static const struct phase flash_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter, false },
        { SESSION_PHASE_IDENTIFY, phase_identify, false },
        { SESSION_PHASE_IDENTIFY, phase_plan, false },
        { SESSION_PHASE_IDENTIFY, phase_reach, false },
        { SESSION_PHASE_IDENTIFY, phase_may_protect, false },
        { SESSION_PHASE_COMPARE, phase_check, false },
        { SESSION_PHASE_COMPARE, phase_startable, true },
        { SESSION_PHASE_COMPARE, phase_protected, true },
        { SESSION_PHASE_IDENTIFY, phase_look, false },
        { SESSION_PHASE_BOOT_PIN, phase_boot_pin, false },
        { SESSION_PHASE_PRESERVE, phase_preserve, true },
        { SESSION_PHASE_PRESERVE, phase_look_again, true },
        { SESSION_PHASE_ERASE, phase_banks, true },
        { SESSION_PHASE_ERASE, phase_erase, true },
        { SESSION_PHASE_WRITE, phase_write, true },
        { SESSION_PHASE_VERIFY, phase_verify, true },
        { SESSION_PHASE_HEAD, phase_head, true },
        { SESSION_PHASE_HEAD, phase_verify_rest, true },
        { SESSION_PHASE_HEAD, phase_head_unit, true },
        { SESSION_PHASE_HEAD, phase_verify_head, true },
        { SESSION_PHASE_OPTIONS, phase_options, false },
        { SESSION_PHASE_PROTECT, phase_protect, false },
        { SESSION_PHASE_LEAVE, phase_leave, false },
        PHASE_END,
};

static const struct phase verify_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter },
        { SESSION_PHASE_IDENTIFY, phase_identify },
        { SESSION_PHASE_IDENTIFY, phase_plan },
        { SESSION_PHASE_VERIFY, phase_compare_all },
        { SESSION_PHASE_OPTIONS, phase_compare_options },
        { SESSION_PHASE_LEAVE, phase_leave },
        PHASE_END,
};

static const struct phase probe_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter },
        { SESSION_PHASE_IDENTIFY, phase_identify },
        { SESSION_PHASE_LEAVE, phase_leave },
        PHASE_END,
};

static const struct phase read_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter },
        { SESSION_PHASE_IDENTIFY, phase_identify },
        { SESSION_PHASE_READ, phase_read },
        { SESSION_PHASE_LEAVE, phase_leave },
        PHASE_END,
};

static const struct phase read_options_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter },
        { SESSION_PHASE_IDENTIFY, phase_identify },
        { SESSION_PHASE_READ, phase_read_options },
        { SESSION_PHASE_LEAVE, phase_leave },
        PHASE_END,
};

static const struct phase erase_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter, false },
        { SESSION_PHASE_IDENTIFY, phase_identify, false },
        { SESSION_PHASE_IDENTIFY, phase_look, false },
        { SESSION_PHASE_BOOT_PIN, phase_boot_pin, false },
        { SESSION_PHASE_ERASE, phase_collect, false },
        { SESSION_PHASE_ERASE, phase_protected, false },
        { SESSION_PHASE_ERASE, phase_banks, false },
        { SESSION_PHASE_ERASE, phase_erase_range, false },
        { SESSION_PHASE_LEAVE, phase_leave, false },
        PHASE_END,
};

static const struct phase protect_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter, false },
        { SESSION_PHASE_IDENTIFY, phase_identify, false },
        { SESSION_PHASE_IDENTIFY, phase_may_protect, false },
        { SESSION_PHASE_PROTECT, phase_protect, false },
        { SESSION_PHASE_LEAVE, phase_leave, false },
        PHASE_END,
};

static const struct phase write_options_phases[] = {
        { SESSION_PHASE_ENTER, phase_enter },
        { SESSION_PHASE_IDENTIFY, phase_identify },
        { SESSION_PHASE_OPTIONS, phase_options },
        { SESSION_PHASE_LEAVE, phase_leave },
        PHASE_END,
};

static const struct phase run_phases[] = {
        { SESSION_PHASE_LEAVE, phase_run },
        PHASE_END,
};

static const struct phase *const phases_of[] = {
        [SESSION_PROBE] = probe_phases,
        [SESSION_FLASH] = flash_phases,
        [SESSION_VERIFY] = verify_phases,
        [SESSION_READ] = read_phases,
        [SESSION_ERASE] = erase_phases,
        [SESSION_RUN] = run_phases,
        [SESSION_RESET] = run_phases,
        [SESSION_ENTER] = probe_phases,
        [SESSION_WRITE_PROTECT] = protect_phases,
        [SESSION_WRITE_UNPROTECT] = protect_phases,
        [SESSION_READOUT_PROTECT] = protect_phases,
        [SESSION_READOUT_UNPROTECT] = protect_phases,
        [SESSION_READ_OPTIONS] = read_options_phases,
        [SESSION_WRITE_OPTIONS] = write_options_phases,
};

/* ---- life ---- */

static bool range_valid(const struct session_request *request) {
        return request->address + request->length - 1 >= request->address;
}

static bool request_valid(const struct session_request *request) {
        switch (request->kind) {
        case SESSION_FLASH:
        case SESSION_VERIFY:
                return request->image && request->option_size <= OPTION_BYTES_MAX;
        case SESSION_READ:
                return request->length > 0 && range_valid(request);
        case SESSION_ERASE:
                return (request->length == 0 || range_valid(request)) && request->bank <= 2;
        case SESSION_WRITE_OPTIONS:
                return request->option_bytes && request->option_size > 0 &&
                       request->option_size <= OPTION_BYTES_MAX;
        case SESSION_WRITE_PROTECT:
                return request->sectors && request->n_sectors > 0 && request->n_sectors <= 256;
        default:
                return (size_t)request->kind < ARRAY_SIZE(phases_of);
        }
}

int session_new(const struct session_config *config, const struct session_request *request,
                struct session **ret) {
        if (!request_valid(request) || request->n_sectors > 256 || config->baud == 0)
                return -EINVAL;

        struct session *session = calloc(1, sizeof(*session));
        if (!session)
                return -ENOMEM;

        session->config = *config;
        session->request = *request;
        session->phases = phases_of[request->kind];
        if (request->kind == SESSION_ENTER)
                session->request.after = SESSION_AFTER_STAY;
        if (request->kind == SESSION_RUN && (request->has_address || !config->entry.has_reset)) {
                session->request.after = SESSION_AFTER_GO;
                session->phases = probe_phases;
        }
        rom_init(&session->rom, &session->config.entry, config->chip, config->baud,
                 config->instant);
        *ret = session;
        return 0;
}

struct session *session_free(struct session *session) {
        if (!session)
                return NULL;
        plan_free(session->plan);
        for (size_t i = 0; i < session->preserved.n_segments; i++)
                free(session->preserved.segments[i].data);
        free(session->preserved.segments);
        free(session->guarded.blocks);
        free(session->pages);
        free(session->data);
        free(session);
        return NULL;
}

/* ---- failure ---- */

/* Is there something to start, and is a pulse on NRST harmless? */
static bool may_restart(const struct session *session) {
        if (session->rom.unsettled || session->erasing)
                return false;
        return session->outcome == SESSION_COMPLETE ||
               (session->outcome == SESSION_UNTOUCHED && !session_would_strand(session));
}

/*
 * What a failed job leaves (design: "How a job ends"): the application running if there is one,
 * old or new; else BOOT0 inactive and NRST released without a pulse, except that an erase under way
 * is abandoned by a reset into the ROM.
 */
static void begin_closing(struct session *session) {
        const struct entry_config *entry = &session->config.entry;
        struct entry_sequence steps;

        session->state = STATE_CLOSING;
        if (may_restart(session))
                entry_leave(entry, &steps);
        else if (session->erasing && session->rom.may_reset)
                entry_abandon(entry, &steps);
        else
                entry_safe(entry, &steps);
        rom_steps(&session->rom, &steps);
}

void session_lose_pages(struct session *session, const struct flash_page *pages, size_t n) {
        uint32_t boot = session_boot_address(session);

        session->losing = true;
        session->outcome_before = session->outcome;
        session->boot_touched_before = session->boot_touched;
        session->outcome = SESSION_NOT_BOOTABLE;
        for (size_t i = 0; i < n; i++)
                session->boot_touched |= boot - pages[i].address < pages[i].size;
}

/* The erase is over, or has failed. */
static void judge_loss(struct session *session) {
        session->losing = false;
        if (session->rom.begun)
                return;
        session->erasing = false;
        session->outcome = session->outcome_before;
        session->boot_touched = session->boot_touched_before;
}

static struct session_remains what_remains(const struct session *session) {
        const struct plan *plan = session->plan;

        return (struct session_remains){
                .boot_stands = !session->boot_touched,
                .boot_uncertain = !session_boot_is_certain(session),
                .boot_address = session_boot_address(session),
                .has_image = plan,
                .image_address = plan ? plan->image_address : 0,
        };
}

static enum session_options what_of_options(const struct session *session) {
        bool pin = session->request.enable_boot_pin, others = options_are_asked_for(session);
        enum session_phase phase = session->failure.phase;

        if (session->option_writes == 0)
                return pin || others ? SESSION_OPTIONS_UNTOUCHED : SESSION_OPTIONS_NONE;
        if (phase >= SESSION_PHASE_LEAVE || (!others && phase > SESSION_PHASE_BOOT_PIN))
                return SESSION_OPTIONS_CHANGED;
        return SESSION_OPTIONS_PARTLY;
}

enum step session_fail(struct session *session, enum session_error error) {
        session->failure.error = error;
        session->failure.phase = session->phases[session->phase].name;
        session->failure.outcome = session->outcome;
        session->failure.sampled =
                session->info.unchanged && session->request.check == SESSION_CHECK_FAST;
        session->failure.options = what_of_options(session);
        if (session->outcome == SESSION_NOT_BOOTABLE && session->map.n_runs > 0)
                session->failure.remains = what_remains(session);
        session->uninterruptible = false;
        begin_closing(session);
        return STEP_FAILED;
}

enum step session_fail_at(struct session *session, enum session_error error, uint32_t address) {
        session->failure.has_address = true;
        session->failure.address = address;
        return session_fail(session, error);
}

enum step session_fail_rom(struct session *session) {
        session->failure = session->rom.failure;
        return session_fail(session, session->rom.failure.error);
}

enum step session_fail_rom_at(struct session *session, uint32_t address) {
        session->failure = session->rom.failure;
        return session_fail_at(session, session->rom.failure.error, address);
}

enum step session_refuse(struct session *session, enum session_error error, const char *what) {
        session->failure.reason = what;
        return session_fail(session, error);
}

enum step session_fail_memory(struct session *session) {
        session->failure.system = -ENOMEM;
        return session_fail(session, SESSION_UNSUPPORTED);
}

/* ---- the loop ---- */

enum step session_goto(struct session *session, phase_function advance) {
        for (size_t i = 0; session->phases[i].advance; i++)
                if (session->phases[i].advance == advance) {
                        session->phase = i;
                        session->step = 0;
                        session->index = 0;
                        session->offset = 0;
                        return STEP_AGAIN;
                }
        assert(false);
        return STEP_AGAIN;
}

static void next_phase(struct session *session) {
        const struct phase *phases = session->phases;

        do
                session->phase++;
        while (session->info.unchanged && phases[session->phase].changes);
        session->step = 0;
        session->index = 0;
        session->offset = 0;
        session->progress.done = session->progress.total = 0;
        if (!phases[session->phase].advance) {
                session->state = STATE_DONE;
                session->progress.percent = 100;
        }
        session->progress.phase = session->phases[session->phase].name;
}

static void run_phase(struct session *session) {
        switch (session->phases[session->phase].advance(session)) {
        case STEP_NEXT:
                next_phase(session);
                break;
        case STEP_BUSY:
        case STEP_AGAIN:
        case STEP_FAILED:
                break;
        }
        session->progress.phase = session->phases[session->phase].name;
}

/* The lines of an adapter that is gone are gone with it. */
static void end_closing(struct session *session) {
        const struct rom *rom = &session->rom;

        if (rom->status == ROM_FAILED && rom->error == SESSION_LINES)
                session->failure.lines_left = rom->failure.system;
        session->state = STATE_FAILED;
}

/* Carries on until something is wanted from outside. */
static void advance(struct session *session) {
        struct rom *rom = &session->rom;

        while (session->state < STATE_DONE && rom->link.activity == LINK_IDLE) {
                if (rom->status == ROM_BUSY) {
                        (void)rom_advance(rom);
                        continue;
                }
                if (session->losing)
                        judge_loss(session);
                if (session->state == STATE_CLOSING)
                        end_closing(session);
                else if (rom->status == ROM_FAILED)
                        (void)session_fail_rom(session);
                else if (session->cancel && !session->uninterruptible)
                        (void)session_fail(session, SESSION_CANCELLED);
                else
                        run_phase(session);
        }
}

void session_next(struct session *session, uint64_t now, struct session_want *ret) {
        session->rom.link.now = MAX(session->rom.link.now, now);
        advance(session);
        session->info.baud = session->rom.baud;
        session->info.recoveries = session->rom.recoveries;
        switch (session->state) {
        case STATE_RUNNING:
        case STATE_CLOSING:
                link_next(&session->rom.link, session->rom.link.now, ret);
                break;
        case STATE_DONE:
                *ret = (struct session_want){ .type = SESSION_WANT_DONE };
                break;
        case STATE_FAILED:
                *ret = (struct session_want){ .type = SESSION_WANT_FAILED };
                break;
        }
}

static void cancel(struct session *session) {
        session->cancel = true;
        if (session->state != STATE_RUNNING || session->rom.critical || session->uninterruptible)
                return; /* advance() sees it when the section is over */
        rom_abort(&session->rom);
        session->rom.status = ROM_OK;
}

void session_event(struct session *session, const struct session_event *event) {
        if (session->state >= STATE_DONE)
                return;
        if (event->type == SESSION_EVENT_CANCEL)
                cancel(session);
        else
                link_event(&session->rom.link, event);
}

/* ---- how it stands ---- */

void session_begin_progress(struct session *session, uint64_t total) {
        session->progress.done = 0;
        session->progress.total = total;
}

void session_advance_progress(struct session *session, uint64_t amount) {
        session_advance_work(session, amount, amount);
}

void session_advance_work(struct session *session, uint64_t amount, uint64_t work) {
        struct session_progress *progress = &session->progress;

        progress->done = MIN(progress->done + amount, progress->total);
        session->work_done += work;
        if (session->work_total == 0)
                return;

        uint64_t percent = 1 + 98 * session->work_done / session->work_total;
        percent = MIN(percent, 99U);
        progress->percent = MAX(progress->percent, (unsigned)percent);
}

void session_progress(const struct session *session, struct session_progress *ret) {
        *ret = session->progress;
}

enum session_outcome session_outcome(const struct session *session) {
        return session->outcome;
}

const struct session_info *session_info(const struct session *session) {
        return &session->info;
}

const struct session_failure *session_failure(const struct session *session) {
        return session->state == STATE_FAILED ? &session->failure : NULL;
}

const uint8_t *session_data(const struct session *session, size_t *ret_size) {
        *ret_size = session->n_data;
        return session->data;
}

const char *session_phase_to_string(enum session_phase phase) {
        static const char *const names[] = {
                [SESSION_PHASE_ENTER] = "enter",       [SESSION_PHASE_IDENTIFY] = "identify",
                [SESSION_PHASE_COMPARE] = "compare",   [SESSION_PHASE_PRESERVE] = "preserve",
                [SESSION_PHASE_BOOT_PIN] = "boot-pin", [SESSION_PHASE_ERASE] = "erase",
                [SESSION_PHASE_WRITE] = "write",       [SESSION_PHASE_VERIFY] = "verify",
                [SESSION_PHASE_HEAD] = "head",         [SESSION_PHASE_READ] = "read",
                [SESSION_PHASE_OPTIONS] = "options",   [SESSION_PHASE_PROTECT] = "protect",
                [SESSION_PHASE_LEAVE] = "leave",       [SESSION_PHASE_END] = "end",
        };

        return names[phase];
}
