/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of tests/vectors/smart: columns with " | " between, "#" before what is said about them. */
#ifndef CAREGATE_SMART_VECTORS_H
#define CAREGATE_SMART_VECTORS_H

#include "test.h"

#include "base/span.h"
#include "gate/fhir_request.h"
#include "token/smart.h"

#define VECTORS_BYTES ((size_t)262144)
#define VECTOR_COLUMNS 4

struct vectors {
    char text[VECTORS_BYTES];
    struct cg_span rest;
};

static inline void vectors_open(struct vectors *vectors, const char *name)
{
    const char *folder = getenv("CAREGATE_TEST_VECTORS");
    char path[1024];
    assert_non_null(folder);
    (void)snprintf(path, sizeof(path), "%s/smart/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot read %s", path);
    }
    size_t len = fread(vectors->text, 1, sizeof(vectors->text), file);
    (void)fclose(file);
    assert_true(len > 0 && len < sizeof(vectors->text) && vectors->text[len - 1] == '\n');
    vectors->rest = cg_span_of_bytes(vectors->text, len - 1);
}

/* The row up to a mark; *rest is what follows it. */
static inline struct cg_span take_until(struct cg_span *rest, const char *mark)
{
    struct cg_span wanted = test_span(mark);
    for (size_t i = 0; i + wanted.len <= rest->len; i++) {
        if (cg_span_equal(cg_span_part(*rest, i, wanted.len), wanted)) {
            struct cg_span taken = cg_span_part(*rest, 0, i);
            *rest = cg_span_part(*rest, i + wanted.len, rest->len);
            return taken;
        }
    }
    struct cg_span taken = *rest;
    *rest = (struct cg_span){NULL, 0};
    return taken;
}

/* The columns of the next row, the line for messages; false at the end. */
static inline bool vectors_next(struct vectors *vectors, struct cg_span columns[VECTOR_COLUMNS],
                                char label[static 512])
{
    struct cg_span line = {NULL, 0};
    do {
        if (!cg_span_split(&vectors->rest, '\n', &line)) {
            return false;
        }
    } while (line.len == 0 || line.data[0] == '#');
    (void)snprintf(label, 512, "%.*s", CG_SPAN_ARGS(line));
    for (size_t i = 0; i < VECTOR_COLUMNS; i++) {
        columns[i] = take_until(&line, " | ");
    }
    return true;
}

/* "METHOD /PATH?QUERY [If-None-Exist: …] [form: …]" */
static inline struct cg_fhir_request vector_request(struct cg_span column)
{
    struct cg_fhir_request request = {.rules = {NULL, 0}};
    struct cg_span target = take_until(&column, " form:");
    if (column.data != NULL) {
        request.form = cg_span_part(column, column.len > 0 ? 1 : 0, column.len);
    }
    struct cg_span condition = target;
    target = take_until(&condition, " If-None-Exist:");
    if (condition.data != NULL) {
        request.if_none_exist = cg_span_part(condition, condition.len > 0 ? 1 : 0, condition.len);
    }
    request.method = cg_method_of(take_until(&target, " "));
    assert_true(target.len > 0 && target.data[0] == '/');
    target = cg_span_part(target, 1, target.len);
    size_t mark = cg_span_find(target, '?', 0);
    request.path = cg_span_part(target, 0, mark);
    if (mark < target.len) {
        request.query = cg_span_part(target, mark + 1, target.len);
    }
    return request;
}

static inline unsigned vector_letters(struct cg_span text)
{
    static const char letters[] = "cruds";
    static const unsigned bits[] = {CG_SMART_CREATE, CG_SMART_READ, CG_SMART_UPDATE,
                                    CG_SMART_DELETE, CG_SMART_SEARCH};
    unsigned found = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = strchr(letters, text.data[i]);
        assert_non_null(at);
        found |= bits[at - letters];
    }
    return found;
}

#endif
