/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/client_parts.h"
#include "agent/module_key.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "jose/jwk.h"
#include "token/client_jwt.h"
#include "token/dpop.h"

#include <string.h>

#define PROOF_ARENA_BYTES 65536
#define TAG_ARENA_BYTES 1048576

static enum cg_status fail(enum cg_status status, const char *trouble, const char **ret_trouble)
{
    *ret_trouble = trouble;
    return status;
}

/* A key that is there is a key that signs. */
static enum cg_status check_key(const struct cg_client_config *config, const char **ret_trouble)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    if (config->key.len == 0 || config->pkcs11_module.len > 0) {
        return CG_OK;
    }
    enum cg_status status = cg_client_jwt_key(config->key, config->alg, &key);
    if (status == CG_ERR_NOT_FOUND) {
        return fail(CG_ERR_INPUT,
                    "the key is no private key in PEM, unencrypted, of RSA of 2048 to 4096 bits, "
                    "of P-256, P-384, P-521 or Ed25519, or does not sign by the algorithm",
                    ret_trouble);
    }
    return status == CG_OK ? CG_OK : fail(status, "the key cannot be read", ret_trouble);
}

/* Else the server would be the first to see that they are not each other's. */
static enum cg_status check_certificate(const struct cg_client_config *config,
                                        const char **ret_trouble)
{
    if (config->certificate.len == 0) {
        return CG_OK;
    }
    enum cg_status status = cg_certificate_fits_key(config->certificate, config->certificate_key);
    return status == CG_OK ? CG_OK
                           : fail(status,
                                  "the certificate and its key, unencrypted, are not in PEM, or "
                                  "are not of each other",
                                  ret_trouble);
}

static enum cg_status open_proof_key(struct cg_client *client, const char **ret_trouble)
{
    const struct cg_client_config *config = &client->config;
    enum cg_status status = CG_OK;
    if (config->makes_proof_key) {
        status = cg_key_generate(CG_KEY_ECDSA_P256, 0, &client->proof_key);
    } else if (config->proof_key.len > 0) {
        status = cg_client_jwt_key(config->proof_key, CG_SPAN_OF(CG_DPOP_ALGORITHMS),
                                   &client->proof_key);
    }
    if (status == CG_ERR_NOT_FOUND) {
        return fail(CG_ERR_INPUT,
                    "the proof key is no private key in PEM, unencrypted, that signs by "
                    "one of " CG_DPOP_ALGORITHMS,
                    ret_trouble);
    }
    return status == CG_OK ? CG_OK : fail(status, "the proof key cannot be made", ret_trouble);
}

/* Nothing is loaded yet. */
static enum cg_status open_module(struct cg_client *client, const char **ret_trouble)
{
    const struct cg_client_config *config = &client->config;
    if (config->pkcs11_module.len == 0) {
        return CG_OK;
    }
    CG_TRY(cg_module_key_check(config->key, ret_trouble));
    return cg_pkcs11_new((const char *)config->pkcs11_module.data, config->pkcs11_pin,
                         &client->pkcs11);
}

/* With its length before it, so that no two lists of texts look alike. */
static void put_part(struct cg_buf *buf, struct cg_span part)
{
    cg_buf_put_number(buf, (int64_t)part.len);
    cg_buf_put_byte(buf, ':');
    cg_buf_put(buf, part);
}

static enum cg_status make_tag(struct cg_client *client)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    const struct cg_client_config *config = &client->config;
    const struct cg_span parts[] = {config->token_url, config->client_id, config->grant,
                                    config->scope, config->certificate};
    char thumbprint[CG_THUMBPRINT_CHARS + 1] = "";
    struct cg_span text;
    struct cg_buf buf;
    CG_TRY(cg_arena_new(TAG_ARENA_BYTES, &arena));
    cg_buf_init_arena(&buf, arena, TAG_ARENA_BYTES);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        put_part(&buf, parts[i]);
    }
    cg_buf_put_number(&buf, (int64_t)config->resource_count);
    for (size_t i = 0; i < config->resource_count; i++) {
        put_part(&buf, config->resources[i]);
    }
    for (size_t i = 0; i < config->parameter_count; i++) {
        put_part(&buf, config->parameters[i].name);
        put_part(&buf, config->parameters[i].value);
    }
    if (client->proof_key != NULL) {
        CG_TRY(cg_jwk_thumbprint(client->proof_key, thumbprint));
    }
    put_part(&buf, cg_span_of_string(thumbprint));
    CG_TRY(cg_buf_finish(&buf, &text));
    return cg_sha256(text, client->tag);
}

