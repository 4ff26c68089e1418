/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "crypto/digest.h"
#include "gate/token_cache.h"
#include "sample.h"

struct digest {
    uint8_t bytes[CG_KEYED_HASH_BYTES];
};

static struct digest digest_of(unsigned number)
{
    uint8_t sha256[CG_SHA256_BYTES];
    struct digest digest;
    assert_ok(cg_sha256(cg_span_of_bytes(&number, sizeof(number)), sha256));
    memcpy(digest.bytes, sha256, sizeof(digest.bytes));
    return digest;
}

static struct cg_token_cache *new_cache(uint32_t places)
{
    struct cg_token_cache *cache = NULL;
    assert_ok(cg_token_cache_new(places, &cache));
    return cache;
}

static void insert(struct cg_token_cache *cache, unsigned number)
{
    struct cg_access_token token = sample_claims();
    token.epoch = number;
    struct digest digest = digest_of(number);
    struct cg_cached_token *entry = NULL;
    assert_ok(cg_token_cache_insert(cache, digest.bytes, &token, &entry));
    assert_int_equal(entry->token.epoch, number);
    assert_int_equal(entry->standing.snapshot, 0);
}

static struct cg_cached_token *find(struct cg_token_cache *cache, unsigned number)
{
    struct digest digest = digest_of(number);
    return cg_token_cache_find(cache, digest.bytes);
}

TEST(token_cache_keeps_its_own_copy_of_all_claims)
{
    struct cg_token_cache *cache = new_cache(16);
    char text[] = "agr-1";
    char level[] = "P9";
    char name[] = "login";
    struct cg_access_token token = sample_claims();
    token.acr = test_span(level);
    token.idp = test_span(name);
    token.api_count = CG_LIMIT_TOKEN_APIS;
    for (unsigned i = 0; i < CG_LIMIT_TOKEN_APIS; i++) {
        token.apis[i] = (struct cg_token_api){
            .audience = test_span("u"),
            .name = test_span("n"),
            .agreement = test_span(text),
            .details = test_span("{}"),
        };
    }
    token.scope = (struct cg_span){NULL, 0};
    token.behalf = (struct cg_token_behalf)SAMPLE_BEHALF;
    token.behalf.actor_count = CG_LIMIT_TOKEN_ACTORS;
    for (size_t i = 0; i < CG_LIMIT_TOKEN_ACTORS; i++) {
        token.behalf.actors[i] = test_span(text);
    }
    token.behalf.agreements = test_span(text);
    struct digest digest = digest_of(1);
    struct cg_cached_token *entry = NULL;
    assert_ok(cg_token_cache_insert(cache, digest.bytes, &token, &entry));
    memset(text, 'x', sizeof(text) - 1);
    memset(level, 'x', sizeof(level) - 1);
    memset(name, 'x', sizeof(name) - 1);
    entry = find(cache, 1);
    assert_non_null(entry);
    assert_span_text(entry->token.issuer, SAMPLE_ISSUER);
    assert_span_text(entry->token.subject, "ward-9");
    assert_span_text(entry->token.client_id, "ward-9");
    assert_span_text(entry->token.organisation, "RX1");
    assert_span_text(entry->token.scope, "");
    assert_span_text(entry->token.token_id, "jti-1");
    assert_span_text(entry->token.acr, "P9");
    assert_span_text(entry->token.idp, "login");
    assert_span_text(entry->token.apis[31].agreement, "agr-1");
    assert_span_text(entry->token.apis[31].audience, "u");
    assert_span_text(entry->token.apis[31].name, "n");
    assert_span_text(entry->token.apis[31].details, "{}");
    assert_span_text(entry->token.behalf.actors[CG_LIMIT_TOKEN_ACTORS - 1], "agr-1");
    assert_span_text(entry->token.behalf.agreements, "agr-1");
    assert_span_text(entry->token.behalf.client_id, "ward-3");
    assert_span_text(entry->token.behalf.token_id, "jti-3");
    (void)cg_token_cache_free(cache);
}

