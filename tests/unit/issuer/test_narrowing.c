/* SPDX-License-Identifier: Apache-2.0 */
/* What of an API's documents a token opens: RFC 9396 at the token endpoint. */
#include "house.h"

#include "audit/report.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "registry/api.h"
#include "test.h"

#define DOCUMENTS "https://api.example/documents"
#define RECORDS "https://api.example/records"
#define PLAN "http://snomed.info/sct|736253002"
#define SUMMARY "http://snomed.info/sct|861421000000109"
#define OTHER_TYPE "http://snomed.info/sct|1363501000000100"
#define TRUST "https://fhir.nhs.uk/Id/ods-organization-code|RX809"
#define SURGERY "https://fhir.nhs.uk/Id/ods-organization-code|Y51"
#define OBJECT(members)                                                                            \
    "{\"type\":\"caregate_documents\",\"locations\":[\"" RECORDS "\"]" members "}"

/* The house's client may also read and write records: plans and summaries of one trust. */
static int build_narrowed(void **state)
{
    (void)house_build(state);
    struct house *house = *state;
    struct cg_api api = {.realm = CG_SPAN(HOUSE_REALM),
                         .name = CG_SPAN("records"),
                         .audience = CG_SPAN(RECORDS),
                         .scope = CG_SPAN("records.read records.write records.list"),
                         .approvals_wanted = 1,
                         .created_s = HOUSE_NOW_S};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_api_add(house->registry, &api, NULL));
    assert_ok(cg_store_commit(house->registry));
    return 0;
}

/* Each a second after the one before: that is their order in a token. */
static struct cg_span agree(struct house *house, const char *scope, const char *types,
                            const char *organisations)
{
    house->now_s++;
    struct cg_agreement agreement = {.realm = CG_SPAN(HOUSE_REALM),
                                     .client = test_span(house->client),
                                     .api = CG_SPAN("records"),
                                     .scope = test_span(scope),
                                     .document_types = test_span(types),
                                     .organisations = test_span(organisations),
                                     .purpose = CG_SPAN("direct_care"),
                                     .requested_s = house->now_s};
    struct cg_decision decision = {.who = CG_SPAN("Dr Example"), .at_s = house->now_s};
    enum cg_agreement_state state;
    struct cg_span id;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_agreement_request(house->registry, &agreement, &house->random, house->arena, NULL, &id));
    assert_ok(cg_agreement_approve(house->registry, agreement.realm, id, &decision, NULL, &state));
    assert_ok(cg_store_commit(house->registry));
    return id;
}

static void agree_plans_and_summaries(struct house *house)
{
    (void)agree(house, "records.read records.write", "736253002 861421000000109", "RX809");
}

/* The member authorization_details of a JSON text as compact JSON; "" when it has none. */
static struct cg_span details_in(struct house *house, struct cg_span text)
{
    struct cg_json *json = NULL;
    struct cg_span found = CG_SPAN_OF("");
    assert_ok(cg_json_parse(text, 16384, &json));
    const struct cg_json_value *value = cg_json_member(cg_json_root(json), "authorization_details");
    if (value != NULL) {
        struct cg_buf buf;
        struct cg_json_writer writer;
        cg_buf_init_arena(&buf, house->arena, 8192);
        cg_json_begin(&writer, &buf);
        cg_json_put_value(&writer, value);
        assert_ok(cg_buf_finish(&buf, &found));
    }
    (void)cg_json_free(json);
    return found;
}

static struct cg_span payload_of(struct house *house, const struct cg_response *response)
{
    struct cg_json *body = NULL;
    struct cg_span compact;
    struct cg_span payload;
    assert_ok(cg_json_parse(response->body, 16384, &body));
    assert_ok(cg_json_member_string(cg_json_root(body), "access_token", &compact));
    size_t first = cg_span_find(compact, '.', 0);
    size_t second = cg_span_find(compact, '.', first + 1);
    assert_ok(cg_base64url_decode_arena(cg_span_part(compact, first + 1, second - first - 1),
                                        house->arena, &payload));
    (void)cg_json_free(body);
    return payload;
}

