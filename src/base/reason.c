/* SPDX-License-Identifier: Apache-2.0 */
#include <caregate/reason.h>

struct entry {
    const char *name;
    const char *text;
};

static const struct entry entries[CG_REASON_COUNT] = {
    [CG_REASON_NONE] = {"none", "Nothing was wrong."},

    [CG_REASON_TOKEN_MISSING] = {"token_missing",
                                 "Send an access token in the header \"Authorization: Bearer\"."},
    [CG_REASON_TOKEN_MALFORMED] =
        {"token_malformed", "Send the access token exactly as the issuer gave it: three parts of "
                            "base64url separated by dots."},
    [CG_REASON_TOKEN_ALGORITHM_REFUSED] =
        {"token_algorithm_refused",
         "Use a token of this realm's issuer: the algorithm of this one is not that of its key."},
    [CG_REASON_TOKEN_TYPE_REFUSED] = {"token_type_refused",
                                      "Use an access token, not a token of another type."},
    [CG_REASON_TOKEN_KEY_UNKNOWN] =
        {"token_key_unknown",
         "Ask the issuer for a new token: this one names a key that is not of this realm."},
    [CG_REASON_TOKEN_SIGNATURE_INVALID] =
        {"token_signature_invalid",
         "Send the token unchanged: its signature does not fit what it says."},
    [CG_REASON_TOKEN_EXPIRED] = {"token_expired",
                                 "Ask the issuer for a new token: this one has expired."},
    [CG_REASON_TOKEN_ISSUED_IN_FUTURE] =
        {"token_issued_in_future",
         "Set the clocks of issuer and gate right: this token was issued in the future."},
    [CG_REASON_TOKEN_ISSUER_WRONG] = {"token_issuer_wrong",
                                      "Use a token of this realm: this one is of another issuer."},
    [CG_REASON_TOKEN_AUDIENCE_UNKNOWN] = {"token_audience_unknown",
                                          "Use a token whose audience is an API of this realm."},
    [CG_REASON_TOKEN_REVOKED] = {"token_revoked",
                                 "Ask the issuer for a new token: this one was revoked."},
    [CG_REASON_CLIENT_SUSPENDED] =
        {"client_suspended", "Ask the issuer for a new token: those that this client had were "
                             "stopped, and it gets none while it is suspended."},

    [CG_REASON_TOKEN_BOUND] =
        {"token_bound", "Send this token in \"Authorization: DPoP\" with a proof by its key: it is "
                        "no bearer token."},
    [CG_REASON_TOKEN_NOT_BOUND] =
        {"token_not_bound",
         "Send this token in \"Authorization: Bearer\", or ask for one that is bound to your key."},
    [CG_REASON_PROOF_MISSING] =
        {"proof_missing",
         "Send a proof of possession in the header DPoP: this client or token needs one."},
    [CG_REASON_PROOF_REPEATED] = {"proof_repeated", "Send one header DPoP: there are several."},
    [CG_REASON_PROOF_MALFORMED] =
        {"proof_malformed",
         "Send as proof one signed JWT of at most 4096 bytes without crit: three "
         "parts of base64url, the first two of them JSON objects."},
    [CG_REASON_PROOF_TYPE_REFUSED] = {"proof_type_refused",
                                      "Give the proof the typ \"dpop+jwt\", in these letters."},
    [CG_REASON_PROOF_ALGORITHM_REFUSED] =
        {"proof_algorithm_refused",
         "Sign the proof by an algorithm of dpop_signing_alg_values_supported."},
    [CG_REASON_PROOF_KEY_REFUSED] =
        {"proof_key_refused",
         "Put the public key into the proof's header as jwk, of a kind that fits its alg."},
    [CG_REASON_PROOF_KEY_PRIVATE] =
        {"proof_key_private",
         "Take a new key and keep its private half: the jwk of this proof gives it away."},
    [CG_REASON_PROOF_KEY_WRONG] = {"proof_key_wrong",
                                   "Sign the proof with the key that the token is bound to."},
    [CG_REASON_PROOF_SIGNATURE_INVALID] =
        {"proof_signature_invalid",
         "Sign the proof with the private half of its jwk: its signature does not fit."},
    [CG_REASON_PROOF_ID_MISSING] = {"proof_id_missing",
                                    "Give each proof a jti of its own of 1 to 128 bytes."},
    [CG_REASON_PROOF_METHOD_WRONG] =
        {"proof_method_wrong", "Give the proof the method of its request as htm, in capitals."},
    [CG_REASON_PROOF_TARGET_WRONG] =
        {"proof_target_wrong",
         "Give the proof the URL of its request as htu: scheme, host, port and path."},
    [CG_REASON_PROOF_TIME_MISSING] =
        {"proof_time_missing", "Give the proof the time as iat, in whole seconds since 1970."},
    [CG_REASON_PROOF_EXPIRED] =
        {"proof_expired",
         "Make a new proof for each request and set your clock right: this one is too old."},
    [CG_REASON_PROOF_IN_FUTURE] = {"proof_in_future",
                                   "Set your clock right: this proof was made in the future."},
    [CG_REASON_PROOF_TOKEN_WRONG] =
        {"proof_token_wrong",
         "Give the proof the token's hash as ath: base64url of the SHA-256 of its characters."},
    [CG_REASON_PROOF_NONCE_MISSING] =
        {"proof_nonce_missing",
         "Make a new proof with the value of this answer's DPoP-Nonce header as nonce."},
    [CG_REASON_PROOF_NONCE_REFUSED] =
        {"proof_nonce_refused", "Make a new proof with the value of this answer's DPoP-Nonce "
                                "header: its nonce is too old or of another gate."},
    [CG_REASON_PROOF_REPLAYED] = {"proof_replayed",
                                  "Make a new proof for each request: this one was used before."},
    [CG_REASON_PROOFS_FULL] = {"proofs_full",
                               "Try again shortly: the gate cannot remember more proofs now."},
    [CG_REASON_CERTIFICATE_MISSING] =
        {"certificate_missing",
         "Connect with the client certificate that this client or token is bound to, at an address "
         "that asks for one."},
    [CG_REASON_CERTIFICATE_MALFORMED] =
        {"certificate_malformed",
         "Ask the operators to mend the proxy in front: what it passes on is no certificate."},
    [CG_REASON_CERTIFICATE_WRONG] =
        {"certificate_wrong",
         "Connect with the client certificate that the token is bound to: this is another one."},

    [CG_REASON_API_NOT_AGREED] =
        {"api_not_agreed", "Have an agreement for this API approved, then ask for a token that "
                           "names it: this one does not."},
    [CG_REASON_AGREEMENT_WITHDRAWN] =
        {"agreement_withdrawn",
         "Have a new agreement approved: the one that this token rests on is no longer in force."},
    [CG_REASON_SCOPE_INSUFFICIENT] =
        {"scope_insufficient",
         "Ask for a token with the scope that this operation needs: this one lacks it."},

    [CG_REASON_SMART_SCOPE_INSUFFICIENT] =
        {"smart_scope_insufficient",
         "Ask for a token with the SMART scope that this FHIR request needs: this one lacks it."},
    [CG_REASON_FHIR_REQUEST_UNCLEAR] =
        {"fhir_request_unclear",
         "Send a FHIR R4 interaction that the gate knows, spelt as the specification does: what "
         "this one reaches cannot be told."},

    [CG_REASON_TOKEN_IN_QUERY] =
        {"token_in_query",
         "Send the token in the Authorization header, never in the URL, and replace this one."},
    [CG_REASON_PATH_AMBIGUOUS] =
        {"path_ambiguous",
         "Send the path without \"..\" segments: servers differ in where this one leads."},

    [CG_REASON_FHIR_REQUEST_OVERRIDDEN] =
        {"fhir_request_overridden", "Send the method and the URL that are meant, without a header "
                                    "that says they are others."},

    [CG_REASON_BUNDLE_MALFORMED] = {"bundle_malformed",
                                    "Send to the base a Bundle of type batch or transaction in "
                                    "strict JSON: each name once and "
                                    "without escapes, each entry with its request."},
    [CG_REASON_BUNDLE_TOO_LARGE] =
        {"bundle_too_large",
         "Send fewer entries at once: this body is larger than the gate reads."},
    [CG_REASON_BODY_TYPE_REFUSED] =
        {"body_type_refused", "Send a Bundle as application/fhir+json and the parameters of a "
                              "search alone as a form, in UTF-8 and not compressed."},

    [CG_REASON_FORWARDED_REQUEST_UNCLEAR] =
        {"forwarded_request_unclear",
         "Have the gateway in front say once, as caregate_forward_auth has it, which method and "
         "URL it asks about."},

    [CG_REASON_AGREEMENT_RATE_EXCEEDED] =
        {"agreement_rate_exceeded", "Call less often: wait as long as the Retry-After header says, "
                                    "or have another rate agreed."},

    [CG_REASON_SNAPSHOT_MISSING] =
        {"snapshot_missing",
         "Try again shortly: the gate has not received its keys and rules yet."},
    [CG_REASON_SNAPSHOT_TOO_OLD] =
        {"snapshot_too_old",
         "Try again later: the gate's keys and rules are too old to be trusted."},
    [CG_REASON_GATE_MISCONFIGURED] =
        {"gate_misconfigured",
         "Ask the operators to mend this location: its realm or API is not in the registry."},

    [CG_REASON_UPSTREAM_UNREACHABLE] =
        {"upstream_unreachable", "Try again later: the API behind the gate cannot be reached."},
    [CG_REASON_UPSTREAM_UNAVAILABLE] =
        {"upstream_unavailable", "Try again later: the API behind the gate is not available."},
    [CG_REASON_UPSTREAM_TIMEOUT] =
        {"upstream_timeout", "Try again later: the API behind the gate did not answer in time."},

    [CG_REASON_CALLER_NOT_ALLOWED] =
        {"caller_not_allowed",
         "Have the agent's operator allow this address or user to use this profile."},
    [CG_REASON_ISSUER_UNREACHABLE] =
        {"issuer_unreachable",
         "Try again later: the issuer of access tokens cannot be reached, or answers too late."},
    [CG_REASON_ISSUER_BUSY] =
        {"issuer_busy",
         "Try again later: the issuer of access tokens limits how often it is asked."},
    [CG_REASON_ISSUER_FAILED] =
        {"issuer_failed", "Try again later: the issuer of access tokens is in trouble itself."},
    [CG_REASON_ISSUER_NOT_TRUSTED] = {"issuer_not_trusted",
                                      "Tell the agent's operator: the certificate of the issuer of "
                                      "access tokens, or the agent's "
                                      "own, was not taken."},
    [CG_REASON_ISSUER_REFUSED] =
        {"issuer_refused",
         "Tell the agent's operator: the issuer gives this client no access token; the agent's log "
         "says why."},
    [CG_REASON_ISSUER_NOT_UNDERSTOOD] =
        {"issuer_not_understood",
         "Tell the agent's operator: what the issuer answers is no access token that can be used."},
    [CG_REASON_TOKEN_WAIT_FULL] =
        {"token_wait_full", "Try again later: too many calls wait for an access token already."},
    [CG_REASON_TOKEN_WAIT_OVER] = {"token_wait_over",
                                   "Try again later: the access token did not come in time."},

    [CG_REASON_REQUEST_MALFORMED] =
        {"request_malformed",
         "Send a well-formed form: UTF-8, percent-encoded, without control characters, within the "
         "number of parameters allowed."},
    [CG_REASON_REQUEST_TOO_LARGE] = {"request_too_large",
                                     "Send a smaller request: the body of this one is too large."},
    [CG_REASON_CONTENT_TYPE_WRONG] =
        {"content_type_wrong",
         "Send the body as application/x-www-form-urlencoded and say so in Content-Type."},
    [CG_REASON_METHOD_NOT_ALLOWED] = {"method_not_allowed",
                                      "Use a method that the Allow header of this answer names."},
    [CG_REASON_ENDPOINT_UNKNOWN] =
        {"endpoint_unknown",
         "Use an endpoint of the realm's metadata: there is none at this path."},
    [CG_REASON_PARAMETER_REPEATED] = {"parameter_repeated",
                                      "Send each parameter once: one of them stands there twice."},
    [CG_REASON_GRANT_TYPE_MISSING] = {"grant_type_missing",
                                      "Send the parameter grant_type, such as client_credentials."},
    [CG_REASON_GRANT_TYPE_UNSUPPORTED] = {"grant_type_unsupported",
                                          "Use a grant_type that the realm's metadata lists."},
    [CG_REASON_GRANT_NOT_ALLOWED] =
        {"grant_not_allowed", "Ask the realm's operators to allow this grant to the client."},
    [CG_REASON_CREDENTIALS_MISSING] =
        {"credentials_missing",
         "Send client_id and client_secret, in the form or by the Basic scheme."},
    [CG_REASON_CREDENTIALS_TWICE] =
        {"credentials_twice",
         "Authenticate the client in one way only: in the form or by the Basic scheme."},
    [CG_REASON_CLIENT_AUTHENTICATION_FAILED] =
        {"client_authentication_failed",
         "Check client_id and credentials: they do not prove a client of this realm."},
    [CG_REASON_SCOPE_NOT_AGREED] =
        {"scope_not_agreed",
         "Ask for a scope that is agreed for this client: none of those asked for is."},
    [CG_REASON_SCOPE_MALFORMED] =
        {"scope_malformed",
         "Send scope as names separated by single spaces, within the length allowed."},
    [CG_REASON_NOTHING_AGREED] =
        {"nothing_agreed", "Have an agreement approved first: this client has none in force."},
    [CG_REASON_RESOURCE_UNKNOWN] =
        {"resource_unknown",
         "Send as resource the audience of an API that is agreed for this client."},
    [CG_REASON_RESOURCE_AMBIGUOUS] =
        {"resource_ambiguous",
         "Name one API with the parameter resource: these scopes are agreed for several."},
    [CG_REASON_DETAILS_MALFORMED] =
        {"details_malformed",
         "Send authorization_details as a JSON array of objects of type caregate_documents."},
    [CG_REASON_DETAILS_NOT_AGREED] =
        {"details_not_agreed",
         "Ask in authorization_details for no more than is agreed for this client."},
    [CG_REASON_TOKEN_TOO_LARGE] = {"token_too_large",
                                   "Ask for fewer scopes or APIs: the token would be too large."},
    [CG_REASON_TOKEN_NOT_PRESENTED] = {"token_not_presented",
                                       "Send the token in question as the parameter token."},
    [CG_REASON_TOKEN_OF_ANOTHER_CLIENT] =
        {"token_of_another_client",
         "Have the token revoked by the client that it was issued to, or by the realm's "
         "operators."},
    [CG_REASON_EXCHANGE_MALFORMED] =
        {"exchange_malformed",
         "Send subject_token and subject_token_type: the token to be exchanged, and what it is."},
    [CG_REASON_SUBJECT_TOKEN_REFUSED] =
        {"subject_token_refused",
         "Send as subject_token one that holds and that this client may exchange."},
    [CG_REASON_SUBJECT_TOKEN_SPENT] =
        {"subject_token_spent",
         "Have the person sign in again: an ID token is exchanged once, and this one was."},
    [CG_REASON_ISSUER_KEYS_UNAVAILABLE] =
        {"issuer_keys_unavailable",
         "Try again later: the keys of the ID token's issuer cannot be fetched now."},
    [CG_REASON_LINK_UNUSABLE] =
        {"link_unusable", "Ask who sent the link for a new one: this one was opened before, is "
                          "over, was cancelled or is not complete."},
    [CG_REASON_RATE_EXCEEDED] = {"rate_exceeded",
                                 "Ask less often: wait as long as the Retry-After header says."},
    [CG_REASON_TOO_MANY_FAILURES] =
        {"too_many_failures", "Mend the credentials, then wait as long as the Retry-After header "
                              "says: too many attempts have failed."},
    [CG_REASON_QUEUE_FULL] =
        {"queue_full", "Try again as the Retry-After header says: too many requests are waiting."},
    [CG_REASON_STORE_UNAVAILABLE] =
        {"store_unavailable",
         "Try again as the Retry-After header says: the registry cannot be read now."},
    [CG_REASON_CLIENT_KEYS_UNAVAILABLE] =
        {"client_keys_unavailable", "Try again as the Retry-After header says, and see that your "
                                    "key set can be fetched: it could not be just now."},
    [CG_REASON_SIGNING_KEY_UNAVAILABLE] =
        {"signing_key_unavailable",
         "Try again later: the realm has no signing key that can be used now."},
    [CG_REASON_AUDIT_UNAVAILABLE] =
        {"audit_unavailable",
         "Try again as the Retry-After header says: the audit cannot be written now."},
    [CG_REASON_INTERNAL] = {"internal",
                            "Try again later and give the request id to the operators: we failed."},
};

static const struct entry unknown = {"unknown", "The reason is not known."};

static const struct entry *entry_of(enum cg_reason reason)
{
    return (unsigned)reason < CG_REASON_COUNT ? &entries[reason] : &unknown;
}

const char *cg_reason_name(enum cg_reason reason)
{
    return entry_of(reason)->name;
}

const char *cg_reason_text(enum cg_reason reason)
{
    return entry_of(reason)->text;
}
