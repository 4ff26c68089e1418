/* SPDX-License-Identifier: Apache-2.0 */
/* https://hl7.org/fhir/R4/http.html#transaction, bundle.html: what each entry of a Bundle needs. */
#include "smart_vectors.h"

#include "base/buf.h"
#include "gate/bundle_scan.h"

#define GRANTS_MAX 32
#define ALL "system/*.cruds"

static struct cg_json_scan room;

static struct cg_bundle_verdict judge_barred(const char *scope, struct cg_span body,
                                             unsigned barred)
{
    struct cg_smart_grant grants_room[GRANTS_MAX];
    struct cg_bundle_verdict verdict;
    const struct cg_smart_grants grants = {
        .scope = test_span(scope),
        .items = grants_room,
        .count = cg_smart_grants_read(test_span(scope), test_span(ALL), grants_room),
        .barred = barred,
    };
    cg_bundle_scan(body, &grants, (struct cg_fhir_rules){NULL, 0}, &room, &verdict);
    return verdict;
}

static struct cg_bundle_verdict judge(const char *scope, struct cg_span body)
{
    return judge_barred(scope, body, 0);
}

static void assert_verdict(const char *scope, const char *body, enum cg_reason want)
{
    struct cg_bundle_verdict verdict = judge(scope, test_span(body));
    if (verdict.reason != want) {
        fail_msg("%s with %s: %s, expected %s", body, scope, cg_reason_name(verdict.reason),
                 cg_reason_name(want));
    }
}

/* A batch and a transaction with one entry, in either order of members. */
static void assert_entry(const char *scope, const char *entry, enum cg_reason want)
{
    static const char *const around[][2] = {
        {"{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[", "]}"},
        {"{\"entry\":[", "],\"type\":\"transaction\",\"resourceType\":\"Bundle\"}"},
    };
    for (size_t i = 0; i < TEST_COUNT(around); i++) {
        char body[8192];
        (void)snprintf(body, sizeof(body), "%s%s%s", around[i][0], entry, around[i][1]);
        assert_verdict(scope, body, want);
    }
}

#define REQUEST(method, url) "{\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"}}"
#define WRITING(method, url, type)                                                                 \
    "{\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"},"                                \
    "\"resource\":{\"resourceType\":\"" type "\"}}"

