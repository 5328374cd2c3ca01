/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/advice_cause.h"
#include "boot/command.h"
#include "boot/failure.h"
#include "boot/failure_story.h"
#include "util/cleanup.h"
#include "util/macro.h"

static const char *doing(enum session_phase phase) {
        switch (phase) {
        case SESSION_PHASE_ENTER:
                return "while entering the ROM";
        case SESSION_PHASE_IDENTIFY:
                return "while identifying the chip";
        case SESSION_PHASE_COMPARE:
                return "while comparing";
        case SESSION_PHASE_PRESERVE:
                return "while reading what is to be preserved";
        case SESSION_PHASE_BOOT_PIN:
                return "while at the boot settings";
        case SESSION_PHASE_ERASE:
                return "while erasing";
        case SESSION_PHASE_WRITE:
                return "while writing";
        case SESSION_PHASE_VERIFY:
                return "while verifying";
        case SESSION_PHASE_HEAD:
                return "while writing the vector table";
        case SESSION_PHASE_READ:
                return "while reading";
        case SESSION_PHASE_OPTIONS:
                return "while at the option bytes";
        case SESSION_PHASE_PROTECT:
                return "while setting the protection";
        case SESSION_PHASE_LEAVE:
                return "while starting the application";
        case SESSION_PHASE_END:
                break;
        }
        return "at the end";
}

/* Some errors say themselves when they come, or come before anything is done. */
static bool depends_on_phase(enum session_error error) {
        switch (error) {
        case SESSION_OK:
        case SESSION_NO_ENTRY:
        case SESSION_WRONG_CHIP:
        case SESSION_UNKNOWN_CHIP:
        case SESSION_UNFLASHABLE:
        case SESSION_DOES_NOT_FIT:
        case SESSION_WRITE_PROTECTED:
        case SESSION_BOOT_PIN:
        case SESSION_PERMANENT:
        case SESSION_DIFFERS:
                return false;
        default:
                return true;
        }
}

static const char *chip_name(const struct story *story) {
        return story->context->chip ? story->context->chip->name : "unknown chip";
}

/* What the stages of a command bring, after the command itself (AN3155 section 3). */
static const char *stage_name(uint8_t command, unsigned stage) {
        switch (command) {
        case AN3155_READ:
                return stage == 1 ? "its address" : "its length";
        case AN3155_WRITE:
                return stage == 1 ? "its address" : "its data";
        case AN3155_GO:
                return "its address";
        case AN3155_ERASE:
        case AN3155_EXTENDED_ERASE:
                return "its pages";
        case AN3155_WRITE_PROTECT:
                return "its sectors";
        default:
                return "its end";
        }
}

/* "WRITE at 0x08000400 (its data)", or "the ROM" where no command is known. */
static void tell_command(const struct story *story) {
        const struct session_failure *f = story->failure;
        const char *name = f->has_command ? an3155_command_name(f->command) : "the ROM";

        if (name)
                fprintf(story->out, "%s", name);
        else
                fprintf(story->out, "command 0x%02X", f->command);
        if (f->has_address)
                fprintf(story->out, " at 0x%08" PRIX32, f->address);
        if (f->has_command && f->stage > 0)
                fprintf(story->out, " (%s)", stage_name(f->command, f->stage));
}

static void tell_bytes(const struct story *story, const uint8_t *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                fprintf(story->out, " %02X", bytes[i]);
}

static void tell_received(const struct story *story) {
        const struct session_failure *f = story->failure;

        if (f->n_received == 0)
                return;
        fprintf(story->out, "; received:");
        tell_bytes(story, f->received, MIN(f->n_received, sizeof(f->received)));
}

static void tell_text(const struct story *story, const uint8_t *bytes, size_t n) {
        fputc('"', story->out);
        for (size_t i = 0; i < n; i++)
                fputc(bytes[i] >= ' ' && bytes[i] < 0x7F ? bytes[i] : '.', story->out);
        fputc('"', story->out);
}

