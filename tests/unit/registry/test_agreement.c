/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/agreement.h"

#include "base/span.h"
#include "desk.h"
#include "registry/api.h"

static struct cg_agreement sample(const struct desk *desk, const char *api, const char *scope)
{
    return (struct cg_agreement){.realm = desk->realm,
                                 .client = desk->client,
                                 .api = test_span(api),
                                 .scope = test_span(scope),
                                 .purpose = CG_SPAN("direct care"),
                                 .requested_s = DESK_NOW_S};
}

static enum cg_status request(struct desk *desk, const struct cg_agreement *agreement,
                              struct cg_span *ret_id)
{
    return cg_agreement_request(desk->store, agreement, &desk->random, desk->arena, &desk->fault,
                                ret_id);
}

static struct cg_agreement find(struct desk *desk, struct cg_span id)
{
    struct cg_agreement agreement;
    assert_ok(cg_agreement_find(desk->store, desk->realm, id, desk->arena, &agreement));
    return agreement;
}

static struct cg_span requested(struct desk *desk, const char *api, const char *scope)
{
    struct cg_agreement agreement = sample(desk, api, scope);
    struct cg_span id;
    assert_ok(request(desk, &agreement, &id));
    return id;
}

static struct cg_decision by(const char *who)
{
    return (struct cg_decision){.who = test_span(who), .at_s = DESK_NOW_S + 10};
}

static void agreement_is_found_as_it_was_requested(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement agreement = sample(desk, "medicines", "medicines.write medicines.read");
    agreement.purpose_text = CG_SPAN_OF("discharge letters");
    agreement.from_s = DESK_NOW_S + 100;
    agreement.until_s = DESK_NOW_S + 200;
    struct cg_registry_version before = desk_version(desk);
    struct cg_span id;
    assert_ok(request(desk, &agreement, &id));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_span_text(cg_span_part(id, 0, 4), "agr_");
    struct cg_agreement found = find(desk, id);
    assert_span_equal(found.client, desk->client);
    assert_span_text(found.api, "medicines");
    assert_span_text(found.scope, "medicines.write medicines.read");
    assert_span_text(found.purpose, "direct_care");
    assert_span_text(found.purpose_text, "discharge letters");
    assert_int_equal(found.state, CG_AGREEMENT_REQUESTED);
    assert_int_equal(found.approvals_wanted, 2);
    assert_int_equal(found.approvals, 0);
    assert_int_equal(found.from_s, DESK_NOW_S + 100);
    assert_int_equal(found.until_s, DESK_NOW_S + 200);
    assert_int_equal(found.requested_s, DESK_NOW_S);
    assert_int_equal(found.decided_s, 0);
}

static void agreement_begins_when_requested_unless_told(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement found = find(desk, requested(desk, "documents", "documents.read"));
    assert_int_equal(found.from_s, DESK_NOW_S);
    assert_int_equal(found.until_s, 0);
    assert_null(found.purpose_text.data);
}

static void agreement_is_narrowed_for_ever_as_it_was_requested(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement agreement = sample(desk, "documents", "documents.read");
    agreement.document_types = CG_SPAN_OF("736253002 861421000000109");
    agreement.organisations = CG_SPAN_OF("RX809 Y51");
    struct cg_span id;
    enum cg_agreement_state approved;
    struct cg_decision decision = by("Ann");
    assert_ok(request(desk, &agreement, &id));
    assert_ok(cg_agreement_approve(desk->store, desk->realm, id, &decision, NULL, &approved));
    struct cg_agreement found = find(desk, id);
    assert_span_text(found.document_types, "736253002 861421000000109");
    assert_span_text(found.organisations, "RX809 Y51");
    found = find(desk, requested(desk, "documents", "documents.read"));
    assert_null(found.document_types.data);
    assert_null(found.organisations.data);
    agreement.document_types = CG_SPAN_OF("");
    assert_ok(request(desk, &agreement, &id));
    assert_null(find(desk, id).document_types.data);
}

