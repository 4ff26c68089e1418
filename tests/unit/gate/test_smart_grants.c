/* SPDX-License-Identifier: Apache-2.0 */
#include "smart_vectors.h"

#include "base/buf.h"
#include "gate/smart_grants.h"

#define GRANTS_MAX 64
#define ALL_OF_AN_API "system/*.cruds"
#define LETTERS 5

static const char all_letters[] = "cruds";

/* CG_OK and what the grants of these scopes lack ("": nothing), or CG_ERR_INPUT. */
static enum cg_status decide(struct cg_span scope, const char *api_scope,
                             const struct cg_fhir_request *request, char lacking[static 128])
{
    struct cg_smart_grant room[GRANTS_MAX];
    struct cg_fhir_needs needs;
    struct cg_fhir_need missing = {.letters = 0};
    enum cg_status status = cg_fhir_request_read(request, &needs);
    lacking[0] = '\0';
    if (status != CG_OK) {
        return status;
    }
    assert_true(cg_smart_grants_room(scope) <= GRANTS_MAX);
    const struct cg_smart_grants grants = {
        .scope = scope,
        .items = room,
        .count = cg_smart_grants_read(scope, test_span(api_scope), room),
    };
    if (!cg_smart_grants_meet(&grants, request, &needs, &missing)) {
        int len = snprintf(lacking, 120, "%.*s.", CG_SPAN_ARGS(missing.type));
        for (size_t i = 0; i < LETTERS; i++) {
            if ((missing.letters & vector_letters(cg_span_of_bytes(&all_letters[i], 1))) != 0) {
                lacking[len++] = all_letters[i];
            }
        }
        lacking[len] = '\0';
    }
    return CG_OK;
}

TEST(smart_grants_decide_as_the_specifications_say)
{
    static struct vectors vectors;
    struct cg_span columns[VECTOR_COLUMNS];
    char label[512];
    char lacking[128];
    size_t count = 0;
    vectors_open(&vectors, "decisions.txt");
    for (; vectors_next(&vectors, columns, label); count++) {
        const struct cg_fhir_request request = vector_request(columns[1]);
        enum cg_status status = decide(columns[0], ALL_OF_AN_API, &request, lacking);
        bool is_unclear = cg_span_equal_string(columns[2], "refused");
        assert_status_row(label, status, is_unclear ? CG_ERR_INPUT : CG_OK);
        bool is_allowed = is_unclear || cg_span_equal_string(columns[2], "allowed");
        assert_span_text_row(label, is_allowed ? test_span("") : columns[2], lacking);
        assert_true(columns[3].len > 0);
    }
    assert_true(count > 140);
}

/* A scope for each letter of the needs, but for the one of this number; whether that was one. */
static bool write_scope(const struct cg_fhir_needs *needs, size_t skipped, struct cg_buf *buf)
{
    bool skips_one = false;
    cg_buf_put_string(buf, "documents.read");
    for (size_t i = 0; i < needs->count * LETTERS; i++) {
        const struct cg_fhir_need *need = &needs->items[i / LETTERS];
        struct cg_span letter = cg_span_of_bytes(&all_letters[i % LETTERS], 1);
        if ((need->letters & vector_letters(letter)) == 0) {
            continue;
        }
        if (i == skipped) {
            skips_one = true;
            continue;
        }
        cg_buf_put_string(buf, " system/");
        cg_buf_put(buf, need->type);
        cg_buf_put_byte(buf, '.');
        cg_buf_put(buf, letter);
    }
    return skips_one;
}

/* Of each request of the big table: with just what it needs it is allowed, and with any letter less
 * refused. */
