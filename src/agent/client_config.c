/* SPDX-License-Identifier: Apache-2.0 */
/* What a client is made of: whether it can be, and a copy of it. */
#include "agent/client_parts.h"
#include "agent/module_key.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "net/fetch.h"

#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_LIFE_S 300

#define TEXT_MAX CG_LIMIT_URI_BYTES
#define PEM_MAX CG_LIMIT_PEM_BYTES

/* Every text of a configuration, and how long it may be. */
static const struct {
    size_t offset;
    size_t max;
    const char *trouble;
} texts[] = {
    {offsetof(struct cg_client_config, token_url), TEXT_MAX, "the token URL is too long"},
    {offsetof(struct cg_client_config, client_id), TEXT_MAX, "the client's id is too long"},
    {offsetof(struct cg_client_config, secret), TEXT_MAX, "the secret is too long"},
    {offsetof(struct cg_client_config, key), PEM_MAX, "the key is too long"},
    {offsetof(struct cg_client_config, kid), TEXT_MAX, "the name of the key is too long"},
    {offsetof(struct cg_client_config, alg), TEXT_MAX, "the algorithm is too long"},
    {offsetof(struct cg_client_config, audience), TEXT_MAX, "the audience is too long"},
    {offsetof(struct cg_client_config, certificate), PEM_MAX, "the certificate is too long"},
    {offsetof(struct cg_client_config, certificate_key), PEM_MAX,
     "the certificate's key is too long"},
    {offsetof(struct cg_client_config, proof_key), PEM_MAX, "the proof key is too long"},
    {offsetof(struct cg_client_config, ca_file), TEXT_MAX, "the path of the CA file is too long"},
    {offsetof(struct cg_client_config, grant), TEXT_MAX, "the grant is too long"},
    {offsetof(struct cg_client_config, scope), CG_LIMIT_SCOPE_BYTES, "the scope is too long"},
    {offsetof(struct cg_client_config, pkcs11_module), TEXT_MAX, "the module's path is too long"},
    {offsetof(struct cg_client_config, pkcs11_pin), CG_PKCS11_PIN_MAX_BYTES, "the PIN is too long"},
};
#define TEXT_COUNT (sizeof(texts) / sizeof(texts[0]))

static const struct cg_span *text_at(const struct cg_client_config *config, size_t i)
{
    return (const struct cg_span *)(const void *)((const uint8_t *)config + texts[i].offset);
}

static const char *check_texts(const struct cg_client_config *config)
{
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        if (text_at(config, i)->len > texts[i].max) {
            return texts[i].trouble;
        }
    }
    return NULL;
}

/* What each method goes by, and nothing else does. */
static const char *check_proof(const struct cg_client_config *config)
{
    enum cg_client_method method = config->method;
    bool has_secret = config->secret.len > 0;
    bool has_key = config->key.len > 0;
    bool wants_secret = method == CG_CLIENT_SECRET_POST || method == CG_CLIENT_SECRET_BASIC;
    if (method < CG_CLIENT_SECRET_POST || method > CG_CLIENT_TLS) {
        return "there is no such method to prove a client";
    }
    if (has_secret != wants_secret) {
        return wants_secret ? "the method wants a secret" : "the method has no use for a secret";
    }
    if (has_key != (method == CG_CLIENT_PRIVATE_KEY_JWT)) {
        return has_key ? "the method has no use for a key" : "the method wants a key";
    }
    if ((config->certificate.len > 0) != (config->certificate_key.len > 0)) {
        return "a certificate goes with its key";
    }
    if (method == CG_CLIENT_TLS && config->certificate.len == 0) {
        return "the method wants a certificate";
    }
    return config->proof_key.len > 0 && config->makes_proof_key
               ? "a proof key is either given or made"
               : NULL;
}

static const char *check_module(const struct cg_client_config *config)
{
    bool has_module = config->pkcs11_module.len > 0;
    if (has_module != (config->pkcs11_pin.len > 0)) {
        return "a security module goes with its PIN";
    }
    if (has_module != cg_module_key_is_named(config->key)) {
        return has_module ? "a security module goes with a key that is named as pkcs11:…"
                          : "a key that is named as pkcs11:… goes with a security module";
    }
    return NULL;
}

/* Members of the configuration say these. */
static const char *const own_parameters[] = {
    "grant_type",       "client_id", "client_secret", "client_assertion_type",
    "client_assertion", "scope",     "resource",
};

static bool is_name_letter(uint8_t letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
}

