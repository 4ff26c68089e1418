/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) token by token, in one pass over a text and without allocation, for what is too
 * large to be taken apart whole. As strict as codec/json.h: UTF-8 without NUL, one value and
 * nothing behind it, no name twice in an object. Stricter: a name has no escapes, so that its bytes
 * are the name. Any thread, one at a time for each scan.
 */
#ifndef CG_CODEC_JSON_SCAN_H
#define CG_CODEC_JSON_SCAN_H

#include "base/limits.h"

#include <caregate/types.h>
#include <stdbool.h>

enum cg_json_token {
    CG_JSON_OBJECT,     /* '{' */
    CG_JSON_OBJECT_END, /* '}' */
    CG_JSON_ARRAY,      /* '[' */
    CG_JSON_ARRAY_END,  /* ']' */
    CG_JSON_NAME,       /* of the member whose value comes next */
    CG_JSON_STRING,
    CG_JSON_OTHER, /* a number, true, false or null */
    CG_JSON_DONE,  /* the text is at its end */
};

/* A name of an object that is open. */
struct cg_json_scan_name {
    uint64_t print; /* some of its bytes: equal names have equal prints */
    uint32_t at;
    uint32_t len;
};

struct cg_json_scan {
    struct cg_span text;
    size_t at;
    unsigned depth;    /* objects and arrays that are open */
    bool has_value;    /* the container that is open has one: a comma must come first */
    bool wants_value;  /* a name was last */
    size_t name_count; /* of all objects that are open */
    struct {
        uint32_t first_name;
        bool is_object;
    } open[CG_LIMIT_JSON_SCAN_DEPTH];
    struct cg_json_scan_name names[CG_LIMIT_JSON_SCAN_NAMES];
};

/* Begins; the text stays the caller's. */
void cg_json_scan_begin(struct cg_json_scan *scan, struct cg_span text);

/*
 * The next token. *ret_text, of a name or a string: what stands between its quotes, escapes and
 * all. CG_ERR_INPUT for what is not JSON, or not as strict as above; CG_ERR_LIMIT past the depth,
 * the names, or 4 GiB. Nothing more may be asked after either.
 */
CG_MUST_USE enum cg_status cg_json_scan_next(struct cg_json_scan *scan,
                                             enum cg_json_token *ret_token,
                                             struct cg_span *ret_text);

/* Undoes the escapes of a string that cg_json_scan_next gave, into memory of the caller's: of ASCII
 * only. CG_ERR_INPUT for others, and when there is less room than the string takes as it is. */
CG_MUST_USE enum cg_status cg_json_scan_text(struct cg_span raw, uint8_t *room, size_t size,
                                             struct cg_span *ret_text);

#endif
