/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of client authentication: what a request presents, and the methods that judge it. One row
 * of the table in client_auth.c a method, one file a method.
 */
#ifndef CG_OAUTH_CLIENT_PROOF_H
#define CG_OAUTH_CLIENT_PROOF_H

#include "oauth/assertion.h"
#include "oauth/context.h"

#include <stdbool.h>

/* What a request shows of its client; absent spans for what it does not. */
struct cg_client_showing {
    struct cg_span id;
    struct cg_span secret;
    const struct cg_assertion *assertion; /* NULL: none */
    const char *refusal; /* why what is shown cannot even be judged, for the audit; or NULL */
    bool certificate;    /* one comes along: the method, where nothing else is shown */
};

/*
 * Judges what is shown. `record` is NULL for an unknown client: the work is done all the same, so
 * that nobody learns by its cost which clients exist. CG_OK with *ret_refusal NULL when the proof
 * holds, or saying for the audit alone why it does not. Another status, with the fault set, when
 * the request is malformed or nothing could be judged.
 */
typedef enum cg_status (*cg_client_judge)(struct cg_oauth_context *context,
                                          const struct cg_client_showing *showing,
                                          const struct cg_client_record *record,
                                          const char **ret_refusal);

CG_MUST_USE enum cg_status cg_client_secret_judge(struct cg_oauth_context *context,
                                                  const struct cg_client_showing *showing,
                                                  const struct cg_client_record *record,
                                                  const char **ret_refusal);

CG_MUST_USE enum cg_status cg_client_assertion_judge(struct cg_oauth_context *context,
                                                     const struct cg_client_showing *showing,
                                                     const struct cg_client_record *record,
                                                     const char **ret_refusal);

/* Reads client_assertion and its type into the showing; the id is the subject's, unproven. */
CG_MUST_USE enum cg_status cg_client_assertion_show(struct cg_oauth_context *context,
                                                    struct cg_span compact,
                                                    struct cg_client_showing *showing);

/* tls_client_auth and self_signed_tls_client_auth, whichever the client is registered for. */
CG_MUST_USE enum cg_status cg_client_certificate_judge(struct cg_oauth_context *context,
                                                       const struct cg_client_showing *showing,
                                                       const struct cg_client_record *record,
                                                       const char **ret_refusal);

#endif