/* RFC 9396 §7, §9.1: answer and token say the same. */
static void assert_granted(struct house *house, const char *label, const char *more,
                           const char *details)
{
    const struct cg_response *response = house_ask_token(house, more);
    if (response->http_status != 200) {
        fail_msg("%s: %.*s", label, CG_SPAN_ARGS(response->body));
    }
    assert_span_text_row(label, details_in(house, response->body), details);
    assert_span_text_row(label, details_in(house, payload_of(house, response)), details);
}

static void assert_scope(struct house *house, const char *more, const char *scope)
{
    const struct cg_response *response = house_ask_token(house, more);
    char want[256];
    (void)snprintf(want, sizeof(want), "\"scope\":\"%s\"", scope);
    if (memmem(response->body.data, response->body.len, want, strlen(want)) == NULL) {
        fail_msg("%s: not %s in %.*s", more, want, CG_SPAN_ARGS(response->body));
    }
}

static void assert_refused(struct house *house, const char *label, const char *details,
                           enum cg_reason reason, const char *hint)
{
    char more[6000];
    (void)snprintf(more, sizeof(more), "&authorization_details=%s", details);
    const struct cg_response *response = house_ask_token(house, more);
    bool told = memmem(response->body.data, response->body.len, hint, strlen(hint)) != NULL;
    bool named = memmem(response->body.data, response->body.len,
                        "\"error\":\"invalid_authorization_details\"", 39) != NULL;
    if (response->http_status != 400 || response->reason != reason || !told || !named) {
        fail_msg("%s: %u %s %.*s", label, response->http_status, cg_reason_name(response->reason),
                 CG_SPAN_ARGS(response->body));
    }
}

static void plain_agreements_give_a_token_without_details(void **state)
{
    struct house *house = *state;
    assert_granted(house, "nothing asked", "", "");
    (void)agree(house, "records.read", "", "");
    assert_granted(house, "agreement that does not narrow", "", "");
}

static void token_and_answer_tell_what_the_agreement_narrows_to(void **state)
{
    struct house *house = *state;
    agree_plans_and_summaries(house);
    assert_granted(house, "all", "",
                   "[" OBJECT(",\"actions\":[\"records.read\",\"records.write\"],"
                              "\"document_types\":[\"" PLAN "\",\"" SUMMARY "\"],"
                              "\"organisations\":[\"" TRUST "\"]") "]");
    assert_granted(house, "scope narrows, too", "&scope=records.write",
                   "[" OBJECT(",\"actions\":[\"records.write\"],"
                              "\"document_types\":[\"" PLAN "\",\"" SUMMARY "\"],"
                              "\"organisations\":[\"" TRUST "\"]") "]");
    assert_granted(house, "another API", "&resource=" DOCUMENTS, "");
}

/* Else an API could take the one object for all that is allowed, or for nothing. */
static void api_with_one_narrowed_agreement_has_an_object_for_each(void **state)
{
    struct house *house = *state;
    (void)agree(house, "records.read", "736253002", "");
    (void)agree(house, "records.list", "", "");
    (void)agree(house, "records.write", "", "Y51");
    assert_granted(
        house, "three agreements", "&resource=" RECORDS,
        "[" OBJECT(",\"actions\":[\"records.read\"],\"document_types\":[\"" PLAN "\"]") "," OBJECT(
            ",\"actions\":[\"records.list\"]") "," OBJECT(",\"actions\":[\"records.write\"],"
                                                          "\"organisations\":[\"" SURGERY
                                                          "\"]") "]");
}

