/* SPDX-License-Identifier: Apache-2.0 */
#include "token/smart.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "token/fhir_type.h"
#include "token/scope.h"

#define ALL_LETTERS                                                                                \
    (CG_SMART_CREATE | CG_SMART_READ | CG_SMART_UPDATE | CG_SMART_DELETE | CG_SMART_SEARCH)

static const struct cg_span contexts[] = {
    [CG_SMART_PATIENT] = CG_SPAN("patient"),
    [CG_SMART_USER] = CG_SPAN("user"),
    [CG_SMART_SYSTEM] = CG_SPAN("system"),
};

/* SMART App Launch 2.2, "Scopes for requesting FHIR Resources": the letters come in this order. */
static const struct {
    uint8_t letter;
    unsigned bit;
} letters[] = {
    {'c', CG_SMART_CREATE}, {'r', CG_SMART_READ},   {'u', CG_SMART_UPDATE},
    {'d', CG_SMART_DELETE}, {'s', CG_SMART_SEARCH},
};

/* SMART App Launch 2.2, "SMART's scope syntax in v1": what its words mean by letters. */
static const struct {
    struct cg_span word;
    unsigned letters;
} words[] = {
    {CG_SPAN("read"), CG_SMART_READ | CG_SMART_SEARCH},
    {CG_SPAN("write"), CG_SMART_CREATE | CG_SMART_UPDATE | CG_SMART_DELETE},
    {CG_SPAN("*"), ALL_LETTERS},
};

/* FHIR R4, search: parameters of every resource that say what it must be. The others with "_" say
 * how to search or answer, or reach into other resources. */
static const struct cg_span common_names[] = {
    CG_SPAN("_id"),       CG_SPAN("_lastUpdated"), CG_SPAN("_profile"),
    CG_SPAN("_security"), CG_SPAN("_source"),      CG_SPAN("_tag"),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Takes what stands before a byte off the front of *rest, and the byte. */
static bool take_before(struct cg_span *rest, uint8_t byte, struct cg_span *ret_piece)
{
    size_t at = cg_span_find(*rest, byte, 0);
    if (at == rest->len) {
        return false;
    }
    *ret_piece = cg_span_part(*rest, 0, at);
    *rest = cg_span_part(*rest, at + 1, rest->len);
    return true;
}

static bool take_context(struct cg_span *rest, enum cg_smart_context *ret_context)
{
    struct cg_span word;
    if (!take_before(rest, '/', &word)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(contexts); i++) {
        if (cg_span_equal(contexts[i], word)) {
            *ret_context = (enum cg_smart_context)i;
            return true;
        }
    }
    return false;
}

bool cg_smart_looks(struct cg_span scope)
{
    enum cg_smart_context context;
    return take_context(&scope, &context);
}

static bool read_letters(struct cg_span text, unsigned *ret_letters)
{
    unsigned bits = 0;
    size_t read = 0;
    for (size_t i = 0; i < COUNT(letters); i++) {
        if (read < text.len && text.data[read] == letters[i].letter) {
            bits |= letters[i].bit;
            read++;
        }
    }
    *ret_letters = bits;
    return read == text.len && read > 0;
}

static bool read_word(struct cg_span text, unsigned *ret_letters)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        if (cg_span_equal(words[i].word, text)) {
            *ret_letters = words[i].letters;
            return true;
        }
    }
    return false;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(struct cg_span name)
{
    for (size_t i = 0; i < COUNT(common_names); i++) {
        if (cg_span_equal(common_names[i], name)) {
            return true;
        }
    }
    bool good = name.len > 0 && is_letter(name.data[0]);
    for (size_t i = 0; good && i < name.len; i++) {
        uint8_t c = name.data[i];
        good = is_letter(c) || (c >= '0' && c <= '9') || c == '-';
    }
    return good;
}

/* What would stand for another byte in a URL, or end the value there, cannot be in one: two
 * spellings of a value would be two values. */
static bool is_value(struct cg_span value)
{
    bool good = cg_scope_token_is_valid(value);
    for (size_t i = 0; good && i < value.len; i++) {
        good = cg_span_find(CG_SPAN_OF("%+#?=&"), value.data[i], 0) == sizeof("%+#?=&") - 1;
    }
    return good;
}

bool cg_smart_next(struct cg_span *query, struct cg_smart_constraint *ret_constraint)
{
    struct cg_span piece;
    if (query->len == 0 || !cg_span_split(query, '&', &piece)) {
        return false;
    }
    size_t at = cg_span_find(piece, '=', 0);
    *ret_constraint = (struct cg_smart_constraint){.name = cg_span_part(piece, 0, at),
                                                   .value = cg_span_part(piece, at + 1, piece.len)};
    return true;
}

static bool has_constraint(struct cg_span query, const struct cg_smart_constraint *wanted)
{
    struct cg_smart_constraint constraint;
    while (cg_smart_next(&query, &constraint)) {
        if (cg_span_equal(constraint.name, wanted->name) &&
            cg_span_equal(constraint.value, wanted->value)) {
            return true;
        }
    }
    return false;
}

