/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "daemon/error.h"
#include "daemon/job_request.h"
#include "util/macro.h"
#include "util/utf8.h"

/* The options of all methods: one row a key. */

#define BIT(type) (1U << (type))

#define IMAGE   (BIT(JOB_FLASH) | BIT(JOB_VERIFY))
#define FLASH   (BIT(JOB_FLASH) | BIT(JOB_SYNC))
#define GO      (IMAGE | FLASH | BIT(JOB_PROBE))
#define INSPECT BIT(JOB_INSPECT)
#define ANY     (BIT(JOB_INSPECT) - 1)
/* These end somewhere of their own. */
#define NO_AFTER (BIT(JOB_RUN) | BIT(JOB_RESET) | BIT(JOB_ENTER_BOOTLOADER))

struct reading {
        struct job_request *request;
        unsigned given; /* bit i: options[i] */
        bool has_check, if_different, has_go_address, has_length;
        uint64_t address, length;
        bool has_address;
};

union value {
        const char *s;
        uint64_t t;
        uint32_t u;
        int b;
};

/* Each returns 0; -EINVAL: no such value; or -ENOMEM. */
typedef int (*apply_t)(struct reading *reading, const union value *value);

static int pick(const char *value, const char *const *names, size_t n, int *ret) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(value, names[i]) == 0) {
                        *ret = (int)i;
                        return 0;
                }
        return -EINVAL;
}

static int apply_name(struct reading *reading, const union value *value) {
        if (!value->s[0] || strlen(value->s) >= PATH_MAX || !utf8_is_line(value->s))
                return -EINVAL;
        reading->request->image_name = strdup(value->s);
        return reading->request->image_name ? 0 : -ENOMEM;
}

static int apply_format(struct reading *reading, const union value *value) {
        return image_format_from_string(value->s, &reading->request->image_options.format)
                       ? 0
                       : -EINVAL;
}

static int apply_address(struct reading *reading, const union value *value) {
        if (value->t > UINT32_MAX)
                return -EINVAL;
        reading->has_address = true;
        reading->address = value->t;
        return 0;
}

static int apply_length(struct reading *reading, const union value *value) {
        if (value->t == 0 || value->t > UINT32_MAX)
                return -EINVAL;
        reading->has_length = true;
        reading->length = value->t;
        return 0;
}

static int apply_bank(struct reading *reading, const union value *value) {
        if (value->u != 1 && value->u != 2)
                return -EINVAL;
        reading->request->session.bank = (uint8_t)value->u;
        return 0;
}

static int apply_mass(struct reading *reading, const union value *value) {
        reading->request->session.mass_erase = value->b;
        return 0;
}

static int apply_erase(struct reading *reading, const union value *value) {
        static const char *const names[] = {
                [PLAN_ERASE_TOUCHED] = "touched",
                [PLAN_ERASE_ALL] = "all",
                [PLAN_ERASE_NONE] = "none",
        };
        int erase;

        if (pick(value->s, names, ARRAY_SIZE(names), &erase) < 0)
                return -EINVAL;
        reading->request->session.erase = (enum plan_erase)erase;
        return 0;
}

static int apply_check(struct reading *reading, const union value *value) {
        static const char *const names[] = {
                [SESSION_CHECK_NONE] = "none",
                [SESSION_CHECK_FAST] = "fast",
                [SESSION_CHECK_FULL] = "full",
        };
        struct job_request *request = reading->request;
        int check;

        reading->has_check = true;
        if (request->type == JOB_SYNC)
                return sync_check_from_string(value->s, &request->sync_check) ? 0 : -EINVAL;
        if (pick(value->s, names, ARRAY_SIZE(names), &check) < 0)
                return -EINVAL;
        request->session.check = (enum session_check)check;
        return 0;
}

static int apply_if_different(struct reading *reading, const union value *value) {
        reading->if_different = value->b;
        return 0;
}

static int apply_check_only(struct reading *reading, const union value *value) {
        reading->request->session.check_only = value->b;
        return 0;
}

static int apply_preserve(struct reading *reading, const union value *value) {
        reading->request->session.preserve = value->b;
        return 0;
}

static int apply_option_segments(struct reading *reading, const union value *value) {
        reading->request->session.option_segments = value->b;
        return 0;
}

static int apply_protect_readout(struct reading *reading, const union value *value) {
        reading->request->session.readout_protect = value->b;
        return 0;
}

static int apply_fast_program(struct reading *reading, const union value *value) {
        reading->request->session.fast_program = value->b;
        return 0;
}

static int apply_enable_boot_pin(struct reading *reading, const union value *value) {
        reading->request->session.enable_boot_pin = value->b;
        return 0;
}

static int apply_one_piece(struct reading *reading, const union value *value) {
        reading->request->session.one_piece = value->b;
        return 0;
}

