/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/client_auth.h"

#include "base/secret.h"
#include "base/span.h"
#include "codec/authz_header.h"
#include "crypto/digest.h"

struct presented {
    struct cg_span id;
    struct cg_span secret;
};

static enum cg_status from_basic(struct cg_oauth_context *context, struct cg_span credentials,
                                 struct presented *presented)
{
    struct cg_span body_id = presented->id;
    if (presented->secret.data != NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CREDENTIALS_TWICE, NULL, "RFC 6749 §2.3");
    }
    if (cg_authz_basic(credentials, context->arena, &presented->id, &presented->secret) != CG_OK) {
        CG_FAIL(
            &context->fault, CG_ERR_INPUT, CG_REASON_REQUEST_MALFORMED,
            "the Authorization header is not well-formed Basic: form-encode client id and secret, "
            "join them by a colon, encode as base64",
            "RFC 6749 §2.3.1");
    }
    if (body_id.data != NULL && !cg_span_equal(body_id, presented->id)) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CREDENTIALS_TWICE,
                "client_id in the body differs from the one in the Authorization header",
                "RFC 6749 §2.3");
    }
    return CG_OK;
}

/* RFC 6749 §2.3: the client MUST NOT use more than one authentication method in each request. */
static enum cg_status read_credentials(struct cg_oauth_context *context,
                                       struct presented *presented)
{
    CG_TRY(cg_params_get(&context->params, "client_id", &presented->id));
    CG_TRY(cg_params_get(&context->params, "client_secret", &presented->secret));
    struct cg_span credentials = {NULL, 0};
    if (cg_authz_scheme_of(context->exchange->request.authorization, &credentials) ==
        CG_AUTHZ_BASIC) {
        CG_TRY(from_basic(context, credentials, presented));
    }
    if (presented->id.len == 0 || presented->secret.len == 0) {
        CG_FAIL(&context->fault, CG_ERR_AUTHENTICATION, CG_REASON_CREDENTIALS_MISSING, NULL,
                "RFC 6749 §3.2.1");
    }
    return CG_OK;
}

static struct cg_client_query query_for(const struct cg_oauth_context *context, struct cg_span id)
{
    return (struct cg_client_query){
        .version = context->registry_version,
        .realm = context->issuing->realm.path,
        .id = cg_span_part(id, 0, CG_LIMIT_CLIENT_ID_BYTES + 1),
        .now_s = context->now_s,
    };
}

/* The record of an id, CG_ERR_NOT_FOUND with NULL, or another failure with the fault set. */
static enum cg_status find_record(struct cg_oauth_context *context, struct cg_span id,
                                  const struct cg_client_record **ret_record)
{
    struct cg_client_query query = query_for(context, id);
    enum cg_status status =
        cg_client_cache_find(context->clients, context->registry, &query, ret_record);
    if (status == CG_OK || status == CG_ERR_NOT_FOUND) {
        return status;
    }
    CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
}

/*
 * A client that is remembered costs no statement, an unknown one does. So that a wrong secret
 * cannot be told from an unknown client by its cost, a failure that came from memory runs the
 * statements of an id that no client can have.
 */
static void level_the_work(struct cg_oauth_context *context)
{
    if (!cg_client_cache_was_remembered(context->clients)) {
        return;
    }
    const struct cg_client_record *nobody = NULL;
    struct cg_client_query query = query_for(context, CG_SPAN_OF("-"));
    (void)!cg_client_cache_find(context->clients, context->registry, &query, &nobody);
}

/* Always CG_CLIENT_AUTH_COMPARISONS comparisons: how many secrets a client has, or whether it
 * exists, does not show. */
static bool secret_matches(const struct cg_client_record *record, struct cg_span digest,
                           int64_t now_s, struct cg_span *ret_secret_id)
{
    static const uint8_t nothing[CG_SHA256_BYTES] = {0};
    bool matched = false;
    for (size_t i = 0; i < CG_CLIENT_AUTH_COMPARISONS; i++) {
        bool real = record != NULL && i < record->secret_count;
        const uint8_t *expected = real ? record->secrets[i].digest : nothing;
        bool equal = cg_secret_equal(digest, cg_span_of_bytes(expected, CG_SHA256_BYTES));
        if (equal && real &&
            (record->secrets[i].expires_s == 0 || now_s < record->secrets[i].expires_s)) {
            matched = true;
            *ret_secret_id = record->secrets[i].id;
        }
    }
    return matched;
}

static enum cg_status refuse(struct cg_oauth_context *context, const char *detail)
{
    level_the_work(context);
    context->event.detail = cg_span_of_string(detail);
    CG_FAIL(&context->fault, CG_ERR_AUTHENTICATION, CG_REASON_CLIENT_AUTHENTICATION_FAILED, NULL,
            "RFC 6749 §5.2");
}

/* What the audit learns of the client as soon as it is known to exist; copied, since the record may
 * be pushed out. */
static enum cg_status name_client(struct cg_oauth_context *context,
                                  const struct cg_client_record *record)
{
    CG_TRY(cg_arena_copy(context->arena, record->client.id, &context->event.client_id));
    return cg_arena_copy(context->arena, record->client.organisation, &context->event.organisation);
}

enum cg_status cg_client_authenticate(struct cg_oauth_context *context,
                                      const struct cg_client_record **ret_record)
{
    struct presented presented = {{NULL, 0}, {NULL, 0}};
    CG_TRY(read_credentials(context, &presented));
    const struct cg_client_record *record = NULL;
    enum cg_status found = find_record(context, presented.id, &record);
    if (found != CG_OK && found != CG_ERR_NOT_FOUND) {
        return found;
    }
    uint8_t digest[CG_SHA256_BYTES];
    if (cg_sha256(presented.secret, digest) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_CRYPTO, CG_REASON_INTERNAL, NULL, NULL);
    }
    bool matched = secret_matches(record, cg_span_of_bytes(digest, sizeof(digest)), context->now_s,
                                  &context->used_secret);
    if (record == NULL) {
        return refuse(context, "no such client");
    }
    CG_TRY(name_client(context, record));
    if (!matched) {
        return refuse(context, "wrong, revoked or expired secret");
    }
    if (record->client.state != CG_CLIENT_ACTIVE) {
        context->used_secret = (struct cg_span){NULL, 0};
        return refuse(context, "the client is not active");
    }
    context->event.actor = context->event.client_id;
    context->exchange->response.client_id = context->event.client_id;
    *ret_record = record;
    return CG_OK;
}
