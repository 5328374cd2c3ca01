/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "daemon/error.h"
#include "daemon/job_request.h"
#include "util/macro.h"

#define FLASH_START 0x08000000U /* of nearly all STM32 */

static const struct {
        const char *name;
        enum session_kind kind;
        bool changes_flash;
} types[] = {
        [JOB_FLASH] = { "flash", SESSION_FLASH, true },
        [JOB_VERIFY] = { "verify", SESSION_VERIFY, false },
        [JOB_SYNC] = { "sync", SESSION_FLASH, true },
        [JOB_READ] = { "read", SESSION_READ, false },
        [JOB_ERASE] = { "erase", SESSION_ERASE, true },
        [JOB_PROBE] = { "probe", SESSION_PROBE, false },
        [JOB_RUN] = { "run", SESSION_RUN, false },
        [JOB_RESET] = { "reset", SESSION_RESET, false },
        [JOB_ENTER_BOOTLOADER] = { "enter-bootloader", SESSION_ENTER, false },
        [JOB_PROTECT_WRITE] = { "protect-write", SESSION_WRITE_PROTECT, false },
        [JOB_UNPROTECT_WRITE] = { "unprotect-write", SESSION_WRITE_UNPROTECT, false },
        [JOB_PROTECT_READOUT] = { "protect-readout", SESSION_READOUT_PROTECT, false },
        [JOB_UNPROTECT_READOUT] = { "unprotect-readout", SESSION_READOUT_UNPROTECT, true },
        [JOB_READ_OPTION_BYTES] = { "read-option-bytes", SESSION_READ_OPTIONS, false },
        /* A lower readout protection, another bank in front: the old image need not be there. */
        [JOB_WRITE_OPTION_BYTES] = { "write-option-bytes", SESSION_WRITE_OPTIONS, true },
        [JOB_INSPECT] = { "inspect", SESSION_VERIFY, false },
};

const char *job_type_to_string(enum job_type type) {
        return types[type].name;
}

bool job_type_changes_flash(enum job_type type) {
        return types[type].changes_flash;
}

static uint32_t default_address(const struct target_config *config, const struct chip *chip) {
        if (config->has_image_address)
                return config->image_address;
        return chip ? chip->flash_start : FLASH_START;
}

struct job_request *job_request_new(enum job_type type, const struct target_config *config,
                                    const struct chip *chip) {
        struct job_request *request = calloc(1, sizeof(*request));

        if (!request)
                return NULL;
        request->type = type;
        request->session.kind = types[type].kind;
        request->session.fast_program = config->fast_program;
        request->sync_check = config->check;
        request->baud = config->baud;
        request->has_layout = config->has_layout;
        request->layout = config->layout;
        request->image_options.default_address = default_address(config, chip);
        if (type == JOB_SYNC) {
                request->image_options.format = config->image_format;
                request->image_options.has_address = config->has_image_address;
                request->image_options.address = config->image_address;
        }
        return request;
}

struct job_request *job_request_free(struct job_request *request) {
        if (!request)
                return NULL;
        image_free(request->image);
        free(request->image_name);
        free(request->option_bytes);
        free(request->sectors);
        free(request);
        return NULL;
}

uint64_t job_request_bytes(const struct job_request *request) {
        if (request->image)
                return image_size(request->image);
        return request->type == JOB_READ ? request->session.length : 0;
}

static int read_bytes(sd_bus_message *message, const char *what, size_t max, uint8_t **ret,
                      size_t *ret_size, sd_bus_error *ret_error) {
        const void *bytes;
        size_t size;

        int r = sd_bus_message_read_array(message, 'y', &bytes, &size);
        if (r < 0)
                return r;
        if (size == 0 || size > max)
                return error_invalid(ret_error, "%s: %zu bytes, where 1 to %zu are possible", what,
                                     size, max);
        uint8_t *copy = malloc(size);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, bytes, size);
        free(*ret);
        *ret = copy;
        *ret_size = size;
        return 0;
}

int job_request_read_sectors(struct job_request *request, sd_bus_message *message,
                             sd_bus_error *ret_error) {
        int r = read_bytes(message, "sectors", JOB_SECTORS_MAX, &request->sectors,
                           &request->session.n_sectors, ret_error);

        request->session.sectors = request->sectors;
        return r;
}

int job_request_read_option_bytes(struct job_request *request, sd_bus_message *message,
                                  sd_bus_error *ret_error) {
        int r = read_bytes(message, "option bytes", JOB_OPTIONS_MAX, &request->option_bytes,
                           &request->session.option_size, ret_error);

        request->session.option_bytes = request->option_bytes;
        return r;
}