static int apply_unbootable(struct reading *reading, const union value *value) {
        reading->request->session.unbootable = value->b;
        return 0;
}

static int apply_permanent(struct reading *reading, const union value *value) {
        reading->request->session.permanent = value->b;
        return 0;
}

static int apply_after(struct reading *reading, const union value *value) {
        static const char *const names[] = {
                [SESSION_AFTER_RUN] = "run",
                [SESSION_AFTER_STAY] = "stay",
                [SESSION_AFTER_GO] = "go",
        };
        int after;

        if (pick(value->s, names, ARRAY_SIZE(names), &after) < 0)
                return -EINVAL;
        reading->request->session.after = (enum session_after)after;
        return 0;
}

/* Go takes the address of a vector table, of words (AN3155 3.5). */
static bool may_be_vectors(uint64_t address) {
        return address <= UINT32_MAX && address % 4 == 0;
}

static int apply_go_address(struct reading *reading, const union value *value) {
        if (!may_be_vectors(value->t))
                return -EINVAL;
        reading->has_go_address = true;
        reading->request->session.has_address = true;
        reading->request->session.address = (uint32_t)value->t;
        return 0;
}

static int apply_layout(struct reading *reading, const union value *value) {
        int r = layout_parse(value->s, &reading->request->layout);

        reading->request->has_layout |= r == 0;
        return r == -ERANGE ? -EINVAL : r;
}

static int apply_baud(struct reading *reading, const union value *value) {
        if (!target_baud_is_valid(value->u))
                return -EINVAL;
        reading->request->baud = value->u;
        return 0;
}

static const struct option {
        const char *key;
        char type;     /* of the value; 'a': ay */
        unsigned jobs; /* BIT() of each type that takes it */
        apply_t apply;
        const char *takes; /* for people; NULL: all that is of its type */
} options[] = {
        { STMBOOT_OPTION_NAME, 's', IMAGE | INSPECT, apply_name, "one line of UTF-8" },
        { STMBOOT_OPTION_FORMAT, 's', IMAGE | INSPECT, apply_format,
          "auto, bin, hex, srec or elf" },
        { STMBOOT_OPTION_ADDRESS, 't',
          IMAGE | INSPECT | BIT(JOB_ERASE) | BIT(JOB_RUN) | BIT(JOB_WRITE_OPTION_BYTES),
          apply_address, "0 to 0xffffffff" },
        { STMBOOT_OPTION_LENGTH, 't', BIT(JOB_ERASE), apply_length, "1 to 0xffffffff" },
        { STMBOOT_OPTION_BANK, 'u', BIT(JOB_ERASE), apply_bank, "1 or 2" },
        { STMBOOT_OPTION_MASS, 'b', BIT(JOB_ERASE), apply_mass },
        { STMBOOT_OPTION_ERASE, 's', FLASH | INSPECT, apply_erase, "touched, all or none" },
        { STMBOOT_OPTION_CHECK, 's', FLASH, apply_check,
          "none, fast or full; Sync: record, fast or full" },
        { STMBOOT_OPTION_IF_DIFFERENT, 'b', BIT(JOB_FLASH), apply_if_different },
        { STMBOOT_OPTION_CHECK_ONLY, 'b', FLASH, apply_check_only },
        { STMBOOT_OPTION_PRESERVE, 'b', FLASH, apply_preserve },
        { STMBOOT_OPTION_OPTION_SEGMENTS, 'b', FLASH | BIT(JOB_VERIFY) | INSPECT,
          apply_option_segments },
        { STMBOOT_OPTION_OPTION_BYTES, 'a', BIT(JOB_FLASH), NULL },
        { STMBOOT_OPTION_PROTECT_WRITE, 'a', BIT(JOB_FLASH), NULL },
        { STMBOOT_OPTION_PROTECT_READOUT, 'b', BIT(JOB_FLASH), apply_protect_readout },
        { STMBOOT_OPTION_FAST_PROGRAM, 'b', FLASH | BIT(JOB_ERASE), apply_fast_program },
        { STMBOOT_OPTION_ENABLE_BOOT_PIN, 'b', FLASH | BIT(JOB_ERASE), apply_enable_boot_pin },
        { STMBOOT_OPTION_ONE_PIECE, 'b', FLASH | BIT(JOB_ERASE), apply_one_piece },
        { STMBOOT_OPTION_UNBOOTABLE, 'b', FLASH | INSPECT, apply_unbootable },
        { STMBOOT_OPTION_AFTER, 's', ANY & ~NO_AFTER, apply_after, "run, stay or go" },
        { STMBOOT_OPTION_GO_ADDRESS, 't', GO, apply_go_address, "a multiple of 4 to 0xfffffffc" },
        { STMBOOT_OPTION_LAYOUT, 's', IMAGE | FLASH | BIT(JOB_ERASE) | INSPECT, apply_layout,
          "pages like 4x16K,1x64K: powers of two from 128 bytes on, 64 MiB in all" },
        { STMBOOT_OPTION_BAUD, 'u', ANY & ~BIT(JOB_RESET), apply_baud, "1200 to 4000000" },
        { STMBOOT_OPTION_PERMANENT, 'b', FLASH | BIT(JOB_WRITE_OPTION_BYTES), apply_permanent },
};