static void client_gets_the_part_that_it_asks_for(void **state)
{
    struct house *house = *state;
    agree_plans_and_summaries(house);
    assert_granted(house, "all", "&authorization_details=[" OBJECT("") "]",
                   "[" OBJECT(",\"actions\":[\"records.read\",\"records.write\"],"
                              "\"document_types\":[\"" PLAN "\",\"" SUMMARY "\"],"
                              "\"organisations\":[\"" TRUST "\"]") "]");
    assert_granted(house, "part",
                   "&authorization_details=[" OBJECT(",\"actions\":[\"records.read\"],"
                                                     "\"document_types\":[\"" SUMMARY "\"]") "]",
                   "[" OBJECT(",\"actions\":[\"records.read\"],"
                              "\"document_types\":[\"" SUMMARY "\"],"
                              "\"organisations\":[\"" TRUST "\"]") "]");
    assert_granted(house, "two objects",
                   "&authorization_details=[" OBJECT(",\"actions\":[\"records.read\"]") "," OBJECT(
                       ",\"actions\":"
                       "[\"records.write\"],"
                       "\"document_types\":"
                       "[\"" PLAN "\"]") "]",
                   "[" OBJECT(",\"actions\":[\"records.read\"],"
                              "\"document_types\":[\"" PLAN "\",\"" SUMMARY "\"],"
                              "\"organisations\":[\"" TRUST "\"]") "," OBJECT(",\"actions\":"
                                                                              "[\"records.write\"],"
                                                                              "\"document_types\":["
                                                                              "\"" PLAN "\"],"
                                                                              "\"organisations\":["
                                                                              "\"" TRUST
                                                                              "\"]") "]");
}

static void agreement_that_does_not_narrow_may_be_narrowed_by_its_client(void **state)
{
    struct house *house = *state;
    (void)agree(house, "records.read", "", "");
    assert_granted(house, "asked",
                   "&authorization_details=[" OBJECT(",\"organisations\":"
                                                     "[\"" SURGERY "\"]") "]",
                   "[" OBJECT(",\"actions\":[\"records.read\"],"
                              "\"organisations\":[\"" SURGERY "\"]") "]");
}

static void details_leave_out_what_they_do_not_name(void **state)
{
    struct house *house = *state;
    agree_plans_and_summaries(house);
    assert_scope(house, "", "documents.read documents.write records.read records.write");
    assert_scope(house, "&authorization_details=[" OBJECT("") "]", "records.read records.write");
    assert_scope(house, "&authorization_details=[" OBJECT(",\"actions\":[\"records.read\"]") "]",
                 "records.read");
    assert_scope(house,
                 "&scope=records.write&resource=" RECORDS "&authorization_details=[" OBJECT("") "]",
                 "records.write");
}

/* Scope, resource and details must all hold. */
static void details_do_not_widen_scope_or_resource(void **state)
{
    struct house *house = *state;
    agree_plans_and_summaries(house);
    const struct cg_response *response =
        house_ask_token(house, "&scope=records.write&authorization_details=[" OBJECT(
                                   ",\"actions\":[\"records.read\"]") "]");
    assert_int_equal(response->reason, CG_REASON_SCOPE_NOT_AGREED);
    response =
        house_ask_token(house, "&scope=documents.read&authorization_details=[" OBJECT("") "]");
    assert_int_equal(response->reason, CG_REASON_SCOPE_NOT_AGREED);
    response =
        house_ask_token(house, "&resource=" DOCUMENTS "&authorization_details=[" OBJECT("") "]");
    assert_int_equal(response->reason, CG_REASON_DETAILS_NOT_AGREED);
}

static void details_beyond_the_agreement_are_refused(void **state)
{
    static const struct {
        const char *label;
        const char *details;
        const char *hint;
    } rows[] = {
        {"type", "[" OBJECT(",\"document_types\":[\"" PLAN "\",\"" OTHER_TYPE "\"]") "]",
         "ask in document_types only"},
        {"organisation", "[" OBJECT(",\"organisations\":[\"" SURGERY "\"]") "]",
         "ask in organisations only"},
        {"scope", "[" OBJECT(",\"actions\":[\"records.list\"]") "]", "ask in actions only"},
        {"scope of another API", "[" OBJECT(",\"actions\":[\"documents.read\"]") "]",
         "ask in actions only"},
        {"one of two objects",
         "[" OBJECT("") "," OBJECT(",\"organisations\":[\"" SURGERY "\"]") "]",
         "ask in organisations only"},
        {"place", "[{\"type\":\"caregate_documents\",\"locations\":[\"https://api.example/x\"]}]",
         "name in locations only"},
        {"one of two places",
         "[{\"type\":\"caregate_documents\",\"locations\":[\"" RECORDS
         "\",\"https://api.example/medicines\"]}]",
         "name in locations only"},
    };
    struct house *house = *state;
    agree_plans_and_summaries(house);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(house, rows[i].label, rows[i].details, CG_REASON_DETAILS_NOT_AGREED,
                       rows[i].hint);
    }
    assert_int_equal(house_count_events(house, "token_issued"), 0);
}

