/* SPDX-License-Identifier: MIT */

/* Events as JSON, one object a line. The only user of json-c in this stage: it writes strings as they are, which
 * is right, since format_fields() gives valid UTF-8 only. */

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "emit/format.h"

static void json_putp(json_object **o) {
        json_object_put(*o); /* accepts NULL */
}

static bool repeats(const char *name) {
        return strcmp(name, "SOCKAUDIT_HOLDER") == 0;
}

/* The array is there from its first value on: a reader need not care whether there is one holder or more. */
static int add_to_array(json_object *o, const char *name, json_object *value) {
        json_object *array;

        if (!json_object_object_get_ex(o, name, &array)) {
                array = json_object_new_array();
                if (!array)
                        return -ENOMEM;
                if (json_object_object_add(o, name, array) < 0) {
                        json_object_put(array);
                        return -ENOMEM;
                }
        }
        return json_object_array_add(array, value) < 0 ? -ENOMEM : 0;
}

static int add_field(void *userdata, const char *name, const char *value, size_t size) {
        json_object *o = userdata;
        _cleanup_(json_putp) json_object *string = json_object_new_string_len(value, (int) size);
        int r;

        if (!string)
                return -ENOMEM;
        if (repeats(name))
                r = add_to_array(o, name, string);
        else
                r = json_object_object_add(o, name, string) < 0 ? -ENOMEM : 0;
        if (r == 0)
                string = NULL; /* belongs to its container now */
        return r;
}

int format_json(const FormatContext *c, const Event *e, Text *t) {
        _cleanup_(json_putp) json_object *o = json_object_new_object();
        const char *s;
        int r;

        if (!o)
                return -ENOMEM;
        r = format_fields(c, e, add_field, o);
        if (r < 0)
                return r;
        s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!s)
                return -ENOMEM;
        text_append(t, s);
        text_append_bytes(t, "\n", 1);
        return text_error(t);
}