static int read_value(struct reading *reading, const struct option *option, sd_bus_message *message,
                      sd_bus_error *ret_error) {
        union value value = { 0 };

        if (option->type == 'a')
                return strcmp(option->key, STMBOOT_OPTION_OPTION_BYTES) == 0
                               ? job_request_read_option_bytes(reading->request, message, ret_error)
                               : job_request_read_sectors(reading->request, message, ret_error);

        int r = sd_bus_message_read_basic(message, option->type, &value);
        if (r < 0)
                return r;
        r = option->apply(reading, &value);
        return r == -EINVAL ? error_invalid(ret_error, "Option \"%s\" takes %s", option->key,
                                            option->takes)
                            : r;
}

static int read_option(struct reading *reading, const char *key, sd_bus_message *message,
                       sd_bus_error *ret_error) {
        enum job_type type = reading->request->type;
        const struct option *option = NULL;
        const char *contents;

        for (size_t i = 0; i < ARRAY_SIZE(options) && !option; i++)
                if (strcmp(key, options[i].key) == 0)
                        option = &options[i];
        if (!option)
                return error_invalid(ret_error, "Unknown option \"%.100s\"", key);
        if (!(option->jobs & BIT(type)))
                return error_invalid(ret_error, "Option \"%s\" does not go with %s", key,
                                     job_type_to_string(type));

        const unsigned bit = BIT(option - options);
        if (reading->given & bit)
                return error_invalid(ret_error, "Option \"%s\" is given twice", key);
        reading->given |= bit;

        const char signature[] = { option->type, option->type == 'a' ? 'y' : '\0', '\0' };
        int r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r < 0)
                return r;
        if (strcmp(contents, signature) != 0)
                return error_invalid(ret_error, "Option \"%s\" is of type %s, not %s", key,
                                     signature, contents);
        r = sd_bus_message_enter_container(message, 'v', signature);
        if (r >= 0)
                r = read_value(reading, option, message, ret_error);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* What can only be judged when all keys are known. */
static int finish(struct reading *reading, sd_bus_error *ret_error) {
        struct job_request *request = reading->request;
        struct session_request *session = &request->session;

        if (reading->if_different) {
                if (reading->has_check && session->check != SESSION_CHECK_FULL)
                        return error_invalid(ret_error, "if-different is the same as check=full");
                session->check = SESSION_CHECK_FULL;
        }
        if (session->check_only && request->type == JOB_FLASH &&
            session->check == SESSION_CHECK_NONE) {
                if (reading->has_check)
                        return error_invalid(ret_error, "check-only needs a check");
                session->check = SESSION_CHECK_FULL;
        }
        if (session->preserve && session->erase == PLAN_ERASE_ALL)
                return error_invalid(ret_error,
                                     "erase=all erases also what preserve does not keep: the pages "
                                     "that the image does not touch");
        if (reading->has_go_address && session->after != SESSION_AFTER_GO)
                return error_invalid(ret_error, "go-address goes with after=go");
        if (request->type == JOB_RUN && reading->has_address && !may_be_vectors(reading->address))
                return error_invalid(ret_error,
                                     "No vector table lies at %#" PRIx64
                                     ": its address is a multiple of 4",
                                     reading->address);

        if (request->type == JOB_ERASE) {
                if (reading->has_address != reading->has_length)
                        return error_invalid(ret_error, "address and length go together");
                if (reading->has_length + (session->bank != 0) + session->mass_erase > 1)
                        return error_invalid(ret_error, "a range, a bank or mass: only one");
                if (reading->has_length && reading->address + reading->length > 1ULL << 32)
                        return error_invalid(ret_error, "the range ends beyond 4 GiB");
                session->length = (uint32_t)reading->length;
        }
        if (!reading->has_address)
                return 0;
        if (BIT(request->type) & (IMAGE | INSPECT)) {
                request->image_options.has_address = true;
                request->image_options.address = (uint32_t)reading->address;
        } else {
                session->has_address = true;
                session->address = (uint32_t)reading->address;
        }
        return 0;
}

int job_request_read_options(struct job_request *request, sd_bus_message *message,
                             sd_bus_error *ret_error) {
        struct reading reading = { .request = request };

        int r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                const char *key;

                r = sd_bus_message_read_basic(message, 's', &key);
                if (r >= 0)
                        r = read_option(&reading, key, message, ret_error);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        return r < 0 ? r : finish(&reading, ret_error);
}
