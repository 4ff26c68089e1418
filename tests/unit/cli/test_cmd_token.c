/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "base/span.h"
#include "crypto/certificate.h"
#include "test.h"

#include <sys/stat.h>

static const char *token_path(struct desk *desk)
{
    return desk_path(desk, "token");
}

static void decode_lays_open_and_says_that_nothing_was_verified(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    desk_write_token(desk, "jti-1");
    assert_int_equal(desk_run(desk, "token", "decode", token_path(desk), NULL), 0);
    assert_non_null(strstr(desk->talk, "nothing was verified"));
    assert_non_null(strstr(desk->out, "2027-01-15T08:05:00Z, 300 s from now"));
    assert_int_equal(desk_run(desk, "token", "decode", token_path(desk), "--json", NULL), 0);
    assert_int_equal(strncmp(desk->out, "{\"verified\":false,\"header\":{\"alg\":\"RS256\"", 39),
                     0);
    assert_non_null(strstr(desk->out, "\"jti\":\"jti-1\""));
}

static void decode_takes_the_token_out_of_a_response(void **state)
{
    struct desk *desk = *state;
    desk_write(desk, "token", "{\"access_token\":\"eyJhIjoxfQ.eyJiIjoyfQ.eA\"}\n");
    assert_int_equal(desk_run(desk, "token", "decode", token_path(desk), "--json", NULL), 0);
    assert_string_equal(desk->out,
                        "{\"verified\":false,\"header\":{\"a\":1},\"claims\":{\"b\":2}}\n");
}

static void decode_refuses_what_is_no_jwt(void **state)
{
    static const char *const rows[] = {
        "",
        "a",
        "eyJhIjoxfQ.eyJiIjoyfQ",
        "eyJhIjoxfQ.eyJiIjoyfQ.eA.eA",
        "eyJhIjoxfQ.WzFd.eA", /* claims that are an array */
        "eyJhIjoxfQ.e*Jiijoy.eA",
        "{\"error\":\"invalid_client\"}",
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        desk_write(desk, "token", rows[i]);
        assert_int_equal(desk_run(desk, "token", "decode", token_path(desk), NULL), CG_EXIT_FAILED);
        assert_string_equal(desk->out, "");
    }
}

static void verify_names_each_check(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    desk_write_token(desk, "jti-1");
    assert_int_equal(desk_run(desk, "token", "verify", token_path(desk), "--json", NULL), 0);
    assert_non_null(strstr(desk->out, "\"verified\":true,\"reason\":null"));
    assert_null(strstr(desk->out, "\"held\":false"));
}

static void change_signature(struct desk *desk)
{
    char token[4096];
    (void)snprintf(token, sizeof(token), "%s", desk_read(desk, "token"));
    char *signature = strrchr(token, '.') + 1;
    signature[0] = signature[0] == 'A' ? 'B' : 'A';
    desk_write(desk, "token", token);
}

static void expire(struct desk *desk)
{
    desk->now_s += 300;
}

static void issue_ahead(struct desk *desk)
{
    desk->now_s += 61;
    desk_write_token(desk, "jti-1");
    desk->now_s -= 61;
}

static void revoke(struct desk *desk)
{
    assert_int_equal(desk_run(desk, "token", "revoke", "--jti", "jti-1", NULL), 0);
}

static void suspend(struct desk *desk)
{
    assert_int_equal(desk_run(desk, "client", "suspend", desk->client, NULL), 0);
}

static void withdraw(struct desk *desk)
{
    assert_int_equal(desk_run(desk, "agreement", "withdraw", desk->agreement, "--by", "A", NULL),
                     0);
}

static void write_garbage(struct desk *desk)
{
    desk_write(desk, "token", "garbage");
}

static void verify_names_the_check_that_fails(void **state)
{
    static const struct {
        const char *label;
        void (*spoil)(struct desk *desk);
        const char *reason;
        const char *failed;
    } rows[] = {
        {"form", write_garbage, "token_malformed", "it is a compact JWS"},
        {"signature", change_signature, "token_signature_invalid", "its signature is right"},
        {"time", expire, "token_expired", "it has not expired"},
        {"clock", issue_ahead, "token_issued_in_future", "it is not from the future"},
        {"withdrawn", withdraw, "agreement_withdrawn", "none of its agreements is withdrawn"},
        {"suspended", suspend, "client_suspended", "its client's tokens were not stopped since"},
        {"revoked", revoke, "token_revoked", "it is not revoked"},
    };
    struct desk *desk = *state;
    char want[128];
    desk_agree(desk);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        desk->now_s = DESK_NOW_S;
        desk_write_token(desk, "jti-1");
        rows[i].spoil(desk);
        int code = desk_run(desk, "token", "verify", token_path(desk), "--json", NULL);
        (void)snprintf(want, sizeof(want), "{\"check\":\"%s\",\"held\":false}", rows[i].failed);
        if (code != CG_EXIT_FAILED || strstr(desk->out, want) == NULL ||
            strcmp(desk_text(desk, "reason"), rows[i].reason) != 0) {
            fail_msg("%s: exit %d, %s", rows[i].label, code, desk->out);
        }
    }
}

