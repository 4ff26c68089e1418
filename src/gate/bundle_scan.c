/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/bundle_scan.h"

#include "base/span.h"
#include "base/status.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define URL_MAX_BYTES 2048

/* Which object or array of a Bundle one is in. */
enum place { OUTSIDE, BUNDLE, ENTRIES, ENTRY, REQUEST, RESOURCE, REFERENCES, WITHIN };

/* The members that decide. */
enum member {
    NO_MEMBER,
    BUNDLE_RESOURCE_TYPE,
    BUNDLE_TYPE,
    BUNDLE_ENTRY,
    ENTRY_REQUEST,
    ENTRY_RESOURCE,
    REQUEST_METHOD,
    REQUEST_URL,
    REQUEST_IF_NONE_EXIST,
    RESOURCE_TYPE,
    MEMBER_COUNT,
};

/* What a value must be. */
enum form { A_STRING, AN_OBJECT, AN_ARRAY };

static const struct {
    struct cg_span name;
    enum place place;
    enum member member;
    enum form form;
    enum place inside; /* of an object or array */
} members[] = {
    {CG_SPAN("resourceType"), BUNDLE, BUNDLE_RESOURCE_TYPE, A_STRING, WITHIN},
    {CG_SPAN("type"), BUNDLE, BUNDLE_TYPE, A_STRING, WITHIN},
    {CG_SPAN("entry"), BUNDLE, BUNDLE_ENTRY, AN_ARRAY, ENTRIES},
    {CG_SPAN("request"), ENTRY, ENTRY_REQUEST, AN_OBJECT, REQUEST},
    {CG_SPAN("resource"), ENTRY, ENTRY_RESOURCE, AN_OBJECT, RESOURCE},
    {CG_SPAN("method"), REQUEST, REQUEST_METHOD, A_STRING, WITHIN},
    {CG_SPAN("url"), REQUEST, REQUEST_URL, A_STRING, WITHIN},
    {CG_SPAN("ifNoneExist"), REQUEST, REQUEST_IF_NONE_EXIST, A_STRING, WITHIN},
    {CG_SPAN("resourceType"), RESOURCE, RESOURCE_TYPE, A_STRING, WITHIN},
};

struct reading {
    struct cg_json_scan *scan;
    const struct cg_smart_grants *grants;
    struct cg_fhir_rules rules;
    struct cg_bundle_verdict verdict;
    enum place places[CG_LIMIT_JSON_SCAN_DEPTH];
    size_t row; /* of `members` whose value comes next; their count: of none */
    bool is_reference;
    bool has_resource;
    struct cg_span values[MEMBER_COUNT]; /* of what decides, as they stand; absent: not seen */
};

static enum cg_status stop(struct reading *reading, enum cg_reason reason)
{
    reading->verdict.reason = reason;
    return CG_ERR_AUTHORISATION;
}

static enum place place_of(const struct reading *reading)
{
    return reading->scan->depth > 0 ? reading->places[reading->scan->depth - 1] : OUTSIDE;
}

/* A rule for a method holds for what a Bundle does by it. */
static enum cg_status meet(struct reading *reading, const struct cg_fhir_request *request,
                           const struct cg_fhir_needs *needs)
{
    if ((reading->grants->barred & (unsigned)request->method) != 0) {
        reading->verdict.barred = request->method;
        return stop(reading, CG_REASON_SCOPE_INSUFFICIENT);
    }
    return cg_smart_grants_meet(reading->grants, request, needs, &reading->verdict.lacking)
               ? CG_OK
               : stop(reading, CG_REASON_SMART_SCOPE_INSUFFICIENT);
}

static void split_url(struct cg_span url, struct cg_fhir_request *request)
{
    size_t mark = cg_span_find(url, '?', 0);
    request->path = cg_span_part(url, 0, mark);
    if (mark < url.len) {
        request->query = cg_span_part(url, mark + 1, url.len);
    }
}

