/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stmboot/dbus.h>
#include <string.h>

#include "daemon/board.h"
#include "daemon/bus.h"
#include "daemon/bus_image.h"
#include "daemon/error.h"
#include "daemon/job.h"
#include "daemon/job_image.h"
#include "daemon/manager.h"
#include "util/parse.h"
#include "util/utf8.h"

/* ---- methods that start a job ---- */

/* Reads what stands in front of the options. */
typedef int (*read_arguments_t)(struct job_request *request, sd_bus_message *message,
                                sd_bus_error *ret_error);

static int read_range(struct job_request *request, sd_bus_message *message,
                      sd_bus_error *ret_error) {
        uint64_t address, length;

        int r = sd_bus_message_read(message, "tt", &address, &length);
        if (r < 0)
                return r;
        if (length == 0 || address > UINT32_MAX || length > (1ULL << 32) - address)
                return error_invalid(ret_error,
                                     "No range of addresses: %#" PRIx64 ", %" PRIu64 " bytes",
                                     address, length);
        if (length > JOB_READ_MAX)
                return error_set(ret_error, ERROR_LIMIT, "More than %u MiB at once",
                                 JOB_READ_MAX >> 20);
        request->session.address = (uint32_t)address;
        request->session.length = (uint32_t)length;
        return 0;
}

static const struct method {
        const char *member;
        enum job_type type;
        bool takes_image;
        read_arguments_t read_arguments;
} methods[] = {
        { "Flash", JOB_FLASH, true, NULL },
        { "FlashFd", JOB_FLASH, true, NULL },
        { "FlashData", JOB_FLASH, true, NULL },
        { "Verify", JOB_VERIFY, true, NULL },
        { "VerifyFd", JOB_VERIFY, true, NULL },
        { "VerifyData", JOB_VERIFY, true, NULL },
        { "Sync", JOB_SYNC, false, NULL },
        { "Read", JOB_READ, false, read_range },
        { "Erase", JOB_ERASE, false, NULL },
        { "Probe", JOB_PROBE, false, NULL },
        { "Run", JOB_RUN, false, NULL },
        { "Reset", JOB_RESET, false, NULL },
        { "EnterBootloader", JOB_ENTER_BOOTLOADER, false, NULL },
        { "ProtectWrite", JOB_PROTECT_WRITE, false, job_request_read_sectors },
        { "UnprotectWrite", JOB_UNPROTECT_WRITE, false, NULL },
        { "ProtectReadout", JOB_PROTECT_READOUT, false, NULL },
        { "UnprotectReadout", JOB_UNPROTECT_READOUT, false, NULL },
        { "ReadOptionBytes", JOB_READ_OPTION_BYTES, false, NULL },
        { "WriteOptionBytes", JOB_WRITE_OPTION_BYTES, false, job_request_read_option_bytes },
};

static const struct method *find_method(const char *member) {
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (strcmp(member, methods[i].member) == 0)
                        return &methods[i];
        return NULL;
}

/* Sync takes the file that the target's configuration names. */
static int read_configured_image(struct bus_image *image, const struct target *target,
                                 sd_bus_error *ret_error) {
        image->name = target->config->image_file;
        if (!image->name)
                return error_set(ret_error, ERROR_IMAGE_UNREADABLE, "%s: no File= in [Image]",
                                 target->origin);
        int r = job_image_read_trusted(image->name, &image->owned, &image->size, ret_error);
        image->data = image->owned;
        return r;
}

static int read_request(struct job_request *request, const struct method *method,
                        struct target *target, sd_bus_message *message, sd_bus_error *ret_error) {
        _cleanup_(bus_image_done) struct bus_image image = { 0 };
        int r = 0;

        if (method->takes_image)
                r = bus_image_read(&image, target->manager, message, ret_error);
        else if (method->type == JOB_SYNC)
                r = read_configured_image(&image, target, ret_error);
        else if (method->read_arguments)
                r = method->read_arguments(request, message, ret_error);
        if (r >= 0)
                r = job_request_read_options(request, message, ret_error);
        if (r >= 0 && image.name)
                r = job_image_parse(request->image_name ?: image.name, image.data, image.size,
                                    &request->image_options, &request->image, ret_error);
        return r;
}

