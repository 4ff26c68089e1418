/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/diff.h"

#include "base/buf.h"
#include "base/span.h"

#define SHOWN_BYTES 72 /* of a value, for people */
#define TEXT_BYTES_MAX (256UL * 1024 * 1024)
#define ABSENT_SHOWN 20 /* things of a realm that are named, for people */

struct value {
    const char *key;
    struct cg_span before;
    struct cg_span after;
};

struct cg_diff_entry {
    struct cg_diff_entry *next;
    enum cg_diff_kind kind;
    struct cg_diff_subject subject;
    struct value values[CG_FACTS_MAX];
    size_t value_count;
};

static enum cg_status add(struct cg_diff *diff, enum cg_diff_kind kind,
                          const struct cg_diff_subject *subject, struct cg_diff_entry **ret_entry)
{
    struct cg_diff_entry *entry = NULL;
    CG_TRY(cg_arena_take(diff->arena, sizeof(*entry), (void **)&entry));
    entry->kind = kind;
    entry->subject.thing = subject->thing;
    CG_TRY(cg_arena_copy(diff->arena, subject->realm, &entry->subject.realm));
    CG_TRY(cg_arena_copy(diff->arena, subject->name, &entry->subject.name));
    if (diff->last != NULL) {
        diff->last->next = entry;
    } else {
        diff->first = entry;
    }
    diff->last = entry;
    diff->counts[kind]++;
    *ret_entry = entry;
    return CG_OK;
}

static enum cg_status add_value(struct cg_diff *diff, struct cg_diff_entry *entry,
                                const struct value *value)
{
    struct value *kept = &entry->values[entry->value_count++];
    kept->key = value->key;
    CG_TRY(cg_arena_copy(diff->arena, value->before, &kept->before));
    return cg_arena_copy(diff->arena, value->after, &kept->after);
}

/* The first fact is the thing's name. */
enum cg_status cg_diff_added(struct cg_diff *diff, const struct cg_diff_subject *subject,
                             const struct cg_facts *facts)
{
    struct cg_diff_entry *entry = NULL;
    CG_TRY(facts->status);
    CG_TRY(add(diff, CG_DIFF_ADDED, subject, &entry));
    for (size_t i = 0; i < facts->count; i++) {
        struct value value = {facts->items[i].key, {NULL, 0}, facts->items[i].value};
        if (value.after.data != NULL && !cg_span_equal(value.after, subject->name)) {
            CG_TRY(add_value(diff, entry, &value));
        }
    }
    return CG_OK;
}

enum cg_status cg_diff_changed(struct cg_diff *diff, const struct cg_diff_subject *subject,
                               const struct cg_facts *before, const struct cg_facts *after,
                               bool *ret_differ)
{
    struct cg_diff_entry *entry = NULL;
    CG_TRY(before->status);
    CG_TRY(after->status);
    for (size_t i = 0; i < after->count; i++) {
        const struct cg_fact *old = &before->items[i];
        const struct cg_fact *new = &after->items[i];
        struct value value = {new->key, old->value, new->value};
        if (cg_fact_is_same(new->shape, old->value, new->value)) {
            continue;
        }
        if (entry == NULL) {
            CG_TRY(add(diff, CG_DIFF_CHANGED, subject, &entry));
        }
        CG_TRY(add_value(diff, entry, &value));
    }
    *ret_differ = entry != NULL;
    return CG_OK;
}

enum cg_status cg_diff_value(struct cg_diff *diff, const struct cg_diff_subject *subject,
                             const char *key, struct cg_span before, struct cg_span after)
{
    struct cg_diff_entry *entry = NULL;
    struct value value = {key, before, after};
    CG_TRY(add(diff, CG_DIFF_CHANGED, subject, &entry));
    return add_value(diff, entry, &value);
}

enum cg_status cg_diff_absent(struct cg_diff *diff, const struct cg_diff_subject *subject)
{
    struct cg_diff_entry *entry = NULL;
    return add(diff, CG_DIFF_ABSENT, subject, &entry);
}

bool cg_diff_is_empty(const struct cg_diff *diff)
{
    return diff->counts[CG_DIFF_ADDED] == 0 && diff->counts[CG_DIFF_CHANGED] == 0;
}

static void put_json_value(struct cg_json_writer *writer, const struct value *value)
{
    cg_json_open_object(writer);
    cg_json_member_put(writer, "key", cg_span_of_string(value->key));
    cg_json_member_put(writer, "before", value->before);
    cg_json_member_put(writer, "after", value->after);
    cg_json_close_object(writer);
}

static enum cg_status put_record(const struct cg_diff *diff, const struct cg_diff_entry *entry,
                                 struct cg_output *output)
{
    static const char *const words[CG_DIFF_KIND_COUNT] = {"add", "change", "absent"};
    struct cg_json_writer writer;
    struct cg_buf buf;
    struct cg_span values = {NULL, 0};
    cg_buf_init_arena(&buf, diff->arena, TEXT_BYTES_MAX);
    cg_json_begin(&writer, &buf);
    cg_json_open_array(&writer);
    for (size_t i = 0; i < entry->value_count; i++) {
        put_json_value(&writer, &entry->values[i]);
    }
    cg_json_close_array(&writer);
    CG_TRY(cg_buf_finish(&buf, &values));
    cg_output_open_record(output);
    cg_output_string(output, "change", words[entry->kind]);
    cg_output_text(output, "realm", entry->subject.realm);
    cg_output_string(output, "thing", entry->subject.thing);
    cg_output_text(output, "name", entry->subject.name);
    cg_output_json(output, "values", values, values);
    cg_output_close_record(output);
    return CG_OK;
}