/* R4 http §3.1.0.11.2: a reference with a search in it is resolved by that search. */
static enum cg_status judge_reference(struct reading *reading, struct cg_span raw)
{
    uint8_t room[URL_MAX_BYTES];
    struct cg_span url = {NULL, 0};
    struct cg_fhir_needs needs;
    struct cg_fhir_request request = {.method = CG_METHOD_GET};
    if (cg_span_find(raw, '?', 0) == raw.len && cg_span_find(raw, '\\', 0) == raw.len) {
        return CG_OK;
    }
    if (cg_json_scan_text(raw, room, sizeof(room), &url) != CG_OK) {
        return stop(reading, CG_REASON_BUNDLE_MALFORMED);
    }
    if (cg_span_find(url, '?', 0) == url.len) {
        return CG_OK;
    }
    split_url(url, &request);
    if (cg_fhir_request_read(&request, &needs) != CG_OK) {
        return stop(reading, CG_REASON_FHIR_REQUEST_UNCLEAR);
    }
    return meet(reading, &request, &needs);
}

/* What a request writes must be there, and be what it says. */
static bool resource_fits(const struct reading *reading, const struct cg_fhir_request *request,
                          const struct cg_fhir_needs *needs)
{
    struct cg_span type = reading->values[RESOURCE_TYPE];
    switch (needs->body) {
    case CG_FHIR_BODY_RESOURCE: return cg_span_equal(type, needs->written);
    case CG_FHIR_BODY_PATCH:
        return cg_span_equal_string(type, "Binary") || cg_span_equal_string(type, "Parameters");
    case CG_FHIR_BODY_IGNORED: return !reading->has_resource || request->method == CG_METHOD_POST;
    case CG_FHIR_BODY_FORM:
    case CG_FHIR_BODY_BUNDLE: break;
    }
    return false;
}

/* R4 valueset-http-verb: these and no others. */
static enum cg_status read_method(struct cg_span raw, enum cg_method *ret_method)
{
    uint8_t room[16];
    struct cg_span name = {NULL, 0};
    CG_TRY(cg_json_scan_text(raw, room, sizeof(room), &name));
    enum cg_method method = cg_method_of(name);
    if (method == CG_METHOD_OTHER || method == CG_METHOD_OPTIONS) {
        return CG_ERR_INPUT;
    }
    *ret_method = method;
    return CG_OK;
}

static enum cg_status judge_entry(struct reading *reading)
{
    uint8_t url_room[URL_MAX_BYTES];
    uint8_t condition_room[URL_MAX_BYTES];
    struct cg_span url = {NULL, 0};
    struct cg_span condition = reading->values[REQUEST_IF_NONE_EXIST];
    struct cg_fhir_needs needs;
    struct cg_fhir_request request = {.rules = reading->rules};
    if (reading->values[REQUEST_METHOD].data == NULL || reading->values[REQUEST_URL].data == NULL ||
        read_method(reading->values[REQUEST_METHOD], &request.method) != CG_OK ||
        cg_json_scan_text(reading->values[REQUEST_URL], url_room, sizeof(url_room), &url) !=
            CG_OK) {
        return stop(reading, CG_REASON_BUNDLE_MALFORMED);
    }
    if (condition.data != NULL &&
        cg_json_scan_text(condition, condition_room, sizeof(condition_room),
                          &request.if_none_exist) != CG_OK) {
        return stop(reading, CG_REASON_BUNDLE_MALFORMED);
    }
    split_url(url, &request);
    if (cg_fhir_request_read(&request, &needs) != CG_OK ||
        !resource_fits(reading, &request, &needs)) {
        return stop(reading, CG_REASON_FHIR_REQUEST_UNCLEAR);
    }
    return meet(reading, &request, &needs);
}

static void begin_entry(struct reading *reading)
{
    reading->verdict.entries++;
    reading->has_resource = false;
    reading->values[REQUEST_METHOD] = (struct cg_span){NULL, 0};
    reading->values[REQUEST_URL] = (struct cg_span){NULL, 0};
    reading->values[REQUEST_IF_NONE_EXIST] = (struct cg_span){NULL, 0};
    reading->values[RESOURCE_TYPE] = (struct cg_span){NULL, 0};
}

/* Some readers do not mind the case of names: to them one in another case is the member, too. */
static enum cg_status see_name(struct reading *reading, struct cg_span name)
{
    enum place place = place_of(reading);
    reading->row = COUNT(members);
    reading->is_reference = false;
    if (place == WITHIN || place == RESOURCE) {
        reading->is_reference = cg_span_equal_nocase(name, CG_SPAN_OF("reference"));
    }
    if (place == WITHIN) {
        return CG_OK;
    }
    for (size_t i = 0; i < COUNT(members); i++) {
        if (members[i].place != place || !cg_span_equal_nocase(members[i].name, name)) {
            continue;
        }
        reading->row = i;
        return cg_span_equal(members[i].name, name) ? CG_OK
                                                    : stop(reading, CG_REASON_BUNDLE_MALFORMED);
    }
    return CG_OK;
}

