/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token_credential.h"

#include "base/span.h"
#include "cli/token_file.h"
#include "token/client_jwt.h"

#define PEM_BYTES_MAX 65536

/* An option that is nothing without another. */
static const struct {
    const char *option;
    const char *needed;
} companions[] = {
    {"kid", "key-file"},
    {"alg", "key-file"},
    {"audience", "key-file"},
    {"certificate", "certificate-key-file"},
    {"certificate-key-file", "certificate"},
};

static enum cg_status check_options(struct cg_context *context, const struct cg_args *args)
{
    for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
        if (cg_args_has(args, companions[i].option) && !cg_args_has(args, companions[i].needed)) {
            return cg_complain_usage(context, "--%s goes with --%s", companions[i].option,
                                     companions[i].needed);
        }
    }
    if (cg_args_has(args, "secret-file") && cg_args_has(args, "key-file")) {
        return cg_complain_usage(context, "a client has either --secret-file or --key-file");
    }
    return CG_OK;
}

enum cg_status cg_token_credential_file(struct cg_context *context, const struct cg_args *args,
                                        const char *option, struct cg_span *ret_pem)
{
    const char *path = NULL;
    if (!cg_args_has(args, option)) {
        *ret_pem = (struct cg_span){NULL, 0};
        return CG_OK;
    }
    CG_TRY(cg_context_string(context, cg_args_value(args, option), &path));
    return cg_token_file_read_place(context, path, PEM_BYTES_MAX, ret_pem);
}

/* It is public: anybody may read it. */
static enum cg_status read_certificate(struct cg_context *context, const struct cg_args *args,
                                       struct cg_span *ret_pem)
{
    const char *path = NULL;
    if (!cg_args_has(args, "certificate")) {
        return CG_OK;
    }
    CG_TRY(cg_context_string(context, cg_args_value(args, "certificate"), &path));
    return cg_context_read_file(context, path, PEM_BYTES_MAX, ret_pem);
}

enum cg_status cg_token_credential_read(struct cg_context *context, const struct cg_args *args,
                                        struct cg_token_credential *ret_credential)
{
    struct cg_token_credential read = {.secret = {NULL, 0}};
    CG_TRY(check_options(context, args));
    CG_TRY(cg_token_credential_file(context, args, "key-file", &read.key));
    CG_TRY(read_certificate(context, args, &read.certificate));
    CG_TRY(cg_token_credential_file(context, args, "certificate-key-file", &read.certificate_key));
    CG_TRY(cg_token_credential_file(context, args, "dpop-key-file", &read.proof_key));
    bool is_proven = read.key.data != NULL || read.certificate.data != NULL;
    if (!is_proven || cg_args_has(args, "secret-file")) {
        CG_TRY(
            cg_token_file_read_secret(context, cg_args_value(args, "secret-file"), &read.secret));
    }
    *ret_credential = read;
    return CG_OK;
}

enum cg_status cg_token_credential_key(struct cg_context *context, const char *option,
                                       struct cg_span pem, struct cg_span algs,
                                       struct cg_key **ret_key)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *any = NULL;
    enum cg_status status = cg_client_jwt_key(pem, algs, ret_key);
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    if (algs.data == NULL || cg_client_jwt_key(pem, (struct cg_span){NULL, 0}, &any) != CG_OK) {
        return cg_complain(context, CG_ERR_INPUT,
                           "--%s holds no private key in PEM, unencrypted, of RSA of 2048 to 4096 "
                           "bits, of P-256, P-384, P-521 or Ed25519",
                           option);
    }
    return cg_complain(context, CG_ERR_INPUT, "the key of --%s signs by none of %.*s", option,
                       CG_SPAN_ARGS(algs));
}
