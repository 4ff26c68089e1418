/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside codec/ only: a parsed document. Its values and their texts lie in two pieces of memory,
 * the children of one value side by side.
 */
#ifndef CG_CODEC_JSON_VALUE_H
#define CG_CODEC_JSON_VALUE_H

#include "codec/json.h"

enum cg_json_kind {
    CG_JSON_NULL,
    CG_JSON_FALSE,
    CG_JSON_TRUE,
    CG_JSON_INTEGER,
    CG_JSON_REAL, /* kept as it was written */
    CG_JSON_STRING,
    CG_JSON_ARRAY,
    CG_JSON_OBJECT,
};

/* Names and texts are ended by a zero, and have none inside. */
struct cg_json_value {
    struct cg_span name; /* of a member; absent for others */
    union {
        struct cg_span text; /* of a string or a real */
        int64_t number;
        struct {
            const struct cg_json_value *first;
            size_t count;
        } children; /* of an array or object */
    };
    enum cg_json_kind kind;
};

struct cg_json {
    struct cg_json_value *values; /* owned */
    uint8_t *text;                /* owned */
    struct cg_json_value root;
};

#endif
