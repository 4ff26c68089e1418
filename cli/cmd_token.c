/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_token.h"

#include "cli/nouns.h"

static const struct cg_option request_options[] = {
    {"issuer", "URL", CG_OPTION_REQUIRED, "the realm's issuer URL"},
    {"client", "ID", CG_OPTION_REQUIRED, "the client's id"},
    {"secret-file", "FILE", CG_OPTION_PLAIN, "its secret; from standard input if left out"},
    {"key-file", "FILE", CG_OPTION_PLAIN, "its private key in PEM, which signs an assertion"},
    {"kid", "KID", CG_OPTION_PLAIN, "the name of that key in its key set"},
    {"alg", "ALG", CG_OPTION_PLAIN, "what to sign by; the issuer's first that fits if left out"},
    {"audience", "URL", CG_OPTION_PLAIN, "whom the assertion is for; the token URL if left out"},
    {"certificate", "FILE", CG_OPTION_PLAIN, "its TLS certificate in PEM"},
    {"certificate-key-file", "FILE", CG_OPTION_PLAIN, "the private key of that, in PEM"},
    {"dpop-key-file", "FILE", CG_OPTION_PLAIN, "a private key in PEM to bind the token to"},
    {"scope", "SCOPE", CG_OPTION_REPEATABLE, "what to ask for, all that is agreed if left out"},
    {"resource", "URI", CG_OPTION_REPEATABLE, "the audience of an API that it is to be for"},
    {"ca-file", "FILE", CG_OPTION_PLAIN, "who may sign the issuer's certificate, in PEM"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option proof_options[] = {
    {"dpop-key-file", "FILE", CG_OPTION_REQUIRED, "the private key in PEM that it is bound to"},
    {"url", "URL", CG_OPTION_REQUIRED, "what is called"},
    {"method", "METHOD", CG_OPTION_PLAIN, "how it is called; GET if left out"},
    {"nonce", "NONCE", CG_OPTION_PLAIN, "DPoP-Nonce of the gate's last answer"},
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
        .help =
            "Finds the token endpoint by the issuer's metadata (RFC 8414, or an OpenID\n"
            "provider's), else takes URL/oauth/token. Prints the token response: keep it as\n"
            "you would a key.\n"
            "\n"
            "The client proves itself by --secret-file, by --key-file (private_key_jwt) or by\n"
            "--certificate with --certificate-key-file; the certificate may go with either of\n"
            "the others, for a token that is bound to it. The profiles smart and nhs want\n"
            "--kid, fapi2 wants --audience with the issuer's URL. Files with secrets and\n"
            "private keys must be closed to others (chmod 600); in place of such a FILE stands\n"
            "credential:NAME for one of systemd's, keyring:NAME for a key of the kernel's.",
        .example = "caregate token request --issuer https://localhost:8443/vlive/hpca --client "
                   "ward-system-7f3k9q2x --secret-file secret --ca-file caregate-data/tls/ca.pem",
        .run = cg_token_request_run,
    },
    {
        .name = "proof",
        .arguments = "[FILE]",
        .summary = "make the headers of one call with a token that is bound to a key",
        .options = proof_options,
        .help = "FILE holds the token or a token response; standard input if left out. Prints\n"
                "Authorization and DPoP (RFC 9449), as `curl -H @-` reads them: good once, for a\n"
                "minute. A gate answers the first call with a nonce: make another proof with it.",
        .example = "caregate token proof --dpop-key-file dpop.pem --url "
                   "https://localhost:8443/fhir/Patient/1 response.json",
        .run = cg_token_proof_run,
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