static void tell_entry(const struct story *story) {
        const struct entry_evidence *e = &story->failure->entry;
        enum advice_symptom symptom = advice_symptom(e);
        const struct chip *chip = story->context->chip;
        size_t n = MIN(e->n_received, sizeof(e->received));

        bool silent = symptom == ADVICE_SYMPTOM_SILENCE || symptom == ADVICE_SYMPTOM_NONE;
        fprintf(story->out, "no %s the ROM bootloader (%s, %u %s): sent 0x7F %u time%s, ",
                silent ? "answer from" : "entry into", chip_name(story),
                e->baud ?: story->context->baud,
                chip && chip->quirks & CHIP_QUIRK_8N1 ? "8N1" : "8E1", e->attempts,
                e->attempts == 1 ? "" : "s");
        switch (symptom) {
        case ADVICE_SYMPTOM_NONE:
        case ADVICE_SYMPTOM_SILENCE:
                fprintf(story->out, "nothing came back");
                return;
        case ADVICE_SYMPTOM_ECHO:
                fprintf(story->out, "and it came back itself");
                break;
        case ADVICE_SYMPTOM_ECHO_ANSWERED:
                fprintf(story->out, "and it came back itself, the ROM's answer behind it");
                break;
        case ADVICE_SYMPTOM_ZEROS:
                fprintf(story->out, "only zeros came back");
                break;
        case ADVICE_SYMPTOM_GARBAGE:
                fprintf(story->out, "what came back is no answer");
                break;
        case ADVICE_SYMPTOM_TEXT:
                fprintf(story->out, "an application answered: ");
                tell_text(story, e->received, n);
                return;
        case ADVICE_SYMPTOM_NACK_ONLY:
                fprintf(story->out, "only refusals (NACK) came back");
                break;
        case ADVICE_SYMPTOM_ACKED_SILENT:
                fprintf(story->out, "it was acknowledged, the first command was not");
                break;
        case ADVICE_SYMPTOM_ACKED_NACK:
                fprintf(story->out, "it was acknowledged, then every command was refused");
                break;
        }
        if (n > 0) {
                fprintf(story->out, ":");
                tell_bytes(story, e->received, n);
        }
}

static void tell_wrong_chip(const struct story *story) {
        const struct session_failure *f = story->failure;
        const struct chip *found = chip_by_id(f->chip_id);

        fprintf(story->out, "the chip reports ID 0x%03X (%s)", f->chip_id,
                found ? found->name : "in no table");
        if (f->error == SESSION_WRONG_CHIP)
                fprintf(story->out, ", which is not what Chip=%s names",
                        story->context->chip_name ?: "");
        else
                fprintf(story->out, ", and no layout was given");
}

static void tell_fit(const struct story *story) {
        const struct plan_error *plan = &story->failure->plan;

        switch (plan->status) {
        case PLAN_OPTION_BYTES:
                fprintf(story->out,
                        "the image holds option bytes (0x%08" PRIX32 "-0x%08" PRIX32 ")",
                        plan->address, plan->end - 1);
                return;
        case PLAN_NOT_THERE:
                fprintf(story->out,
                        "the image does not fit: the chip refuses to read 0x%08" PRIX32
                        ", where it would end",
                        plan->address);
                return;
        case PLAN_CANNOT_START:
                fprintf(story->out,
                        "the chip cannot start this image: no stack pointer and reset vector stand "
                        "at 0x%08" PRIX32 ", where it boots from",
                        plan->address);
                return;
        case PLAN_EMPTY:
                fprintf(story->out, "nothing of the image lies in flash");
                break;
        case PLAN_RANGE_OUTSIDE:
                fprintf(story->out,
                        "the range 0x%08" PRIX32 "-0x%08" PRIX32 " does not lie within flash",
                        plan->address, plan->end - 1);
                break;
        case PLAN_OVERLAP:
                fprintf(story->out, "two segments of the image hold 0x%08" PRIX32, plan->address);
                break;
        default:
                fprintf(story->out,
                        "the image does not fit: 0x%08" PRIX32 "-0x%08" PRIX32
                        " lies outside of flash",
                        plan->address, plan->end - 1);
        }
        fprintf(story->out, " (0x%08" PRIX32 "-0x%08" PRIX32 ", %" PRIu32 " KiB%s)",
                plan->flash_start, plan->flash_end - 1, plan->flash_size / 1024,
                plan->flash_size < plan->flash_end - plan->flash_start
                        ? ", with a hole between the banks"
                        : "");
}

static void tell_byte(const struct story *story, const char *what) {
        const struct session_failure *f = story->failure;

        fprintf(story->out, "%s at 0x%08" PRIX32 ": expected 0x%02X, found 0x%02X", what,
                f->address, f->expected, f->found);
}

static void tell_swapped(const struct story *story) {
        const struct session_failure *f = story->failure;

        fprintf(story->out,
                "the banks are swapped: to erase the page at 0x%08" PRIX32
                " erased the one at 0x%08" PRIX32 ", in the other bank",
                f->address, f->twin);
}

static void tell_system(const struct story *story, const char *what) {
        fprintf(story->out, "%s", what);
        if (story->failure->system < 0)
                fprintf(story->out, ": %s", strerrordesc_np(-story->failure->system) ?: "unknown");
}

static void tell_reason(const struct story *story, const char *what) {
        tell_system(story, what);
        if (story->failure->reason)
                fprintf(story->out, ": %s", story->failure->reason);
}