static void assert_needs_are_needed(const char *label, const struct cg_fhir_request *request)
{
    struct cg_fhir_needs needs;
    char lacking[128];
    assert_status_row(label, cg_fhir_request_read(request, &needs), CG_OK);
    for (size_t skipped = 0; skipped <= needs.count * LETTERS; skipped++) {
        struct cg_buf buf;
        struct cg_span scope = {NULL, 0};
        cg_buf_init(&buf, CG_LIMIT_SCOPE_BYTES);
        bool skips_one = write_scope(&needs, skipped, &buf);
        assert_ok(cg_buf_finish(&buf, &scope));
        assert_ok(decide(scope, ALL_OF_AN_API, request, lacking));
        if ((lacking[0] != '\0') != skips_one) {
            fail_msg("%s: with %.*s it lacks \"%s\"", label, CG_SPAN_ARGS(scope), lacking);
        }
        cg_buf_release(&buf);
    }
}

TEST(smart_grants_need_each_letter_of_each_request)
{
    static struct vectors vectors;
    struct cg_span columns[VECTOR_COLUMNS];
    char label[512];
    char lacking[128];
    vectors_open(&vectors, "requests.txt");
    while (vectors_next(&vectors, columns, label)) {
        const struct cg_fhir_request request = vector_request(columns[0]);
        enum cg_status status = decide(test_span(ALL_OF_AN_API), ALL_OF_AN_API, &request, lacking);
        assert_string_equal(lacking, "");
        /* Where two needs are of one type, one may stand in for the other. */
        bool is_twofold = strstr(label, "_revinclude=Patient:link") != NULL ||
                          strstr(label, "has-member") != NULL || strstr(label, "*.rs") != NULL ||
                          strstr(label, "*.r ") != NULL || strstr(label, "_typeFilter") != NULL;
        if (status == CG_OK && !is_twofold) {
            assert_needs_are_needed(label, &request);
        }
    }
}

TEST(smart_grants_open_no_more_than_the_api_has_now)
{
    static const struct {
        const char *scope;
        const char *api;
        const char *request;
        const char *lacking;
    } rows[] = {
        {"system/Patient.rs", "system/Patient.rs", "GET /Patient", ""},
        {"system/Patient.rs", "system/*.cruds", "GET /Patient", ""},
        {"system/Patient.rs", "system/Patient.r", "GET /Patient/1", ""},
        {"system/Patient.rs", "system/Patient.r", "GET /Patient", "Patient.s"},
        {"system/Patient.rs", "system/Patient.r system/Patient.s", "GET /Patient", ""},
        {"system/Patient.rs", "system/Observation.rs", "GET /Patient", "Patient.s"},
        {"system/Patient.rs", "documents.read", "GET /Patient", "Patient.s"},
        {"system/Patient.rs", "", "GET /Patient", "Patient.s"},
        {"system/Patient.rs", "patient/Patient.rs user/*.cruds", "GET /Patient", "Patient.s"},
        {"system/*.rs", "system/Patient.rs", "GET /Patient", "Patient.s"},
        {"system/Patient.s?name=x", "system/Patient.s", "GET /Patient?name=x", ""},
        {"system/Patient.s?name=x", "system/Patient.s?name=x", "GET /Patient?name=x", ""},
        {"system/Patient.s?name=x", "system/Patient.s?name=y", "GET /Patient?name=x", "Patient.s"},
        {"system/Patient.s", "system/Patient.s?name=x", "GET /Patient?name=x", "Patient.s"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char lacking[128];
        char label[256];
        const struct cg_fhir_request request = vector_request(test_span(rows[i].request));
        (void)snprintf(label, sizeof(label), "%s of %s", rows[i].scope, rows[i].api);
        assert_ok(decide(test_span(rows[i].scope), rows[i].api, &request, lacking));
        assert_span_text_row(label, test_span(lacking), rows[i].lacking);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(smart_grants_decide_as_the_specifications_say),
    cmocka_unit_test(smart_grants_need_each_letter_of_each_request),
    cmocka_unit_test(smart_grants_open_no_more_than_the_api_has_now),
};
TEST_MAIN(tests)
