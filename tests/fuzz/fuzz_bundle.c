/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles, against a reader that takes them apart whole. What is let in is JSON to that one, too, a
 * batch or transaction with as many entries, each of which is a request that can be decided and
 * that the same grants meet alone; and with no grants only what needs none is let in.
 */
#include "base/span.h"
#include "codec/json.h"
#include "fuzz.h"
#include "gate/bundle_scan.h"

#define TEXT_MAX_BYTES ((size_t)65536)
#define GRANTS_MAX 8

static const struct cg_span scope = CG_SPAN("system/Patient.cruds system/Observation.rs "
                                            "system/Bundle.c system/Observation.s?status=final");
static const struct cg_fhir_rules no_rules = {NULL, 0};

static struct cg_span text_of(const struct cg_json_value *object, const char *name)
{
    struct cg_span text = {NULL, 0};
    (void)!cg_json_string(cg_json_member(object, name), &text);
    return text;
}

static void require_entry(const struct cg_json_value *entry, const struct cg_smart_grants *grants)
{
    const struct cg_json_value *request = cg_json_member(entry, "request");
    struct cg_span url = text_of(request, "url");
    struct cg_fhir_request read = {.method = cg_method_of(text_of(request, "method"))};
    struct cg_fhir_needs needs;
    struct cg_fhir_need lacking;
    size_t mark = cg_span_find(url, '?', 0);
    REQUIRE(url.data != NULL);
    read.path = cg_span_part(url, 0, mark);
    read.query = cg_span_part(url, mark + 1, url.len);
    read.if_none_exist = text_of(request, "ifNoneExist");
    REQUIRE(cg_fhir_request_read(&read, &needs) == CG_OK);
    REQUIRE(cg_smart_grants_meet(grants, &read, &needs, &lacking));
    if (needs.body == CG_FHIR_BODY_RESOURCE) {
        REQUIRE(cg_span_equal(text_of(cg_json_member(entry, "resource"), "resourceType"),
                              needs.written));
    }
}

static void require_same(struct cg_span body, const struct cg_smart_grants *grants, size_t entries)
{
    struct cg_json *json = NULL;
    enum cg_status status = cg_json_parse(body, TEXT_MAX_BYTES, &json);
    if (status != CG_OK) {
        return; /* it is nested too deep for that reader; see fuzz_json_scan for the others */
    }
    const struct cg_json_value *root = cg_json_root(json);
    struct cg_span type = text_of(root, "type");
    const struct cg_json_value *list = cg_json_member(root, "entry");
    REQUIRE(cg_span_equal_string(text_of(root, "resourceType"), "Bundle"));
    REQUIRE(cg_span_equal_string(type, "batch") || cg_span_equal_string(type, "transaction"));
    REQUIRE(cg_json_count(list) == entries);
    for (size_t i = 0; i < entries; i++) {
        require_entry(cg_json_element(list, i), grants);
    }
    (void)cg_json_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct cg_json_scan scan;
    struct cg_smart_grant room[GRANTS_MAX];
    struct cg_bundle_verdict verdict;
    struct cg_bundle_verdict without;
    struct cg_span body = cg_span_of_bytes(data, len);
    if (len > TEXT_MAX_BYTES) {
        return 0;
    }
    const struct cg_smart_grants grants = {
        .scope = scope,
        .items = room,
        .count = cg_smart_grants_read(scope, CG_SPAN_OF("system/*.cruds"), room),
    };
    const struct cg_smart_grants none = {.count = 0};
    cg_bundle_scan(body, &grants, no_rules, &scan, &verdict);
    cg_bundle_scan(body, &none, no_rules, &scan, &without);
    if (verdict.reason == CG_REASON_NONE) {
        require_same(body, &grants, verdict.entries);
    } else {
        REQUIRE(without.reason != CG_REASON_NONE);
    }
    if (verdict.reason == CG_REASON_SMART_SCOPE_INSUFFICIENT) {
        REQUIRE(verdict.lacking.letters != 0 && verdict.lacking.type.len > 0);
    }
    return 0;
}