static const char *check_parameter(const struct cg_client_parameter *parameter)
{
    if (parameter->name.len == 0 || parameter->name.len > CG_LIMIT_NAME_BYTES ||
        parameter->value.len > CG_CLIENT_TOKEN_MAX) {
        return "a parameter has no name, or is too long";
    }
    for (size_t i = 0; i < parameter->name.len; i++) {
        if (!is_name_letter(parameter->name.data[i])) {
            return "the name of a parameter has letters, digits and _ - . alone";
        }
    }
    for (size_t i = 0; i < sizeof(own_parameters) / sizeof(own_parameters[0]); i++) {
        if (cg_span_equal_string(parameter->name, own_parameters[i])) {
            return "a parameter stands for what has a setting of its own";
        }
    }
    return NULL;
}

static const char *check_lists(const struct cg_client_config *config)
{
    if (config->resource_count > CG_LIMIT_RESOURCES ||
        config->parameter_count > CG_LIMIT_CLIENT_PARAMETERS) {
        return "there are too many resources or parameters";
    }
    for (size_t i = 0; i < config->resource_count; i++) {
        if (config->resources[i].len == 0 || config->resources[i].len > CG_LIMIT_URI_BYTES) {
            return "a resource is empty or too long";
        }
    }
    for (size_t i = 0; i < config->parameter_count; i++) {
        const char *trouble = check_parameter(&config->parameters[i]);
        if (trouble != NULL) {
            return trouble;
        }
    }
    return NULL;
}

static const char *check_numbers(const struct cg_client_config *config)
{
    if (config->timeout_ms < 0 || config->timeout_ms > CG_LIMIT_CLIENT_TIMEOUT_MS) {
        return "the timeout is not between 1 ms and 10 minutes";
    }
    if (config->default_life_s < 0 || config->default_life_s > CG_LIMIT_TOKEN_LIFE_MAX_S) {
        return "the life of a token is not between 1 s and a day";
    }
    return NULL;
}

const char *cg_client_config_trouble(const struct cg_client_config *config)
{
    const char *(*const checks[])(const struct cg_client_config *) = {
        check_texts, check_proof, check_module, check_lists, check_numbers};
    if (!cg_fetch_takes_url(config->token_url)) {
        return "the token URL must be https, or http to this machine";
    }
    if (config->client_id.len == 0) {
        return "there is no client id";
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const char *trouble = checks[i](config);
        if (trouble != NULL) {
            return trouble;
        }
    }
    return NULL;
}

size_t cg_client_config_bytes(const struct cg_client_config *config)
{
    size_t bytes = CG_LOCKED_PIECE(config->resource_count * sizeof(struct cg_span)) +
                   CG_LOCKED_PIECE(config->parameter_count * sizeof(struct cg_client_parameter));
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        bytes += CG_LOCKED_PIECE(text_at(config, i)->len);
    }
    for (size_t i = 0; i < config->resource_count; i++) {
        bytes += CG_LOCKED_PIECE(config->resources[i].len);
    }
    for (size_t i = 0; i < config->parameter_count; i++) {
        bytes += CG_LOCKED_PIECE(config->parameters[i].name.len) +
                 CG_LOCKED_PIECE(config->parameters[i].value.len);
    }
    return bytes;
}

static enum cg_status copy_lists(const struct cg_client_config *config, struct cg_locked *memory,
                                 struct cg_client_config *copy)
{
    void *room = NULL;
    CG_TRY(cg_locked_take(memory, config->resource_count * sizeof(struct cg_span), &room));
    struct cg_span *resources = room;
    CG_TRY(cg_locked_take(memory, config->parameter_count * sizeof(struct cg_client_parameter),
                          &room));
    struct cg_client_parameter *parameters = room;
    for (size_t i = 0; i < config->resource_count; i++) {
        CG_TRY(cg_locked_copy(memory, config->resources[i], &resources[i]));
    }
    for (size_t i = 0; i < config->parameter_count; i++) {
        CG_TRY(cg_locked_copy(memory, config->parameters[i].name, &parameters[i].name));
        CG_TRY(cg_locked_copy(memory, config->parameters[i].value, &parameters[i].value));
    }
    copy->resources = resources;
    copy->parameters = parameters;
    return CG_OK;
}

enum cg_status cg_client_config_copy(const struct cg_client_config *config,
                                     struct cg_locked *memory, struct cg_client_config *ret_copy)
{
    struct cg_client_config copy = *config;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        struct cg_span *into = (struct cg_span *)(void *)((uint8_t *)&copy + texts[i].offset);
        const struct cg_span *text = text_at(config, i);
        CG_TRY(cg_locked_copy(memory, text->len > 0 ? *text : (struct cg_span){NULL, 0}, into));
    }
    CG_TRY(copy_lists(config, memory, &copy));
    if (copy.audience.len == 0) {
        copy.audience = copy.token_url;
    }
    copy.timeout_ms = copy.timeout_ms > 0 ? copy.timeout_ms : DEFAULT_TIMEOUT_MS;
    copy.default_life_s = copy.default_life_s > 0 ? copy.default_life_s : DEFAULT_LIFE_S;
    *ret_copy = copy;
    return CG_OK;
}
