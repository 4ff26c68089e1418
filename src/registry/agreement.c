/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/agreement.h"

#include "base/limits.h"
#include "base/span.h"
#include "registry/agreement_row.h"
#include "registry/api.h"
#include "registry/client.h"
#include "registry/name.h"
#include "registry/rows.h"
#include "token/scope_limit.h"
#include "token/text.h"

static enum cg_status find_api(struct cg_store *store, const struct cg_agreement *agreement,
                               struct cg_arena *arena, struct cg_fault *fault,
                               struct cg_api *ret_api)
{
    struct cg_api api;
    enum cg_status status = cg_api_find(store, agreement->realm, agreement->api, arena, &api);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no API of this name in the realm", NULL);
    }
    CG_TRY(status);
    if (api.retired_s != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the API is retired", NULL);
    }
    *ret_api = api;
    return CG_OK;
}

static enum cg_status check_scope(const struct cg_agreement *agreement, const struct cg_api *api,
                                  struct cg_fault *fault)
{
    struct cg_scope wanted;
    if (cg_scope_parse(agreement->scope, &wanted) != CG_OK || wanted.count == 0) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "an agreement names at least one scope, separated by single spaces",
                "RFC 6749 §3.3");
    }
    for (size_t i = 0; i < wanted.count; i++) {
        if (!cg_scope_is_allowed(api->scope, wanted.tokens[i])) {
            CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                    "a scope is not one of the API's, or, if it is a SMART scope, opens more than "
                    "they do: see their list",
                    NULL);
        }
    }
    return CG_OK;
}

/* Whether a list that may be left out holds valid codes, each once. */
static bool are_codes(struct cg_span text, bool (*is_code)(struct cg_span))
{
    size_t count = 0;
    struct cg_span rest = text.len > 0 ? text : (struct cg_span){NULL, 0};
    struct cg_span code = {NULL, 0};
    while (cg_span_split(&rest, ' ', &code)) {
        struct cg_span before = cg_span_of_bytes(text.data, (size_t)(code.data - text.data));
        if (!is_code(code) || cg_scope_text_has(before, code)) {
            return false;
        }
        count++;
    }
    return count <= CG_LIMIT_DETAILS_VALUES;
}

static enum cg_status check_narrowing(const struct cg_agreement *agreement, struct cg_fault *fault)
{
    if (!are_codes(agreement->document_types, cg_text_is_sctid)) {
        CG_FAIL(
            fault, CG_ERR_INPUT, CG_REASON_NONE,
            "document types are at most 32 SNOMED CT codes of 6 to 18 digits with a right check "
            "digit, each once, as in 736253002",
            NULL);
    }
    if (!are_codes(agreement->organisations, cg_text_is_ods)) {
        CG_FAIL(
            fault, CG_ERR_INPUT, CG_REASON_NONE,
            "organisations are at most 32 ODS codes of 3 to 10 capital letters and digits, each "
            "once, as in RX809",
            NULL);
    }
    return CG_OK;
}

static enum cg_status check_purpose(const struct cg_agreement *agreement, struct cg_fault *fault,
                                    struct cg_span *ret_code)
{
    const struct cg_purpose *purpose = cg_purpose_find(agreement->purpose);
    if (purpose == NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the purpose is a code of the list, as in direct_care; more can be said in free "
                "text beside it",
                NULL);
    }
    bool told = agreement->purpose_text.data != NULL;
    if (told && !cg_name_is_text(agreement->purpose_text, CG_LIMIT_TEXT_BYTES)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the purpose in words is 1 to 1024 bytes of text without control characters or "
                "space at its ends",
                NULL);
    }
    *ret_code = cg_span_of_string(purpose->code);
    return CG_OK;
}

static enum cg_status check_dates(const struct cg_agreement *agreement, struct cg_fault *fault)
{
    if (!cg_name_is_time(agreement->requested_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the time of the request is missing", NULL);
    }
    if (agreement->from_s != 0 && !cg_name_is_time(agreement->from_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the beginning is a date from 1970 to 9999",
                NULL);
    }
    if (agreement->until_s == 0) {
        return CG_OK;
    }
    bool after_request = agreement->until_s > agreement->requested_s;
    bool after_beginning = agreement->until_s > agreement->from_s;
    if (!cg_name_is_time(agreement->until_s) || !after_request || !after_beginning) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the end is a date after the beginning, and not past", NULL);
    }
    return CG_OK;
}

