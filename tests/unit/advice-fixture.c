/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "advice-fixture.h"
#include "util/macro.h"

static void set_symptom(struct entry_evidence *e, enum advice_symptom symptom) {
        switch (symptom) {
        case ADVICE_SYMPTOM_NONE:
                break;
        case ADVICE_SYMPTOM_SILENCE:
                e->silence = true;
                break;
        case ADVICE_SYMPTOM_ECHO:
                e->echo = true;
                break;
        case ADVICE_SYMPTOM_ECHO_ANSWERED:
                e->echo = e->echo_answered = e->garbage = true;
                break;
        case ADVICE_SYMPTOM_ZEROS:
                e->zeros = true;
                break;
        case ADVICE_SYMPTOM_GARBAGE:
                e->garbage = true;
                break;
        case ADVICE_SYMPTOM_TEXT:
                e->text = true;
                break;
        case ADVICE_SYMPTOM_NACK_ONLY:
                e->nack_only = true;
                break;
        case ADVICE_SYMPTOM_ACKED_SILENT:
                e->acked_then_silent = true;
                break;
        case ADVICE_SYMPTOM_ACKED_NACK:
                e->acked_then_nack = true;
                break;
        }
}

void scene_init(struct scene *scene, const struct given *given) {
        *scene = (struct scene){
                .failure = { .error = given->error,
                             .phase = given->phase,
                             .outcome = given->outcome,
                             .sampled = given->sampled,
                             .remains = given->remains,
                             .options = given->options,
                             .system = given->system,
                             .has_command = given->command != 0,
                             .command = (uint8_t)given->command,
                             .stage = given->stage,
                             .has_address = !given->nowhere,
                             .address = 0x08000400,
                             .expected = 0x12,
                             .found = (uint8_t)given->found,
                             .twin = given->twin,
                             .start_unknown = given->start_unknown,
                             .entry = { .lowest_baud = given->lowest_baud },
                             .chip_id = given->reported,
                             .reason = given->reason,
                             .sector = 99,
                             .n_sectors = given->n_sectors,
                             .plan = { given->plan, 0x08020000, 0x08020404, 0x08000000, 0x08020000,
                                       0x20000 } },
                .context = { .chip = given->chip ? chip_by_id(given->chip) : NULL,
                             .chip_name = "STM32F405",
                             .baud = given->baud ?: 115200,
                             .is_virtual = given->wiring & VIRTUAL,
                             .interrupted = given->interrupted,
                             .configured_image = given->configured_image,
                             .port_user = given->shared ? "agetty (process 512)" : NULL },
                .entry = { .has_reset = given->wiring & RESET,
                           .has_boot0 = given->wiring & BOOT0,
                           .has_boot1 = given->wiring & BOOT1 },
        };
        if (given->chip)
                assert_non_null(scene->context.chip);
        if (given->wiring & (SHORT_SEQUENCE | LONG_SEQUENCE)) {
                scene->entry.sequence.n_steps = 1;
                scene->entry.sequence.steps[0].delay =
                        given->wiring & LONG_SEQUENCE ? 3 * USEC_PER_SEC : USEC_PER_MSEC;
        }
        set_symptom(&scene->failure.entry, given->symptom);
        scene->context.entry = &scene->entry;
}
