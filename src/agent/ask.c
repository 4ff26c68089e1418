/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ask.h"

#include "agent/answer.h"
#include "agent/client_parts.h"
#include "agent/module_key.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "codec/form.h"
#include "net/line.h"
#include "token/client_form.h"
#include "token/client_jwt.h"

#include <stdio.h>

#define ASSERTION_LIFE_S 60
/* The secret, and the values of parameters. */
#define HIDDEN_MAX (1 + CG_LIMIT_CLIENT_PARAMETERS)
/* A shorter value is a word that texts may have, such as "user". */
#define HIDDEN_LEN 16

struct asking {
    const struct cg_client *client;
    int64_t now_s;
    struct cg_arena *arena;
    struct cg_random random;
    struct cg_span nonce; /* of the server, or absent */
};

static enum cg_status sign_in_module(struct asking *asking, const struct cg_assertion_order *order,
                                     struct cg_span *ret_assertion)
{
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    const struct cg_client *client = asking->client;
    const struct cg_module_key key = {client->pkcs11, client->config.key, client->config.alg};
    struct cg_assertion_by by = {.signer = NULL};
    CG_TRY(cg_module_key_open(&key, asking->arena, &by.algorithm, &signer));
    by.signer = signer;
    return cg_client_jwt_assertion_by(order, &by, &asking->random, asking->arena, ret_assertion);
}

/* RFC 7523 §2.2. */
static enum cg_status make_assertion(struct asking *asking, struct cg_span *ret_assertion)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    const struct cg_client_config *config = &asking->client->config;
    const struct cg_assertion_order order = {
        .client = config->client_id,
        .audience = config->audience,
        .kid = config->kid,
        .now_s = asking->now_s,
        .life_s = ASSERTION_LIFE_S,
    };
    if (config->key.len == 0) {
        return CG_OK;
    }
    if (asking->client->pkcs11 != NULL) {
        return sign_in_module(asking, &order, ret_assertion);
    }
    CG_TRY(cg_client_jwt_key(config->key, config->alg, &key));
    return cg_client_jwt_assertion(&order, key, &asking->random, asking->arena, ret_assertion);
}

/* RFC 6749 §2.3.1: id and secret are encoded as in a form, then as user and password. */
static enum cg_status make_authorization(struct asking *asking, struct cg_span *ret_value)
{
    const struct cg_client_config *config = &asking->client->config;
    struct cg_buf pair;
    struct cg_buf value;
    struct cg_span text;
    if (config->method != CG_CLIENT_SECRET_BASIC) {
        return CG_OK;
    }
    cg_buf_init_arena(&pair, asking->arena, CG_LIMIT_CLIENT_FORM_BYTES);
    cg_form_encode(config->client_id, &pair);
    cg_buf_put_byte(&pair, ':');
    cg_form_encode(config->secret, &pair);
    CG_TRY(cg_buf_finish(&pair, &text));
    cg_buf_init_arena(&value, asking->arena, CG_LIMIT_CLIENT_FORM_BYTES);
    cg_buf_put_string(&value, "Basic ");
    cg_base64_encode(text, &value);
    return cg_buf_finish(&value, ret_value);
}

/* RFC 9449 §5: the token is to be bound to the key of this proof. */
static enum cg_status make_proof(struct asking *asking, struct cg_span *ret_proof)
{
    const struct cg_client *client = asking->client;
    const struct cg_proof_order order = {
        .method = CG_SPAN("POST"),
        .target = client->config.token_url,
        .nonce = asking->nonce,
        .now_s = asking->now_s,
    };
    if (client->proof_key == NULL) {
        return CG_OK;
    }
    return cg_client_jwt_proof(&order, client->proof_key, &asking->random, asking->arena,
                               ret_proof);
}

static enum cg_status make_form(struct asking *asking, struct cg_span *ret_form)
{
    const struct cg_client_config *config = &asking->client->config;
    bool in_header = config->method == CG_CLIENT_SECRET_BASIC;
    struct cg_buf buf;
    struct cg_client_form form = {
        .grant = config->grant,
        .scope = config->scope,
        .resources = config->resources,
        .resource_count = config->resource_count,
        .parameters = config->parameters,
        .parameter_count = config->parameter_count,
    };
    if (!in_header) {
        form.client_id = config->client_id;
        form.secret = config->secret;
    }
    CG_TRY(make_assertion(asking, &form.assertion));
    cg_buf_init_arena(&buf, asking->arena, CG_LIMIT_CLIENT_FORM_BYTES);
    cg_client_form_write(&form, &buf);
    return cg_buf_finish(&buf, ret_form);
}

