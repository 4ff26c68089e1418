/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/introspector.h"

#include "base/span.h"
#include "desk.h"
#include "registry/api.h"

static struct cg_introspector of(const struct desk *desk, const char *api, struct cg_span client)
{
    return (struct cg_introspector){desk->realm, test_span(api), client};
}

static bool is_one(struct desk *desk, const struct cg_introspector *introspector)
{
    bool is = false;
    assert_ok(cg_introspector_is(desk->store, introspector, &is));
    return is;
}

static void introspector_is_of_one_api_until_it_is_removed(void **state)
{
    struct desk *desk = *state;
    struct cg_introspector documents = of(desk, "documents", desk->client);
    struct cg_introspector medicines = of(desk, "medicines", desk->client);
    struct cg_registry_version before = desk_version(desk);
    assert_false(is_one(desk, &documents));
    assert_ok(cg_introspector_add(desk->store, &documents, DESK_NOW_S, &desk->fault));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_true(is_one(desk, &documents));
    assert_false(is_one(desk, &medicines));
    before = desk_version(desk);
    assert_ok(cg_introspector_remove(desk->store, &documents, &desk->fault));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_false(is_one(desk, &documents));
    assert_refused(desk, "removed twice",
                   cg_introspector_remove(desk->store, &documents, &desk->fault), CG_ERR_NOT_FOUND);
}

static void introspectors_are_listed_in_order(void **state)
{
    struct desk *desk = *state;
    struct cg_span b = desk_add_client(desk, "Beta");
    struct cg_span a = desk_add_client(desk, "Alpha");
    struct cg_introspector second = of(desk, "documents", b);
    struct cg_introspector first = of(desk, "documents", a);
    struct cg_span clients = {NULL, 0};
    char want[2 * CG_LIMIT_CLIENT_ID_BYTES + 2];
    assert_ok(cg_introspector_add(desk->store, &second, DESK_NOW_S, NULL));
    assert_ok(cg_introspector_add(desk->store, &first, DESK_NOW_S, NULL));
    assert_ok(cg_introspector_clients(desk->store, desk->realm, CG_SPAN_OF("documents"),
                                      desk->arena, &clients));
    (void)snprintf(want, sizeof(want), "%.*s %.*s", CG_SPAN_ARGS(a), CG_SPAN_ARGS(b));
    assert_span_text(clients, want);
    assert_ok(cg_introspector_clients(desk->store, desk->realm, CG_SPAN_OF("medicines"),
                                      desk->arena, &clients));
    assert_int_equal(clients.len, 0);
}

static void introspector_must_be_a_client_in_service_of_an_api_in_service(void **state)
{
    struct desk *desk = *state;
    struct cg_introspector good = of(desk, "documents", desk->client);
    struct cg_introspector no_api = of(desk, "nothing", desk->client);
    struct cg_introspector nobody = of(desk, "documents", CG_SPAN_OF("nobody"));
    struct cg_introspector gone = of(desk, "documents", desk_add_client(desk, "Gone"));
    struct cg_introspector retired = of(desk, "medicines", desk->client);
    assert_ok(cg_client_retire(desk->store, desk->realm, gone.client, DESK_NOW_S, NULL));
    assert_ok(cg_api_retire(desk->store, desk->realm, retired.api, DESK_NOW_S, NULL));
    const struct {
        const char *label;
        const struct cg_introspector *introspector;
        enum cg_status status;
    } rows[] = {
        {"good", &good, CG_OK},
        {"twice", &good, CG_ERR_CONFLICT},
        {"no such API", &no_api, CG_ERR_NOT_FOUND},
        {"no such client", &nobody, CG_ERR_NOT_FOUND},
        {"client retired", &gone, CG_ERR_CONFLICT},
        {"API retired", &retired, CG_ERR_CONFLICT},
    };
    assert_ok(cg_introspector_add(desk->store, rows[0].introspector, DESK_NOW_S, NULL));
    for (size_t i = 1; i < TEST_COUNT(rows); i++) {
        assert_refused(
            desk, rows[i].label,
            cg_introspector_add(desk->store, rows[i].introspector, DESK_NOW_S, &desk->fault),
            rows[i].status);
    }
}

static void api_has_a_bounded_number_of_introspectors(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < CG_LIMIT_API_INTROSPECTORS; i++) {
        struct cg_introspector one = of(desk, "documents", desk_add_client(desk, "One"));
        assert_ok(cg_introspector_add(desk->store, &one, DESK_NOW_S, NULL));
    }
    struct cg_introspector more = of(desk, "documents", desk->client);
    assert_refused(desk, "one too many",
                   cg_introspector_add(desk->store, &more, DESK_NOW_S, &desk->fault), CG_ERR_LIMIT);
    struct cg_span clients = {NULL, 0};
    assert_ok(cg_introspector_clients(desk->store, desk->realm, more.api, desk->arena, &clients));
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

static const struct CMUnitTest tests[] = {
    DESK_TEST(introspector_is_of_one_api_until_it_is_removed),
    DESK_TEST(introspectors_are_listed_in_order),
    DESK_TEST(introspector_must_be_a_client_in_service_of_an_api_in_service),
    DESK_TEST(api_has_a_bounded_number_of_introspectors),
};
TEST_MAIN(tests)
