/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stmboot/dbus.h>
#include <string.h>

#include "boot/failure.h"
#include "boot/plan.h"
#include "daemon/error.h"
#include "daemon/inspect.h"
#include "daemon/job_image.h"
#include "util/bytes.h"
#include "util/parse.h"
#include "util/utf8.h"

static int append_ranges(sd_bus_message *reply, const char *key, size_t n,
                         void (*range)(const void *list, size_t i, uint64_t *ret_address,
                                       uint64_t *ret_size),
                         const void *list) {
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "a(tt)");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(tt)");
        for (size_t i = 0; i < n && r >= 0; i++) {
                uint64_t address, size;

                range(list, i, &address, &size);
                r = sd_bus_message_append(reply, "(tt)", address, size);
        }
        for (unsigned i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static void segment_range(const void *list, size_t i, uint64_t *ret_address, uint64_t *ret_size) {
        const struct image *image = list;

        *ret_address = image->segments[i].address;
        *ret_size = image->segments[i].size;
}

static void page_range(const void *list, size_t i, uint64_t *ret_address, uint64_t *ret_size) {
        const struct plan *plan = list;

        *ret_address = plan->pages[i].address;
        *ret_size = plan->pages[i].size;
}

/*
 * The first words of an image are a vector table if they can be one: the stack in RAM, the reset
 * vector odd (Thumb). Cortex-M generic user guides, "Vector table".
 */
static int append_vectors(sd_bus_message *reply, const struct image *image) {
        uint8_t words[8];

        if (!image_read(image, image->segments[0].address, words, sizeof(words)))
                return 0;
        uint32_t stack = get_le32(words), reset = get_le32(words + 4);
        if (stack < 0x10000000 || stack > 0x40000000 || stack % 4 != 0 || reset % 2 == 0)
                return 0;
        return sd_bus_message_append(reply, "{sv}{sv}", STMBOOT_IMAGE_STACK_POINTER, "t",
                                     (uint64_t)stack, STMBOOT_IMAGE_RESET_VECTOR, "t",
                                     (uint64_t)reset);
}

static int append_contents(sd_bus_message *reply, const struct image *image) {
        struct image_digest digest;
        char sha256[2 * sizeof(digest.sha256) + 1];
        char build_id[2 * sizeof(image->build_id) + 1];

        image_digest(image, &digest);
        format_hex(digest.sha256, sizeof(digest.sha256), sha256);
        int r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", STMBOOT_IMAGE_FORMAT, "s",
                                      image_format_to_string(image->format), STMBOOT_IMAGE_SIZE,
                                      "t", image_size(image), STMBOOT_IMAGE_CRC32, "u",
                                      digest.crc32, STMBOOT_IMAGE_SHA256, "s", sha256);
        if (r >= 0)
                r = append_ranges(reply, STMBOOT_IMAGE_SEGMENTS, image->n_segments, segment_range,
                                  image);
        if (r >= 0 && image->has_entry)
                r = sd_bus_message_append(reply, "{sv}", STMBOOT_IMAGE_ENTRY, "t",
                                          (uint64_t)image->entry);
        if (r >= 0 && image->build_id_size > 0) {
                format_hex(image->build_id, image->build_id_size, build_id);
                r = sd_bus_message_append(reply, "{sv}", STMBOOT_IMAGE_BUILD_ID, "s", build_id);
        }
        return r < 0 ? r : append_vectors(reply, image);
}

/* "Does it fit?" has no answer. */
static int append_unknown_chip(sd_bus_message *reply, const struct target *target) {
        _cleanup_free_ char *reason = NULL;

        if (asprintf(&reason, "the chip is not known yet: probe it first (stmbootctl probe %s)",
                     target->name) < 0) {
                reason = NULL;
                return -ENOMEM;
        }
        return sd_bus_message_append(reply, "{sv}", STMBOOT_IMAGE_REASON, "s", reason);
}

/*
 * What is said of a job that failed, without whom it is about and without the second line: what has
 * become of the firmware, which nobody was about to touch. In place; returns its beginning.
 */
static const char *without_job(char *text, const char *target) {
        char *outcome = strchr(text, '\n'), *advice = outcome ? strchr(outcome + 1, '\n') : NULL;

        if (advice)
                memmove(outcome, advice, strlen(advice) + 1);
        else if (outcome)
                *outcome = '\0';
        return text + strlen(target) + strlen(": ");
}

static int append_misfit(sd_bus_message *reply, const struct target *target,
                         const struct chip *chip, const struct plan_error *error) {
        const struct session_failure failure = {
                .error = SESSION_DOES_NOT_FIT,
                .phase = SESSION_PHASE_IDENTIFY,
                .plan = *error,
        };
        const struct advice_context context = {
                .target = target->name,
                .chip = chip,
                .entry = &target->config->entry,
                .baud = target->config->baud,
        };
        _cleanup_free_ char *text = failure_to_text(target->name, &failure, &context);

        if (!text)
                return -ENOMEM;
        utf8_sanitise(text);
        return sd_bus_message_append(reply, "{sv}{sv}", STMBOOT_IMAGE_FITS, "b", false,
                                     STMBOOT_IMAGE_REASON, "s", without_job(text, target->name));
}

static int append_fit(sd_bus_message *reply, const struct job_request *request,
                      const struct target *target) {
        const struct chip *chip = target_chip(target);
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct plan_error error;
        uint32_t flash_size = 0;

        if (!chip)
                return append_unknown_chip(reply, target);
        int r = sd_bus_message_append(reply, "{sv}", STMBOOT_IMAGE_CHIP, "s", chip->name);
        if (r < 0)
                return r;
        if (chip->unusable)
                return sd_bus_message_append(reply, "{sv}{sv}", STMBOOT_IMAGE_FITS, "b", false,
                                             STMBOOT_IMAGE_REASON, "s", chip->unusable);

        if (!request->session.option_segments &&
            job_image_has_options(request->image, chip, &error))
                return append_misfit(reply, target, chip, &error);

        /* As for a job, which part of the family it is counts only where it has answered. */
        if (target->known.info.chip == chip && !target->known.in_doubt)
                flash_size = target->known.info.flash_size;
        r = plan_check_image(request->image, chip, flash_size, &plan, &error);
        if (r == -EOPNOTSUPP)
                return sd_bus_message_append(reply, "{sv}{sv}", STMBOOT_IMAGE_FITS, "b", false,
                                             STMBOOT_IMAGE_REASON, "s",
                                             "the layout of this chip's flash is not known");
        if (r < 0)
                return r;
        if (r > 0)
                return append_misfit(reply, target, chip, &error);
        if (plan->cannot_start && plan->safety == PLAN_SAFE && !request->session.unbootable) {
                error = (struct plan_error){ PLAN_CANNOT_START, .address = plan->boot_address };
                return append_misfit(reply, target, chip, &error);
        }
        r = sd_bus_message_append(reply, "{sv}", STMBOOT_IMAGE_FITS, "b", true);
        return r < 0 ? r
                     : append_ranges(reply, STMBOOT_IMAGE_PAGES, plan->n_pages, page_range, plan);
}

int inspect_image(const struct job_request *request, const struct target *target,
                  sd_bus_message *reply) {
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        if (r >= 0)
                r = append_contents(reply, request->image);
        if (r >= 0 && target)
                r = append_fit(reply, request, target);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