static enum cg_status make_request(struct asking *asking, struct cg_fetch_request *request)
{
    const struct cg_client_config *config = &asking->client->config;
    *request = (struct cg_fetch_request){
        /* Texts of locked memory are followed by a zero. */
        .url = (const char *)config->token_url.data,
        .ca_file = config->ca_file.len > 0 ? (const char *)config->ca_file.data : NULL,
        .certificate = config->certificate,
        .certificate_key = config->certificate_key,
        .max_bytes = CG_LIMIT_CLIENT_ANSWER_BYTES,
        .timeout_ms = config->timeout_ms,
    };
    CG_TRY(make_authorization(asking, &request->authorization));
    CG_TRY(make_proof(asking, &request->proof));
    return make_form(asking, &request->form);
}

static enum cg_status post(struct asking *asking, struct cg_fetch_response *ret_response)
{
    struct cg_line *line = NULL;
    struct cg_fetch_request request;
    *ret_response = (struct cg_fetch_response){.http_status = 0};
    CG_TRY(make_request(asking, &request));
    CG_TRY(cg_line_new(asking->client->config.stops, &line));
    enum cg_status status = cg_line_fetch(line, &request, asking->arena, ret_response);
    (void)cg_line_free(line);
    return status;
}

/* RFC 9449 §8: what the server wants in the proof it tells by a refusal; once is enough. */
static enum cg_status post_with_nonce(struct asking *asking, struct cg_fetch_response *ret_response)
{
    CG_TRY(post(asking, ret_response));
    if (asking->client->proof_key == NULL || !cg_answer_wants_nonce(ret_response)) {
        return CG_OK;
    }
    asking->nonce = ret_response->nonce;
    return post(asking, ret_response);
}

static size_t list_hidden(const struct cg_client_config *config,
                          struct cg_span ret_hidden[static HIDDEN_MAX])
{
    size_t count = 0;
    if (config->secret.len > 0) {
        ret_hidden[count++] = config->secret;
    }
    for (size_t i = 0; i < config->parameter_count; i++) {
        if (config->parameters[i].value.len >= HIDDEN_LEN) {
            ret_hidden[count++] = config->parameters[i].value;
        }
    }
    return count;
}

/* It knows better what went wrong. */
static void tell_of_module(const struct cg_client *client, struct cg_client_answer *answer)
{
    const char *trouble = cg_pkcs11_trouble(client->pkcs11);
    if (answer->outcome == CG_CLIENT_TROUBLED && trouble != NULL) {
        (void)snprintf(answer->trouble, sizeof(answer->trouble), "%s", trouble);
    }
}

enum cg_status cg_client_exchange(const struct cg_client *client, int64_t now_s,
                                  struct cg_arena *arena, struct cg_fetch_response *ret_response,
                                  struct cg_client_answer *ret_answer)
{
    struct cg_span hidden[HIDDEN_MAX];
    struct asking asking = {
        .client = client,
        .now_s = now_s,
        .arena = arena,
        .random = cg_random_system(),
    };
    const struct cg_answer_demand demand = {
        .type = client->proof_key != NULL ? CG_CLIENT_TOKEN_DPOP : CG_CLIENT_TOKEN_BEARER,
        .now_s = now_s,
        .default_life_s = client->config.default_life_s,
        .hidden = hidden,
        .hidden_count = list_hidden(&client->config, hidden),
    };
    enum cg_status status = post_with_nonce(&asking, ret_response);
    if (status == CG_OK) {
        return cg_answer_read(ret_response, &demand, arena, ret_answer);
    }
    status = cg_answer_lack(ret_response, status, ret_answer);
    tell_of_module(client, ret_answer);
    return status;
}

enum cg_status cg_client_ask(const struct cg_client *client, int64_t now_s,
                             struct cg_client_answer *ret_answer)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_fetch_response response = {.http_status = 0};
    enum cg_status status = cg_arena_new(CG_LIMIT_CLIENT_EXCHANGE_BYTES, &arena);
    return status == CG_OK ? cg_client_exchange(client, now_s, arena, &response, ret_answer)
                           : cg_answer_lack(&response, status, ret_answer);
}
