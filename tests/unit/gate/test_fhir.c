/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/json.h"
#include "gate/fhir.h"
#include "test.h"

static void assert_member(const struct cg_json_value *object, const char *name, const char *want)
{
    struct cg_span value;
    assert_ok(cg_json_member_string(object, name, &value));
    assert_span_text_row(name, value, want);
}

static const struct cg_json_value *only_element(const struct cg_json_value *object,
                                                const char *name)
{
    const struct cg_json_value *array = cg_json_member(object, name);
    assert_true(cg_json_is_array(array));
    assert_int_equal(cg_json_count(array), 1);
    return cg_json_element(array, 0);
}

/* https://hl7.org/fhir/R4/operationoutcome.html, codes of valueset-issue-type. */
TEST(outcome_of_each_status_has_its_code)
{
    static const struct {
        enum cg_reason reason;
        const char *code;
    } rows[] = {
        {CG_REASON_TOKEN_MISSING, "login"},
        {CG_REASON_TOKEN_EXPIRED, "login"},
        {CG_REASON_API_NOT_AGREED, "forbidden"},
        {CG_REASON_SCOPE_INSUFFICIENT, "forbidden"},
        {CG_REASON_TOKEN_IN_QUERY, "invalid"},
        {CG_REASON_PATH_AMBIGUOUS, "invalid"},
        {CG_REASON_AGREEMENT_RATE_EXCEEDED, "throttled"},
        {CG_REASON_UPSTREAM_UNREACHABLE, "transient"},
        {CG_REASON_SNAPSHOT_MISSING, "transient"},
        {CG_REASON_UPSTREAM_TIMEOUT, "transient"},
        {CG_REASON_INTERNAL, "exception"},
    };
    struct cg_buf buf;
    cg_buf_init(&buf, 4096);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        cg_buf_clear(&buf);
        cg_fhir_outcome(rows[i].reason, test_span("req-1"), &buf);
        struct cg_span text;
        assert_ok(cg_buf_finish(&buf, &text));
        CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
        assert_ok(cg_json_parse(text, 4096, &json));
        const struct cg_json_value *root = cg_json_root(json);
        assert_int_equal(cg_json_count(root), 2);
        assert_member(root, "resourceType", "OperationOutcome");
        const struct cg_json_value *issue = only_element(root, "issue");
        assert_int_equal(cg_json_count(issue), 4);
        assert_member(issue, "severity", "error");
        assert_member(issue, "code", rows[i].code);
        assert_member(issue, "diagnostics", "The request's id is req-1");
        const struct cg_json_value *details = cg_json_member(issue, "details");
        assert_int_equal(cg_json_count(details), 2);
        assert_member(details, "text", cg_reason_text(rows[i].reason));
        assert_member(only_element(details, "coding"), "code", cg_reason_name(rows[i].reason));
    }
    cg_buf_release(&buf);
}

TEST(outcome_leaves_out_diagnostics_that_are_too_long)
{
    char id[400] = {0};
    memset(id, 'a', sizeof(id) - 1);
    struct cg_buf buf;
    cg_buf_init(&buf, 4096);
    cg_fhir_outcome(CG_REASON_TOKEN_MISSING, test_span(id), &buf);
    struct cg_span text;
    assert_ok(cg_buf_finish(&buf, &text));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, 4096, &json));
    const struct cg_json_value *issue = only_element(cg_json_root(json), "issue");
    assert_int_equal(cg_json_count(issue), 3);
    assert_null(cg_json_member(issue, "diagnostics"));
    cg_buf_release(&buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(outcome_of_each_status_has_its_code),
    cmocka_unit_test(outcome_leaves_out_diagnostics_that_are_too_long),
};
TEST_MAIN(tests)
