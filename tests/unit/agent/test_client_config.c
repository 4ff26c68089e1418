/* SPDX-License-Identifier: Apache-2.0 */
/* What a client can be made of, and what it is told otherwise. */
#include "base/span.h"
#include "test.h"

#include <caregate/client.h>

static struct cg_client_config good(void)
{
    return (struct cg_client_config){.token_url = CG_SPAN("https://id.example/token"),
                                     .client_id = CG_SPAN("c"),
                                     .method = CG_CLIENT_SECRET_POST,
                                     .secret = CG_SPAN("s")};
}

static const struct cg_client_parameter plain[] = {{CG_SPAN("audience"), CG_SPAN("a")}};

static void by_http(struct cg_client_config *config)
{
    config->token_url = test_span("http://id.example/token");
}

static void without_url(struct cg_client_config *config)
{
    config->token_url = (struct cg_span){NULL, 0};
}

static void without_id(struct cg_client_config *config)
{
    config->client_id = (struct cg_span){NULL, 0};
}

static void without_method(struct cg_client_config *config)
{
    config->method = 0;
}

static void without_secret(struct cg_client_config *config)
{
    config->secret = (struct cg_span){NULL, 0};
}

static void with_a_key_too(struct cg_client_config *config)
{
    config->key = test_span("k");
}

static void by_key_with_secret(struct cg_client_config *config)
{
    config->method = CG_CLIENT_PRIVATE_KEY_JWT;
}

static void by_no_key(struct cg_client_config *config)
{
    without_secret(config);
    config->method = CG_CLIENT_PRIVATE_KEY_JWT;
}

