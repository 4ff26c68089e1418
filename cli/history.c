/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/history.h"

#include "audit/report.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"

#include <string.h>

#define PLACES ((size_t)65536)
#define LINE_BYTES 4096
#define TIME_CHARS 19 /* "2026-01-31T12:00:00", before the offset */

struct cg_history_token {
    struct cg_history_token *next;
    struct cg_span id;
    struct cg_span client;
    struct cg_span apis; /* with spaces between */
};

/* FNV-1a: places of our own records, which nobody aims at. */
static size_t place_of(struct cg_span a, struct cg_span b)
{
    uint64_t hash = 14695981039346656037ULL;
    for (size_t i = 0; i < a.len + b.len; i++) {
        hash = (hash ^ (i < a.len ? a.data[i] : b.data[i - a.len])) * 1099511628211ULL;
    }
    return (size_t)(hash % PLACES);
}

static enum cg_status find_row(struct cg_history *history, struct cg_span client,
                               struct cg_span api, struct cg_history_row **ret_row)
{
    struct cg_arena *arena = history->context->arena;
    struct cg_history_row **place = &history->rows[place_of(client, api)];
    struct cg_history_row *row = NULL;
    for (row = *place; row != NULL; row = row->beside) {
        if (cg_span_equal(row->client, client) && cg_span_equal(row->api, api)) {
            *ret_row = row;
            return CG_OK;
        }
    }
    CG_TRY(cg_arena_take(arena, sizeof(*row), (void **)&row));
    CG_TRY(cg_arena_copy(arena, client, &row->client));
    CG_TRY(cg_arena_copy(arena, api, &row->api));
    row->beside = *place;
    *place = row;
    if (history->last != NULL) {
        history->last->next = row;
    } else {
        history->first = row;
    }
    history->last = row;
    *ret_row = row;
    return CG_OK;
}

static enum cg_status init(struct cg_history *history)
{
    struct cg_arena *arena = history->context->arena;
    if (history->rows != NULL) {
        return CG_OK;
    }
    CG_TRY(cg_arena_take_array(arena, PLACES, sizeof(struct cg_history_row *),
                               (void **)&history->rows));
    return cg_arena_take_array(arena, PLACES, sizeof(struct cg_history_token *),
                               (void **)&history->tokens);
}

static struct cg_span text_of(const struct cg_json_value *record, const char *name)
{
    struct cg_span text = {NULL, 0};
    (void)!cg_json_member_string(record, name, &text);
    return text;
}

static enum cg_status keep_token(struct cg_history *history, const struct cg_json_value *record)
{
    struct cg_arena *arena = history->context->arena;
    struct cg_history_token *token = NULL;
    CG_TRY(cg_arena_take(arena, sizeof(*token), (void **)&token));
    CG_TRY(cg_arena_copy(arena, text_of(record, "token_id"), &token->id));
    CG_TRY(cg_arena_copy(arena, text_of(record, "client_id"), &token->client));
    CG_TRY(cg_arena_copy(arena, text_of(record, "api"), &token->apis));
    size_t place = place_of(token->id, (struct cg_span){NULL, 0});
    token->next = history->tokens[place];
    history->tokens[place] = token;
    return CG_OK;
}

static enum cg_status count(struct cg_history *history, const struct cg_json_value *record,
                            bool issued)
{
    struct cg_span client = text_of(record, "client_id");
    struct cg_span apis = text_of(record, "api");
    struct cg_history_row *row = NULL;
    struct cg_span api;
    int64_t many = 1;
    (void)!cg_json_member_number(record, "count", &many);
    while (client.len > 0 && cg_span_split(&apis, ' ', &api)) {
        CG_TRY(find_row(history, client, api, &row));
        row->tokens += issued ? many : 0;
        row->refusals += issued ? 0 : many;
    }
    return issued ? keep_token(history, record) : CG_OK;
}

