/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/message_json.h"
#include "ctl/output.h"
#include "ctl/targets.h"
#include "ctl/text.h"

static int compare_names(const void *a, const void *b) {
        return strcmp(json_text(*(struct json_object *const *)a, "name"),
                      json_text(*(struct json_object *const *)b, "name"));
}

/* From {path: {interface: {property: value}}}. NULL: memory. */
static struct json_object *collect(struct json_object *objects) {
        _cleanup_json_ struct json_object *targets = json_object_new_array();

        if (!targets || !json_object_is_type(objects, json_type_object))
                return TAKE_PTR(targets);
        json_object_object_foreach(objects, path, interfaces) {
                struct json_object *target;

                (void)path;
                if (json_object_object_get_ex(interfaces, STMBOOT_TARGET_INTERFACE, &target) &&
                    json_append(targets, json_object_get(target)) < 0)
                        return NULL;
        }
        json_object_array_sort(targets, compare_names);
        return TAKE_PTR(targets);
}

int targets_get(struct client *client, struct json_object **ret) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_json_ struct json_object *objects = NULL;

        int code = client_new_call(client, STMBOOT_PATH, "org.freedesktop.DBus.ObjectManager",
                                   "GetManagedObjects", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = message_to_json(reply, &objects);
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        *ret = collect(objects);
        return *ret ? STMBOOT_EXIT_DONE : client_report_errno(-ENOMEM, "Cannot go on");
}

static void print_chip(struct json_object *target) {
        const char *chip = json_text(target, "chip");
        uint64_t id = json_number(target, "chip_id");
        char text[256] = "";

        if (id != 0)
                (void)snprintf(text, sizeof text, "%s%s0x%03" PRIx64 "%s", chip,
                               *chip ? " (" : "ID ", id, *chip ? ")" : "");
        else
                (void)snprintf(text, sizeof text, "%s", chip);
        output_field("Chip", text);
}

static void print_state(struct json_object *target) {
        static const struct {
                const char *state, *meaning;
        } meanings[] = {
                { "absent", "its port is not there" },
                { "bootloader", "it waits in its ROM; 'run' starts the application" },
                { "interrupted", "a job that was changing the flash was cut off; flash it again" },
        };
        const char *state = json_text(target, "state"), *meaning = NULL;
        char text[128];

        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (strcmp(meanings[i].state, state) == 0)
                        meaning = meanings[i].meaning;
        (void)snprintf(text, sizeof text, "%s%s%s%s", state, meaning ? " (" : "", meaning ?: "",
                       meaning ? ")" : "");
        output_field("State", text);
}

void target_print(struct json_object *target) {
        static const struct {
                const char *label, *key;
        } before[] = {
                { "Broken", "broken_reason" },
                { "Port", "port" },
                { "Virtual chip", "virtual_state" },
                { "Image", "image_file" },
        };
        static const struct {
                const char *label, *key;
        } after[] = {
                { "Unique ID", "unique_id" },
                { "Bootloader", "bootloader_version" },
                { "Protection", "protection" },
        };
        char size[TEXT_NUMBER_MAX] = "";

        output_field("Target", json_text(target, "name"));
        output_field("Description", json_text(target, "description"));
        print_state(target);
        for (size_t i = 0; i < ARRAY_SIZE(before); i++)
                output_field(before[i].label, json_text(target, before[i].key));
        print_chip(target);
        if (json_number(target, "flash_size") > 0)
                text_size(json_number(target, "flash_size"), size);
        output_field("Flash", size);
        for (size_t i = 0; i < ARRAY_SIZE(after); i++)
                output_field(after[i].label, json_text(target, after[i].key));
        const char *result = json_text(target, "last_result");
        if (strncmp(result, STMBOOT_ERROR_PREFIX, strlen(STMBOOT_ERROR_PREFIX)) == 0)
                result += strlen(STMBOOT_ERROR_PREFIX);
        output_field("Last result", result);
        if (strcmp(json_text(target, "job"), "/") != 0)
                output_field("Job", client_target_name(json_text(target, "job")));
}
