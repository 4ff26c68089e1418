/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259): a strict reader, and a small bounded writer.
 *
 * Reading refuses duplicate names, nesting past CG_LIMIT_JSON_DEPTH, NUL in strings, invalid UTF-8,
 * numbers that 64 bits or a double do not hold, and anything after the value. Values borrow from
 * the document; texts and names are ended by a zero. One thread.
 */
#ifndef CG_CODEC_JSON_H
#define CG_CODEC_JSON_H

#include "base/buf.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_json;       /* a parsed document */
struct cg_json_value; /* a value inside it */

/*
 * Parses at most max_bytes of an object or array. CG_ERR_INPUT when malformed or nested too deep;
 * CG_ERR_LIMIT when too large, or when memory is short.
 */
CG_MUST_USE enum cg_status cg_json_parse(struct cg_span text, size_t max_bytes,
                                         struct cg_json **ret_json);
struct cg_json *cg_json_free(struct cg_json *json);
CG_DEFINE_CLEANUP(cg_json_free_at, struct cg_json *, cg_json_free)

const struct cg_json_value *cg_json_root(const struct cg_json *json);

/* Lookups: NULL means there is none, or the container is of another type. */
const struct cg_json_value *cg_json_member(const struct cg_json_value *object, const char *name);
const struct cg_json_value *cg_json_element(const struct cg_json_value *array, size_t index);
size_t cg_json_count(const struct cg_json_value *container); /* members or elements; 0 for others */

bool cg_json_is_object(const struct cg_json_value *value);
bool cg_json_is_array(const struct cg_json_value *value);

/* Visits members in order; start with *position 0. False at the end. */
bool cg_json_next(const struct cg_json_value *object, size_t *position, struct cg_span *ret_name,
                  const struct cg_json_value **ret_value);

/* Typed values. CG_ERR_INPUT when the value is NULL or of another type. */
CG_MUST_USE enum cg_status cg_json_string(const struct cg_json_value *value, struct cg_span *ret);
CG_MUST_USE enum cg_status cg_json_number(const struct cg_json_value *value, int64_t *ret);
CG_MUST_USE enum cg_status cg_json_bool(const struct cg_json_value *value, bool *ret);

/* The string member `name` of an object. CG_ERR_INPUT when missing or not a string. */
CG_MUST_USE enum cg_status cg_json_member_string(const struct cg_json_value *object,
                                                 const char *name, struct cg_span *ret);
CG_MUST_USE enum cg_status cg_json_member_number(const struct cg_json_value *object,
                                                 const char *name, int64_t *ret);

/*
 * The writer. Commas are placed by it: cg_json_begin(w, buf); cg_json_open_object(w);
 * cg_json_put_name(w, "a"); cg_json_put_string(w, span); cg_json_close_object(w). Failures stick to
 * the buf. Strings are escaped per RFC 8259 §7; bytes that are not UTF-8 become U+FFFD.
 */
struct cg_json_writer {
    struct cg_buf *buf;
    bool need_comma; /* these two are the writer's own */
    bool after_name;
    bool pretty; /* two-space indent, one member a line */
    unsigned depth;
};

/* How many bytes from there on would be written as they are, one byte each. */
size_t cg_json_plain_run(struct cg_span text, size_t from);

void cg_json_begin(struct cg_json_writer *writer, struct cg_buf *buf);
void cg_json_open_object(struct cg_json_writer *writer);
void cg_json_close_object(struct cg_json_writer *writer);
void cg_json_open_array(struct cg_json_writer *writer);
void cg_json_close_array(struct cg_json_writer *writer);
void cg_json_put_name(struct cg_json_writer *writer, const char *name);
void cg_json_put_string(struct cg_json_writer *writer, struct cg_span string);
void cg_json_put_number(struct cg_json_writer *writer, int64_t number);
void cg_json_put_bool(struct cg_json_writer *writer, bool value);
void cg_json_put_null(struct cg_json_writer *writer);
void cg_json_put_raw(struct cg_json_writer *writer, struct cg_span json); /* a whole JSON value */
/* A parsed value, written out again (compact). */
void cg_json_put_value(struct cg_json_writer *writer, const struct cg_json_value *value);

/* Shorthand for a member; an absent string is left out altogether. */
void cg_json_member_put(struct cg_json_writer *writer, const char *name, struct cg_span string);
void cg_json_member_put_number(struct cg_json_writer *writer, const char *name, int64_t number);

#endif
