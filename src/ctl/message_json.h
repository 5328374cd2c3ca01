/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "util/cleanup.h"

/* Bus messages as JSON: the one form in which results are looked at and printed. */

static inline void json_putp(struct json_object **object) {
        json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(json_putp)

/*
 * Reads the next complete value of a message. Dictionaries become objects with keys in lower case
 * ("ChipId" and "chip-id" are both "chip_id"), byte arrays become strings of hexadecimal digits,
 * structures become arrays. Returns 0 and an object that the caller puts, or negative errno.
 */
int message_to_json(sd_bus_message *message, struct json_object **ret);

/* A member as text, "" where there is none. Valid as long as the object. */
const char *json_text(struct json_object *object, const char *key);
uint64_t json_number(struct json_object *object, const char *key);
bool json_flag(struct json_object *object, const char *key);

/*
 * Adds a member and takes `value` over; where memory is short, so that it or the object is NULL, it
 * is left out.
 */
void json_add(struct json_object *object, const char *key, struct json_object *value);
void json_add_text(struct json_object *object, const char *key, const char *text);

/* An array of the lines of `text` that are not empty. */
struct json_object *json_lines(const char *text);

/* Adds an element and takes `value` over. Returns 0 or -ENOMEM, also where one of them is NULL. */
int json_append(struct json_object *array, struct json_object *value);
