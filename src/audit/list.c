/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/report.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json.h"

#include <string.h>

#define NEEDLE_BYTES 512

/*
 * What a record holds when a field has a value: `"kind":"token_issued"`. A quote inside a value is
 * escaped, so these bytes stand nowhere else.
 */
struct needle {
    struct cg_span bytes;
    uint8_t data[NEEDLE_BYTES];
};

struct listing {
    struct cg_store *store;
    const struct cg_audit_filter *filter;
    struct needle kind;
    struct needle client;
};

/* Where a listing starts: at a record, or at the beginning when number is 0. */
struct position {
    int64_t time_s;
    int64_t number;
    size_t writer_len;
    uint8_t writer[CG_LIMIT_WRITER_BYTES];
};

static enum cg_status make_needle(const char *name, struct cg_span value, struct needle *needle)
{
    if (value.data == NULL) {
        needle->bytes = (struct cg_span){0};
        return CG_OK;
    }
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    cg_buf_init(&buf, sizeof(needle->data));
    struct cg_json_writer json;
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_member_put(&json, name, value);
    struct cg_span text;
    CG_TRY(cg_buf_finish(&buf, &text));
    struct cg_span member = cg_span_part(text, 1, text.len); /* without the opening brace */
    memcpy(needle->data, member.data, member.len);
    needle->bytes = cg_span_of_bytes(needle->data, member.len);
    return CG_OK;
}

static bool holds(struct cg_span record, const struct needle *needle)
{
    return needle->bytes.data == NULL ||
           memmem(record.data, record.len, needle->bytes.data, needle->bytes.len) != NULL;
}

static bool matches(const struct listing *listing, struct cg_span record)
{
    return holds(record, &listing->kind) && holds(record, &listing->client);
}

static enum cg_status start(const struct listing *listing, enum cg_sql sql, int64_t since_s,
                            struct cg_statement **ret_statement)
{
    CG_TRY(cg_store_start(listing->store, sql, ret_statement));
    cg_bind_number(*ret_statement, "since_s", since_s);
    cg_bind_number(*ret_statement, "until_s", listing->filter->until_s);
    return CG_OK;
}

static enum cg_status remember(struct cg_statement *statement, struct position *position)
{
    struct cg_span writer = cg_column_text(statement, 1);
    if (writer.len > sizeof(position->writer)) {
        return CG_ERR_STORE;
    }
    position->time_s = cg_column_number(statement, 0);
    position->number = cg_column_number(statement, 2);
    position->writer_len = writer.len;
    memcpy(position->writer, writer.data, writer.len);
    return CG_OK;
}

static bool stands_at(struct cg_statement *statement, const struct position *position)
{
    return cg_column_number(statement, 2) == position->number &&
           cg_column_number(statement, 0) == position->time_s &&
           cg_span_equal(cg_column_text(statement, 1),
                         cg_span_of_bytes(position->writer, position->writer_len));
}

/* Walks back from the newest record to the one that has `newest` - 1 matches after it. */
static enum cg_status find_start(const struct listing *listing, struct position *ret_position)
{
    struct cg_statement *statement = NULL;
    CG_TRY(start(listing, CG_SQL_AUDIT_LIST_NEWEST_FIRST, listing->filter->since_s, &statement));
    int64_t missing = listing->filter->newest;
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row && missing > 0) {
        if (matches(listing, cg_column_text(statement, 3))) {
            missing--;
            CG_TRY(remember(statement, ret_position));
        }
        CG_TRY(cg_store_step(statement, &row));
    }
    cg_store_reset(statement);
    return CG_OK;
}

static enum cg_status visit_from(const struct listing *listing, const struct position *position,
                                 cg_audit_visit visit, void *context)
{
    bool started = position->number == 0;
    int64_t since_s = started ? listing->filter->since_s : position->time_s;
    struct cg_statement *statement = NULL;
    CG_TRY(start(listing, CG_SQL_AUDIT_LIST, since_s, &statement));
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        struct cg_span record = cg_column_text(statement, 3);
        started = started || stands_at(statement, position);
        if (started && matches(listing, record)) {
            CG_TRY(visit(context, record, cg_column_number(statement, 0)));
        }
        CG_TRY(cg_store_step(statement, &row));
    }
    return CG_OK;
}

static enum cg_status list(const struct listing *listing, cg_audit_visit visit, void *context)
{
    struct position position = {0};
    if (listing->filter->newest > 0) {
        CG_TRY(find_start(listing, &position));
    }
    return visit_from(listing, &position, visit, context);
}

enum cg_status cg_audit_list(struct cg_store *store, const struct cg_audit_filter *filter,
                             cg_audit_visit visit, void *context)
{
    struct listing listing = {.store = store, .filter = filter};
    CG_TRY(make_needle("kind", filter->kind, &listing.kind));
    CG_TRY(make_needle("client_id", filter->client_id, &listing.client));
    CG_TRY(cg_store_begin_read(store));
    enum cg_status status = list(&listing, visit, context);
    cg_store_rollback(store);
    return status;
}
