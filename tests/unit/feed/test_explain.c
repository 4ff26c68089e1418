/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/explain.h"

#include "feed_test.h"
#include "jose/jws.h"
#include "registry/api.h"
#include "registry/client_key.h"
#include "registry/denial.h"
#include "token/access_token.h"

static int build_desk(void **state)
{
    (void)desk_open(state);
    struct desk *desk = *state;
    feed_test_set_base_url(desk);
    (void)feed_test_add_key(desk, CG_KEY_START_FIRST, DESK_NOW_S);
    return 0;
}

static enum cg_status ask(struct desk *desk, const struct cg_explain_question *question,
                          struct cg_explanation *ret_explanation)
{
    assert_ok(cg_store_commit(desk->store));
    desk->fault = (struct cg_fault){.text = NULL};
    enum cg_status status =
        cg_explain(desk->store, question, desk->arena, &desk->fault, ret_explanation);
    assert_ok(cg_store_begin(desk->store));
    return status;
}

static struct cg_explain_question about_client(const struct desk *desk)
{
    return (struct cg_explain_question){.realm = desk->realm,
                                        .client_id = desk->client,
                                        .api = CG_SPAN("documents"),
                                        .now_s = DESK_NOW_S};
}

/* The reason is that of the first rule that does not hold. */
static void check(struct desk *desk, const char *label, const struct cg_explain_question *question,
                  enum cg_reason reason)
{
    struct cg_explanation explanation;
    assert_status_row(label, ask(desk, question, &explanation), CG_OK);
    if (explanation.reason != reason) {
        fail_msg("%s: %s, not %s", label, cg_reason_name(explanation.reason),
                 cg_reason_name(reason));
    }
    bool all_held = true;
    for (size_t i = 0; i < explanation.step_count; i++) {
        all_held = all_held && explanation.steps[i].held;
        assert_true(explanation.steps[i].rule.len > 0);
    }
    assert_true(explanation.step_count > 0);
    assert_true(all_held == (reason == CG_REASON_NONE));
}

enum fate {
    ALL_WELL,
    SUSPENDED,
    RETIRED_CLIENT,
    RETIRED_API,
    NO_SECRET,
    SECRET_EXPIRED,
    NO_AGREEMENT,
    AGREEMENT_REQUESTED,
    WITHDRAWN,
    OVER,
    NOT_YET,
};

static void agree(struct desk *desk, enum fate fate)
{
    struct cg_agreement agreement = {.realm = desk->realm,
                                     .client = desk->client,
                                     .api = CG_SPAN("documents"),
                                     .scope = CG_SPAN("documents.read"),
                                     .purpose = CG_SPAN("direct_care"),
                                     .from_s = fate == NOT_YET ? DESK_NOW_S + 1 : 0,
                                     .until_s = fate == OVER ? DESK_NOW_S : 0,
                                     .requested_s = DESK_NOW_S - 100};
    struct cg_decision decision = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S - 50};
    struct cg_span id;
    enum cg_agreement_state reached;
    assert_ok(cg_agreement_request(desk->store, &agreement, &desk->random, desk->arena, NULL, &id));
    if (fate != AGREEMENT_REQUESTED) {
        assert_ok(cg_agreement_approve(desk->store, desk->realm, id, &decision, NULL, &reached));
    }
    if (fate == WITHDRAWN) {
        assert_ok(cg_agreement_withdraw(desk->store, desk->realm, id, &decision, NULL));
    }
}