static void by_garbage(struct cg_client_config *config)
{
    by_no_key(config);
    config->key = test_span("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
}

static void by_no_certificate(struct cg_client_config *config)
{
    without_secret(config);
    config->method = CG_CLIENT_TLS;
}

static void with_half_a_certificate(struct cg_client_config *config)
{
    config->certificate = test_span("c");
}

static void with_a_certificate_of_nobody(struct cg_client_config *config)
{
    config->certificate = test_span("c");
    config->certificate_key = test_span("k");
}

static void with_two_proof_keys(struct cg_client_config *config)
{
    config->proof_key = test_span("k");
    config->makes_proof_key = true;
}

static void with_a_bad_proof_key(struct cg_client_config *config)
{
    config->proof_key = test_span("k");
}

static void with_nine_resources(struct cg_client_config *config)
{
    config->resource_count = 9;
}

static void with_an_empty_resource(struct cg_client_config *config)
{
    static const struct cg_span resource = {NULL, 0};
    config->resources = &resource;
    config->resource_count = 1;
}

static void with_a_parameter(struct cg_client_config *config,
                             const struct cg_client_parameter *parameter)
{
    config->parameters = parameter;
    config->parameter_count = 1;
}

static void with_another_grant(struct cg_client_config *config)
{
    static const struct cg_client_parameter parameter = {CG_SPAN("grant_type"), CG_SPAN("x")};
    with_a_parameter(config, &parameter);
}

static void with_a_name_of_two(struct cg_client_config *config)
{
    static const struct cg_client_parameter parameter = {CG_SPAN("a&scope"), CG_SPAN("x")};
    with_a_parameter(config, &parameter);
}

static void with_a_nameless_parameter(struct cg_client_config *config)
{
    static const struct cg_client_parameter parameter = {{NULL, 0}, CG_SPAN("x")};
    with_a_parameter(config, &parameter);
}

static void with_a_long_secret(struct cg_client_config *config)
{
    static uint8_t bytes[1025];
    config->secret = cg_span_of_bytes(bytes, sizeof(bytes));
}

static void with_time_that_runs_back(struct cg_client_config *config)
{
    config->timeout_ms = -1;
}

static void with_a_life_of_days(struct cg_client_config *config)
{
    config->default_life_s = 86401;
}

static void by_module_key(struct cg_client_config *config)
{
    without_secret(config);
    config->method = CG_CLIENT_PRIVATE_KEY_JWT;
    config->key = test_span("pkcs11:token=box;object=key");
    config->pkcs11_module = test_span("/nowhere/module.so");
    config->pkcs11_pin = test_span("1234");
}

static void by_module_without_pin(struct cg_client_config *config)
{
    by_module_key(config);
    config->pkcs11_pin = (struct cg_span){NULL, 0};
}

static void by_a_key_of_no_module(struct cg_client_config *config)
{
    by_module_key(config);
    config->pkcs11_pin = config->pkcs11_module = (struct cg_span){NULL, 0};
}

static void by_module_with_a_pem_key(struct cg_client_config *config)
{
    by_module_key(config);
    config->key = test_span("-----BEGIN PRIVATE KEY-----");
}

static void by_module_of_half_a_name(struct cg_client_config *config)
{
    by_module_key(config);
    config->key = test_span("pkcs11:object=key");
}

static void by_pin_in_the_name(struct cg_client_config *config)
{
    by_module_key(config);
    config->key = test_span("pkcs11:token=box;object=key?pin-value=1234");
}

TEST(each_mistake_is_told_in_its_own_words)
{
    static const struct {
        void (*spoil)(struct cg_client_config *config);
        const char *says;
    } rows[] = {
        {by_http, "must be https, or http to this machine"},
        {without_url, "must be https"},
        {without_id, "no client id"},
        {without_method, "no such method"},
        {without_secret, "wants a secret"},
        {with_a_key_too, "no use for a key"},
        {by_key_with_secret, "no use for a secret"},
        {by_no_key, "wants a key"},
        {by_garbage, "the key is no private key in PEM"},
        {by_no_certificate, "wants a certificate"},
        {with_half_a_certificate, "a certificate goes with its key"},
        {with_a_certificate_of_nobody, "are not of each other"},
        {with_two_proof_keys, "either given or made"},
        {with_a_bad_proof_key, "the proof key is no private key in PEM"},
        {with_nine_resources, "too many resources"},
        {with_an_empty_resource, "a resource is empty"},
        {with_another_grant, "a setting of its own"},
        {with_a_name_of_two, "letters, digits"},
        {with_a_nameless_parameter, "no name"},
        {with_a_long_secret, "the secret is too long"},
        {with_time_that_runs_back, "the timeout"},
        {with_a_life_of_days, "the life of a token"},
        {by_module_without_pin, "goes with its PIN"},
        {by_a_key_of_no_module, "goes with a security module"},
        {by_module_with_a_pem_key, "named as pkcs11:"},
        {by_module_of_half_a_name, "needs token="},
        {by_pin_in_the_name, "the pkcs11: URI is malformed"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_client_config config = good();
        struct cg_client *client = NULL;
        const char *trouble = "nothing";
        rows[i].spoil(&config);
        assert_status_row(rows[i].says, cg_client_new(&config, &trouble, &client), CG_ERR_INPUT);
        assert_null(client);
        if (strstr(trouble, rows[i].says) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", trouble, rows[i].says);
        }
    }
}

TEST(http_is_for_this_machine)
{
    static const char *const rows[] = {"http://127.0.0.1:1/t", "http://localhost/t",
                                       "http://[::1]:1/t"};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_client_config config = good();
        struct cg_client *client = NULL;
        const char *trouble = NULL;
        config.token_url = test_span(rows[i]);
        assert_status_row(rows[i], cg_client_new(&config, &trouble, &client), CG_OK);
        assert_null(cg_client_free(client));
    }
    assert_null(cg_client_free(NULL));
}

static void tag_of(const struct cg_client_config *config, uint8_t tag[static CG_CLIENT_TAG_BYTES])
{
    struct cg_client *client = NULL;
    const char *trouble = NULL;
    assert_ok(cg_client_new(config, &trouble, &client));
    cg_client_tag(client, tag);
    (void)cg_client_free(client);
}

static void with_another_secret(struct cg_client_config *config)
{
    config->secret = test_span("t");
}

static void with_another_url(struct cg_client_config *config)
{
    config->token_url = test_span("https://id.example/token2");
}

static void with_a_scope(struct cg_client_config *config)
{
    config->scope = test_span("s");
}

static void with_a_grant(struct cg_client_config *config)
{
    config->grant = test_span("s");
}

static void with_a_plain_parameter(struct cg_client_config *config)
{
    with_a_parameter(config, plain);
}

static void with_a_made_key(struct cg_client_config *config)
{
    config->makes_proof_key = true;
}

TEST(a_tag_changes_with_what_the_token_hangs_on)
{
    static const struct {
        const char *label;
        void (*change)(struct cg_client_config *config);
        bool differs;
    } rows[] = {
        {"secret", with_another_secret, false},
        {"url", with_another_url, true},
        {"scope", with_a_scope, true},
        {"grant", with_a_grant, true},
        {"parameter", with_a_plain_parameter, true},
        {"proof key", with_a_made_key, true},
    };
    uint8_t tag[CG_CLIENT_TAG_BYTES];
    uint8_t other[CG_CLIENT_TAG_BYTES];
    struct cg_client_config config = good();
    tag_of(&config, tag);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        config = good();
        rows[i].change(&config);
        tag_of(&config, other);
        if ((memcmp(tag, other, sizeof(tag)) != 0) != rows[i].differs) {
            fail_msg("%s", rows[i].label);
        }
    }
    /* Each made key is another. */
    tag_of(&config, tag);
    assert_memory_not_equal(tag, other, sizeof(tag));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_mistake_is_told_in_its_own_words),
    cmocka_unit_test(http_is_for_this_machine),
    cmocka_unit_test(a_tag_changes_with_what_the_token_hangs_on),
};

TEST_MAIN(tests)
