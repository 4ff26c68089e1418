/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_token.h"

#include "cli/nouns.h"

static const struct cg_option request_options[] = {
    {"issuer", "URL", CG_OPTION_REQUIRED, "the realm's issuer URL"},
    {"client", "ID", CG_OPTION_REQUIRED, "the client's id"},
    {"secret-file", "FILE", CG_OPTION_PLAIN, "its secret; from standard input if left out"},
    {"scope", "SCOPE", CG_OPTION_REPEATABLE, "what to ask for, all that is agreed if left out"},
    {"ca-file", "FILE", CG_OPTION_PLAIN, "who may sign the issuer's certificate, in PEM"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option revoke_options[] = {
    {"jti", "JTI", CG_OPTION_PLAIN, "the token's own id, where the token is not at hand"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb token_verbs[] = {
    {
        .name = "request",
        .summary = "get a token, as a calling system would",
        .options = request_options,
        .help = "Finds the token endpoint by the issuer's metadata (RFC 8414), else takes\n"
                "URL/oauth/token. Prints the token response: keep it as you would a key.",
        .example = "caregate token request --issuer https://localhost:8443/vlive/hpca --client "
                   "ward-system-7f3k9q2x --secret-file secret --ca-file caregate-data/tls/ca.pem",
        .run = cg_token_request_run,
    },
    {
        .name = "decode",
        .arguments = "[FILE]",
        .summary = "lay a token open, without verifying it",
        .help = "FILE holds a token or a token response; standard input if left out.",
        .example = "caregate token decode response.json",
        .run = cg_token_decode_run,
    },
    {
        .name = "verify",
        .arguments = "[FILE]",
        .summary = "check a token against the store",
        .help = "FILE holds a token or a token response; standard input if left out. Tells\n"
                "each check and whether it held. Exit 0: all did; 1: one did not.",
        .example = "caregate token verify response.json",
        .run = cg_token_verify_run,
    },
    {
        .name = "revoke",
        .arguments = "[FILE]",
        .summary = "refuse a token before its end",
        .options = revoke_options,
        .help = "FILE holds the token or a token response; - is standard input. The gate refuses\n"
                "it within two seconds. Known by its jti alone, it is denied until any token of\n"
                "the realm that was issued before now is over. A client can revoke its own\n"
                "tokens over HTTP (RFC 7009).",
        .example = "caregate token revoke --jti 4aGm2v1b0kqG3sV5tZbq4w",
        .run = cg_token_revoke_run,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_token = {"token", "tokens, seen from both sides", token_verbs};