/* Plans of one organisation and summaries of another are not plans of the other. */
static void two_agreements_are_not_added_up(void **state)
{
    struct house *house = *state;
    (void)agree(house, "records.read", "736253002", "RX809");
    (void)agree(house, "records.read", "861421000000109", "Y51");
    assert_refused(
        house, "crossed",
        "[" OBJECT(",\"document_types\":[\"" PLAN "\"],\"organisations\":[\"" SURGERY "\"]") "]",
        CG_REASON_DETAILS_NOT_AGREED, "send an object for each agreement");
    assert_granted(house, "one",
                   "&authorization_details=[" OBJECT(",\"document_types\":"
                                                     "[\"" SUMMARY "\"]") "]",
                   "[" OBJECT(",\"actions\":[\"records.read\"],"
                              "\"document_types\":[\"" SUMMARY "\"],"
                              "\"organisations\":[\"" SURGERY "\"]") "]");
}

static void malformed_details_are_refused_before_any_agreement_is_looked_at(void **state)
{
    struct house *house = *state;
    assert_refused(house, "no JSON", "[{", CG_REASON_DETAILS_MALFORMED, "one JSON array");
    assert_refused(house, "unknown type", "[{\"type\":\"payment\"}]", CG_REASON_DETAILS_MALFORMED,
                   "objects of type caregate_documents");
    assert_refused(house, "unknown member", "[" OBJECT(",\"privileges\":[\"x\"]") "]",
                   CG_REASON_DETAILS_MALFORMED, "leave out");
    const struct cg_response *response = house_ask_token(
        house, "&authorization_details=[" OBJECT("") "]&authorization_details=[" OBJECT("") "]");
    assert_int_equal(response->reason, CG_REASON_PARAMETER_REPEATED);
    response = house_ask_token(house, "&authorization_details=");
    assert_int_equal(response->http_status, 200);
}

