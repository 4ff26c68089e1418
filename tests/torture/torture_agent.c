/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/status.h"
#include "crypto/certificate.h"
#include "scripted_server.h"
#include "test.h"
#include "torture.h"

#include <caregate/client.h>

#define NOW_S INT64_C(1800000000)
#define EITHER (TORTURE_ACCEPT(CG_ERR_LIMIT) | TORTURE_ACCEPT(CG_ERR_CRYPTO))
/* {"exp":1800000200} */
#define JWT "eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjE4MDAwMDAyMDB9.AAAA"
#define BODY "{\"access_token\":\"" JWT "\",\"token_type\":\"DPoP\",\"expires_in\":300}"

struct subject {
    struct cg_client_config config;
    struct cg_client *client;
};

static enum cg_status make_and_prove(void *context)
{
    const struct subject *subject = context;
    const struct cg_client_call call = {.method = CG_SPAN("GET"),
                                        .url = CG_SPAN("https://api.example/a"),
                                        .token = CG_SPAN("t"),
                                        .now_s = NOW_S};
    struct cg_client *client = NULL;
    const char *trouble = NULL;
    uint8_t room[CG_CLIENT_PROOF_MAX];
    struct cg_span proof;
    CG_TRY(cg_client_new(&subject->config, &trouble, &client));
    enum cg_status status = cg_client_prove(client, &call, room, &proof);
    (void)cg_client_free(client);
    return status;
}

/* A shortage is nobody's lie. */
static enum cg_status ask(void *context)
{
    const struct subject *subject = context;
    struct cg_client_answer answer;
    enum cg_status status = cg_client_ask(subject->client, NOW_S, &answer);
    assert_true(answer.outcome == (status == CG_OK ? CG_CLIENT_GOT : CG_CLIENT_TROUBLED));
    return status;
}

TEST(client_survives_every_failing_allocation)
{
    static const struct scripted_answer answers[] = {{.status = 200, .body = BODY}};
    const struct cg_span host = CG_SPAN("localhost");
    struct cg_dev_certificate made;
    struct cg_arena *arena = NULL;
    const char *trouble = NULL;
    struct scripted_server *server = scripted_server_start(answers, 1);
    assert_ok(cg_arena_new((size_t)1 << 20, &arena));
    assert_ok(cg_certificate_make(&host, 1, NOW_S, 86400, arena, &made));
    struct subject subject = {
        .config = {.token_url = test_span(scripted_server_url(server)),
                   .client_id = CG_SPAN("c"),
                   .method = CG_CLIENT_PRIVATE_KEY_JWT,
                   .key = made.private_key_pem,
                   .makes_proof_key = true},
    };
    assert_ok(cg_client_new(&subject.config, &trouble, &subject.client));
    torture(&(struct torture_scenario){"make", make_and_prove, &subject, EITHER});
    torture(&(struct torture_scenario){"ask", ask, &subject, EITHER});
    assert_null(cg_client_free(subject.client));
    scripted_server_stop(server);
    (void)cg_arena_free(arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(client_survives_every_failing_allocation),
};

TEST_MAIN(tests)