TEST(bundle_entries_need_what_they_would_alone)
{
    static const struct {
        const char *entry;
        const char *scope; /* that will do; NULL: none will */
    } rows[] = {
        {REQUEST("GET", "Patient/1"), "system/Patient.r"},
        {REQUEST("HEAD", "Patient/1"), "system/Patient.r"},
        {REQUEST("GET", "Patient/1/_history/2"), "system/Patient.r"},
        {REQUEST("GET", "Patient?name=x"), "system/Patient.s"},
        {REQUEST("GET", "Patient?_revinclude=Observation:subject"),
         "system/Patient.s system/Observation.r"},
        {REQUEST("GET", "Observation?category=laboratory"),
         "system/Observation.rs?category=laboratory"},
        {REQUEST("GET", "Patient\\/1"), "system/Patient.r"},
        {REQUEST("GET", "Patient?name=x\\u0026gender=y"), "system/Patient.s"},
        {REQUEST("GET", "metadata"), "documents.read"},
        {REQUEST("GET", ""), "system/*.s"},
        {REQUEST("GET", "Patient/1/$everything"), "system/*.rs"},
        {REQUEST("DELETE", "Patient/1"), "system/Patient.d"},
        {REQUEST("DELETE", "Patient?identifier=1"), "system/Patient.ds"},
        {WRITING("POST", "Patient", "Patient"), "system/Patient.c"},
        {WRITING("PUT", "Patient/1", "Patient"), "system/Patient.u"},
        {WRITING("PUT", "Patient?identifier=1", "Patient"), "system/Patient.us"},
        {WRITING("PATCH", "Patient/1", "Binary"), "system/Patient.u"},
        {WRITING("PATCH", "Patient/1", "Parameters"), "system/Patient.u"},
        {WRITING("POST", "Patient/$match", "Parameters"), "system/Patient.rs"},
        {WRITING("POST", "Bundle", "Bundle"), "system/Bundle.c"},
        {REQUEST("GET", "/Patient/1"), NULL},
        {REQUEST("GET", "http://example.org/fhir/Patient/1"), NULL},
        {REQUEST("GET", "Pati%65nt/1"), NULL},
        {REQUEST("GET", "Patient/../Observation/1"), NULL},
        {REQUEST("GET", "Foo/1"), NULL},
        {REQUEST("GET", "Patient?_unknown=x"), NULL},
        {REQUEST("GET", "$graphql?query=x"), NULL},
        {REQUEST("POST", "$graphql"), NULL},
        {REQUEST("POST", ""), NULL},
        {WRITING("POST", "", "Bundle"), NULL},
        {REQUEST("POST", "Patient/_search"), NULL},
        {REQUEST("POST", "Patient"), NULL},
        {REQUEST("PUT", "Patient/1"), NULL},
        {WRITING("POST", "Patient", "Observation"), NULL},
        {WRITING("PUT", "Patient/1", "Observation"), NULL},
        {WRITING("PATCH", "Patient/1", "Patient"), NULL},
        {WRITING("GET", "Patient/1", "Patient"), NULL},
        {WRITING("DELETE", "Patient/1", "Patient"), NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (rows[i].scope == NULL) {
            assert_entry(ALL, rows[i].entry, CG_REASON_FHIR_REQUEST_UNCLEAR);
            continue;
        }
        bool needs_none = strcmp(rows[i].scope, "documents.read") == 0;
        assert_entry(rows[i].scope, rows[i].entry, CG_REASON_NONE);
        assert_entry(ALL, rows[i].entry, CG_REASON_NONE);
        assert_entry("system/Basic.cruds", rows[i].entry,
                     needs_none ? CG_REASON_NONE : CG_REASON_SMART_SCOPE_INSUFFICIENT);
    }
}

TEST(bundle_entry_is_read_in_any_order_of_its_members)
{
    static const char *const entries[] = {
        "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"id\":\"1\",\"resourceType\":\"Patient\"},"
        "\"request\":{\"url\":\"Patient\",\"ifNoneExist\":\"identifier=1\",\"method\":\"POST\"}}",
        "{\"request\":{\"ifNoneExist\":\"identifier=1\",\"method\":\"POST\",\"url\":\"Patient\"},"
        "\"resource\":{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"x\"}]},\"link\":[]}",
    };
    for (size_t i = 0; i < TEST_COUNT(entries); i++) {
        assert_entry("system/Patient.cs", entries[i], CG_REASON_NONE);
        assert_entry("system/Patient.c", entries[i], CG_REASON_SMART_SCOPE_INSUFFICIENT);
    }
}

TEST(bundle_is_judged_by_each_of_its_entries)
{
    static const char *const body =
        "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[" REQUEST(
            "GET", "Patient/1") "," REQUEST("GET", "Observation/1") "," REQUEST("GET",
                                                                                "Patient/2") "]}";
    struct cg_bundle_verdict verdict =
        judge("system/Patient.r system/Observation.r", test_span(body));
    assert_int_equal(verdict.reason, CG_REASON_NONE);
    assert_int_equal(verdict.entries, 3);
    verdict = judge("system/Patient.r", test_span(body));
    assert_int_equal(verdict.reason, CG_REASON_SMART_SCOPE_INSUFFICIENT);
    assert_span_text(verdict.lacking.type, "Observation");
    assert_int_equal(verdict.lacking.letters, CG_SMART_READ);
    assert_int_equal(verdict.entries, 2);
}

TEST(bundle_within_a_resource_is_not_run)
{
    assert_entry("system/Bundle.c",
                 "{\"request\":{\"method\":\"POST\",\"url\":\"Bundle\"},\"resource\":"
                 "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[" REQUEST(
                     "DELETE", "Patient/1") "]}}",
                 CG_REASON_NONE);
    /* Nor does what it says of itself count for the one around it. */
    assert_verdict(ALL,
                   "{\"entry\":[{\"request\":{\"method\":\"POST\",\"url\":\"Bundle\"},\"resource\":"
                   "{\"resourceType\":\"Bundle\",\"type\":\"batch\"}}]}",
                   CG_REASON_BUNDLE_MALFORMED);
    assert_entry(
        "system/Patient.c",
        "{\"request\":{\"method\":\"POST\",\"url\":\"Patient\",\"extension\":[{\"request\":"
        "{\"method\":\"DELETE\",\"url\":\"Patient/1\"}}]},"
        "\"resource\":{\"resourceType\":\"Patient\",\"contained\":["
        "{\"resourceType\":\"Observation\"}]}}",
        CG_REASON_NONE);
}

TEST(bundle_references_that_search_need_a_search)
{
    static const char *const start =
        "{\"request\":{\"method\":\"POST\",\"url\":\"Observation\"},\"resource\":"
        "{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"";
    static const struct {
        const char *reference;
        enum cg_reason reason; /* with Observation.c */
        enum cg_reason more;   /* and Patient.s */
    } rows[] = {
        {"Patient/1", CG_REASON_NONE, CG_REASON_NONE},
        {"urn:uuid:1", CG_REASON_NONE, CG_REASON_NONE},
        {"Patient\\/1", CG_REASON_NONE, CG_REASON_NONE},
        {"Patient?identifier=1", CG_REASON_SMART_SCOPE_INSUFFICIENT, CG_REASON_NONE},
        {"Patient\\u003fidentifier=1", CG_REASON_SMART_SCOPE_INSUFFICIENT, CG_REASON_NONE},
        {"Patient?_has:Observation:patient:code=1", CG_REASON_SMART_SCOPE_INSUFFICIENT,
         CG_REASON_SMART_SCOPE_INSUFFICIENT},
        {"Foo?identifier=1", CG_REASON_FHIR_REQUEST_UNCLEAR, CG_REASON_FHIR_REQUEST_UNCLEAR},
        {"http://example.org/Patient?identifier=1", CG_REASON_FHIR_REQUEST_UNCLEAR,
         CG_REASON_FHIR_REQUEST_UNCLEAR},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char entry[1024];
        (void)snprintf(entry, sizeof(entry), "%s%s\"}}}", start, rows[i].reference);
        assert_entry("system/Observation.c", entry, rows[i].reason);
        assert_entry("system/Observation.c system/Patient.s", entry, rows[i].more);
    }
}

/* Readers that do not mind case, or take one value for a list of one. */
TEST(bundle_references_are_found_however_they_are_written)
{
    static const char *const references[] = {
        "{\"Reference\":\"Patient?identifier=1\"}",
        "{\"reference\":[\"Patient?identifier=1\"]}",
        "{\"reference\":[\"Patient/1\",{\"a\":[]},[],\"Patient?identifier=1\"]}",
        "{\"reference\":[[\"Patient?identifier=1\"]]}",
    };
    for (size_t i = 0; i < TEST_COUNT(references); i++) {
        char entry[1024];
        (void)snprintf(entry, sizeof(entry),
                       "{\"request\":{\"method\":\"POST\",\"url\":\"Observation\"},\"resource\":"
                       "{\"resourceType\":\"Observation\",\"subject\":%s}}",
                       references[i]);
        assert_entry("system/Observation.c", entry, CG_REASON_SMART_SCOPE_INSUFFICIENT);
        assert_entry("system/Observation.c system/Patient.s", entry, CG_REASON_NONE);
    }
}

#define BATCH(members) "{\"resourceType\":\"Bundle\",\"type\":\"batch\"," members "}"

TEST(bundle_that_could_be_read_in_two_ways_is_malformed)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "\"Bundle\"",
        "{}",
        "{\"resourceType\":\"Bundle\"}",
        "{\"type\":\"batch\",\"entry\":[]}",
        "{\"resourceType\":\"Patient\",\"type\":\"batch\"}",
        "{\"resourceType\":\"bundle\",\"type\":\"batch\"}",
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\"}",
        "{\"resourceType\":\"Bundle\",\"type\":\"document\"}",
        "{\"resourceType\":\"Bundle\",\"type\":\"history\"}",
        "{\"resourceType\":\"Bundle\",\"type\":\"batch-response\"}",
        "{\"resourceType\":\"Bundle\",\"type\":\"b\\u0061tch\"}",
        "{\"resourceType\":\"Bundle\",\"type\":[\"batch\"]}",
        "{\"resourceType\":\"Bundle\",\"type\":null}",
        "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"type\":\"batch\"}",
        "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"Type\":\"transaction\"}",
        "{\"resourceType\":\"Bundle\",\"type\":\"batch\"}x",
        "<Bundle xmlns=\"http://hl7.org/fhir\"/>",
        BATCH("\"entry\":{}"),
        BATCH("\"entry\":null"),
        BATCH("\"entry\":[1]"),
        BATCH("\"entry\":[null]"),
        BATCH("\"entry\":[[]]"),
        BATCH("\"entry\":[{}]"),
        BATCH("\"entry\":[{\"resource\":{\"resourceType\":\"Patient\"}}]"),
        BATCH("\"entry\":[{\"request\":null}]"),
        BATCH("\"entry\":[{\"request\":[]}]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"GET\"}}]"),
        BATCH("\"entry\":[{\"request\":{\"url\":\"Patient/1\"}}]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":1}}]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":{}}}]"),
        BATCH("\"entry\":[" REQUEST("get", "Patient/1") "]"),
        BATCH("\"entry\":[" REQUEST("OPTIONS", "Patient/1") "]"),
        BATCH("\"entry\":[" REQUEST("G\\u0045\\u0054\\u00e9", "Patient/1") "]"),
        BATCH("\"entry\":[" REQUEST("GET", "Patient/\\u00e9") "]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\",\"url\":\"Patient/"
              "2\"}}]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\",\"URL\":\"Patient/"
              "2\"}}]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":\"Patient/"
              "1\",\"\\u0075rl\":\"x\"}}]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\"},"
              "\"Request\":{\"method\":\"DELETE\",\"url\":\"Patient/1\"}}]"),
        BATCH("\"entry\":[" REQUEST("GET", "Patient/1") "],\"entry\":[]"),
        BATCH("\"entry\":[" REQUEST("GET", "Patient/1") "],\"Entry\":[]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"POST\",\"url\":\"Patient\"},\"resource\":"
              "{\"resourceType\":\"Patient\",\"ResourceType\":\"Observation\"}}]"),
        BATCH("\"entry\":[{\"request\":{\"method\":\"POST\",\"url\":\"Patient\"},\"resource\":"
              "{\"resourceType\":\"Patient\",\"name\":1,\"name\":2}}]"),
        BATCH("\"entry\":[" REQUEST("GET", "Patient/1") ",]"),
        BATCH("\"entry\":[" REQUEST("GET", "Patient/1")),
    };
    for (size_t i = 0; i < TEST_COUNT(bodies); i++) {
        assert_verdict(ALL, bodies[i], CG_REASON_BUNDLE_MALFORMED);
    }
}