static void agreement_that_is_over_gives_no_details(void **state)
{
    struct house *house = *state;
    agree_plans_and_summaries(house);
    struct cg_span id = agree(house, "records.list", "1363501000000100", "");
    struct cg_decision decision = {.who = CG_SPAN("Dr Example"), .at_s = house->now_s};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_agreement_withdraw(house->registry, CG_SPAN_OF(HOUSE_REALM), id, &decision, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_refused(house, "withdrawn", "[" OBJECT(",\"document_types\":[\"" OTHER_TYPE "\"]") "]",
                   CG_REASON_DETAILS_NOT_AGREED, "ask in document_types only");
}

/* 32 organisations and 32 types are more than a token holds; part of them can be had. */
static void details_too_large_for_a_token_are_asked_for_in_parts(void **state)
{
    struct house *house = *state;
    char organisations[512];
    size_t len = 0;
    for (int i = 0; i < CG_LIMIT_DETAILS_VALUES; i++) {
        len += (size_t)snprintf(organisations + len, sizeof(organisations) - len, "%sORGCODE%02d",
                                i > 0 ? " " : "", i);
    }
    (void)agree(house, "records.read", "", organisations);
    (void)agree(house, "records.write", "736253002", organisations);
    const struct cg_response *response = house_ask_token(house, "");
    assert_int_equal(response->http_status, 400);
    assert_int_equal(response->reason, CG_REASON_TOKEN_TOO_LARGE);
    assert_non_null(memmem(response->body.data, response->body.len, "authorization_details", 21));
    response = house_ask_token(
        house, "&authorization_details=[" OBJECT(",\"organisations\":[\"https://fhir.nhs.uk/Id/"
                                                 "ods-organization-code|ORGCODE07\"]") "]");
    assert_int_equal(response->http_status, 200);
}

static enum cg_status look_at(void *context, struct cg_span record, int64_t time_s)
{
    (void)time_s;
    bool *narrowed = context;
    *narrowed = memmem(record.data, record.len, "\"detail\":\"narrowed: agr_", 23) != NULL;
    assert_null(memmem(record.data, record.len, "736253002", 9));
    return CG_OK;
}

static void audit_tells_that_a_token_was_narrowed_by_ids_alone(void **state)
{
    struct house *house = *state;
    agree_plans_and_summaries(house);
    static const struct {
        const char *more;
        bool narrowed;
    } rows[] = {{"&scope=documents.read", false}, {"", true}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(house_ask_token(house, rows[i].more)->http_status, 200);
        struct cg_store *audit = NULL;
        assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
        struct cg_audit_filter filter = {.until_s = INT64_MAX, .kind = CG_SPAN("token_issued")};
        bool narrowed = false;
        assert_ok(cg_audit_list(audit, &filter, look_at, &narrowed));
        (void)cg_store_free(audit);
        assert_true(narrowed == rows[i].narrowed);
    }
}

/* RFC 9396 §9.2; and an API of which one agreement is over is told of no more than at the gate. */
static void introspection_tells_what_a_token_is_narrowed_to(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span first = agree(house, "records.read", "736253002", "");
    (void)agree(house, "records.write", "", "Y51");
    struct cg_span token = house_token(house, "");
    struct cg_span answer =
        house_present(house, HOUSE_REALM "/oauth/introspect", &own, token, NULL)->body;
    assert_span_text(details_in(house, answer),
                     "[" OBJECT(",\"actions\":[\"records.read\"],\"document_types\":[\"" PLAN
                                "\"]") "," OBJECT(",\"actions\":[\"records.write\"],"
                                                  "\"organisations\":[\"" SURGERY "\"]") "]");
    struct cg_decision decision = {.who = CG_SPAN("Dr Example"), .at_s = house->now_s};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_agreement_withdraw(house->registry, CG_SPAN_OF(HOUSE_REALM), first, &decision, NULL));
    assert_ok(cg_store_commit(house->registry));
    answer = house_present(house, HOUSE_REALM "/oauth/introspect", &own, token, NULL)->body;
    assert_span_text(details_in(house, answer), "");
    assert_null(memmem(answer.data, answer.len, "records", 7));
    assert_non_null(memmem(answer.data, answer.len, "documents.read", 14));
}

#define NARROWED(name) cmocka_unit_test_setup_teardown(name, build_narrowed, house_pull_down)

static const struct CMUnitTest tests[] = {
    NARROWED(plain_agreements_give_a_token_without_details),
    NARROWED(token_and_answer_tell_what_the_agreement_narrows_to),
    NARROWED(api_with_one_narrowed_agreement_has_an_object_for_each),
    NARROWED(client_gets_the_part_that_it_asks_for),
    NARROWED(agreement_that_does_not_narrow_may_be_narrowed_by_its_client),
    NARROWED(details_leave_out_what_they_do_not_name),
    NARROWED(details_do_not_widen_scope_or_resource),
    NARROWED(details_beyond_the_agreement_are_refused),
    NARROWED(two_agreements_are_not_added_up),
    NARROWED(malformed_details_are_refused_before_any_agreement_is_looked_at),
    NARROWED(agreement_that_is_over_gives_no_details),
    NARROWED(details_too_large_for_a_token_are_asked_for_in_parts),
    NARROWED(introspection_tells_what_a_token_is_narrowed_to),
    NARROWED(audit_tells_that_a_token_was_narrowed_by_ids_alone),
};
TEST_MAIN(tests)
