/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What of json-c takes memory, for a stmbootctl of the tests' own: the JSON_SHORT-th call and all
 * that follow find none.
 */

#include <dlfcn.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>

static bool is_short(void) {
        static unsigned long calls;
        const char *text = getenv("JSON_SHORT");

        return text && ++calls >= strtoul(text, NULL, 10);
}

/* NAME(ARGUMENTS), called as NAME(NAMES), unless memory is short. */
#define MAY_FAIL(type, name, arguments, ...)                                                       \
        type name arguments {                                                                      \
                type(*real) arguments = (type(*) arguments)dlsym(RTLD_NEXT, #name);                \
                                                                                                   \
                return is_short() ? NULL : real(__VA_ARGS__);                                      \
        }

MAY_FAIL(struct json_object *, json_object_new_object, (void))
MAY_FAIL(struct json_object *, json_object_new_array, (void))
MAY_FAIL(struct json_object *, json_object_new_boolean, (json_bool value), value)
MAY_FAIL(struct json_object *, json_object_new_int, (int32_t value), value)
MAY_FAIL(struct json_object *, json_object_new_int64, (int64_t value), value)
MAY_FAIL(struct json_object *, json_object_new_uint64, (uint64_t value), value)
MAY_FAIL(struct json_object *, json_object_new_string, (const char *text), text)
MAY_FAIL(const char *, json_object_to_json_string_ext, (struct json_object * object, int flags),
         object, flags)