TEST(token_cache_needs_a_place)
{
    struct cg_token_cache *cache = NULL;
    assert_status(cg_token_cache_new(0, &cache), CG_ERR_INPUT);
    assert_null(cache);
    assert_ok(cg_token_cache_new(1, &cache));
    insert(cache, 1);
    insert(cache, 2);
    assert_null(find(cache, 1));
    assert_non_null(find(cache, 2));
    (void)cg_token_cache_free(cache);
}

TEST(token_cache_finds_by_the_whole_digest)
{
    struct cg_token_cache *cache = new_cache(16);
    insert(cache, 1);
    for (size_t i = 0; i < CG_KEYED_HASH_BYTES; i++) {
        struct digest digest = digest_of(1);
        digest.bytes[i] ^= 1;
        assert_null(cg_token_cache_find(cache, digest.bytes));
    }
    assert_non_null(find(cache, 1));
    (void)cg_token_cache_free(cache);
}

TEST(token_cache_drops_the_least_recently_used)
{
    struct cg_token_cache *cache = new_cache(3);
    insert(cache, 1);
    insert(cache, 2);
    insert(cache, 3);
    assert_non_null(find(cache, 1));
    insert(cache, 4);
    assert_int_equal(cg_token_cache_count(cache), 3);
    assert_null(find(cache, 2));
    assert_non_null(find(cache, 3));
    assert_non_null(find(cache, 1));
    assert_non_null(find(cache, 4));
    insert(cache, 5);
    assert_null(find(cache, 3));
    assert_non_null(find(cache, 1));
    (void)cg_token_cache_free(cache);
}

TEST(token_cache_holds_no_token_twice)
{
    struct cg_token_cache *cache = new_cache(16);
    insert(cache, 1);
    find(cache, 1)->standing.denied = CG_REASON_TOKEN_REVOKED;
    insert(cache, 1);
    assert_int_equal(cg_token_cache_count(cache), 1);
    assert_int_equal(find(cache, 1)->standing.denied, CG_REASON_NONE);
    (void)cg_token_cache_free(cache);
}

TEST(token_cache_flush_forgets_all_and_leaves_it_usable)
{
    struct cg_token_cache *cache = new_cache(16);
    for (unsigned i = 0; i < 10; i++) {
        insert(cache, i);
    }
    cg_token_cache_flush(cache);
    assert_int_equal(cg_token_cache_count(cache), 0);
    assert_null(find(cache, 3));
    insert(cache, 3);
    assert_non_null(find(cache, 3));
    assert_null(cg_token_cache_free(cache));
    assert_null(cg_token_cache_free(NULL));
}

/* A model of the order of use judges the cache over many steps. */
TEST(token_cache_agrees_with_a_plain_list)
{
    enum { PLACES = 20, NAMES = 60, STEPS = 5000 };
    struct cg_token_cache *cache = new_cache(PLACES);
    unsigned used_at[NAMES] = {0};
    unsigned random = 12345;
    for (unsigned step = 1; step <= STEPS; step++) {
        random = random * 1103515245 + 12345;
        unsigned name = random >> 16 & 0x3f;
        if (name >= NAMES) {
            continue;
        }
        unsigned newer = 0;
        for (unsigned i = 0; i < NAMES; i++) {
            newer += used_at[i] > used_at[name];
        }
        bool held = used_at[name] > 0 && newer < PLACES;
        assert_int_equal(find(cache, name) != NULL, held);
        if (!held) {
            insert(cache, name);
        }
        used_at[name] = step;
    }
    assert_int_equal(cg_token_cache_count(cache), PLACES);
    (void)cg_token_cache_free(cache);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(token_cache_keeps_its_own_copy_of_all_claims),
    cmocka_unit_test(token_cache_needs_a_place),
    cmocka_unit_test(token_cache_finds_by_the_whole_digest),
    cmocka_unit_test(token_cache_drops_the_least_recently_used),
    cmocka_unit_test(token_cache_holds_no_token_twice),
    cmocka_unit_test(token_cache_flush_forgets_all_and_leaves_it_usable),
    cmocka_unit_test(token_cache_agrees_with_a_plain_list),
};
TEST_MAIN(tests)
