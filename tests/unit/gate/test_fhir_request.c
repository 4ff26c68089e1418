/* SPDX-License-Identifier: Apache-2.0 */
#include "smart_vectors.h"

#include "base/buf.h"
#include "gate/fhir_operation.h"
#include "token/fhir_type.h"

static bool wants(struct cg_span *needs, const char *word)
{
    struct cg_span rest = *needs;
    struct cg_span first = {NULL, 0};
    if (!cg_span_split(&rest, ' ', &first) || !cg_span_equal_string(first, word)) {
        return false;
    }
    *needs = rest;
    return true;
}

static bool has_need(const struct cg_fhir_needs *needs, struct cg_span type, unsigned letters,
                     bool is_search)
{
    for (size_t i = 0; i < needs->count; i++) {
        const struct cg_fhir_need *need = &needs->items[i];
        if (cg_span_equal(need->type, type) && need->letters == letters &&
            need->is_search == is_search) {
            return true;
        }
    }
    return false;
}

/* "Patient.s? Observation.r" */
static void assert_needs(const char *label, const struct cg_fhir_needs *needs, struct cg_span want)
{
    struct cg_span word = {NULL, 0};
    size_t count = 0;
    while (cg_span_split(&want, ' ', &word)) {
        size_t dot = cg_span_find(word, '.', 0);
        bool is_search = word.data[word.len - 1] == '?';
        struct cg_span letters = cg_span_part(word, dot + 1, word.len - dot - 1 - is_search);
        if (!has_need(needs, cg_span_part(word, 0, dot), vector_letters(letters), is_search)) {
            fail_msg("%s: lacks %.*s", label, CG_SPAN_ARGS(word));
        }
        count++;
    }
    if (count != needs->count) {
        fail_msg("%s: has %zu needs", label, needs->count);
    }
}

static void assert_row(const char *label, const struct cg_fhir_request *request,
                       struct cg_span want)
{
    struct cg_fhir_needs needs;
    enum cg_status status = cg_fhir_request_read(request, &needs);
    if (wants(&want, "refused")) {
        assert_status_row(label, status, CG_ERR_INPUT);
        return;
    }
    assert_status_row(label, status, CG_OK);
    bool wants_form = wants(&want, "form");
    bool wants_bundle = wants(&want, "bundle");
    (void)wants(&want, "none");
    if ((needs.body == CG_FHIR_BODY_FORM) != wants_form ||
        (needs.body == CG_FHIR_BODY_BUNDLE) != wants_bundle) {
        fail_msg("%s: the body is of kind %d", label, (int)needs.body);
    }
    assert_needs(label, &needs, want);
}

TEST(fhir_requests_reach_what_the_specifications_say)
{
    static struct vectors vectors;
    struct cg_span columns[VECTOR_COLUMNS];
    char label[512];
    size_t count = 0;
    vectors_open(&vectors, "requests.txt");
    for (; vectors_next(&vectors, columns, label); count++) {
        if (columns[2].len == 0) {
            fail_msg("%s: cites nothing", label);
        }
        const struct cg_fhir_request request = vector_request(columns[0]);
        assert_row(label, &request, columns[1]);
    }
    assert_true(count > 400);
}

TEST(fhir_requests_are_of_every_type)
{
    static const struct {
        const char *method;
        const char *behind;
        const char *letters;
    } rows[] = {
        {"GET", "/1", "r"},    {"GET", "", "s?"},         {"GET", "/1/_history/1", "r"},
        {"POST", "", "c"},     {"PUT", "/1", "u"},        {"PATCH", "/1", "u"},
        {"DELETE", "/1", "d"}, {"GET", "/_history", "s"},
    };
    const char *type = NULL;
    for (size_t at = 0; (type = cg_fhir_type_at(at)) != NULL; at++) {
        for (size_t i = 0; i < TEST_COUNT(rows); i++) {
            char text[128];
            char want[128];
            (void)snprintf(text, sizeof(text), "%s /%s%s", rows[i].method, type, rows[i].behind);
            (void)snprintf(want, sizeof(want), "%s.%s", type, rows[i].letters);
            const struct cg_fhir_request request = vector_request(test_span(text));
            assert_row(text, &request, test_span(want));
        }
    }
}