static enum cg_status check_count(struct cg_store *store, const struct cg_agreement *agreement,
                                  struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AGREEMENT_OPEN_COUNT, &statement));
    cg_bind_text(statement, "realm", agreement->realm);
    cg_bind_text(statement, "client", agreement->client);
    cg_bind_number(statement, "now", agreement->requested_s);
    int64_t count = 0;
    CG_TRY(cg_rows_number(statement, &count));
    if (count >= CG_LIMIT_CLIENT_AGREEMENTS) {
        CG_FAIL(fault, CG_ERR_LIMIT, CG_REASON_NONE,
                "the client has 64 agreements: withdraw or refuse one first", NULL);
    }
    return CG_OK;
}

static void bind_codes(struct cg_statement *statement, const char *name, struct cg_span codes)
{
    cg_bind_text(statement, name, codes.len > 0 ? codes : (struct cg_span){NULL, 0});
}

static enum cg_status insert(struct cg_store *store, const struct cg_agreement *agreement)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AGREEMENT_ADD, &statement));
    cg_bind_text(statement, "id", agreement->id);
    cg_bind_text(statement, "realm", agreement->realm);
    cg_bind_text(statement, "client", agreement->client);
    cg_bind_text(statement, "api", agreement->api);
    cg_bind_text(statement, "scope", agreement->scope);
    cg_bind_text(statement, "purpose", agreement->purpose);
    cg_bind_text(statement, "purpose_text", agreement->purpose_text);
    cg_bind_number(statement, "approvals_wanted", agreement->approvals_wanted);
    cg_bind_number(statement, "from", agreement->from_s);
    cg_rows_bind_optional(statement, "until", agreement->until_s);
    cg_bind_number(statement, "requested", agreement->requested_s);
    cg_rows_bind_optional(statement, "rate_count", agreement->rate.count);
    cg_rows_bind_optional(statement, "rate_window", agreement->rate.window_s);
    bind_codes(statement, "document_types", agreement->document_types);
    bind_codes(statement, "organisations", agreement->organisations);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_agreement_request(struct cg_store *store, const struct cg_agreement *agreement,
                                    const struct cg_random *random, struct cg_arena *arena,
                                    struct cg_fault *fault, struct cg_span *ret_id)
{
    struct cg_agreement made = *agreement;
    struct cg_api api = {.approvals_wanted = 0};
    CG_TRY(check_dates(agreement, fault));
    CG_TRY(check_purpose(agreement, fault, &made.purpose));
    CG_TRY(check_narrowing(agreement, fault));
    CG_TRY(cg_client_check_live(store, agreement->realm, agreement->client, arena, fault));
    CG_TRY(find_api(store, agreement, arena, fault, &api));
    CG_TRY(check_scope(agreement, &api, fault));
    CG_TRY(check_count(store, agreement, fault));
    CG_TRY(cg_name_make_id("agr_", random, arena, &made.id));
    made.approvals_wanted = api.approvals_wanted;
    made.from_s = agreement->from_s != 0 ? agreement->from_s : agreement->requested_s;
    CG_TRY(insert(store, &made));
    *ret_id = made.id;
    return CG_OK;
}

enum cg_status cg_agreement_find(struct cg_store *store, struct cg_span realm, struct cg_span id,
                                 struct cg_arena *arena, struct cg_agreement *ret_agreement)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AGREEMENT_FIND, &statement));
    cg_bind_text(statement, "id", id);
    cg_bind_text(statement, "realm", realm);
    return cg_rows_first(&(struct cg_rows){statement, cg_agreement_row_read, arena, ret_agreement});
}

enum cg_status cg_agreement_list(struct cg_store *store, struct cg_span realm,
                                 struct cg_span client, struct cg_arena *arena,
                                 cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    bool one = client.data != NULL;
    CG_TRY(cg_store_start(store, one ? CG_SQL_AGREEMENT_LIST_OF_CLIENT : CG_SQL_AGREEMENT_LIST,
                          &statement));
    cg_bind_text(statement, "realm", realm);
    if (one) {
        cg_bind_text(statement, "client", client);
    }
    struct cg_agreement agreement;
    return cg_rows_visit(&(struct cg_rows){statement, cg_agreement_row_read, arena, &agreement},
                         visit, context);
}
