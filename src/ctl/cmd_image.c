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

/* Each is an address and a size; neighbours of one size, as pages are, are told in one line. */
static void print_ranges(struct json_object *image, const char *label, const char *key,
                         bool joined) {
        struct json_object *ranges;

        if (!json_object_object_get_ex(image, key, &ranges) ||
            !json_object_is_type(ranges, json_type_array))
                return;

        size_t n = json_object_array_length(ranges);
        for (size_t i = 0, run; i < n; i += run) {
                struct json_object *range = json_object_array_get_idx(ranges, i);
                uint64_t start = json_object_get_uint64(json_object_array_get_idx(range, 0));
                uint64_t size = json_object_get_uint64(json_object_array_get_idx(range, 1));
                char amount[TEXT_NUMBER_MAX], text[128];

                for (run = 1; joined && i + run < n; run++) {
                        range = json_object_array_get_idx(ranges, i + run);
                        if (json_object_get_uint64(json_object_array_get_idx(range, 0)) !=
                                    start + run * size ||
                            json_object_get_uint64(json_object_array_get_idx(range, 1)) != size)
                                break;
                }
                text_size(size, amount);
                if (joined)
                        (void)snprintf(text, sizeof text, "0x%08" PRIx64 "  %zu x %s", start, run,
                                       amount);
                else
                        (void)snprintf(text, sizeof text, "0x%08" PRIx64 "  %s (%" PRIu64 " bytes)",
                                       start, amount, size);
                output_field(i == 0 ? label : "", text);
        }
}

static void print_image(struct json_object *image) {
        char size[TEXT_NUMBER_MAX], text[TEXT_NUMBER_MAX * 2];

        text_size(json_number(image, "size"), size);
        (void)snprintf(text, sizeof text, "%s (%" PRIu64 " bytes)", size,
                       json_number(image, "size"));
        output_field("Format", json_text(image, "format"));
        output_field("Size", text);
        print_ranges(image, "Segments", "segments", false);
        print_number(image, "CRC-32", "crc32");
        output_field("SHA-256", json_text(image, "sha256"));
        output_field("Build ID", json_text(image, "build_id"));
        print_number(image, "Entry", "entry");
        print_number(image, "Stack pointer", "stack_pointer");
        print_number(image, "Reset vector", "reset_vector");
        output_field("Chip", json_text(image, "chip"));
        if (!json_object_object_get_ex(image, "fits", NULL))
                return;
        output_field("Fits", json_flag(image, "fits") ? "yes" : "no");
        output_field("Reason", json_text(image, "reason"));
        print_ranges(image, "Pages", "pages", true);
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
        code = call_options_append(call, options);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        r = message_to_json(reply, ret);
        return r < 0 ? client_report_errno(r, "Cannot read the answer") : STMBOOT_EXIT_DONE;
}

int cmd_image(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_json_ struct json_object *image = NULL;

        (void)n_args;
        int code = inspect(client, options, args[0], &image);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (options->json != JSON_OFF)
                output_json(options, image);
        else
                print_image(image);
        if (json_object_object_get_ex(image, "fits", NULL) && !json_flag(image, "fits"))
                return STMBOOT_EXIT_IMAGE;
        return STMBOOT_EXIT_DONE;
}