TEST(fhir_writes_say_what_their_bodies_must_be)
{
    static const struct {
        const char *request;
        enum cg_fhir_body body;
        const char *written;
    } rows[] = {
        {"POST /Patient", CG_FHIR_BODY_RESOURCE, "Patient"},
        {"PUT /Patient/1", CG_FHIR_BODY_RESOURCE, "Patient"},
        {"PUT /Patient?identifier=1", CG_FHIR_BODY_RESOURCE, "Patient"},
        {"PATCH /Patient/1", CG_FHIR_BODY_PATCH, "Patient"},
        {"PATCH /Patient?identifier=1", CG_FHIR_BODY_PATCH, "Patient"},
        {"DELETE /Patient/1", CG_FHIR_BODY_IGNORED, ""},
        {"POST /Patient/$match", CG_FHIR_BODY_IGNORED, ""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_fhir_needs needs;
        const struct cg_fhir_request request = vector_request(test_span(rows[i].request));
        assert_status_row(rows[i].request, cg_fhir_request_read(&request, &needs), CG_OK);
        assert_int_equal(needs.body, rows[i].body);
        assert_span_text_row(rows[i].request, needs.written, rows[i].written);
    }
}

TEST(fhir_needs_of_one_type_are_one)
{
    static const char *const text = "GET /Observation?_include=Observation:a:Patient&"
                                    "_include=Observation:b:Patient&subject:Patient.name=x";
    struct cg_fhir_needs needs;
    const struct cg_fhir_request request = vector_request(test_span(text));
    assert_ok(cg_fhir_request_read(&request, &needs));
    assert_int_equal(needs.count, 2);
}

/* A search of the first `count` types. */
static enum cg_status search_types(size_t count, struct cg_fhir_needs *needs)
{
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    cg_buf_init(&buf, 8192);
    for (size_t i = 0; i < count; i++) {
        cg_buf_put_string(&buf, i == 0 ? "GET /?_type=" : ",");
        cg_buf_put_string(&buf, cg_fhir_type_at(i));
    }
    assert_ok(cg_buf_finish(&buf, &text));
    const struct cg_fhir_request request = vector_request(text);
    enum cg_status status = cg_fhir_request_read(&request, needs);
    cg_buf_release(&buf);
    return status;
}

TEST(fhir_request_that_reaches_too_much_is_refused)
{
    struct cg_fhir_needs needs;
    assert_ok(search_types(CG_LIMIT_FHIR_NEEDS, &needs));
    assert_int_equal(needs.count, CG_LIMIT_FHIR_NEEDS);
    assert_status(search_types(CG_LIMIT_FHIR_NEEDS + 1, &needs), CG_ERR_INPUT);
}

TEST(fhir_names_and_values_that_are_too_long_are_refused)
{
    static const char *const starts[] = {"GET /Patient?a", "GET /Patient?subject:Patient.a",
                                         "GET /Patient?_sort=a"};
    for (size_t i = 0; i < TEST_COUNT(starts); i++) {
        char text[4096] = "";
        struct cg_fhir_needs needs;
        (void)snprintf(text, sizeof(text), "%s", starts[i]);
        struct cg_fhir_request request = vector_request(test_span(text));
        assert_status_row(starts[i], cg_fhir_request_read(&request, &needs), CG_OK);
        memset(text + strlen(text), 'a', 2000);
        request = vector_request(test_span(text));
        assert_status_row(starts[i], cg_fhir_request_read(&request, &needs), CG_ERR_INPUT);
    }
}

TEST(fhir_operations_are_vouched_for_by_name_and_type)
{
    static const struct cg_fhir_need claims[] = {
        {.type = CG_SPAN("Claim"), .letters = CG_SMART_CREATE},
        {.type = CG_SPAN("ClaimResponse"), .letters = CG_SMART_READ},
    };
    static const struct cg_fhir_need all[] = {{.type = CG_SPAN("*"), .letters = CG_SMART_READ}};
    static const struct cg_fhir_rule rules[] = {
        {.type = CG_SPAN("Claim"), .name = CG_SPAN("submit"), .needs = claims, .need_count = 2},
        {.name = CG_SPAN("ping"), .need_count = 0},
        {.type = CG_SPAN("Patient"), .name = CG_SPAN("everything"), .needs = all, .need_count = 1},
        {.name = CG_SPAN("graphql"), .needs = all, .need_count = 1},
    };
    static const struct {
        const char *request;
        const char *want;
    } rows[] = {
        {"POST /Claim/$submit", "Claim.c ClaimResponse.r"},
        {"POST /Claim/1/$submit?x=y", "Claim.c ClaimResponse.r"},
        {"POST /Claim/1/$submit?_include=*", "refused"},
        {"POST /Patient/$submit", "refused"},
        {"POST /$submit", "refused"},
        {"PUT /Claim/$submit", "refused"},
        {"GET /$ping", "none"},
        {"POST /Patient/1/$ping", "none"},
        {"GET /Patient/1/$everything", "*.r"},
        {"GET /Encounter/1/$everything", "*.rs"},
        {"POST /$graphql", "refused"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_fhir_request request = vector_request(test_span(rows[i].request));
        request.rules = (struct cg_fhir_rules){rules, TEST_COUNT(rules)};
        assert_row(rows[i].request, &request, test_span(rows[i].want));
    }
    assert_false(cg_fhir_operation_may_be_vouched_for(test_span("GraphQL")));
    assert_false(cg_fhir_operation_may_be_vouched_for(test_span("a/b")));
    assert_true(cg_fhir_operation_may_be_vouched_for(test_span("submit")));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fhir_requests_reach_what_the_specifications_say),
    cmocka_unit_test(fhir_requests_are_of_every_type),
    cmocka_unit_test(fhir_writes_say_what_their_bodies_must_be),
    cmocka_unit_test(fhir_needs_of_one_type_are_one),
    cmocka_unit_test(fhir_request_that_reaches_too_much_is_refused),
    cmocka_unit_test(fhir_names_and_values_that_are_too_long_are_refused),
    cmocka_unit_test(fhir_operations_are_vouched_for_by_name_and_type),
};
TEST_MAIN(tests)
