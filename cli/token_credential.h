/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a client of the command line proves itself: by a secret, by a key that signs assertions, by a
 * certificate, and besides by a key to which its tokens are to be bound. All stands in files that
 * others may not read, never on the command line.
 */
#ifndef CG_CLI_TOKEN_CREDENTIAL_H
#define CG_CLI_TOKEN_CREDENTIAL_H

#include "cli/args.h"
#include "crypto/key.h"

#include <caregate/types.h>

/* Each is absent when the client does not have it. In the arena, which wipes. */
struct cg_token_credential {
    struct cg_span secret;
    struct cg_span key; /* in PEM, as are these */
    struct cg_span certificate;
    struct cg_span certificate_key;
    struct cg_span proof_key;
};

/* By the options of `token request`; a secret from standard input when nothing else proves the
 * client. Complains, as usage, of options that do not go together. */
CG_MUST_USE enum cg_status cg_token_credential_read(struct cg_context *context,
                                                    const struct cg_args *args,
                                                    struct cg_token_credential *ret_credential);

/* The PEM text of a file that an option names; absent when it was not given. Complains. */
CG_MUST_USE enum cg_status cg_token_credential_file(struct cg_context *context,
                                                    const struct cg_args *args, const char *option,
                                                    struct cg_span *ret_pem);

/*
 * The private key of a PEM text, bound to the first of `algs` (space-separated, absent: all that we
 * know) that it fits. `option` is where the text came from. Complains.
 */
CG_MUST_USE enum cg_status cg_token_credential_key(struct cg_context *context, const char *option,
                                                   struct cg_span pem, struct cg_span algs,
                                                   struct cg_key **ret_key);

#endif
