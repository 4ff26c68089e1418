/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_client_key.h"

#include "base/limits.h"
#include "base/span.h"
#include "cli/change.h"
#include "codec/json.h"
#include "registry/client_key_value.h"

#define FILE_BYTES_MAX (64UL * 1024)
#define KEYS_TEXT_BYTES 65536

/* How a value of each kind is given. */
static const struct source {
    const char *option;
    enum cg_client_key_kind kind;
    bool is_file;
} sources[] = {
    {"jwks", CG_CLIENT_KEY_JWKS, true},
    {"jwks-uri", CG_CLIENT_KEY_JWKS_URI, false},
    {"certificate", CG_CLIENT_KEY_CERTIFICATE, true},
    {"tls-subject", CG_CLIENT_KEY_TLS_SUBJECT, false},
    {"tls-san-dns", CG_CLIENT_KEY_TLS_SAN_DNS, false},
};
#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

/* For people the value of one line; of the others, what they are. */
static struct cg_span shown(const struct cg_client_key *key)
{
    bool is_long = key->kind == CG_CLIENT_KEY_JWKS || key->kind == CG_CLIENT_KEY_CERTIFICATE;
    return is_long ? CG_SPAN_OF("(with --json)") : key->value;
}

static void put_key(struct cg_context *context, const struct cg_client_key *key)
{
    struct cg_output *output = &context->output;
    cg_output_open_record(output);
    cg_output_text(output, "key_id", key->id);
    cg_output_text(output, "client_id", key->client);
    cg_output_text(output, "kind", cg_client_key_kind_name(key->kind));
    cg_output_text(output, "value", context->json ? key->value : shown(key));
    cg_output_time(output, "created_at", key->created_s, "-");
    cg_output_time(output, "revoked_at", key->revoked_s, "-");
    cg_output_close_record(output);
}

/* The only one that is given; NULL: none, or several. */
static const struct source *find_source(const struct cg_args *args)
{
    const struct source *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        if (cg_args_has(args, sources[i].option)) {
            found = &sources[i];
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

static enum cg_status read_value(struct cg_context *context, const struct cg_args *args,
                                 struct cg_client_key *key)
{
    const struct source *source = find_source(args);
    const char *path = NULL;
    if (source == NULL) {
        return cg_complain_usage(context, "wants one of --jwks, --jwks-uri, --certificate, "
                                          "--tls-subject and --tls-san-dns");
    }
    struct cg_span text = cg_args_value(args, source->option);
    if (source->is_file) {
        CG_TRY(cg_context_string(context, text, &path));
        CG_TRY(cg_context_read_file(context, path, FILE_BYTES_MAX, &text));
    }
    key->kind = source->kind;
    enum cg_status status =
        cg_client_key_value_read(key->kind, text, context->arena, &context->fault, &key->value);
    if (status != CG_OK && context->fault.text != NULL) {
        return cg_complain(context, status, "--%s %.*s: %s", source->option,
                           CG_SPAN_ARGS(cg_args_value(args, source->option)), context->fault.text);
    }
    return status;
}

/* A key set that is to be added beside those in force. */
struct beside {
    struct cg_context *context;
    const struct cg_client_key *added;
};

static enum cg_status look_beside(void *context, const void *row)
{
    const struct beside *beside = context;
    const struct cg_client_key *other = row;
    if (other->revoked_s != 0 || other->kind != beside->added->kind) {
        return CG_OK;
    }
    if (cg_span_equal(other->value, beside->added->value)) {
        return cg_complain(beside->context, CG_ERR_CONFLICT, "it is in force already, as %.*s",
                           CG_SPAN_ARGS(other->id));
    }
    return other->kind == CG_CLIENT_KEY_JWKS
               ? cg_client_key_value_beside(beside->added->value, other->value,
                                            &beside->context->fault)
               : CG_OK;
}

static enum cg_status note(struct cg_change *change, enum cg_audit_kind kind,
                           const struct cg_client *client, struct cg_span key_id)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_change_note(change, kind, &event));
    event->client_id = client->id;
    event->organisation = client->organisation;
    event->detail = key_id;
    return CG_OK;
}

/* What the client needs besides, before the key is of any use. */
static void tell_method(struct cg_context *context, const struct cg_client *client,
                        const struct cg_client_key *key)
{
    if (client->auth == CG_CLIENT_AUTH_SECRET) {
        cg_say(context,
               "the client proves itself by a secret still: `caregate client set %.*s --auth "
               "private_key_jwt` (or tls_client_auth, self_signed_tls_client_auth) changes that",
               CG_SPAN_ARGS(client->id));
    }
    if (key->kind == CG_CLIENT_KEY_JWKS_URI) {
        cg_say(context, "its host must be in caregate_fetch_hosts of nginx.conf");
    }
}