static void smart_agreement_opens_no_more_than_its_api(void **state)
{
    static const struct {
        const char *scope;
        enum cg_status status;
    } rows[] = {
        {"system/Patient.rs", CG_OK},
        {"system/Patient.read system/Observation.r?category=laboratory", CG_OK},
        {"system/*.rs", CG_OK},
        {"system/Task.cruds", CG_OK},
        {"system/*.cruds", CG_ERR_INPUT},
        {"system/Patient.crs", CG_ERR_INPUT},
        {"user/Patient.rs", CG_ERR_INPUT},
        {"system/Patient.rs documents.read", CG_ERR_INPUT},
        {"system/Patient.sr", CG_ERR_INPUT},
    };
    struct desk *desk = *state;
    desk_add_api(desk, "fhir", "system/*.rs system/Task.cud", 1);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_agreement agreement = sample(desk, "fhir", rows[i].scope);
        struct cg_span id;
        assert_status_row(rows[i].scope, request(desk, &agreement, &id), rows[i].status);
        if (rows[i].status == CG_OK) {
            assert_span_text(find(desk, id).scope, rows[i].scope);
        }
    }
}

static void agreement_with_a_wrong_narrowing_is_refused(void **state)
{
    static const struct {
        const char *label;
        const char *types;
        const char *organisations;
    } rows[] = {
        {"check digit", "736253003", ""},
        {"too short", "12345", ""},
        {"letter", "73625300a", ""},
        {"one of two", "736253002 1", ""},
        {"type twice", "736253002 736253002", ""},
        {"two spaces", "736253002  736366004", ""},
        {"with its system", "http://snomed.info/sct|736253002", ""},
        {"small letters", "", "rx809"},
        {"organisation too short", "", "RX"},
        {"organisation twice", "", "RX809 Y51 RX809"},
        {"33 organisations", "",
         "A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A17 A18 A19 A20 A21 A22 "
         "A23 A24 A25 A26 A27 A28 A29 A30 A31 A32 A33"},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_agreement agreement = sample(desk, "documents", "documents.read");
        agreement.document_types = test_span(rows[i].types);
        agreement.organisations = test_span(rows[i].organisations);
        struct cg_span id;
        assert_status_row(rows[i].label, request(desk, &agreement, &id), CG_ERR_INPUT);
        assert_non_null(strstr(desk->fault.text, rows[i].types[0] != '\0' ? "736253002" : "RX809"));
    }
}

struct refusal {
    const char *label;
    struct cg_agreement agreement;
    enum cg_status status;
};

static void agreement_that_cannot_be_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement good = sample(desk, "documents", "documents.read");
    struct refusal rows[] = {
        {"no scope", good, CG_ERR_INPUT},
        {"scope of another API", good, CG_ERR_INPUT},
        {"malformed scope", good, CG_ERR_INPUT},
        {"purpose", good, CG_ERR_INPUT},
        {"purpose in words with a control", good, CG_ERR_INPUT},
        {"no time", good, CG_ERR_INPUT},
        {"beginning", good, CG_ERR_INPUT},
        {"end past", good, CG_ERR_INPUT},
        {"end before beginning", good, CG_ERR_INPUT},
        {"end in no year", good, CG_ERR_INPUT},
        {"client", good, CG_ERR_NOT_FOUND},
        {"API", good, CG_ERR_NOT_FOUND},
        {"realm", good, CG_ERR_NOT_FOUND},
    };
    rows[0].agreement.scope = CG_SPAN_OF("");
    rows[1].agreement.scope = CG_SPAN_OF("documents.read medicines.read");
    rows[2].agreement.scope = CG_SPAN_OF("documents.read  documents.write");
    rows[3].agreement.purpose = CG_SPAN_OF("curiosity");
    rows[4].agreement.purpose_text = CG_SPAN_OF("a\nb");
    rows[5].agreement.requested_s = 0;
    rows[6].agreement.from_s = -5;
    rows[7].agreement.until_s = DESK_NOW_S;
    rows[8].agreement.from_s = DESK_NOW_S + 200;
    rows[8].agreement.until_s = DESK_NOW_S + 200;
    rows[9].agreement.until_s = INT64_MAX;
    rows[10].agreement.client = CG_SPAN_OF("nobody");
    rows[11].agreement.api = CG_SPAN_OF("none");
    rows[12].agreement.realm = CG_SPAN_OF("/none");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = {NULL, 0};
        assert_refused(desk, rows[i].label, request(desk, &rows[i].agreement, &id), rows[i].status);
        assert_null(id.data);
    }
}

