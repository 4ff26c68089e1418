/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of a command: a record, a list of records, or one document. A command says once what its
 * fields are; with --json they become one JSON value (records are objects, lists arrays), without
 * it aligned text for people, who see a field's name with spaces for underscores.
 *
 *     cg_output_open_list(out, CG_LIST_TABLE, "no clients yet");
 *     for each:
 *         cg_output_open_record(out);
 *         cg_output_text(out, "client_id", client->id);
 *         cg_output_time(out, "created_at", client->created_s, "-");
 *         cg_output_close_record(out);
 *     cg_output_close_list(out);
 *
 * A list's records have the same fields in the same order. Failures stick and are told by
 * cg_output_finish, which main calls. Names are static strings. One thread.
 */
#ifndef CG_CLI_OUTPUT_H
#define CG_CLI_OUTPUT_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/json.h"

#include <caregate/types.h>
#include <stdbool.h>
#include <stdio.h>

#define CG_OUTPUT_COLUMNS_MAX 24

/* A table has a row a record; blocks have a line a field, for records with long texts. */
enum cg_list_style { CG_LIST_TABLE, CG_LIST_BLOCKS };

struct cg_output_row;

struct cg_output {
    FILE *stream;
    bool json;
    bool failed;
    bool in_list;
    enum cg_list_style style;
    const char *empty; /* for people: what an empty list says */
    size_t printed;    /* records that left already */
    struct cg_buf buf; /* JSON on its way */
    struct cg_json_writer writer;
    struct cg_arena *arena; /* texts for people, until they are printed; owned */
    const char *names[CG_OUTPUT_COLUMNS_MAX];
    size_t widths[CG_OUTPUT_COLUMNS_MAX];
    size_t column_count;
    struct cg_output_row *first;
    struct cg_output_row *last;
    size_t row_count;
};

/* `stream` stays the caller's. CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_output_init(struct cg_output *output, FILE *stream, bool json);
/* Wipes and frees. Accepts one that is zeroed. */
void cg_output_release(struct cg_output *output);

void cg_output_open_list(struct cg_output *output, enum cg_list_style style, const char *empty);
void cg_output_close_list(struct cg_output *output);
void cg_output_open_record(struct cg_output *output);
void cg_output_close_record(struct cg_output *output);

/* Fields. An absent text is null, and "-" for people. */
void cg_output_text(struct cg_output *output, const char *name, struct cg_span text);
void cg_output_string(struct cg_output *output, const char *name, const char *string);
void cg_output_number(struct cg_output *output, const char *name, int64_t number);
/* true/false; yes/no */
void cg_output_flag(struct cg_output *output, const char *name, bool flag);
/* Unix seconds; RFC 3339. 0 is null, and `none` ("never") for people. */
void cg_output_time(struct cg_output *output, const char *name, int64_t time_s, const char *none);
/* Seconds; "300 s". 0 is null, and `none` for people. */
void cg_output_duration(struct cg_output *output, const char *name, int64_t duration_s,
                        const char *none);
/* A space-separated list: an array of strings; the text as it is. */
void cg_output_words(struct cg_output *output, const char *name, struct cg_span words);
/* A whole JSON value; `text` for people. */
void cg_output_json(struct cg_output *output, const char *name, struct cg_span json,
                    struct cg_span text);

/* Instead of records: one JSON value as it stands (a token response), the same for people, with a
 * newline. */
void cg_output_document(struct cg_output *output, struct cg_span json);
/* Inside a list with --json: one element as it stands (an audit record). */
void cg_output_element(struct cg_output *output, struct cg_span json);

/*
 * Text of others' for a terminal, in the arena: control characters, which could steer it, become
 * '?', save those of `kept` ("\n\t").
 */
CG_MUST_USE enum cg_status cg_output_printable(struct cg_arena *arena, struct cg_span text,
                                               const char *kept, struct cg_span *ret_text);

/* Sends everything off. CG_ERR_INTERNAL when a write failed (a full disk), CG_ERR_LIMIT for memory.
 */
CG_MUST_USE enum cg_status cg_output_finish(struct cg_output *output);

#endif