static void tell_format(const struct story *story) {
        if (story->failure->system == -EPROTONOSUPPORT)
                fprintf(story->out, "the port does not send parity, which the ROM needs");
        else if (story->failure->system == -ERANGE)
                fprintf(story->out, "the port does not do this baud rate");
        else
                tell_system(story, "the port does not do what the ROM needs");
        fprintf(story->out, " (%u baud, %s)", story->context->baud,
                story->context->chip && story->context->chip->quirks & CHIP_QUIRK_8N1 ? "8N1"
                                                                                      : "8E1");
}

static void tell_unsupported(const struct story *story) {
        const struct session_failure *f = story->failure;

        if (f->n_sectors > 0)
                fprintf(story->out, "there is no sector %u to be protected: this part has %u",
                        f->sector, f->n_sectors);
        else if (f->has_address && f->reason)
                fprintf(story->out, "%s (0x%08" PRIX32 ")", f->reason, f->address);
        else
                tell_reason(story, "not possible with this chip, ROM or wiring");
}

static void tell_fact(const struct story *story) {
        if (story->failure->start_unknown)
                fprintf(story->out, "whether the application runs is not known: ");
        switch (story->failure->error) {
        case SESSION_OK:
                fprintf(story->out, "nothing failed");
                break;
        case SESSION_NO_ENTRY:
                tell_entry(story);
                break;
        case SESSION_SILENCE:
                fprintf(story->out, "no answer to ");
                tell_command(story);
                tell_received(story);
                break;
        case SESSION_NACK:
                tell_command(story);
                fprintf(story->out, " was refused (NACK)");
                tell_received(story);
                break;
        case SESSION_GARBAGE:
                fprintf(story->out, "an answer that fits nothing to ");
                tell_command(story);
                tell_received(story);
                break;
        case SESSION_WRONG_CHIP:
        case SESSION_UNKNOWN_CHIP:
                tell_wrong_chip(story);
                break;
        case SESSION_UNFLASHABLE:
                tell_reason(story, "this chip cannot be flashed");
                break;
        case SESSION_DOES_NOT_FIT:
                tell_fit(story);
                break;
        case SESSION_PROTECTED:
                fprintf(story->out, "the chip is protected");
                if (!story->failure->has_command)
                        break;
                fprintf(story->out, ": ");
                tell_command(story);
                fprintf(story->out, " was refused");
                break;
        case SESSION_WRITE_PROTECTED:
                fprintf(story->out, "the page at 0x%08" PRIX32 " is write-protected",
                        story->failure->address);
                break;
        case SESSION_BOOT_PIN:
                fprintf(story->out, "%s ignores its BOOT0 pin", chip_name(story));
                break;
        case SESSION_PERMANENT:
                tell_reason(story, "refused to do what cannot be undone");
                break;
        case SESSION_UNSUPPORTED:
                tell_unsupported(story);
                break;
        case SESSION_NOT_BLANK:
                if (story->failure->twin)
                        tell_swapped(story);
                else
                        tell_byte(story, "an erased page is not blank");
                break;
        case SESSION_VERIFY_MISMATCH:
                tell_byte(story, "read-back differs");
                break;
        case SESSION_DIFFERS:
                tell_byte(story, "the chip holds something else");
                break;
        case SESSION_LINES:
                tell_system(story, "the lines could not be driven");
                break;
        case SESSION_FORMAT:
                tell_format(story);
                break;
        case SESSION_LINK_LOST:
                tell_system(story, "the port is gone");
                break;
        case SESSION_CANCELLED:
                fprintf(story->out, "cancelled%s",
                        story->context->service_stops ? ": the service was stopped" : "");
                break;
        }
}

char *failure_to_text(const char *target, const struct session_failure *failure,
                      const struct advice_context *context) {
        struct advice_context named = *context;
        struct story story = { .failure = failure, .context = &named };
        struct advice advice[ADVICE_MAX];
        char *text = NULL;
        size_t size;

        named.target = target;
        story.out = open_memstream(&text, &size);
        if (!story.out)
                return NULL;

        fprintf(story.out, "%s: ", target);
        if (depends_on_phase(failure->error))
                fprintf(story.out, "%s: ", doing(failure->phase));
        tell_fact(&story);
        fprintf(story.out, ".\n");
        failure_tell_outcome(&story);
        size_t n = advice_find(failure, &named, advice);
        for (size_t i = 0; i < n; i++)
                fprintf(story.out, "\nTry: %s", advice[i].text);

        bool failed = ferror(story.out) != 0;
        if (fclose(story.out) != 0 || failed) {
                free(text);
                return NULL;
        }
        return text;
}
