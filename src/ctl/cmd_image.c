/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/call_options.h"
#include "ctl/client.h"
#include "ctl/image_file.h"
#include "ctl/message_json.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static void print_number(struct json_object *image, const char *label, const char *key) {
        char text[TEXT_NUMBER_MAX];

        if (!json_object_object_get_ex(image, key, NULL))
                return;
        (void)snprintf(text, sizeof text, "0x%08" PRIx64, json_number(image, key));
        output_field(label, text);
}

struct span {
        uint64_t start, size;
};

/* The i-th of an array of addresses and sizes; false beyond its end. */
static bool get_span(struct json_object *ranges, size_t i, struct span *ret) {
        if (i >= json_object_array_length(ranges))
                return false;

        struct json_object *range = json_object_array_get_idx(ranges, i);
        if (!json_object_is_type(range, json_type_array) || json_object_array_length(range) < 2)
                return false;
        ret->start = json_object_get_uint64(json_object_array_get_idx(range, 0));
        ret->size = json_object_get_uint64(json_object_array_get_idx(range, 1));
        return true;
}

static void print_segments(struct json_object *segments) {
        struct span range;

        for (size_t i = 0; get_span(segments, i, &range); i++) {
                char size[TEXT_NUMBER_MAX], text[128];

                text_size(range.size, size);
                (void)snprintf(text, sizeof text, "0x%08" PRIx64 "  %s (%" PRIu64 " bytes)",
                               range.start, size, range.size);
                output_field(i == 0 ? "Segments" : "", text);
        }
}

/* Neighbours of one size are told in one line. */
static void print_pages(struct json_object *pages) {
        struct span first, next;

        for (size_t i = 0, n; get_span(pages, i, &first); i += n) {
                char size[TEXT_NUMBER_MAX], text[128];

                for (n = 1; get_span(pages, i + n, &next); n++)
                        if (next.start != first.start + n * first.size || next.size != first.size)
                                break;
                text_size(first.size, size);
                (void)snprintf(text, sizeof text, "0x%08" PRIx64 "  %zu x %s", first.start, n,
                               size);
                output_field(i == 0 ? "Pages" : "", text);
        }
}

static void print_list(struct json_object *image, const char *key,
                       void (*print)(struct json_object *list)) {
        struct json_object *list;

        if (json_object_object_get_ex(image, key, &list) &&
            json_object_is_type(list, json_type_array))
                print(list);
}

static void print_image(struct json_object *image) {
        char size[TEXT_NUMBER_MAX], text[TEXT_NUMBER_MAX * 2];
        struct json_object *fits;

        text_size(json_number(image, "size"), size);
        (void)snprintf(text, sizeof text, "%s (%" PRIu64 " bytes)", size,
                       json_number(image, "size"));
        output_field("Format", json_text(image, "format"));
        output_field("Size", text);
        print_list(image, "segments", print_segments);
        print_number(image, "CRC-32", "crc32");
        output_field("SHA-256", json_text(image, "sha256"));
        output_field("Build ID", json_text(image, "build_id"));
        print_number(image, "Entry", "entry");
        print_number(image, "Stack pointer", "stack_pointer");
        print_number(image, "Reset vector", "reset_vector");
        if (!json_object_object_get_ex(image, "reset_vector", NULL))
                output_field("Vector table", "none at its start");
        output_field("Chip", json_text(image, "chip"));
        if (!json_object_object_get_ex(image, "fits", &fits))
                return;
        output_field("Fits", !fits ? "not known" : json_flag(image, "fits") ? "yes" : "no");
        output_lines("Reason", json_text(image, "reason"));
        print_list(image, "pages", print_pages);
}

static int inspect(struct client *client, const struct options *options, const char *file,
                   struct json_object **ret) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;

        int code = image_file_new_call(client, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE,
                                       "InspectImage", file, &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_append(call, "s", options->target ?: "");
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        code = call_options_append_image(call, options, file);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        r = message_to_json(reply, ret);
        return r < 0 ? client_report_errno(r, "Cannot read the answer") : STMBOOT_EXIT_DONE;
}

/* What the exit code says of "does it fit?", where that was asked. */
static int fit_to_exit_code(struct json_object *image) {
        struct json_object *fits;

        if (!json_object_object_get_ex(image, "fits", &fits))
                return STMBOOT_EXIT_DONE;
        if (!fits)
                return STMBOOT_EXIT_WRONG_CHIP;
        return json_flag(image, "fits") ? STMBOOT_EXIT_DONE : STMBOOT_EXIT_IMAGE;
}

int cmd_image(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_json_ struct json_object *image = NULL;

        (void)n_args;
        int code = inspect(client, options, args[0], &image);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (options->target && !json_object_object_get_ex(image, "fits", NULL) &&
            json_object_object_add(image, "fits", NULL) < 0) /* asked, and not known */
                return client_report_errno(-ENOMEM, "Cannot read the answer");
        if (options->json != JSON_OFF)
                code = output_json(options, image);
        else
                print_image(image);
        return code != STMBOOT_EXIT_DONE ? code : fit_to_exit_code(image);
}