static void meet_fate(struct desk *desk, enum fate fate)
{
    if (fate != NO_SECRET) {
        (void)desk_add_secret(desk, DESK_NOW_S - 100, fate == SECRET_EXPIRED ? DESK_NOW_S : 0);
    }
    if (fate != NO_AGREEMENT) {
        agree(desk, fate);
    }
    if (fate == SUSPENDED) {
        assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    }
    if (fate == RETIRED_CLIENT) {
        assert_ok(cg_client_retire(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    }
    if (fate == RETIRED_API) {
        assert_ok(
            cg_api_retire(desk->store, desk->realm, CG_SPAN_OF("documents"), DESK_NOW_S, NULL));
    }
}

static void client_is_told_what_stands_in_its_way(void **state)
{
    static const struct {
        const char *label;
        enum fate fate;
        enum cg_reason reason;
    } rows[] = {
        {"all well", ALL_WELL, CG_REASON_NONE},
        {"suspended", SUSPENDED, CG_REASON_CLIENT_SUSPENDED},
        {"retired client", RETIRED_CLIENT, CG_REASON_CLIENT_SUSPENDED},
        {"no secret", NO_SECRET, CG_REASON_CLIENT_AUTHENTICATION_FAILED},
        {"secret expired", SECRET_EXPIRED, CG_REASON_CLIENT_AUTHENTICATION_FAILED},
        {"no agreement", NO_AGREEMENT, CG_REASON_API_NOT_AGREED},
        {"requested", AGREEMENT_REQUESTED, CG_REASON_API_NOT_AGREED},
        {"withdrawn", WITHDRAWN, CG_REASON_AGREEMENT_WITHDRAWN},
        {"over", OVER, CG_REASON_API_NOT_AGREED},
        {"not yet", NOT_YET, CG_REASON_API_NOT_AGREED},
        {"retired API", RETIRED_API, CG_REASON_GATE_MISCONFIGURED},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        desk->client = desk_add_client(desk, rows[i].label);
        meet_fate(desk, rows[i].fate);
        struct cg_explain_question question = about_client(desk);
        check(desk, rows[i].label, &question, rows[i].reason);
    }
}

/* What the step of a rule that held tells; absent where there is none. */
static struct cg_span detail_of(const struct cg_explanation *explanation, const char *rule)
{
    for (size_t i = 0; i < explanation->step_count; i++) {
        const struct cg_explain_step *step = &explanation->steps[i];
        if (step->held && cg_span_equal_string(step->rule, rule)) {
            return step->detail;
        }
    }
    return (struct cg_span){NULL, 0};
}

/* What is for people is agreed, but the client gets none of it when it asks for itself. */
static void client_is_told_which_scopes_are_for_people(void **state)
{
    static const char rule[] = "one of them is for systems, not for people alone";
    static const char *const scopes[] = {"patient/Patient.rs",
                                         "patient/Patient.rs system/Patient.rs"};
    static const char *const apis[] = {"portal", "records"};
    struct desk *desk = *state;
    struct cg_explain_question question = about_client(desk);
    struct cg_explanation explanation;
    (void)desk_add_secret(desk, DESK_NOW_S - 100, 0);
    for (size_t i = 0; i < TEST_COUNT(apis); i++) {
        desk_add_api(desk, apis[i], scopes[i], 1);
        (void)desk_agree(desk, apis[i], scopes[i]);
    }
    question.api = test_span(apis[0]);
    check(desk, "for people alone", &question, CG_REASON_SCOPE_NOT_AGREED);
    question.api = test_span(apis[1]);
    check(desk, "for both, where SMART scopes are not read", &question,
          CG_REASON_SCOPE_INSUFFICIENT);
    question.smart_base = CG_SPAN_OF("/fhir/");
    question.target = CG_SPAN_OF("/fhir/Patient/1");
    check(desk, "for both", &question, CG_REASON_NONE);
    assert_ok(ask(desk, &question, &explanation));
    assert_span_text(detail_of(&explanation, rule), "system/Patient.rs");
    const struct cg_span for_people = CG_SPAN("patient/Patient.rs");
    const struct cg_gate_rule wanted = {CG_METHOD_GET, &for_people, 1};
    question.rules = &wanted;
    question.rule_count = 1;
    check(desk, "a rule for people", &question, CG_REASON_SCOPE_INSUFFICIENT);
}

static void narrowing_of_the_agreement_is_told(void **state)
{
    static const char rule[] = "the agreement narrows what the API may give";
    struct desk *desk = *state;
    struct cg_explain_question question = about_client(desk);
    struct cg_explanation explanation;
    (void)desk_add_secret(desk, DESK_NOW_S - 100, 0);
    (void)desk_agree_narrowed(desk, "documents", "documents.read", "736253002 736366004", "RX809");
    assert_ok(ask(desk, &question, &explanation));
    assert_span_text(detail_of(&explanation, rule),
                     "document types 736253002 736366004; organisations RX809");
    desk->client = desk_add_client(desk, "Another system");
    meet_fate(desk, ALL_WELL);
    question = about_client(desk);
    assert_ok(ask(desk, &question, &explanation));
    assert_null(detail_of(&explanation, rule).data);
}

static void unknown_names_are_told(void **state)
{
    struct desk *desk = *state;
    meet_fate(desk, ALL_WELL);
    struct cg_explain_question question = about_client(desk);
    question.client_id = CG_SPAN_OF("nobody");
    check(desk, "client", &question, CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    question = about_client(desk);
    question.api = CG_SPAN_OF("none");
    check(desk, "API", &question, CG_REASON_GATE_MISCONFIGURED);
    question = about_client(desk);
    question.realm = CG_SPAN_OF("/none");
    check(desk, "realm", &question, CG_REASON_GATE_MISCONFIGURED);
}

static void realm_without_a_key_is_told(void **state)
{
    struct desk *desk = *state;
    feed_test_set_base_url(desk);
    meet_fate(desk, ALL_WELL);
    struct cg_explain_question question = about_client(desk);
    check(desk, "no key", &question, CG_REASON_SIGNING_KEY_UNAVAILABLE);
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
    struct desk *desk = *state;
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    struct cg_explain_question question = about_client(desk);
    struct cg_explanation explanation;
    assert_ok(ask(desk, &question, &explanation));
    size_t broken = 0;
    for (size_t i = 0; i < explanation.step_count; i++) {
        broken += explanation.steps[i].held ? 0 : 1;
    }
    assert_int_equal(broken, 3);
    assert_int_equal(explanation.reason, CG_REASON_CLIENT_SUSPENDED);
}

static void malformed_question_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_explanation explanation;
    struct cg_explain_question question = about_client(desk);
    question.client_id = (struct cg_span){NULL, 0};
    assert_status(ask(desk, &question, &explanation), CG_ERR_INPUT);
    assert_non_null(desk->fault.text);
    question = about_client(desk);
    question.api = CG_SPAN_OF("no such name");
    assert_status(ask(desk, &question, &explanation), CG_ERR_INPUT);
    assert_non_null(desk->fault.text);
    question = about_client(desk);
    assert_status(cg_explain(desk->store, &question, desk->arena, NULL, &explanation),
                  CG_ERR_INTERNAL);
}

static struct cg_access_token claims_of(const struct desk *desk, const char *agreement,
                                        const char *scope, int64_t expires_s)
{
    return (struct cg_access_token){
        .issuer = CG_SPAN(FEED_TEST_BASE_URL DESK_REALM),
        .subject = desk->client,
        .client_id = desk->client,
        .organisation = CG_SPAN("RYG"),
        .scope = test_span(scope),
        .token_id = CG_SPAN("jti-1"),
        .apis = {{.audience = CG_SPAN("https://api.example/documents"),
                  .name = CG_SPAN("documents"),
                  .agreement = test_span(agreement)}},
        .api_count = 1,
        .issued_s = expires_s - DESK_LIFE_S,
        .expires_s = expires_s,
    };
}

/* A token as the issuer makes it. */
static struct cg_span sign_claims(struct desk *desk, const struct cg_access_token *token)
{
    struct cg_signing_key stored;
    int64_t until_s;
    assert_ok(cg_signing_key_current(desk->store, desk->realm, DESK_NOW_S, desk->arena, &stored,
                                     &until_s));
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    assert_ok(cg_signing_key_unseal(&stored, feed_test_master_key, &key));
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    assert_ok(cg_signer_new(key, &signer));
    struct cg_buf parts[3];
    struct cg_span texts[3];
    for (size_t i = 0; i < TEST_COUNT(parts); i++) {
        cg_buf_init_arena(&parts[i], desk->arena, CG_LIMIT_TOKEN_BYTES);
    }
    assert_ok(
        cg_jws_header(cg_alg_find(CG_SPAN_OF("RS256")), CG_SPAN_OF("JWT"), stored.kid, &parts[0]));
    assert_ok(cg_buf_finish(&parts[0], &texts[0]));
    cg_access_token_write(token, &parts[1]);
    assert_ok(cg_buf_finish(&parts[1], &texts[1]));
    assert_ok(cg_jws_make(texts[0], texts[1], signer, &parts[2]));
    assert_ok(cg_buf_finish(&parts[2], &texts[2]));
    return texts[2];
}

/* For the API documents, with a scope of the caller's choice. */
static struct cg_span sign(struct desk *desk, const char *agreement, const char *scope,
                           int64_t expires_s)
{
    struct cg_access_token token = claims_of(desk, agreement, scope, expires_s);
    return sign_claims(desk, &token);
}

static struct cg_span with_changed_signature(struct desk *desk, struct cg_span token)
{
    void *memory = NULL;
    assert_ok(cg_arena_take(desk->arena, token.len, &memory));
    uint8_t *changed = memory;
    memcpy(changed, token.data, token.len);
    uint8_t *letter = &changed[token.len - 20];
    *letter = *letter == 'A' ? 'B' : 'A';
    return cg_span_of_bytes(changed, token.len);
}

static struct cg_explain_question about_token(const struct desk *desk, struct cg_span token)
{
    return (struct cg_explain_question){.realm = desk->realm,
                                        .token = token,
                                        .api = CG_SPAN("documents"),
                                        .method = CG_SPAN("POST"),
                                        .now_s = DESK_NOW_S};
}

static void token_is_told_what_the_gate_would_say(void **state)
{
    struct desk *desk = *state;
    int64_t end_s = DESK_NOW_S + DESK_LIFE_S;
    struct cg_span good = sign(desk, "agr_1", "documents.write", end_s);
    const struct {
        const char *label;
        struct cg_span token;
        const char *api;
        enum cg_reason reason;
    } rows[] = {
        {"good", good, "documents", CG_REASON_NONE},
        {"another API", good, "medicines", CG_REASON_API_NOT_AGREED},
        {"unknown API", good, "none", CG_REASON_GATE_MISCONFIGURED},
        {"scope of another API", sign(desk, "agr_1", "medicines.read", end_s), "documents",
         CG_REASON_SCOPE_INSUFFICIENT},
        {"expired", sign(desk, "agr_1", "documents.write", DESK_NOW_S), "documents",
         CG_REASON_TOKEN_EXPIRED},
        {"malformed", CG_SPAN("a.b.c"), "documents", CG_REASON_TOKEN_MALFORMED},
        {"changed", with_changed_signature(desk, good), "documents",
         CG_REASON_TOKEN_SIGNATURE_INVALID},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_explain_question question = about_token(desk, rows[i].token);
        question.api = test_span(rows[i].api);
        check(desk, rows[i].label, &question, rows[i].reason);
    }
}

/* A token with SMART scopes is for one API: the gate would take one for both for neither. */
static void client_with_smart_scopes_is_thought_to_name_the_api(void **state)
{
    struct desk *desk = *state;
    desk_add_api(desk, "fhir", "system/*.cruds", 1);
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    (void)desk_agree(desk, "fhir", "system/Patient.rs");
    (void)desk_agree(desk, "documents", "documents.read");
    struct cg_explain_question question = about_client(desk);
    question.api = CG_SPAN_OF("fhir");
    question.smart_base = CG_SPAN_OF("/fhir/");
    question.target = CG_SPAN_OF("/fhir/Patient?name=x");
    check(desk, "agreed", &question, CG_REASON_NONE);
    question.target = CG_SPAN_OF("/fhir/Task/1");
    check(desk, "not agreed", &question, CG_REASON_SMART_SCOPE_INSUFFICIENT);
}

static void denied_token_is_told_by_which_denial(void **state)
{
    struct desk *desk = *state;
    struct cg_span token = sign(desk, "agr_1", "documents.write", DESK_NOW_S + DESK_LIFE_S);
    struct cg_explain_question question = about_token(desk, token);
    static const struct {
        enum cg_denial kind;
        const char *subject;
        enum cg_reason reason;
    } rows[] = {
        {CG_DENIAL_AGREEMENT, "agr_1", CG_REASON_AGREEMENT_WITHDRAWN},
        {CG_DENIAL_CLIENT, NULL, CG_REASON_CLIENT_SUSPENDED},
        {CG_DENIAL_TOKEN, "jti-1", CG_REASON_TOKEN_REVOKED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_snapshot_denial denial = {
            .kind = rows[i].kind,
            .subject = rows[i].subject != NULL ? test_span(rows[i].subject) : desk->client,
            .epoch = rows[i].kind == CG_DENIAL_CLIENT ? 1 : 0,
            .expires_s = DESK_NOW_S + 300,
        };
        assert_ok(cg_denial_add(desk->store, desk->realm, &denial, DESK_NOW_S));
        check(desk, cg_reason_name(rows[i].reason), &question, rows[i].reason);
    }
}

#define CERTIFICATE "\x30\x03the certificate"
#define CERTIFICATE_THUMBPRINT "ZZj7XEhkKKuBh_Lsm-SES1n6z24hHvC0QnsG16kQfTs"
#define KEY_THUMBPRINT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

static const char certificate_rule[] = "the token may come with this certificate";

static void token_that_is_bound_is_told_what_must_come_along(void **state)
{
    struct desk *desk = *state;
    struct cg_explanation explanation;
    struct cg_access_token claims =
        claims_of(desk, "agr_1", "documents.write", DESK_NOW_S + DESK_LIFE_S);
    claims.certificate_thumbprint = test_span(CERTIFICATE_THUMBPRINT);
    struct cg_explain_question question = about_token(desk, sign_claims(desk, &claims));
    assert_ok(ask(desk, &question, &explanation));
    assert_int_equal(explanation.reason, CG_REASON_NONE);
    assert_span_text(
        detail_of(&explanation, "the token is bound to a certificate"),
        "it comes over TLS with the certificate whose x5t#S256 is " CERTIFICATE_THUMBPRINT);
    assert_null(detail_of(&explanation, "the token is bound to a key").data);
    claims = claims_of(desk, "agr_1", "documents.write", DESK_NOW_S + DESK_LIFE_S);
    claims.key_thumbprint = test_span(KEY_THUMBPRINT);
    question = about_token(desk, sign_claims(desk, &claims));
    assert_ok(ask(desk, &question, &explanation));
    assert_int_equal(explanation.reason, CG_REASON_NONE);
    assert_span_text(detail_of(&explanation, "the token is bound to a key"),
                     "it comes as \"Authorization: DPoP\", with a new proof each time by the key "
                     "whose jkt is " KEY_THUMBPRINT);
    assert_null(detail_of(&explanation, certificate_rule).data);
}

static void certificate_at_hand_is_judged_as_the_gate_would(void **state)
{
    struct desk *desk = *state;
    struct cg_explanation explanation;
    struct cg_access_token claims =
        claims_of(desk, "agr_1", "documents.write", DESK_NOW_S + DESK_LIFE_S);
    struct cg_explain_question question = about_token(desk, sign_claims(desk, &claims));
    question.certificate = CG_SPAN_OF(CERTIFICATE);
    assert_ok(ask(desk, &question, &explanation));
    assert_int_equal(explanation.reason, CG_REASON_NONE);
    assert_span_text(detail_of(&explanation, certificate_rule), "the token is bound to none");
    claims.certificate_thumbprint = test_span(CERTIFICATE_THUMBPRINT);
    question.token = sign_claims(desk, &claims);
    assert_ok(ask(desk, &question, &explanation));
    assert_int_equal(explanation.reason, CG_REASON_NONE);
    assert_span_text(detail_of(&explanation, certificate_rule),
                     "its x5t#S256 is " CERTIFICATE_THUMBPRINT);
    question.certificate = CG_SPAN_OF(CERTIFICATE ".");
    check(desk, "another", &question, CG_REASON_CERTIFICATE_WRONG);
}

static void client_without_a_secret_is_asked_for_what_it_proves_itself_by(void **state)
{
    struct desk *desk = *state;
    struct cg_explanation explanation;
    struct cg_client client;
    assert_ok(cg_client_find(desk->store, desk->realm, desk->client, desk->arena, &client));
    client.auth = CG_CLIENT_AUTH_TLS;
    client.bind = CG_CLIENT_BIND_MTLS;
    assert_ok(cg_client_set(desk->store, &client, desk->arena, NULL));
    agree(desk, ALL_WELL);
    struct cg_explain_question question = about_client(desk);
    check(desk, "no name", &question, CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    const struct cg_client_key name = {.realm = desk->realm,
                                       .client = desk->client,
                                       .kind = CG_CLIENT_KEY_TLS_SAN_DNS,
                                       .value = CG_SPAN("ward.example"),
                                       .created_s = DESK_NOW_S};
    struct cg_span id;
    assert_ok(cg_client_key_add(desk->store, &name, &desk->random, desk->arena, NULL, &id));
    check(desk, "a name", &question, CG_REASON_NONE);
    assert_ok(ask(desk, &question, &explanation));
    assert_span_text(
        detail_of(&explanation, "the client has a key, certificate or name to prove itself by"),
        "tls_client_auth");
    assert_span_text(detail_of(&explanation, "the client's tokens are bound to it"),
                     "it asks for them, and calls, with the same TLS certificate");
}

static void token_of_an_unknown_realm_is_told(void **state)
{
    struct desk *desk = *state;
    struct cg_explain_question question = about_token(desk, CG_SPAN_OF("a.b.c"));
    question.realm = CG_SPAN_OF("/none");
    check(desk, "realm", &question, CG_REASON_GATE_MISCONFIGURED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(client_with_smart_scopes_is_thought_to_name_the_api, build_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(client_is_told_what_stands_in_its_way, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(client_is_told_which_scopes_are_for_people, build_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(narrowing_of_the_agreement_is_told, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(unknown_names_are_told, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(realm_without_a_key_is_told, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(all_that_is_wrong_is_told_at_once, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(malformed_question_is_refused, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(token_is_told_what_the_gate_would_say, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(denied_token_is_told_by_which_denial, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(token_that_is_bound_is_told_what_must_come_along, build_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(certificate_at_hand_is_judged_as_the_gate_would, build_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(client_without_a_secret_is_asked_for_what_it_proves_itself_by,
                                    build_desk, desk_close),
    cmocka_unit_test_setup_teardown(token_of_an_unknown_realm_is_told, build_desk, desk_close),
};
TEST_MAIN(tests)
