/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/advice.h"
#include "boot/advice_cause.h"
#include "util/macro.h"

enum advice_symptom advice_symptom(const struct entry_evidence *evidence) {
        /* Attempts may have ended in different ways. What says most about the other end counts. */
        if (evidence->text)
                return ADVICE_SYMPTOM_TEXT;
        if (evidence->echo_answered)
                return ADVICE_SYMPTOM_ECHO_ANSWERED;
        if (evidence->acked_then_nack)
                return ADVICE_SYMPTOM_ACKED_NACK;
        if (evidence->acked_then_silent)
                return ADVICE_SYMPTOM_ACKED_SILENT;
        if (evidence->nack_only)
                return ADVICE_SYMPTOM_NACK_ONLY;
        if (evidence->echo)
                return ADVICE_SYMPTOM_ECHO;
        if (evidence->garbage)
                return ADVICE_SYMPTOM_GARBAGE;
        if (evidence->zeros)
                return ADVICE_SYMPTOM_ZEROS;
        if (evidence->silence)
                return ADVICE_SYMPTOM_SILENCE;
        return ADVICE_SYMPTOM_NONE;
}

bool advice_stayed_above(const struct session_failure *failure,
                         const struct advice_context *context, unsigned baud) {
        unsigned lowest = failure->entry.lowest_baud;

        return context->baud > baud && (lowest == 0 || lowest > baud);
}

static uint32_t wiring_of(const struct advice_context *context) {
        static const struct entry_config no_lines = { 0 };
        const struct entry_config *entry = context->entry ?: &no_lines;
        bool reset = entry->has_reset, boot0 = entry->has_boot0, boot1 = entry->has_boot1;
        bool sequence = entry->sequence.n_steps > 0;

        return (reset || boot0 || sequence ? ADVICE_LINES : ADVICE_NO_LINES) |
               (reset ? ADVICE_RESET : ADVICE_NO_RESET) | (boot0 ? ADVICE_BOOT0 : ADVICE_NO_BOOT0) |
               (boot1 ? ADVICE_BOOT1 : ADVICE_NO_BOOT1) | (sequence ? ADVICE_SEQUENCE : 0) |
               (context->is_virtual ? 0 : ADVICE_REAL);
}

static bool chip_fits(const struct advice_cause *cause, const struct chip *chip) {
        if (!cause->patterns && !cause->quirks && !cause->chip_id)
                return true;
        if (!chip)
                return false;
        return (!cause->patterns || cause->patterns & 1U << chip->pattern) &&
               (!cause->quirks || cause->quirks & chip->quirks) &&
               (!cause->chip_id || cause->chip_id == chip->id);
}

/* Once the ROM was entered, what the attempts saw on the way says nothing any more. */
static bool symptom_fits(const struct advice_cause *cause, const struct session_failure *failure) {
        return !cause->symptoms || failure->error != SESSION_NO_ENTRY ||
               cause->symptoms & 1U << advice_symptom(&failure->entry);
}

static bool applies(const struct advice_cause *cause, const struct session_failure *failure,
                    const struct advice_context *context) {
        uint32_t wiring = wiring_of(context);

        return cause->errors & 1U << failure->error && symptom_fits(cause, failure) &&
               (cause->wiring & wiring) == cause->wiring && chip_fits(cause, context->chip) &&
               (!cause->when || cause->when(failure, context));
}

size_t advice_find_causes(const struct session_failure *failure,
                          const struct advice_context *context,
                          const struct advice_cause *ret[static ADVICE_MAX]) {
        const struct {
                const struct advice_cause *causes;
                size_t n;
        } tables[] = {
                { advice_entry_causes, advice_entry_causes_size },
                { advice_rom_causes, advice_rom_causes_size },
                { advice_job_causes, advice_job_causes_size },
        };
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                for (size_t k = 0; k < tables[i].n && n < ADVICE_MAX; k++)
                        if (applies(&tables[i].causes[k], failure, context))
                                ret[n++] = &tables[i].causes[k];
        return n;
}

size_t advice_find(const struct session_failure *failure, const struct advice_context *context,
                   struct advice ret[static ADVICE_MAX]) {
        const struct advice_cause *causes[ADVICE_MAX];
        size_t n = advice_find_causes(failure, context, causes);

        for (size_t i = 0; i < n; i++)
                advice_expand(causes[i], failure, context, &ret[i]);
        return n;
}