static enum cg_status see(void *context, struct cg_span text, int64_t time_s)
{
    struct cg_history *history = context;
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    (void)time_s;
    CG_TRY(cg_json_parse(text, CG_LIMIT_AUDIT_RECORD_BYTES, &json));
    const struct cg_json_value *record = cg_json_root(json);
    struct cg_span kind = text_of(record, "kind");
    bool issued = cg_span_equal_string(kind, "token_issued");
    bool refused =
        cg_span_equal_string(kind, "token_refused") || cg_span_equal_string(kind, "access_refused");
    if ((!issued && !refused) || !cg_span_equal(text_of(record, "realm"), history->realm)) {
        return CG_OK;
    }
    return count(history, record, issued);
}

enum cg_status cg_history_read_audit(struct cg_history *history, struct cg_store *audit)
{
    struct cg_audit_filter filter = {.since_s = history->since_s, .until_s = INT64_MAX};
    CG_TRY(init(history));
    return cg_audit_list(audit, &filter, see, history);
}

/* nginx's $time_iso8601 has the offset of the machine's zone behind the time. */
static int64_t time_of(struct cg_span word)
{
    char text[TIME_CHARS + 2];
    int64_t time_s = 0;
    if (word.len < TIME_CHARS + 6) {
        return 0;
    }
    memcpy(text, word.data, TIME_CHARS);
    text[TIME_CHARS] = 'Z';
    text[TIME_CHARS + 1] = '\0';
    const uint8_t *offset = word.data + TIME_CHARS;
    int64_t hours = (offset[1] - '0') * 10 + (offset[2] - '0');
    int64_t minutes = (offset[4] - '0') * 10 + (offset[5] - '0');
    int64_t ahead_s = 60 * (60 * hours + minutes);
    if (cg_time_parse(cg_span_of_string(text), &time_s) != CG_OK) {
        return 0;
    }
    return offset[0] == '-' ? time_s + ahead_s : time_s - ahead_s;
}

/* The id of the token of a call that was let in; absent for other lines, and older ones. */
static struct cg_span allowed_token(struct cg_span line, int64_t since_s)
{
    struct cg_span token = {NULL, 0};
    struct cg_span word;
    bool allowed = false;
    bool recent = false;
    for (size_t i = 0; cg_span_split(&line, ' ', &word); i++) {
        recent = i == 0 ? time_of(word) >= since_s : recent;
        allowed = allowed || cg_span_equal_string(word, "allowed");
        if (cg_span_starts_with(word, CG_SPAN_OF("token="))) {
            token = cg_span_part(word, strlen("token="), word.len);
        }
    }
    return allowed && recent ? token : (struct cg_span){NULL, 0};
}

static enum cg_status count_call(struct cg_history *history, struct cg_span id, int64_t *unknown)
{
    const struct cg_history_token *token = history->tokens[place_of(id, (struct cg_span){NULL, 0})];
    struct cg_history_row *row = NULL;
    struct cg_span api;
    while (token != NULL && !cg_span_equal(token->id, id)) {
        token = token->next;
    }
    if (token == NULL) {
        *unknown += 1;
        return CG_OK;
    }
    struct cg_span apis = token->apis;
    while (cg_span_split(&apis, ' ', &api)) {
        CG_TRY(find_row(history, token->client, api, &row));
        row->calls++;
    }
    return CG_OK;
}

enum cg_status cg_history_read_log(struct cg_history *history, FILE *log, int64_t *ret_unknown)
{
    char line[LINE_BYTES];
    int64_t unknown = 0;
    CG_TRY(init(history));
    while (fgets(line, sizeof(line), log) != NULL) {
        struct cg_span text = cg_span_of_bytes(line, strcspn(line, "\n"));
        struct cg_span token = allowed_token(text, history->since_s);
        if (token.len > 0) {
            CG_TRY(count_call(history, token, &unknown));
        }
    }
    *ret_unknown = unknown;
    return CG_OK;
}