static enum cg_status fill(struct cg_client *client, const struct cg_client_config *config,
                           const char **ret_trouble)
{
    CG_TRY(cg_client_config_copy(config, client->memory, &client->config));
    CG_TRY(check_key(&client->config, ret_trouble));
    CG_TRY(check_certificate(&client->config, ret_trouble));
    CG_TRY(open_proof_key(client, ret_trouble));
    CG_TRY(open_module(client, ret_trouble));
    return make_tag(client);
}

static enum cg_status make(size_t bytes, struct cg_client **ret_client)
{
    CG_CLEANUP(cg_locked_free_at) struct cg_locked *memory = NULL;
    void *room = NULL;
    CG_TRY(cg_locked_new(bytes + CG_LOCKED_PIECE(sizeof(struct cg_client)), &memory));
    CG_TRY(cg_locked_take(memory, sizeof(struct cg_client), &room));
    struct cg_client *client = room;
    if (pthread_mutex_init(&client->mutex, NULL) != 0) {
        return CG_ERR_LIMIT;
    }
    if (pthread_cond_init(&client->turned, NULL) != 0) {
        (void)pthread_mutex_destroy(&client->mutex);
        return CG_ERR_LIMIT;
    }
    client->memory = CG_STEAL(memory);
    *ret_client = client;
    return CG_OK;
}

CG_DEFINE_CLEANUP(client_free_at, struct cg_client *, cg_client_free)

enum cg_status cg_client_new(const struct cg_client_config *config, const char **ret_trouble,
                             struct cg_client **ret_client)
{
    CG_CLEANUP(client_free_at) struct cg_client *client = NULL;
    const char *trouble = cg_client_config_trouble(config);
    if (trouble != NULL) {
        return fail(CG_ERR_INPUT, trouble, ret_trouble);
    }
    trouble = "memory is short";
    enum cg_status status = make(cg_client_config_bytes(config), &client);
    if (status == CG_OK) {
        status = fill(client, config, &trouble);
    }
    if (status != CG_OK) {
        return fail(status, trouble, ret_trouble);
    }
    *ret_client = CG_STEAL(client);
    return CG_OK;
}

struct cg_client *cg_client_free(struct cg_client *client)
{
    if (client == NULL) {
        return NULL;
    }
    (void)cg_key_free(client->proof_key);
    (void)cg_pkcs11_free(client->pkcs11);
    (void)pthread_cond_destroy(&client->turned);
    (void)pthread_mutex_destroy(&client->mutex);
    return (struct cg_client *)(void *)cg_locked_free(client->memory);
}

void cg_client_lock_memory(struct cg_client *client)
{
    cg_locked_renew(client->memory);
}

bool cg_client_makes_proofs(const struct cg_client *client)
{
    return client->proof_key != NULL;
}

void cg_client_tag(const struct cg_client *client, uint8_t ret_tag[static CG_CLIENT_TAG_BYTES])
{
    memcpy(ret_tag, client->tag, CG_CLIENT_TAG_BYTES);
}

enum cg_status cg_client_prove(const struct cg_client *client, const struct cg_client_call *call,
                               uint8_t room[static CG_CLIENT_PROOF_MAX], struct cg_span *ret_proof)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    const struct cg_random random = cg_random_system();
    const struct cg_proof_order order = {
        .method = call->method,
        .target = call->url,
        .token = call->token,
        .nonce = call->nonce,
        .now_s = call->now_s,
    };
    struct cg_span proof;
    if (client->proof_key == NULL) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_arena_new(PROOF_ARENA_BYTES, &arena));
    CG_TRY(cg_client_jwt_proof(&order, client->proof_key, &random, arena, &proof));
    if (proof.len > CG_CLIENT_PROOF_MAX) {
        return CG_ERR_LIMIT;
    }
    memcpy(room, proof.data, proof.len);
    *ret_proof = (struct cg_span){room, proof.len};
    return CG_OK;
}

void cg_client_answer_release(struct cg_client_answer *answer)
{
    cg_wipe(answer, sizeof(*answer));
}
