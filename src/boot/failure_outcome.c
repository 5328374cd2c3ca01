/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "boot/failure.h"
#include "boot/failure_story.h"

/* What a job that failed has left behind. */

static void tell_remains(const struct story *story) {
        const struct session_remains *r = &story->failure->remains;
        const char *unless = r->boot_uncertain ? " as far as is known," : "";

        if (!r->boot_stands && !r->boot_uncertain) {
                fprintf(story->out, "The MCU holds no bootable firmware now; flash it again.");
                return;
        }
        if (r->has_image)
                fprintf(story->out, "The image at 0x%08" PRIX32 " is incomplete; ",
                        r->image_address);
        else
                fprintf(story->out, "What was to be erased may be so in parts; ");
        if (!r->boot_stands)
                fprintf(story->out,
                        "the MCU does not start, unless it boots from elsewhere, which is not "
                        "certain.");
        else
                fprintf(story->out,
                        "what the MCU boots from,%s at 0x%08" PRIX32
                        ", was not touched and decides %s.",
                        unless, r->boot_address,
                        r->has_image ? "whether it is started" : "what is started");
        if (r->has_image)
                fprintf(story->out, " Flash it again.");
}

static void tell_options(const struct story *story) {
        static const char *const told[] = {
                [SESSION_OPTIONS_NONE] = "",
                [SESSION_OPTIONS_UNTOUCHED] = " The option bytes are untouched.",
                [SESSION_OPTIONS_PARTLY] = " The option bytes may be changed in part.",
                [SESSION_OPTIONS_CHANGED] = " The option bytes are changed.",
        };

        fprintf(story->out, "%s", told[story->failure->options]);
}

static void tell_lines(const struct story *story) {
        const struct entry_config *entry = story->context->entry;
        bool boot0 = !entry || entry->has_boot0, reset = !entry || entry->has_reset;
        int error = story->failure->lines_left;

        if (error == 0)
                return;
        fprintf(story->out,
                " %s could not be set to rest (%s): the chip may stay in reset or start in its ROM. "
                "Once the lines can be driven, `stmbootctl %s %s` sets that right.",
                boot0 && reset ? "BOOT0 and NRST"
                : reset        ? "NRST"
                               : "BOOT0",
                strerrordesc_np(-error) ?: "unknown", reset ? "reset" : "probe",
                story->context->target);
}

/* Of a blank chip, too; and of one that holds half an image from before. */
static const char *untouched(const struct story *story) {
        const struct session_failure *failure = story->failure;

        if (failure->twin)
                return "The firmware that starts is untouched.";
        if (story->context->interrupted)
                return "The flash is untouched: an earlier job broke off, and what it left is "
                       "incomplete.";
        return failure->error == SESSION_DIFFERS ? "Nothing was changed."
                                                 : "What the flash holds is untouched.";
}

static void tell_flash(const struct story *story) {
        const struct session_failure *failure = story->failure;

        switch (failure->outcome) {
        case SESSION_COMPLETE:
                fprintf(story->out, failure->sampled
                                            ? "The chip holds the image, as far as samples tell."
                                            : "The new firmware is complete and verified.");
                return;
        case SESSION_NOT_BOOTABLE:
                tell_remains(story);
                return;
        case SESSION_UNTOUCHED:
                fprintf(story->out, "%s", untouched(story));
                return;
        }
}

void failure_tell_outcome(const struct story *story) {
        tell_flash(story);
        tell_options(story);
        tell_lines(story);
}

const char *failure_risk(enum plan_safety safety) {
        switch (safety) {
        case PLAN_SAFE:
                break;
        case PLAN_BOOT_UNCERTAIN:
                return "where this chip boots from is not certain";
        case PLAN_BEHIND:
                return "the image does not hold what the chip boots from, and that decides whether "
                       "a part of it is started; its vector table is written last";
        case PLAN_WITHOUT_HEAD:
                return "the image does not hold what the chip boots from, and has no vector table "
                       "that could be written last: a part of it may be taken for all";
        case PLAN_NOT_ERASED:
                return "nothing is erased before, so what stands there may be started with a part "
                       "of the image";
        }
        return NULL;
}
