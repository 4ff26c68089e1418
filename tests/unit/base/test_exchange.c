/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/limits.h"
#include "base/span.h"
#include "test.h"

#include <caregate/exchange.h>

TEST(exchange_is_born_empty_with_an_arena)
{
    struct cg_exchange *exchange = NULL;
    assert_ok(cg_exchange_new(&exchange));
    assert_null(exchange->request.method.data);
    assert_int_equal(exchange->response.http_status, 0);
    assert_int_equal(exchange->response.reason, CG_REASON_NONE);
    assert_null(exchange->pending);
    void *memory = NULL;
    assert_ok(cg_arena_take(exchange->arena, CG_LIMIT_EXCHANGE_BYTES, &memory));
    assert_status(cg_arena_take(exchange->arena, 1, &memory), CG_ERR_LIMIT);
    assert_null(cg_exchange_free(exchange));
}

TEST(exchange_clear_empties_all_and_wipes_what_it_held)
{
    struct cg_exchange *exchange = NULL;
    assert_ok(cg_exchange_new(&exchange));
    struct cg_span secret = {NULL, 0};
    assert_ok(cg_arena_copy(exchange->arena, test_span("cgs_secret"), &secret));
    exchange->request.body = secret;
    exchange->response.http_status = 200;
    exchange->response.header_count = 2;
    exchange->response.body = secret;
    exchange->pending = exchange;
    cg_exchange_clear(exchange);
    assert_null(exchange->request.body.data);
    assert_int_equal(exchange->response.http_status, 0);
    assert_int_equal(exchange->response.header_count, 0);
    assert_null(exchange->response.body.data);
    assert_null(exchange->pending);
    void *memory = NULL;
    assert_ok(cg_arena_take(exchange->arena, 16, &memory));
    assert_ptr_equal(memory, secret.data);
    static const uint8_t zeros[16];
    assert_memory_equal(memory, zeros, sizeof(zeros));
    (void)cg_exchange_free(exchange);
}

TEST(exchange_free_accepts_null)
{
    assert_null(cg_exchange_free(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(exchange_is_born_empty_with_an_arena),
    cmocka_unit_test(exchange_clear_empties_all_and_wipes_what_it_held),
    cmocka_unit_test(exchange_free_accepts_null),
};
TEST_MAIN(tests)