static int method_start(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const struct method *method = find_method(sd_bus_message_get_member(message));
        _cleanup_(job_request_freep) struct job_request *request = NULL;
        struct target *target = userdata;
        struct job *job;

        int r = job_check_target(target, ret_error);
        if (r < 0)
                return r;
        request = job_request_new(method->type, target->config, target_chip(target));
        if (!request)
                return -ENOMEM;
        r = read_request(request, method, target, message, ret_error);
        if (r >= 0)
                r = job_start(target, &request, &job, ret_error);
        return r < 0 ? r : sd_bus_reply_method_return(message, "o", job->path);
}

static int method_get_trace(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const struct target *target = userdata;
        int raw;

        int r = sd_bus_message_read(message, "b", &raw);
        if (r >= 0)
                r = bus_check_queue(message, ret_error);
        if (r < 0)
                return r;
        _cleanup_free_ char *text = trace_to_text(target->trace, raw);
        if (!text)
                return -ENOMEM;
        utf8_sanitise(text);
        return sd_bus_reply_method_return(message, "s", text);
}

/* ---- properties ---- */

static const char *get_chip(const struct target *target) {
        if (!target->known.info.identified)
                return "";
        return target->known.info.chip ? target->known.info.chip->name : "unknown";
}

static int get_string(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct target *target = userdata;
        const struct target_config *config = target->config;
        const struct {
                const char *property, *value;
        } strings[] = {
                { "Name", target->name },
                { "Description", config ? config->description : NULL },
                { "State", target_state_to_string(target_state(target)) },
                { "BrokenReason", target->broken_reason },
                { "Port", config ? config->port : NULL },
                { "ImageFile", config ? config->image_file : NULL },
                { "Chip", get_chip(target) },
                { "Protection", known_chip_protection(&target->known.info) },
                { "LastResult", target->last_result },
                { "VirtualState", target->board ? board_state(target->board) : NULL },
        };

        (void)bus, (void)path, (void)interface, (void)ret_error;
        for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
                if (strcmp(property, strings[i].property) == 0)
                        return sd_bus_message_append(reply, "s", strings[i].value ?: "");
        return -ENOENT;
}