static enum cg_status check_query(struct cg_span query)
{
    struct cg_span rest = query;
    size_t count = 0;
    struct cg_span piece;
    while (cg_span_split(&rest, '&', &piece)) {
        struct cg_smart_constraint constraint = {.value = piece};
        if (count == CG_LIMIT_SMART_CONSTRAINTS) {
            return CG_ERR_LIMIT;
        }
        if (!take_before(&constraint.value, '=', &constraint.name) || !is_name(constraint.name) ||
            !is_value(constraint.value) || has_constraint(rest, &constraint)) {
            return CG_ERR_INPUT;
        }
        count++;
    }
    return CG_OK;
}

static bool is_any(struct cg_span type)
{
    return cg_span_equal(type, CG_SPAN_OF("*"));
}

enum cg_status cg_smart_parse(struct cg_span text, struct cg_smart_scope *ret_scope)
{
    struct cg_smart_scope scope = {.query = {NULL, 0}};
    struct cg_span rest = text;
    if (!take_context(&rest, &scope.context) || !take_before(&rest, '.', &scope.type)) {
        return CG_ERR_INPUT;
    }
    if (!is_any(scope.type) && !cg_fhir_type_is(scope.type)) {
        return CG_ERR_INPUT;
    }
    struct cg_span said = rest;
    if (take_before(&rest, '?', &said)) {
        CG_TRY(check_query(rest));
        scope.query = rest;
    }
    scope.is_v1 = scope.query.len == 0 && read_word(said, &scope.letters);
    if (!scope.is_v1 && !read_letters(said, &scope.letters)) {
        return CG_ERR_INPUT;
    }
    *ret_scope = scope;
    return CG_OK;
}

/* Whether each constraint of the one is among those of the other. */
static bool is_among(struct cg_span query, struct cg_span others)
{
    struct cg_smart_constraint constraint;
    while (cg_smart_next(&query, &constraint)) {
        if (!has_constraint(others, &constraint)) {
            return false;
        }
    }
    return true;
}

bool cg_smart_covers(const struct cg_smart_scope *whole, const struct cg_smart_scope *part)
{
    return whole->context == part->context &&
           (is_any(whole->type) || cg_span_equal(whole->type, part->type)) &&
           (part->letters & ~whole->letters) == 0 && is_among(whole->query, part->query);
}

/* FHIR R4, search: parameters that are given several times must all hold. */
static enum cg_status join(struct cg_span a, struct cg_span b, struct cg_arena *arena,
                           struct cg_span *ret_query)
{
    struct cg_buf buf;
    struct cg_span joined;
    struct cg_smart_constraint constraint;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_SCOPE_BYTES);
    cg_buf_put(&buf, a);
    while (cg_smart_next(&b, &constraint)) {
        if (!has_constraint(a, &constraint)) {
            cg_buf_put_byte(&buf, '&');
            cg_buf_put(&buf, constraint.name);
            cg_buf_put_byte(&buf, '=');
            cg_buf_put(&buf, constraint.value);
        }
    }
    CG_TRY(cg_buf_finish(&buf, &joined));
    CG_TRY(check_query(joined));
    *ret_query = joined;
    return CG_OK;
}

static enum cg_status meet_queries(struct cg_span a, struct cg_span b, struct cg_arena *arena,
                                   struct cg_span *ret_query)
{
    if (is_among(b, a) || is_among(a, b)) {
        *ret_query = is_among(b, a) ? a : b;
        return CG_OK;
    }
    return join(a, b, arena, ret_query);
}

enum cg_status cg_smart_meet(const struct cg_smart_scope *a, const struct cg_smart_scope *b,
                             struct cg_arena *arena, struct cg_smart_scope *ret_scope,
                             bool *ret_any)
{
    struct cg_smart_scope scope = *a;
    scope.type = is_any(a->type) ? b->type : a->type;
    scope.letters = a->letters & b->letters;
    bool types_meet = is_any(b->type) || cg_span_equal(scope.type, b->type);
    if (a->context != b->context || !types_meet || scope.letters == 0) {
        *ret_any = false;
        return CG_OK;
    }
    CG_TRY(meet_queries(a->query, b->query, arena, &scope.query));
    *ret_scope = scope;
    *ret_any = true;
    return CG_OK;
}

static bool write_word(const struct cg_smart_scope *scope, struct cg_buf *buf)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        if (scope->is_v1 && scope->query.len == 0 && words[i].letters == scope->letters) {
            cg_buf_put(buf, words[i].word);
            return true;
        }
    }
    return false;
}

static void write_letters(unsigned bits, struct cg_buf *buf)
{
    for (size_t i = 0; i < COUNT(letters); i++) {
        if ((bits & letters[i].bit) != 0) {
            cg_buf_put_byte(buf, letters[i].letter);
        }
    }
}

void cg_smart_write(const struct cg_smart_scope *scope, struct cg_buf *buf)
{
    cg_buf_put(buf, contexts[scope->context]);
    cg_buf_put_byte(buf, '/');
    cg_buf_put(buf, scope->type);
    cg_buf_put_byte(buf, '.');
    if (!write_word(scope, buf)) {
        write_letters(scope->letters, buf);
    }
    if (scope->query.len > 0) {
        cg_buf_put_byte(buf, '?');
        cg_buf_put(buf, scope->query);
    }
}