static void retired_parties_make_no_agreement(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement agreement = sample(desk, "documents", "documents.read");
    struct cg_span id;
    assert_ok(cg_api_retire(desk->store, desk->realm, agreement.api, DESK_NOW_S, NULL));
    assert_refused(desk, "API", request(desk, &agreement, &id), CG_ERR_CONFLICT);
    agreement = sample(desk, "medicines", "medicines.read");
    assert_ok(cg_client_retire(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    assert_refused(desk, "client", request(desk, &agreement, &id), CG_ERR_CONFLICT);
}

static void client_has_a_bounded_number_of_agreements(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement agreement = sample(desk, "documents", "documents.read");
    struct cg_span id;
    for (int i = 0; i < CG_LIMIT_CLIENT_AGREEMENTS; i++) {
        assert_ok(request(desk, &agreement, &id));
    }
    struct cg_span last = id;
    assert_refused(desk, "one more", request(desk, &agreement, &id), CG_ERR_LIMIT);
    struct cg_decision decision = by("Ada");
    assert_ok(cg_agreement_refuse(desk->store, desk->realm, last, &decision, NULL));
    assert_ok(request(desk, &agreement, &id));
}

static enum cg_agreement_state approve(struct desk *desk, struct cg_span id, const char *who)
{
    struct cg_decision decision = by(who);
    enum cg_agreement_state reached = CG_AGREEMENT_REFUSED;
    assert_ok(cg_agreement_approve(desk->store, desk->realm, id, &decision, NULL, &reached));
    return reached;
}

static void agreement_wants_as_many_different_people_as_its_api(void **state)
{
    struct desk *desk = *state;
    desk_add_api(desk, "guarded", "guarded.read", 3);
    struct cg_span id = requested(desk, "guarded", "guarded.read");
    assert_int_equal(approve(desk, id, "Dr Ada Example"), CG_AGREEMENT_REQUESTED);
    assert_int_equal(approve(desk, id, "Ben Example"), CG_AGREEMENT_REQUESTED);
    assert_int_equal(find(desk, id).approvals, 2);
    assert_int_equal(find(desk, id).decided_s, 0);
    struct cg_registry_version before = desk_version(desk);
    assert_int_equal(approve(desk, id, "Cy Example"), CG_AGREEMENT_APPROVED);
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_int_equal(find(desk, id).approvals, 3);
    assert_int_equal(find(desk, id).decided_s, DESK_NOW_S + 10);
}

static void one_person_counts_once(void **state)
{
    static const char *const again[] = {"Dr Ada Example", "dr ada example", "DR ADA EXAMPLE"};
    struct desk *desk = *state;
    struct cg_span id = requested(desk, "medicines", "medicines.read");
    assert_int_equal(approve(desk, id, "Dr Ada Example"), CG_AGREEMENT_REQUESTED);
    for (size_t i = 0; i < TEST_COUNT(again); i++) {
        struct cg_decision decision = by(again[i]);
        enum cg_agreement_state reached;
        assert_refused(
            desk, again[i],
            cg_agreement_approve(desk->store, desk->realm, id, &decision, &desk->fault, &reached),
            CG_ERR_CONFLICT);
    }
    assert_int_equal(find(desk, id).approvals, 1);
}

static void decision_needs_a_name_and_a_time(void **state)
{
    static const struct {
        const char *label;
        struct cg_decision decision;
    } rows[] = {
        {"nobody", {.who = {NULL, 0}, .at_s = DESK_NOW_S}},
        {"spaces", {.who = CG_SPAN(" Ada"), .at_s = DESK_NOW_S}},
        {"control", {.who = CG_SPAN("A\x1b[m"), .at_s = DESK_NOW_S}},
        {"why", {.who = CG_SPAN("Ada"), .why = CG_SPAN("a\nb"), .at_s = DESK_NOW_S}},
        {"no time", {.who = CG_SPAN("Ada"), .at_s = 0}},
    };
    struct desk *desk = *state;
    struct cg_span id = requested(desk, "documents", "documents.read");
    enum cg_agreement_state reached;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_decision *decision = &rows[i].decision;
        assert_refused(
            desk, rows[i].label,
            cg_agreement_approve(desk->store, desk->realm, id, decision, &desk->fault, &reached),
            CG_ERR_INPUT);
        assert_refused(desk, rows[i].label,
                       cg_agreement_refuse(desk->store, desk->realm, id, decision, &desk->fault),
                       CG_ERR_INPUT);
        assert_refused(desk, rows[i].label,
                       cg_agreement_withdraw(desk->store, desk->realm, id, decision, &desk->fault),
                       CG_ERR_INPUT);
    }
}

enum act { APPROVE, REFUSE, WITHDRAW };

static enum cg_status act_on(struct desk *desk, enum act act, const char *who, struct cg_span id)
{
    struct cg_decision decision = by(who);
    decision.why = CG_SPAN_OF("because");
    enum cg_agreement_state reached;
    switch (act) {
    case APPROVE:
        return cg_agreement_approve(desk->store, desk->realm, id, &decision, &desk->fault,
                                    &reached);
    case REFUSE: return cg_agreement_refuse(desk->store, desk->realm, id, &decision, &desk->fault);
    case WITHDRAW:
    default: return cg_agreement_withdraw(desk->store, desk->realm, id, &decision, &desk->fault);
    }
}

static void agreement_state_allows_only_its_next_steps(void **state)
{
    static const struct {
        const char *label;
        enum act before[2];
        size_t before_count;
        enum act act;
        enum cg_status status;
        enum cg_agreement_state state;
    } rows[] = {
        {"approve a requested one", {APPROVE}, 0, APPROVE, CG_OK, CG_AGREEMENT_APPROVED},
        {"refuse a requested one", {APPROVE}, 0, REFUSE, CG_OK, CG_AGREEMENT_REFUSED},
        {"withdraw a requested one",
         {APPROVE},
         0,
         WITHDRAW,
         CG_ERR_CONFLICT,
         CG_AGREEMENT_REQUESTED},
        {"approve an approved one", {APPROVE}, 1, APPROVE, CG_ERR_CONFLICT, CG_AGREEMENT_APPROVED},
        {"refuse an approved one", {APPROVE}, 1, REFUSE, CG_ERR_CONFLICT, CG_AGREEMENT_APPROVED},
        {"withdraw an approved one", {APPROVE}, 1, WITHDRAW, CG_OK, CG_AGREEMENT_WITHDRAWN},
        {"approve a refused one", {REFUSE}, 1, APPROVE, CG_ERR_CONFLICT, CG_AGREEMENT_REFUSED},
        {"withdraw a refused one", {REFUSE}, 1, WITHDRAW, CG_ERR_CONFLICT, CG_AGREEMENT_REFUSED},
        {"approve a withdrawn one",
         {APPROVE, WITHDRAW},
         2,
         APPROVE,
         CG_ERR_CONFLICT,
         CG_AGREEMENT_WITHDRAWN},
        {"withdraw a withdrawn one",
         {APPROVE, WITHDRAW},
         2,
         WITHDRAW,
         CG_ERR_CONFLICT,
         CG_AGREEMENT_WITHDRAWN},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = requested(desk, "documents", "documents.read");
        for (size_t step = 0; step < rows[i].before_count; step++) {
            assert_ok(act_on(desk, rows[i].before[step], "Ada", id));
        }
        desk->fault.text = NULL;
        assert_status_row(rows[i].label, act_on(desk, rows[i].act, "Ben", id), rows[i].status);
        assert_true((desk->fault.text != NULL) == (rows[i].status != CG_OK));
        assert_int_equal(find(desk, id).state, rows[i].state);
    }
    for (int act = APPROVE; act <= WITHDRAW; act++) {
        assert_refused(desk, "unknown", act_on(desk, (enum act)act, "Ada", CG_SPAN_OF("agr_x")),
                       CG_ERR_NOT_FOUND);
    }
}

static void agreement_of_another_realm_is_not_found(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = requested(desk, "documents", "documents.read");
    desk_add_realm(desk, "/vtest/hpca", 2);
    desk->realm = CG_SPAN_OF("/vtest/hpca");
    assert_refused(desk, "approve", act_on(desk, APPROVE, "Ada", id), CG_ERR_NOT_FOUND);
}

static void agreement_whose_time_is_over_is_not_approved(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement agreement = sample(desk, "documents", "documents.read");
    agreement.until_s = DESK_NOW_S + 10;
    struct cg_span id;
    assert_ok(request(desk, &agreement, &id));
    assert_refused(desk, "over", act_on(desk, APPROVE, "Ada", id), CG_ERR_CONFLICT);
}

static void withdrawing_denies_tokens_that_rest_on_it(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_agree(desk, "documents", "documents.read");
    struct cg_registry_version before = desk_version(desk);
    assert_ok(act_on(desk, WITHDRAW, "Ada", id));
    assert_touched(desk, before, CG_TOUCH_DENYLIST);
}

TEST(agreement_state_has_a_word_for_each_time)
{
    static const struct {
        enum cg_agreement_state state;
        int64_t from_s;
        int64_t until_s;
        const char *word;
    } rows[] = {
        {CG_AGREEMENT_REQUESTED, 100, 0, "requested"}, {CG_AGREEMENT_REFUSED, 100, 0, "refused"},
        {CG_AGREEMENT_WITHDRAWN, 100, 0, "withdrawn"}, {CG_AGREEMENT_APPROVED, 100, 0, "in_force"},
        {CG_AGREEMENT_APPROVED, 101, 0, "not_yet"},    {CG_AGREEMENT_APPROVED, 50, 101, "in_force"},
        {CG_AGREEMENT_APPROVED, 50, 100, "over"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_agreement agreement = {
            .state = rows[i].state, .from_s = rows[i].from_s, .until_s = rows[i].until_s};
        assert_string_equal(cg_agreement_state_name(&agreement, 100), rows[i].word);
    }
}

static void agreements_are_listed_by_realm_or_client(void **state)
{
    struct desk *desk = *state;
    (void)requested(desk, "documents", "documents.read");
    (void)requested(desk, "medicines", "medicines.read");
    struct cg_span first = desk->client;
    desk->client = desk_add_client(desk, "Another");
    (void)requested(desk, "documents", "documents.read");
    size_t count = 0;
    assert_ok(cg_agreement_list(desk->store, desk->realm, first, desk->arena, desk_count, &count));
    assert_int_equal(count, 2);
    count = 0;
    struct cg_span all = {NULL, 0};
    assert_ok(cg_agreement_list(desk->store, desk->realm, all, desk->arena, desk_count, &count));
    assert_int_equal(count, 3);
}

TEST(purpose_is_found_in_each_spelling)
{
    static const struct {
        const char *text;
        const char *code;
    } rows[] = {
        {"direct_care", "direct_care"}, {"direct-care", "direct_care"},
        {"direct care", "direct_care"}, {"Direct Care", "direct_care"},
        {"research", "research"},       {"directcare", NULL},
        {"direct_care ", NULL},         {"", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_purpose *purpose = cg_purpose_find(test_span(rows[i].text));
        assert_true((purpose != NULL) == (rows[i].code != NULL));
        if (purpose != NULL) {
            assert_string_equal(purpose->code, rows[i].code);
        }
    }
}

TEST(each_purpose_names_its_code_of_hl7)
{
    size_t count = 0;
    for (const struct cg_purpose *at = cg_purpose_at(0); at != NULL; at = cg_purpose_at(count)) {
        assert_non_null(strstr(at->help, "(HL7 "));
        assert_ptr_equal(cg_purpose_find(test_span(at->code)), at);
        count++;
    }
    assert_true(count > 10);
}

/* An approved agreement of a rate (NULL: none) until an end (0: none). */
static struct cg_agreement approved(struct desk *desk, const char *rate, int64_t until_s)
{
    struct cg_agreement agreement = sample(desk, "documents", "documents.read");
    struct cg_decision ada = by("Ada");
    enum cg_agreement_state state;
    struct cg_span id;
    agreement.until_s = until_s;
    if (rate != NULL) {
        assert_ok(cg_rate_parse(test_span(rate), &agreement.rate));
    }
    assert_ok(request(desk, &agreement, &id));
    assert_ok(cg_agreement_approve(desk->store, desk->realm, id, &ada, NULL, &state));
    return find(desk, id);
}

/* `rate` NULL: as agreed. */
static enum cg_status limit(struct desk *desk, const struct cg_agreement *agreement,
                            const char *rate)
{
    struct cg_rate to = {.count = 0};
    if (rate != NULL) {
        assert_ok(cg_rate_parse(test_span(rate), &to));
    }
    return cg_agreement_limit(desk->store, agreement, &to, DESK_NOW_S + 20, &desk->fault);
}

static void agreement_is_limited_within_what_was_agreed(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement agreed = approved(desk, "20/s", 0);
    assert_int_equal(agreed.limit.count, 0);
    struct cg_registry_version before = desk_version(desk);
    assert_ok(limit(desk, &agreed, "5/s"));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_agreement found = find(desk, agreed.id);
    assert_int_equal(found.limit.count, 5);
    assert_int_equal(found.limit.window_s, 1);
    assert_int_equal(found.rate.count, 20);
    assert_ok(limit(desk, &agreed, "20/s"));
    assert_refused(desk, "more over time", limit(desk, &agreed, "21/s"), CG_ERR_INPUT);
    assert_refused(desk, "more at once", limit(desk, &agreed, "600/min"), CG_ERR_INPUT);
    assert_int_equal(find(desk, agreed.id).limit.count, 20);
    assert_ok(limit(desk, &agreed, NULL));
    assert_int_equal(find(desk, agreed.id).limit.count, 0);
    agreed = approved(desk, NULL, 0);
    assert_ok(limit(desk, &agreed, "1000/s"));
    assert_int_equal(find(desk, agreed.id).limit.count, 1000);
}

static void agreement_that_is_not_in_force_is_not_limited(void **state)
{
    struct desk *desk = *state;
    struct cg_agreement nobody = {.realm = desk->realm, .id = CG_SPAN("agr_nobody")};
    struct cg_agreement open = find(desk, requested(desk, "documents", "documents.read"));
    struct cg_agreement over = approved(desk, "20/s", DESK_NOW_S + 15);
    struct cg_agreement gone = approved(desk, "20/s", 0);
    struct cg_decision ada = by("Ada");
    assert_ok(cg_agreement_withdraw(desk->store, desk->realm, gone.id, &ada, NULL));
    assert_refused(desk, "nobody", limit(desk, &nobody, "5/s"), CG_ERR_NOT_FOUND);
    assert_refused(desk, "requested", limit(desk, &open, "5/s"), CG_ERR_CONFLICT);
    assert_refused(desk, "over", limit(desk, &over, "5/s"), CG_ERR_CONFLICT);
    assert_refused(desk, "withdrawn", limit(desk, &gone, "5/s"), CG_ERR_CONFLICT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(agreement_is_limited_within_what_was_agreed, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(agreement_that_is_not_in_force_is_not_limited, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(agreement_is_found_as_it_was_requested, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(agreement_begins_when_requested_unless_told, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(agreement_is_narrowed_for_ever_as_it_was_requested, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(smart_agreement_opens_no_more_than_its_api, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(agreement_with_a_wrong_narrowing_is_refused, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(agreement_that_cannot_be_is_refused, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(retired_parties_make_no_agreement, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_has_a_bounded_number_of_agreements, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(agreement_wants_as_many_different_people_as_its_api, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(one_person_counts_once, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(decision_needs_a_name_and_a_time, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(agreement_state_allows_only_its_next_steps, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(agreement_of_another_realm_is_not_found, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(agreement_whose_time_is_over_is_not_approved, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(withdrawing_denies_tokens_that_rest_on_it, desk_open,
                                    desk_close),
    cmocka_unit_test(agreement_state_has_a_word_for_each_time),
    cmocka_unit_test_setup_teardown(agreements_are_listed_by_realm_or_client, desk_open,
                                    desk_close),
    cmocka_unit_test(purpose_is_found_in_each_spelling),
    cmocka_unit_test(each_purpose_names_its_code_of_hl7),
};
TEST_MAIN(tests)