TEST(bundle_entry_has_no_method_that_other_rules_bar)
{
    static const char *const body =
        BATCH("\"entry\":[" REQUEST("GET", "Patient/1") "," REQUEST("DELETE", "Patient/1") "]");
    struct cg_bundle_verdict verdict = judge_barred(ALL, test_span(body), CG_METHOD_PUT);
    assert_int_equal(verdict.reason, CG_REASON_NONE);
    verdict = judge_barred(ALL, test_span(body), CG_METHOD_PUT | CG_METHOD_DELETE);
    assert_int_equal(verdict.reason, CG_REASON_SCOPE_INSUFFICIENT);
    assert_int_equal(verdict.barred, CG_METHOD_DELETE);
}

TEST(bundle_without_entries_does_nothing)
{
    assert_verdict("", "{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}", CG_REASON_NONE);
    assert_verdict("", BATCH("\"entry\":[]"), CG_REASON_NONE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bundle_entries_need_what_they_would_alone),
    cmocka_unit_test(bundle_entry_is_read_in_any_order_of_its_members),
    cmocka_unit_test(bundle_is_judged_by_each_of_its_entries),
    cmocka_unit_test(bundle_within_a_resource_is_not_run),
    cmocka_unit_test(bundle_references_that_search_need_a_search),
    cmocka_unit_test(bundle_references_are_found_however_they_are_written),
    cmocka_unit_test(bundle_entry_has_no_method_that_other_rules_bar),
    cmocka_unit_test(bundle_that_could_be_read_in_two_ways_is_malformed),
    cmocka_unit_test(bundle_without_entries_does_nothing),
};
TEST_MAIN(tests)
