/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "base/span.h"
#include "registry/api.h"
#include "registry/organisation.h"

#include <stdio.h>

#define ARENA_BYTES ((size_t)64 << 20)

struct desk *desk_new(const char *uri)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    desk->random = cg_random_system();
    desk->realm = test_span(DESK_REALM);
    assert_ok(cg_arena_new(ARENA_BYTES, &desk->arena));
    assert_ok(cg_store_open(test_span(uri), CG_STORE_REGISTRY, CG_STORE_CREATE, &desk->store));
    assert_ok(cg_store_begin(desk->store));
    return desk;
}

void desk_free(struct desk *desk)
{
    (void)cg_store_free(desk->store);
    (void)cg_arena_free(desk->arena);
    free(desk);
}

void desk_commit(struct desk *desk)
{
    assert_ok(cg_store_commit(desk->store));
    assert_ok(cg_store_begin(desk->store));
}

void desk_furnish(struct desk *desk)
{
    desk_add_realm(desk, DESK_REALM, DESK_LIFE_S);
    desk_add_organisation(desk, "RYG");
    desk_add_api(desk, "documents", "documents.read documents.write documents.delete", 1);
    desk_add_api(desk, "medicines", "medicines.read medicines.write", 2);
    desk->client = desk_add_client(desk, "Ward system");
}

int desk_open_bare(void **state)
{
    struct desk *desk = desk_new("sqlite::memory:");
    desk_add_realm(desk, DESK_REALM, DESK_LIFE_S);
    *state = desk;
    return 0;
}

int desk_open(void **state)
{
    struct desk *desk = desk_new("sqlite::memory:");
    desk_furnish(desk);
    *state = desk;
    return 0;
}

int desk_close(void **state)
{
    desk_free(*state);
    return 0;
}

void desk_add_realm(struct desk *desk, const char *path, int64_t life_s)
{
    struct cg_realm realm;
    assert_ok(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = test_span(path);
    realm.token_life_s = life_s;
    realm.created_s = DESK_NOW_S;
    assert_ok(cg_realm_add(desk->store, &realm, NULL));
}

void desk_add_organisation(struct desk *desk, const char *ods)
{
    struct cg_organisation organisation = {.realm = desk->realm,
                                           .ods = test_span(ods),
                                           .name = CG_SPAN("University Hospitals"),
                                           .created_s = DESK_NOW_S};
    assert_ok(cg_organisation_add(desk->store, &organisation, NULL));
}

void desk_add_api(struct desk *desk, const char *name, const char *scope, int64_t approvals)
{
    char audience[96];
    (void)snprintf(audience, sizeof(audience), "https://api.example/%s", name);
    struct cg_api api = {.realm = desk->realm,
                         .name = test_span(name),
                         .audience = test_span(audience),
                         .scope = test_span(scope),
                         .approvals_wanted = approvals,
                         .created_s = DESK_NOW_S};
    assert_ok(cg_api_add(desk->store, &api, NULL));
}

struct cg_span desk_add_client(struct desk *desk, const char *name)
{
    struct cg_client client = {.realm = desk->realm,
                               .organisation = CG_SPAN("RYG"),
                               .name = test_span(name),
                               .grants = CG_SPAN("client_credentials"),
                               .created_s = DESK_NOW_S};
    struct cg_span id;
    assert_ok(cg_client_add(desk->store, &client, &desk->random, desk->arena, NULL, &id));
    return id;
}

struct cg_span desk_agree(struct desk *desk, const char *api, const char *scope)
{
    return desk_agree_narrowed(desk, api, scope, "", "");
}

struct cg_span desk_agree_narrowed(struct desk *desk, const char *api, const char *scope,
                                   const char *types, const char *organisations)
{
    struct cg_agreement agreement = {.realm = desk->realm,
                                     .client = desk->client,
                                     .api = test_span(api),
                                     .scope = test_span(scope),
                                     .document_types = test_span(types),
                                     .organisations = test_span(organisations),
                                     .purpose = CG_SPAN("direct_care"),
                                     .requested_s = DESK_NOW_S};
    struct cg_span id;
    assert_ok(cg_agreement_request(desk->store, &agreement, &desk->random, desk->arena, NULL, &id));
    static const char *const people[] = {"Dr Ada Example", "Ben Example", "Cy Example"};
    enum cg_agreement_state state = CG_AGREEMENT_REQUESTED;
    for (size_t i = 0; i < TEST_COUNT(people) && state == CG_AGREEMENT_REQUESTED; i++) {
        struct cg_decision decision = {.who = test_span(people[i]), .at_s = DESK_NOW_S};
        assert_ok(cg_agreement_approve(desk->store, desk->realm, id, &decision, NULL, &state));
    }
    assert_int_equal(state, CG_AGREEMENT_APPROVED);
    return id;
}

struct cg_span desk_add_secret(struct desk *desk, int64_t now_s, int64_t expires_s)
{
    struct cg_secret_order order = {.realm = desk->realm,
                                    .client = desk->client,
                                    .now_s = now_s,
                                    .expires_s = expires_s,
                                    .random = &desk->random};
    struct cg_secret secret;
    struct cg_span id;
    assert_ok(cg_secret_issue(desk->store, &order, desk->arena, NULL, &secret, &id));
    cg_secret_release(&secret);
    return id;
}

struct cg_registry_version desk_version(struct desk *desk)
{
    struct cg_registry_version version;
    assert_ok(cg_registry_version_read(desk->store, &version));
    return version;
}

enum cg_status desk_count(void *context, const void *row)
{
    assert_non_null(row);
    size_t *count = context;
    (*count)++;
    return CG_OK;
}

struct place {
    const char *file;
    int line;
};

static void check_risen(const struct place *place, const char *what, bool wanted, int64_t before,
                        int64_t after)
{
    if ((after > before) != wanted) {
        print_error("%s:%d: the number of %s went from %ld to %ld\n", place->file, place->line,
                    what, (long)before, (long)after);
        _fail(place->file, place->line);
    }
}

void desk_touched_at(struct desk *desk, struct cg_registry_version before, unsigned touched,
                     const char *file, int line)
{
    struct place place = {file, line};
    struct cg_registry_version after = desk_version(desk);
    const unsigned denylist = CG_TOUCH_DENYLIST | CG_TOUCH_DENYLIST_ALONE;
    check_risen(&place, "the registry", touched != CG_TOUCH_DENYLIST_ALONE, before.registry,
                after.registry);
    check_risen(&place, "the keys", (touched & CG_TOUCH_KEYS) != 0, before.keys, after.keys);
    check_risen(&place, "the denylist", (touched & denylist) != 0, before.denylist, after.denylist);
}