static void revoke_is_audited_and_outlives_the_longest_life(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_run(desk, "token", "revoke", "--jti", "jti-1", "--json", NULL), 0);
    assert_true(desk_number(desk, "denied_until") >= DESK_NOW_S + 300);
    assert_int_equal(desk_events(desk, "token_revoked", "\"token_id\":\"jti-1\""), 1);
}

static void revoke_of_a_token_at_hand_is_audited_with_its_client(void **state)
{
    struct desk *desk = *state;
    char want[256];
    desk_agree(desk);
    desk_write_token(desk, "jti-1");
    assert_int_equal(desk_run(desk, "token", "revoke", token_path(desk), "--json", NULL), 0);
    assert_string_equal(desk_text(desk, "client_id"), desk->client);
    (void)snprintf(want, sizeof(want), "\"client_id\":\"%s\"", desk->client);
    assert_int_equal(desk_events(desk, "token_revoked", want), 1);
    assert_int_equal(desk_events(desk, "token_revoked", "\"token_id\":\"jti-1\""), 1);
    assert_int_equal(desk_run(desk, "token", "verify", token_path(desk), NULL), CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "revoked"));
}

/* Nobody is named in the audit by a token that was never issued. */
static void revoke_takes_no_token_at_its_word(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    desk_write_token(desk, "jti-1");
    change_signature(desk);
    assert_int_equal(desk_run(desk, "token", "revoke", token_path(desk), NULL), CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "nothing to revoke"));
    assert_int_equal(desk_events(desk, "token_revoked", NULL), 0);
}

static void revoke_wants_a_token_or_its_id(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_run(desk, "token", "revoke", NULL), CG_EXIT_USAGE);
    assert_int_equal(desk_run(desk, "token", "revoke", "file", "--jti", "a", NULL), CG_EXIT_USAGE);
}

static void revoke_refuses_a_whole_token_in_place_of_its_id(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    desk_write_token(desk, "jti-1");
    assert_int_equal(desk_run(desk, "token", "revoke", "--jti", desk_read(desk, "token"), NULL),
                     CG_EXIT_USAGE);
    assert_null(strstr(desk->talk, "eyJ"));
    assert_int_equal(desk_events(desk, "token_revoked", NULL), 0);
}

static void request_goes_to_https_or_this_machine_only(void **state)
{
    struct desk *desk = *state;
    desk_write(desk, "secret", "cgs_x\n");
    assert_int_equal(desk_run(desk, "token", "request", "--issuer", "http://care.example/r",
                              "--client", "c", "--secret-file", desk_path(desk, "secret"), NULL),
                     CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "must be https"));
    assert_null(strstr(desk->talk, "cgs_x"));
}

static void request_refuses_options_that_do_not_go_together(void **state)
{
    static const struct {
        const char *option;
        const char *value;
        const char *says;
    } rows[] = {
        {"--kid", "k", "--kid goes with --key-file"},
        {"--alg", "ES256", "--alg goes with --key-file"},
        {"--audience", "https://a", "--audience goes with --key-file"},
        {"--certificate", "f", "--certificate goes with --certificate-key-file"},
        {"--certificate-key-file", "f", "--certificate-key-file goes with --certificate"},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(desk_run(desk, "token", "request", "--issuer", "https://a/r", "--client",
                                  "c", rows[i].option, rows[i].value, NULL),
                         CG_EXIT_USAGE);
        assert_non_null(strstr(desk->talk, rows[i].says));
    }
    assert_int_equal(desk_run(desk, "token", "request", "--issuer", "https://a/r", "--client", "c",
                              "--secret-file", "f", "--key-file", "f", NULL),
                     CG_EXIT_USAGE);
}

static void request_refuses_a_secret_that_others_may_read(void **state)
{
    struct desk *desk = *state;
    desk_write(desk, "secret", "cgs_x\n");
    assert_int_equal(chmod(desk_path(desk, "secret"), 0640), 0);
    assert_int_equal(desk_run(desk, "token", "request", "--issuer", "http://care.example/r",
                              "--client", "c", "--secret-file", desk_path(desk, "secret"), NULL),
                     CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "chmod 600"));
}