/* Where one gets to by the object or array that was just opened; the row of its name is spent. */
static enum cg_status enter(struct reading *reading, enum form form)
{
    unsigned depth = reading->scan->depth;
    enum place around = depth > 1 ? reading->places[depth - 2] : OUTSIDE;
    enum place inside = WITHIN;
    if (around == OUTSIDE) {
        inside = BUNDLE;
    } else if (around == ENTRIES) {
        inside = ENTRY;
        begin_entry(reading);
    } else if (reading->row < COUNT(members)) {
        if (members[reading->row].form != form) {
            return stop(reading, CG_REASON_BUNDLE_MALFORMED);
        }
        inside = members[reading->row].inside;
        reading->has_resource |= inside == RESOURCE;
    } else if (form == AN_ARRAY && (reading->is_reference || around == REFERENCES)) {
        inside = REFERENCES; /* a lenient reader takes one value out of it */
    }
    bool is_wrong = (inside == BUNDLE || inside == ENTRY) && form != AN_OBJECT;
    reading->places[depth - 1] = inside;
    reading->row = COUNT(members);
    reading->is_reference = false;
    return is_wrong ? stop(reading, CG_REASON_BUNDLE_MALFORMED) : CG_OK;
}

static enum cg_status see_value(struct reading *reading, bool is_string, struct cg_span text)
{
    enum place place = place_of(reading);
    if (place == OUTSIDE || place == ENTRIES) {
        return stop(reading, CG_REASON_BUNDLE_MALFORMED);
    }
    if (reading->row < COUNT(members)) {
        if (members[reading->row].form != A_STRING || !is_string) {
            return stop(reading, CG_REASON_BUNDLE_MALFORMED);
        }
        reading->values[members[reading->row].member] = text;
        reading->row = COUNT(members);
    }
    bool is_reference = reading->is_reference || place == REFERENCES;
    return is_string && is_reference ? judge_reference(reading, text) : CG_OK;
}

/* The container that was just closed. */
static enum cg_status leave(struct reading *reading)
{
    reading->row = COUNT(members);
    reading->is_reference = false;
    return reading->places[reading->scan->depth] == ENTRY ? judge_entry(reading) : CG_OK;
}

static enum cg_status see(struct reading *reading, enum cg_json_token token, struct cg_span text)
{
    switch (token) {
    case CG_JSON_NAME: return see_name(reading, text);
    case CG_JSON_OBJECT: return enter(reading, AN_OBJECT);
    case CG_JSON_ARRAY: return enter(reading, AN_ARRAY);
    case CG_JSON_OBJECT_END:
    case CG_JSON_ARRAY_END: return leave(reading);
    case CG_JSON_STRING: return see_value(reading, true, text);
    case CG_JSON_OTHER: return see_value(reading, false, text);
    case CG_JSON_DONE: break;
    }
    return CG_OK;
}

/* R4 bundle: a batch or a transaction is run; whatever else comes to the base is not. */
static bool is_run(const struct reading *reading)
{
    struct cg_span type = reading->values[BUNDLE_TYPE];
    return cg_span_equal_string(reading->values[BUNDLE_RESOURCE_TYPE], "Bundle") &&
           (cg_span_equal_string(type, "batch") || cg_span_equal_string(type, "transaction"));
}

void cg_bundle_scan(struct cg_span body, const struct cg_smart_grants *grants,
                    struct cg_fhir_rules rules, struct cg_json_scan *scan,
                    struct cg_bundle_verdict *ret_verdict)
{
    struct reading reading = {
        .scan = scan, .grants = grants, .rules = rules, .row = COUNT(members)};
    enum cg_json_token token = CG_JSON_OTHER;
    cg_json_scan_begin(scan, body);
    while (token != CG_JSON_DONE && reading.verdict.reason == CG_REASON_NONE) {
        struct cg_span text = {NULL, 0};
        if (cg_json_scan_next(scan, &token, &text) != CG_OK ||
            (token == CG_JSON_DONE && !is_run(&reading))) {
            reading.verdict.reason = CG_REASON_BUNDLE_MALFORMED;
            break;
        }
        (void)!see(&reading, token, text);
    }
    *ret_verdict = reading.verdict;
}
