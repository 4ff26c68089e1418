/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/init_gate.h"

#include "base/span.h"
#include "cli/folder.h"
#include "cli/nginx_conf.h"
#include "cli/token_file.h"
#include "codec/uri.h"
#include "registry/registry.h"

#define CA_BYTES_MAX 65536

static enum cg_status check_companions(struct cg_context *context, const struct cg_args *args)
{
    static const char *const companions[] = {"client", "secret-file", "ca"};
    bool trusts = cg_args_has(args, "trust");
    for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
        bool is_wanted = i < 2;
        if (cg_args_has(args, companions[i]) ? !trusts : trusts && is_wanted) {
            return cg_complain_usage(context, "--trust, --client and --secret-file go together");
        }
    }
    if (trusts && cg_args_has(args, "mtls-listen")) {
        return cg_complain_usage(context, "--mtls-listen is for an issuer, --trust for a gate");
    }
    return CG_OK;
}

static enum cg_status read_issuer(struct cg_context *context, struct cg_span url,
                                  struct cg_init_gate *gate)
{
    struct cg_uri uri;
    if (cg_uri_parse(url, &uri) != CG_OK || !cg_uri_is_http(&uri) || uri.query.data != NULL ||
        !cg_uri_is_realm_path(uri.path) || !cg_nginx_is_plain(url)) {
        return cg_complain_usage(context,
                                 "--trust wants the URL of a realm, as its tokens name it: "
                                 "https://id.example.org/vlive/hpca");
    }
    gate->issuer = url;
    gate->realm = uri.path;
    return CG_OK;
}

static enum cg_status read_ca(struct cg_context *context, const struct cg_args *args,
                              struct cg_init_gate *gate)
{
    const char *path = NULL;
    if (!cg_args_has(args, "ca")) {
        return CG_OK;
    }
    CG_TRY(cg_context_string(context, cg_args_value(args, "ca"), &path));
    return cg_context_read_file(context, path, CA_BYTES_MAX, &gate->ca);
}

enum cg_status cg_init_gate_read(struct cg_context *context, const struct cg_args *args,
                                 struct cg_init_gate *ret_gate)
{
    struct cg_init_gate gate = {.issuer = {NULL, 0}};
    CG_TRY(check_companions(context, args));
    if (cg_args_has(args, "trust")) {
        gate.client = cg_args_value(args, "client");
        if (!cg_registry_is_client_id(gate.client)) {
            return cg_complain_usage(context, "--client wants the gate's client id at the issuer");
        }
        CG_TRY(read_issuer(context, cg_args_value(args, "trust"), &gate));
        CG_TRY(read_ca(context, args, &gate));
        CG_TRY(
            cg_token_file_read_secret(context, cg_args_value(args, "secret-file"), &gate.secret));
    }
    *ret_gate = gate;
    return CG_OK;
}

static enum cg_status write_secret(struct cg_context *context, struct cg_span secret)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    cg_buf_put(&buf, secret);
    cg_buf_put_byte(&buf, '\n');
    return cg_folder_write(context, CG_GATE_SECRET_FILE, &buf, 0600);
}

static enum cg_status write_realm(struct cg_context *context, const struct cg_init_gate *gate)
{
    const char *name = NULL;
    const char *file = NULL;
    struct cg_buf buf;
    CG_TRY(cg_folder_realm_name(context, gate->realm, &name));
    CG_TRY(cg_context_print(context, &file, "realms/%s.conf", name));
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    cg_nginx_issuer_write(gate->realm, gate->issuer, &buf);
    CG_TRY(cg_folder_make(context, "realms"));
    return cg_folder_write(context, file, &buf, 0600);
}

enum cg_status cg_init_gate_write(struct cg_context *context, const struct cg_init_gate *gate)
{
    const char *path = NULL;
    CG_TRY(write_secret(context, gate->secret));
    CG_TRY(write_realm(context, gate));
    CG_TRY(cg_folder_make(context, "state"));
    if (gate->ca.data == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_folder_make(context, "tls"));
    CG_TRY(cg_context_path(context, "tls/issuer-ca.pem", &path));
    return cg_context_write_file(context, path, gate->ca, 0644);
}

bool cg_init_gate_is(struct cg_context *context)
{
    return cg_folder_has(context, CG_GATE_SECRET_FILE);
}
