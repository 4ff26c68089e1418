/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/client_auth.h"

#include "base/span.h"
#include "codec/authz_header.h"
#include "oauth/client_proof.h"
#include "oauth/lockout.h"
#include "token/client_certificate.h"

struct method {
    unsigned auths; /* enum cg_client_auth: what it can prove */
    cg_client_judge judge;
};

static const struct method by_secret = {CG_CLIENT_AUTH_SECRET, cg_client_secret_judge};
static const struct method by_assertion = {CG_CLIENT_AUTH_PRIVATE_KEY_JWT,
                                           cg_client_assertion_judge};
static const struct method by_certificate = {
    (unsigned)CG_CLIENT_AUTH_TLS | CG_CLIENT_AUTH_SELF_SIGNED_TLS, cg_client_certificate_judge};

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static enum cg_status from_basic(struct cg_oauth_context *context, struct cg_span credentials,
                                 struct cg_client_showing *showing)
{
    struct cg_span body_id = showing->id;
    if (showing->secret.data != NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CREDENTIALS_TWICE, NULL, "RFC 6749 §2.3");
    }
    if (cg_authz_basic(credentials, context->arena, &showing->id, &showing->secret) != CG_OK) {
        CG_FAIL(
            &context->fault, CG_ERR_INPUT, CG_REASON_REQUEST_MALFORMED,
            "the Authorization header is not well-formed Basic: form-encode client id and secret, "
            "join them by a colon, encode as base64",
            "RFC 6749 §2.3.1");
    }
    if (body_id.data != NULL && !cg_span_equal(body_id, showing->id)) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CREDENTIALS_TWICE,
                "client_id in the body differs from the one in the Authorization header",
                "RFC 6749 §2.3");
    }
    return CG_OK;
}

/* RFC 8705 §2: client_id is required, so that the client is found without reading certificates. */
static const char *missing_text(const struct cg_client_showing *showing)
{
    return showing->certificate && showing->secret.len == 0
               ? "send client_id in the form: the certificate does not say which client this is"
               : NULL;
}

/* RFC 7521 §4.2. */
static enum cg_status from_assertion(struct cg_oauth_context *context, struct cg_span assertion,
                                     struct cg_span type, struct cg_client_showing *showing)
{
    if (showing->secret.data != NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CREDENTIALS_TWICE, NULL, "RFC 6749 §2.3");
    }
    if (assertion.data == NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_REQUEST_MALFORMED,
                "client_assertion is missing beside client_assertion_type", "RFC 7521 §4.2");
    }
    if (!cg_span_equal_string(type, ASSERTION_TYPE)) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_REQUEST_MALFORMED,
                "client_assertion_type must be " ASSERTION_TYPE, "RFC 7523 §2.2");
    }
    return cg_client_assertion_show(context, assertion, showing);
}

/*
 * What the request shows, and the method that judges it. RFC 6749 §2.3: the client MUST NOT use
 * more than one authentication method in each request.
 */
static enum cg_status read_showing(struct cg_oauth_context *context,
                                   struct cg_client_showing *showing,
                                   const struct method **ret_method)
{
    CG_TRY(cg_params_get(&context->params, "client_id", &showing->id));
    CG_TRY(cg_params_get(&context->params, "client_secret", &showing->secret));
    struct cg_span assertion = {NULL, 0};
    struct cg_span assertion_type = {NULL, 0};
    struct cg_span credentials = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, "client_assertion", &assertion));
    CG_TRY(cg_params_get(&context->params, "client_assertion_type", &assertion_type));
    bool has_basic = cg_authz_scheme_of(context->exchange->request.authorization, &credentials) ==
                     CG_AUTHZ_BASIC;
    if (assertion.data != NULL || assertion_type.data != NULL) {
        if (has_basic) {
            CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CREDENTIALS_TWICE, NULL,
                    "RFC 6749 §2.3");
        }
        *ret_method = &by_assertion;
        return from_assertion(context, assertion, assertion_type, showing);
    }
    if (has_basic) {
        CG_TRY(from_basic(context, credentials, showing));
    }
    showing->certificate = cg_client_certificate_is_shown(&context->exchange->request.certificate);
    if (showing->id.len == 0 || (showing->secret.len == 0 && !showing->certificate)) {
        CG_FAIL(&context->fault, CG_ERR_AUTHENTICATION, CG_REASON_CREDENTIALS_MISSING,
                missing_text(showing), "RFC 6749 §3.2.1");
    }
    /* A certificate beside a secret is no second method: tokens are bound to it (RFC 8705 §4). */
    *ret_method = showing->secret.len > 0 ? &by_secret : &by_certificate;
    return CG_OK;
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
    (void)!cg_context_find_client(context, CG_SPAN_OF("-"), &nobody);
}

static enum cg_status refuse(struct cg_oauth_context *context, const char *detail)
{
    CG_TRY(cg_lockout_failed(context));
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

const struct cg_profile *cg_client_profile(const struct cg_oauth_context *context,
                                           const struct cg_client_record *record)
{
    bool has_own = record != NULL && record->client.profile.data != NULL;
    return cg_profile_find(has_own ? record->client.profile : context->issuing->realm.profile);
}

/* Why a client whose proof holds is refused nevertheless; NULL when it is not. */
static const char *find_objection(const struct cg_oauth_context *context,
                                  const struct cg_client_record *record,
                                  const struct method *method)
{
    const struct cg_profile *profile = cg_client_profile(context, record);
    if (record->client.state != CG_CLIENT_ACTIVE) {
        return "the client is not active";
    }
    if (((unsigned)record->client.auth & method->auths) == 0) {
        return "the client is registered for another way of authentication";
    }
    if (profile == NULL || (profile->client_auths & (unsigned)record->client.auth) == 0) {
        return "the profile does not allow this way of authentication";
    }
    return NULL;
}

enum cg_status cg_client_authenticate(struct cg_oauth_context *context,
                                      const struct cg_client_record **ret_record)
{
    struct cg_client_showing showing = {.id = {NULL, 0}};
    const struct method *method = NULL;
    CG_TRY(read_showing(context, &showing, &method));
    if (showing.refusal != NULL) {
        return refuse(context, showing.refusal);
    }
    CG_TRY(cg_lockout_ask(context, showing.id));
    const struct cg_client_record *record = NULL;
    enum cg_status found = cg_context_find_client(context, showing.id, &record);
    if (found != CG_OK && found != CG_ERR_NOT_FOUND) {
        return found;
    }
    const char *refusal = NULL;
    if (record != NULL) {
        CG_TRY(name_client(context, record));
    }
    CG_TRY(method->judge(context, &showing, record, &refusal));
    if (record == NULL) {
        return refuse(context, "no such client");
    }
    if (refusal == NULL) {
        refusal = find_objection(context, record, method);
    }
    if (refusal != NULL) {
        context->used_secret = (struct cg_span){NULL, 0};
        return refuse(context, refusal);
    }
    cg_lockout_proven(context);
    context->event.actor = context->event.client_id;
    context->exchange->response.client_id = context->event.client_id;
    *ret_record = record;
    return CG_OK;
}