static enum cg_status put_records(const struct cg_diff *diff, struct cg_output *output)
{
    cg_output_open_list(output, CG_LIST_TABLE, NULL);
    for (const struct cg_diff_entry *at = diff->first; at != NULL; at = at->next) {
        CG_TRY(put_record(diff, at, output));
    }
    cg_output_close_list(output);
    return CG_OK;
}

/* A value as it fits into a line. */
static enum cg_status put_shown(const struct cg_diff *diff, struct cg_buf *buf,
                                struct cg_span value)
{
    struct cg_span shown = {NULL, 0};
    size_t line = cg_span_find(value, '\n', 0);
    size_t len = line < SHOWN_BYTES ? line : SHOWN_BYTES;
    while (len > 0 && len < value.len && (value.data[len] & 0xC0) == 0x80) {
        len--; /* not within a character */
    }
    CG_TRY(cg_output_printable(diff->arena, cg_span_part(value, 0, len), "", &shown));
    cg_buf_put(buf, value.data != NULL ? shown : CG_SPAN_OF("none"));
    cg_buf_put_string(buf, len < value.len ? "…" : "");
    return CG_OK;
}

static enum cg_status put_line(const struct cg_diff *diff, const struct cg_diff_entry *entry,
                               struct cg_buf *buf)
{
    const char *between = ": ";
    cg_buf_put_string(buf, entry->subject.realm.data != NULL ? "  " : "");
    cg_buf_put_string(buf, entry->kind == CG_DIFF_ADDED ? "+ " : "~ ");
    cg_buf_put_string(buf, entry->subject.thing);
    cg_buf_put_string(buf, entry->subject.name.data != NULL ? " " : "");
    cg_buf_put(buf, entry->subject.name);
    for (size_t i = 0; i < entry->value_count; i++) {
        const struct value *value = &entry->values[i];
        cg_buf_put_string(buf, between);
        cg_buf_put_string(buf, value->key);
        cg_buf_put_byte(buf, ' ');
        if (entry->kind == CG_DIFF_CHANGED) {
            CG_TRY(put_shown(diff, buf, value->before));
            cg_buf_put_string(buf, " → ");
        }
        CG_TRY(put_shown(diff, buf, value->after));
        between = ", ";
    }
    cg_buf_put_byte(buf, '\n');
    return CG_OK;
}

static bool is_of(const struct cg_diff_entry *entry, struct cg_span realm)
{
    return (entry->subject.realm.data == NULL) == (realm.data == NULL) &&
           cg_span_equal(entry->subject.realm, realm);
}

/* "not in the file: client a, client b" */
static void put_absent(const struct cg_diff_entry *from, struct cg_buf *buf)
{
    size_t count = 0;
    for (const struct cg_diff_entry *at = from; at != NULL; at = at->next) {
        if (at->kind != CG_DIFF_ABSENT || !is_of(at, from->subject.realm)) {
            continue;
        }
        if (++count > ABSENT_SHOWN) {
            continue;
        }
        if (count == 1) {
            cg_buf_put_string(buf, at->subject.realm.data != NULL ? "  " : "");
            cg_buf_put_string(buf, "not in the file: ");
        }
        cg_buf_put_string(buf, count == 1 ? "" : ", ");
        cg_buf_put_string(buf, at->subject.thing);
        cg_buf_put_byte(buf, ' ');
        cg_buf_put(buf, at->subject.name);
    }
    if (count > ABSENT_SHOWN) {
        cg_buf_put_string(buf, " and ");
        cg_buf_put_number(buf, (int64_t)(count - ABSENT_SHOWN));
        cg_buf_put_string(buf, " more");
    }
    cg_buf_put_string(buf, count > 0 ? "\n" : "");
}

static enum cg_status put_lines(const struct cg_diff *diff, struct cg_buf *buf)
{
    const struct cg_diff_entry *before = NULL;
    const struct cg_diff_entry *group = NULL;
    for (const struct cg_diff_entry *at = diff->first; at != NULL; before = at, at = at->next) {
        if (before == NULL || !is_of(at, before->subject.realm)) {
            if (group != NULL) {
                put_absent(group, buf);
            }
            group = at;
            cg_buf_put(buf, at->subject.realm);
            cg_buf_put_string(buf, at->subject.realm.data != NULL ? "\n" : "");
        }
        if (at->kind != CG_DIFF_ABSENT) {
            CG_TRY(put_line(diff, at, buf));
        }
    }
    if (group != NULL) {
        put_absent(group, buf);
    }
    return CG_OK;
}

enum cg_status cg_diff_put(const struct cg_diff *diff, struct cg_output *output)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    cg_buf_init(&buf, TEXT_BYTES_MAX);
    if (output->json) {
        return put_records(diff, output);
    }
    CG_TRY(put_lines(diff, &buf));
    cg_buf_put_string(&buf, cg_diff_is_empty(diff) ? "nothing to change\n" : "");
    CG_TRY(cg_buf_finish(&buf, &text));
    cg_output_document(output, cg_span_part(text, 0, text.len - 1));
    return CG_OK;
}