/* The request itself goes no further: the issuer's URL is not https. */
static void request_reads_a_secret_from_systemd_or_the_kernel(void **state)
{
    static const struct {
        const char *place;
        const char *says;
    } rows[] = {
        {"credential:secret", "must be https"},
        {"credential:other", "there is no such file"},
        {"credential:../secret", "no such credential"},
        {"keyring:caregate-nothing", "no key of this name"},
    };
    struct desk *desk = *state;
    char folder[128];
    (void)snprintf(folder, sizeof(folder), "%s", desk_path(desk, "secret"));
    *strrchr(folder, '/') = '\0';
    desk_write(desk, "secret", "cgs_x\n");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(desk_run(desk, "token", "request", "--issuer", "http://care.example/r",
                                  "--client", "c", "--secret-file", rows[i].place, NULL),
                         CG_EXIT_FAILED);
        if (strstr(desk->talk, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].place, desk->talk);
        }
    }
}

/* A private key in PEM, of the kind that `init` makes, in the file "key". */
static void write_key(struct desk *desk)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    const struct cg_span host = CG_SPAN("localhost");
    struct cg_dev_certificate made;
    char text[1024];
    assert_ok(cg_arena_new(65536, &arena));
    assert_ok(cg_certificate_make(&host, 1, DESK_NOW_S, 86400, arena, &made));
    (void)snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(made.private_key_pem));
    desk_write(desk, "key", text);
}

/* `token proof` by the file "key" for a call of `url`, of the file "token". */
static int prove(struct desk *desk, const char *url, const char *more)
{
    char key[128];
    (void)snprintf(key, sizeof(key), "%s", desk_path(desk, "key"));
    return desk_run(desk, "token", "proof", "--dpop-key-file", key, "--url", url, token_path(desk),
                    more, NULL);
}

static void proof_wants_a_whole_url_and_a_private_key(void **state)
{
    struct desk *desk = *state;
    write_key(desk);
    desk_write(desk, "token", "a.b.c");
    assert_int_equal(prove(desk, "/fhir", NULL), CG_EXIT_USAGE);
    desk_write(desk, "key", "");
    assert_int_equal(prove(desk, "https://a/fhir", NULL), CG_EXIT_FAILED);
    assert_non_null(strstr(desk->talk, "holds no private key"));
}

static void proof_prints_the_headers_of_a_call(void **state)
{
    struct desk *desk = *state;
    write_key(desk);
    desk_write(desk, "token", "{\"access_token\":\"a.b.c\"}");
    assert_int_equal(prove(desk, "https://a/fhir", NULL), 0);
    assert_int_equal(strncmp(desk->out, "Authorization: DPoP a.b.c\nDPoP: eyJ", 35), 0);
    assert_int_equal(prove(desk, "https://a/fhir", "--json"), 0);
    assert_string_equal(desk_text(desk, "authorization"), "DPoP a.b.c");
}

static void explain_answers_for_client_and_token(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    assert_int_equal(
        desk_run(desk, "explain", "--client", desk->client, "--api", "documents", "--json", NULL),
        CG_EXIT_FAILED);
    assert_non_null(
        strstr(desk->out, "{\"rule\":\"the client has a valid secret\",\"held\":false"));
    desk_write_token(desk, "jti-1");
    assert_int_equal(
        desk_run(desk, "explain", "--token", token_path(desk), "--api", "documents", NULL), 0);
    assert_non_null(strstr(desk->out, "it would be let in"));
    withdraw(desk);
    assert_int_equal(
        desk_run(desk, "explain", "--token", token_path(desk), "--api", "documents", NULL),
        CG_EXIT_FAILED);
    assert_non_null(strstr(desk->out, "it would be refused: agreement_withdrawn"));
}

static void explain_wants_a_client_or_a_token(void **state)
{
    assert_int_equal(desk_run(*state, "explain", "--api", "documents", NULL), CG_EXIT_USAGE);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_clear)

static const struct CMUnitTest tests[] = {
    DESK_TEST(decode_lays_open_and_says_that_nothing_was_verified),
    DESK_TEST(decode_takes_the_token_out_of_a_response),
    DESK_TEST(decode_refuses_what_is_no_jwt),
    DESK_TEST(verify_names_each_check),
    DESK_TEST(verify_names_the_check_that_fails),
    DESK_TEST(revoke_is_audited_and_outlives_the_longest_life),
    DESK_TEST(revoke_of_a_token_at_hand_is_audited_with_its_client),
    DESK_TEST(revoke_takes_no_token_at_its_word),
    DESK_TEST(revoke_wants_a_token_or_its_id),
    DESK_TEST(revoke_refuses_a_whole_token_in_place_of_its_id),
    DESK_TEST(request_goes_to_https_or_this_machine_only),
    DESK_TEST(request_refuses_options_that_do_not_go_together),
    DESK_TEST(request_refuses_a_secret_that_others_may_read),
    DESK_TEST(request_reads_a_secret_from_systemd_or_the_kernel),
    DESK_TEST(proof_wants_a_whole_url_and_a_private_key),
    DESK_TEST(proof_prints_the_headers_of_a_call),
    DESK_TEST(explain_answers_for_client_and_token),
    DESK_TEST(explain_wants_a_client_or_a_token),
};
TEST_MAIN(tests)