static int get_chip_id(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct target *target = userdata;

        (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
        return sd_bus_message_append(reply, "q", target->known.info.chip_id);
}

static int get_unique_id(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct session_info *known = &((const struct target *)userdata)->known.info;
        char text[2 * sizeof(known->unique_id) + 1] = "";

        (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
        if (known->has_unique_id)
                format_hex(known->unique_id, sizeof(known->unique_id), text);
        return sd_bus_message_append(reply, "s", text);
}

/* AN2606 writes a bootloader ID of 0x91 as V9.1; Get tells the version of the protocol only. */
static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct session_info *known = &((const struct target *)userdata)->known.info;
        char id[16] = "", text[48] = "";

        (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
        if (known->has_bootloader_id)
                (void)snprintf(id, sizeof(id), "V%x.%x, ", known->bootloader_id >> 4,
                               known->bootloader_id & 15U);
        if (known->identified)
                (void)snprintf(text, sizeof(text), "%sprotocol %x.%x", id, known->rom_version >> 4,
                               known->rom_version & 15U);
        return sd_bus_message_append(reply, "s", text);
}

static int get_flash_size(sd_bus *bus, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *userdata,
                          sd_bus_error *ret_error) {
        const struct target *target = userdata;

        (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
        return sd_bus_message_append(reply, "t", (uint64_t)target->known.info.flash_size);
}

static int get_job(sd_bus *bus, const char *path, const char *interface, const char *property,
                   sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const struct target *target = userdata;

        (void)bus, (void)path, (void)interface, (void)property, (void)ret_error;
        return sd_bus_message_append(reply, "o", target->job ? target->job->path : "/");
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define ANYBODY SD_BUS_VTABLE_UNPRIVILEGED /* who may is for the bus policy to say */

#define OPTIONS "a{sv}", options
#define JOB     SD_BUS_RESULT("o", job)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Flash", SD_BUS_ARGS("s", path, OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("FlashFd", SD_BUS_ARGS("h", image, OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("FlashData", SD_BUS_ARGS("ay", image, OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Verify", SD_BUS_ARGS("s", path, OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("VerifyFd", SD_BUS_ARGS("h", image, OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("VerifyData", SD_BUS_ARGS("ay", image, OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Sync", SD_BUS_ARGS(OPTIONS), JOB, method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Read", SD_BUS_ARGS("t", address, "t", length, OPTIONS), JOB,
                                method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Erase", SD_BUS_ARGS(OPTIONS), JOB, method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Probe", SD_BUS_ARGS(OPTIONS), JOB, method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Run", SD_BUS_ARGS(OPTIONS), JOB, method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Reset", SD_BUS_ARGS(OPTIONS), JOB, method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("EnterBootloader", SD_BUS_ARGS(OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ProtectWrite", SD_BUS_ARGS("ay", sectors, OPTIONS), JOB,
                                method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("UnprotectWrite", SD_BUS_ARGS(OPTIONS), JOB, method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ProtectReadout", SD_BUS_ARGS(OPTIONS), JOB, method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("UnprotectReadout", SD_BUS_ARGS(OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("ReadOptionBytes", SD_BUS_ARGS(OPTIONS), JOB, method_start,
                                ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("WriteOptionBytes", SD_BUS_ARGS("ay", bytes, OPTIONS), JOB,
                                method_start, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("GetTrace", SD_BUS_ARGS("b", raw), SD_BUS_RESULT("s", text),
                                method_get_trace, ANYBODY),
        SD_BUS_PROPERTY("Name", "s", get_string, 0, CONST),
        SD_BUS_PROPERTY("Description", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("State", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("BrokenReason", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Port", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("ImageFile", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Chip", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("ChipId", "q", get_chip_id, 0, CHANGES),
        SD_BUS_PROPERTY("UniqueId", "s", get_unique_id, 0, CHANGES),
        SD_BUS_PROPERTY("BootloaderVersion", "s", get_version, 0, CHANGES),
        SD_BUS_PROPERTY("FlashSize", "t", get_flash_size, 0, CHANGES),
        SD_BUS_PROPERTY("Protection", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("Job", "o", get_job, 0, CHANGES),
        SD_BUS_PROPERTY("LastResult", "s", get_string, 0, CHANGES),
        SD_BUS_PROPERTY("VirtualState", "s", get_string, 0, 0),
        SD_BUS_VTABLE_END,
};

/* ---- objects ---- */

static int find(sd_bus *bus, const char *path, const char *interface, void *userdata,
                void **ret_found, sd_bus_error *ret_error) {
        static const char prefix[] = STMBOOT_TARGET_PREFIX "/";

        (void)bus, (void)interface, (void)ret_error;
        if (strncmp(path, prefix, strlen(prefix)) != 0)
                return 0;
        *ret_found = manager_find_target(userdata, path + strlen(prefix));
        return *ret_found != NULL;
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_paths,
                     sd_bus_error *ret_error) {
        const struct manager *manager = userdata;
        struct bus_paths paths = { 0 };

        (void)bus, (void)prefix, (void)ret_error;
        for (const struct target *target = manager->targets; target; target = target->next)
                bus_paths_add(&paths, target->path);
        return bus_paths_finish(&paths, ret_paths);
}

int bus_target_export(struct manager *manager, sd_bus *bus) {
        int r = sd_bus_add_fallback_vtable(bus, NULL, STMBOOT_TARGET_PREFIX,
                                           STMBOOT_TARGET_INTERFACE, vtable, find, manager);

        return r < 0 ? r
                     : sd_bus_add_node_enumerator(bus, NULL, STMBOOT_TARGET_PREFIX, enumerate,
                                                  manager);
}