enum cg_status cg_client_key_add_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_client client;
    struct cg_client_key key = {.created_s = context->now_s};
    CG_TRY(read_value(context, args, &key));
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_client(&lookup, cg_args_value(args, "client"), &client));
    key.realm = lookup.realm;
    key.client = client.id;
    CG_TRY(cg_client_key_list(lookup.store, lookup.realm, client.id, context->arena, look_beside,
                              &(struct beside){context, &key}));
    CG_TRY(cg_client_key_add(lookup.store, &key, &context->random, context->arena, &context->fault,
                             &key.id));
    CG_TRY(note(change, CG_AUDIT_CLIENT_KEY_ADDED, &client, key.id));
    CG_TRY(cg_change_commit(change));
    put_key(context, &key);
    tell_method(context, &client, &key);
    return CG_OK;
}

static enum cg_status list_one(void *context, const void *row)
{
    put_key(context, row);
    return CG_OK;
}

enum cg_status cg_client_key_list_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    struct cg_client client;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    CG_TRY(cg_lookup_client(&lookup, cg_args_value(args, "client"), &client));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no keys yet");
    CG_TRY(cg_client_key_list(store, lookup.realm, client.id, context->arena, list_one, context));
    cg_output_close_list(&context->output);
    return CG_OK;
}

enum cg_status cg_client_key_revoke_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_client client;
    struct cg_client_key named = {.id = cg_args_argument(args, 0)};
    struct cg_client_key key;
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    named.realm = lookup.realm;
    CG_TRY(cg_client_key_revoke(lookup.store, &named, context->now_s, context->arena,
                                &context->fault, &key));
    CG_TRY(cg_lookup_client(&lookup, key.client, &client));
    CG_TRY(note(change, CG_AUDIT_CLIENT_KEY_REVOKED, &client, key.id));
    CG_TRY(cg_change_commit(change));
    put_key(context, &key);
    return CG_OK;
}

/* The keys in force as a JSON array, and their kinds for people. */
struct summary {
    struct cg_json_writer writer;
    struct cg_buf json;
    struct cg_buf text;
};

static enum cg_status sum_up(void *context, const void *row)
{
    struct summary *summary = context;
    const struct cg_client_key *key = row;
    if (key->revoked_s != 0) {
        return CG_OK;
    }
    cg_json_open_object(&summary->writer);
    cg_json_member_put(&summary->writer, "key_id", key->id);
    cg_json_member_put(&summary->writer, "kind", cg_client_key_kind_name(key->kind));
    cg_json_close_object(&summary->writer);
    cg_buf_put_string(&summary->text, summary->text.len > 0 ? ", " : "");
    cg_buf_put(&summary->text, cg_client_key_kind_name(key->kind));
    cg_buf_put_byte(&summary->text, ' ');
    cg_buf_put(&summary->text, key->id);
    return CG_OK;
}

enum cg_status cg_client_key_put(const struct cg_lookup *lookup, struct cg_span client)
{
    struct cg_context *context = lookup->context;
    struct summary summary;
    struct cg_span json = {NULL, 0};
    struct cg_span text = {NULL, 0};
    cg_buf_init_arena(&summary.json, context->arena, KEYS_TEXT_BYTES);
    cg_buf_init_arena(&summary.text, context->arena, KEYS_TEXT_BYTES);
    cg_json_begin(&summary.writer, &summary.json);
    cg_json_open_array(&summary.writer);
    CG_TRY(
        cg_client_key_list(lookup->store, lookup->realm, client, context->arena, sum_up, &summary));
    cg_json_close_array(&summary.writer);
    CG_TRY(cg_buf_finish(&summary.json, &json));
    CG_TRY(cg_buf_finish(&summary.text, &text));
    cg_output_json(&context->output, "keys", json, text.len > 0 ? text : CG_SPAN_OF("none"));
    return CG_OK;
}

const struct cg_option cg_client_key_add_options[] = {
    {"client", "ID", CG_OPTION_REQUIRED, "the client that it is for"},
    {"jwks", "FILE", CG_OPTION_PLAIN, "public keys as a JWK set"},
    {"jwks-uri", "URL", CG_OPTION_PLAIN, "where the client publishes its JWK set"},
    {"certificate", "FILE", CG_OPTION_PLAIN, "its certificate in PEM, self-signed or not"},
    {"tls-subject", "DN", CG_OPTION_PLAIN, "subject of its certificate (RFC 4514)"},
    {"tls-san-dns", "NAME", CG_OPTION_PLAIN, "DNS name in its certificate"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

const struct cg_option cg_client_key_list_options[] = {
    {"client", "ID", CG_OPTION_REQUIRED, "whose"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};
