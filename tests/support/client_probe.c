/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with caregate/client.h for the HTTP tests. On standard input a JSON object with what a
 * configuration has, by the names of its members; "method" by the name that RFC 8414 metadata
 * gives, "parameters" an object, "resource" one. Prints the answer as JSON, and with "url" a proof
 * of one GET.
 */
#include "base/clock.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json.h"

#include <caregate/client.h>
#include <stdio.h>

#define INPUT_BYTES 65536
#define ARENA_BYTES ((size_t)1 << 20)

static const struct {
    const char *name;
    enum cg_client_method method;
} methods[] = {
    {"client_secret_post", CG_CLIENT_SECRET_POST},
    {"client_secret_basic", CG_CLIENT_SECRET_BASIC},
    {"private_key_jwt", CG_CLIENT_PRIVATE_KEY_JWT},
    {"self_signed_tls_client_auth", CG_CLIENT_TLS},
};

static struct cg_span text_of(const struct cg_json_value *root, const char *name)
{
    struct cg_span text = {NULL, 0};
    (void)!cg_json_member_string(root, name, &text);
    return text;
}

static enum cg_client_method method_of(const struct cg_json_value *root)
{
    struct cg_span name = text_of(root, "method");
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (cg_span_equal_string(name, methods[i].name)) {
            return methods[i].method;
        }
    }
    return 0;
}

static size_t read_parameters(const struct cg_json_value *root,
                              struct cg_client_parameter parameters[static 16])
{
    const struct cg_json_value *object = cg_json_member(root, "parameters");
    const struct cg_json_value *value = NULL;
    size_t position = 0;
    size_t count = 0;
    while (count < 16 && object != NULL &&
           cg_json_next(object, &position, &parameters[count].name, &value)) {
        (void)!cg_json_string(value, &parameters[count].value);
        count++;
    }
    return count;
}

static void put_proof(const struct cg_client *client, struct cg_span url,
                      const struct cg_client_answer *answer, struct cg_json_writer *writer)
{
    uint8_t room[CG_CLIENT_PROOF_MAX];
    struct cg_span proof;
    const struct cg_client_call call = {
        .method = CG_SPAN("GET"),
        .url = url,
        .token = cg_span_of_bytes(answer->token, answer->token_len),
        .now_s = cg_clock_now_s(),
    };
    if (url.len > 0 && cg_client_prove(client, &call, room, &proof) == CG_OK) {
        cg_json_member_put(writer, "proof", proof);
    }
}

static enum cg_status print_answer(struct cg_client *client, struct cg_span url,
                                   const struct cg_client_answer *answer)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_json_writer writer;
    struct cg_buf buf;
    struct cg_span text;
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    cg_buf_init_arena(&buf, arena, INPUT_BYTES);
    cg_json_begin(&writer, &buf);
    cg_json_open_object(&writer);
    cg_json_member_put_number(&writer, "outcome", answer->outcome);
    cg_json_member_put_number(&writer, "type", answer->type);
    cg_json_member_put_number(&writer, "life_s", answer->life_s);
    cg_json_member_put(&writer, "error", cg_span_of_string(answer->error));
    cg_json_member_put(&writer, "trouble", cg_span_of_string(answer->trouble));
    cg_json_member_put(&writer, "token", cg_span_of_string(answer->token));
    put_proof(client, url, answer, &writer);
    cg_json_close_object(&writer);
    CG_TRY(cg_buf_finish(&buf, &text));
    (void)printf("%.*s\n", CG_SPAN_ARGS(text));
    return CG_OK;
}

static enum cg_status run(const struct cg_json_value *root)
{
    struct cg_client_parameter parameters[16];
    const struct cg_span resource = text_of(root, "resource");
    const struct cg_client_config config = {
        .token_url = text_of(root, "token_url"),
        .client_id = text_of(root, "client_id"),
        .method = method_of(root),
        .secret = text_of(root, "secret"),
        .key = text_of(root, "key"),
        .kid = text_of(root, "kid"),
        .alg = text_of(root, "alg"),
        .audience = text_of(root, "audience"),
        .certificate = text_of(root, "certificate"),
        .certificate_key = text_of(root, "certificate_key"),
        .proof_key = text_of(root, "proof_key"),
        .makes_proof_key = cg_json_member(root, "makes_proof_key") != NULL,
        .ca_file = text_of(root, "ca_file"),
        .grant = text_of(root, "grant"),
        .scope = text_of(root, "scope"),
        .resources = &resource,
        .resource_count = resource.len > 0 ? 1 : 0,
        .pkcs11_module = text_of(root, "pkcs11_module"),
        .pkcs11_pin = text_of(root, "pkcs11_pin"),
        .parameters = parameters,
        .parameter_count = read_parameters(root, parameters),
    };
    struct cg_client *client = NULL;
    struct cg_client_answer answer;
    const char *trouble = "";
    enum cg_status status = cg_client_new(&config, &trouble, &client);
    if (status != CG_OK) {
        (void)fprintf(stderr, "%s\n", trouble);
        return status;
    }
    (void)!cg_client_token(client, &answer);
    status = print_answer(client, text_of(root, "url"), &answer);
    (void)cg_client_free(client);
    return status;
}

int main(void)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    static char input[INPUT_BYTES];
    size_t len = fread(input, 1, sizeof(input), stdin);
    if (cg_json_parse(cg_span_of_bytes(input, len), INPUT_BYTES, &json) != CG_OK) {
        (void)fprintf(stderr, "standard input is no JSON object\n");
        return 2;
    }
    return run(cg_json_root(json)) == CG_OK ? 0 : 1;
}
