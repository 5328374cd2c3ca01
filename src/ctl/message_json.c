/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "ctl/message_json.h"
#include "util/parse.h"

/* "ChipId" and "chip-id" are both "chip_id"; other strings stay. The caller frees; NULL: memory. */
static char *json_key(const char *name) {
        char *key = malloc(2 * strlen(name) + 1), *p = key;

        if (!key)
                return NULL;
        if (strpbrk(name, "/.")) /* an object path or an interface */
                return strcpy(key, name);
        for (const char *q = name; *q; q++) {
                if (isupper((unsigned char)*q) && q > name && islower((unsigned char)q[-1]))
                        *p++ = '_';
                *p++ = *q == '-' ? '_' : (char)tolower((unsigned char)*q);
        }
        *p = '\0';
        return key;
}

const char *json_text(struct json_object *object, const char *key) {
        struct json_object *value;

        if (!json_object_object_get_ex(object, key, &value))
                return "";
        return json_object_get_string(value) ?: "";
}

uint64_t json_number(struct json_object *object, const char *key) {
        struct json_object *value;

        return json_object_object_get_ex(object, key, &value) ? json_object_get_uint64(value) : 0;
}

bool json_flag(struct json_object *object, const char *key) {
        struct json_object *value;

        return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

void json_add(struct json_object *object, const char *key, struct json_object *value) {
        if (!object || !value || json_object_object_add(object, key, value) < 0)
                json_object_put(value);
}

void json_add_text(struct json_object *object, const char *key, const char *text) {
        json_add(object, key, json_object_new_string(text));
}

int json_append(struct json_object *array, struct json_object *value) {
        if (array && value && json_object_array_add(array, value) == 0)
                return 0;
        json_object_put(value);
        return -ENOMEM;
}

struct json_object *json_lines(const char *text) {
        _cleanup_free_ char *copy = strdup(text);
        struct json_object *array = json_object_new_array();
        char *rest = copy;

        for (char *line; (line = strsep(&rest, "\n"));)
                if (*line)
                        (void)json_append(array, json_object_new_string(line));
        return array;
}

static struct json_object *basic_to_json(char type, const void *raw) {
        const union {
                uint8_t byte;
                int boolean;
                int16_t i16;
                uint16_t u16;
                int32_t i32;
                uint32_t u32;
                int64_t i64;
                uint64_t u64;
                double number;
                const char *text;
        } *value = raw;

        switch (type) {
        case 'y':
                return json_object_new_int(value->byte);
        case 'b':
                return json_object_new_boolean(value->boolean);
        case 'n':
                return json_object_new_int(value->i16);
        case 'q':
                return json_object_new_int(value->u16);
        case 'i':
        case 'h':
                return json_object_new_int(value->i32);
        case 'u':
                return json_object_new_int64(value->u32);
        case 'x':
                return json_object_new_int64(value->i64);
        case 't':
                return json_object_new_uint64(value->u64);
        case 'd':
                return json_object_new_double(value->number);
        default:
                return json_object_new_string(value->text);
        }
}

static int read_bytes(sd_bus_message *message, struct json_object **ret) {
        const void *bytes;
        size_t size;

        int r = sd_bus_message_read_array(message, 'y', &bytes, &size);
        if (r < 0)
                return r;

        _cleanup_free_ char *text = malloc(2 * size + 1);
        if (!text)
                return -ENOMEM;
        format_hex(bytes, size, text);
        *ret = json_object_new_string(text);
        return *ret ? 0 : -ENOMEM;
}

/* Takes `value` over. */
static int add_member(struct json_object *object, const char *name, struct json_object *value) {
        _cleanup_free_ char *key = name ? json_key(name) : NULL;

        if (key && json_object_object_add(object, key, value) == 0)
                return 0;
        json_object_put(value);
        return -ENOMEM;
}

static int read_entry(sd_bus_message *message, struct json_object *object) {
        _cleanup_json_ struct json_object *key = NULL;
        struct json_object *value;

        int r = message_to_json(message, &key);
        if (r < 0)
                return r;
        r = message_to_json(message, &value);
        if (r < 0)
                return r;
        return add_member(object, json_object_get_string(key), value);
}

static int read_elements(sd_bus_message *message, struct json_object *container) {
        for (;;) {
                struct json_object *value;
                char type;

                int r = sd_bus_message_peek_type(message, &type, NULL);
                if (r <= 0)
                        return r;
                if (json_object_is_type(container, json_type_object)) {
                        r = sd_bus_message_enter_container(message, 0, NULL);
                        if (r < 0)
                                return r;
                        r = read_entry(message, container);
                        if (r < 0)
                                return r;
                        r = sd_bus_message_exit_container(message);
                        if (r < 0)
                                return r;
                        continue;
                }
                r = message_to_json(message, &value);
                if (r < 0)
                        return r;
                r = json_append(container, value);
                if (r < 0)
                        return r;
        }
}

static int read_container(sd_bus_message *message, char type, const char *contents,
                          struct json_object **ret) {
        _cleanup_json_ struct json_object *container = NULL;

        int r = sd_bus_message_enter_container(message, type, contents);
        if (r < 0)
                return r;
        if (type == 'v')
                r = message_to_json(message, &container);
        else {
                bool dictionary = type == 'a' && contents[0] == '{';

                container = dictionary ? json_object_new_object() : json_object_new_array();
                r = container ? read_elements(message, container) : -ENOMEM;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(container);
        return 0;
}

int message_to_json(sd_bus_message *message, struct json_object **ret) {
        const char *contents;
        char type;

        int r = sd_bus_message_peek_type(message, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0)
                return -ENXIO;
        if (type == 'a' && strcmp(contents, "y") == 0)
                return read_bytes(message, ret);
        if (contents)
                return read_container(message, type, contents, ret);

        uint64_t space[2] = { 0 }; /* aligned, and large enough for any basic type */
        r = sd_bus_message_read_basic(message, type, space);
        if (r < 0)
                return r;
        *ret = basic_to_json(type, space);
        return *ret ? 0 : -ENOMEM;
}
