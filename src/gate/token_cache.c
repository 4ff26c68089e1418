/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/token_cache.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>

/* One token: a place in the chain of its bucket and in the order of use. Its texts follow it in
 * memory. */
struct place {
    uint8_t digest[CG_KEYED_HASH_BYTES];
    struct place *next; /* in the same bucket */
    struct place *newer;
    struct place *older;
    struct cg_cached_token entry;
};

struct cg_token_cache {
    struct place **buckets;
    size_t bucket_mask; /* their number less one; the number is a power of two */
    size_t places;
    size_t count;
    struct place *newest;
    struct place *oldest;
};

#define TOKEN_SPANS (10 + 4 * CG_LIMIT_TOKEN_APIS + CG_LIMIT_TOKEN_ACTORS + 3)

CG_DEFINE_CLEANUP(token_cache_free_at, struct cg_token_cache *, cg_token_cache_free)

enum cg_status cg_token_cache_new(uint32_t places, struct cg_token_cache **ret_cache)
{
    if (places == 0) {
        return CG_ERR_INPUT;
    }
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(struct cg_token_cache), &memory));
    CG_CLEANUP(token_cache_free_at) struct cg_token_cache *cache = memory;
    size_t bucket_count = 1;
    while (bucket_count < places) {
        bucket_count *= 2;
    }
    CG_TRY(cg_alloc(bucket_count, sizeof(struct place *), &memory));
    cache->buckets = memory;
    cache->bucket_mask = bucket_count - 1;
    cache->places = places;
    *ret_cache = CG_STEAL(cache);
    return CG_OK;
}

struct cg_token_cache *cg_token_cache_free(struct cg_token_cache *cache)
{
    if (cache == NULL) {
        return NULL;
    }
    if (cache->buckets != NULL) {
        cg_token_cache_flush(cache);
    }
    (void)cg_release(cache->buckets);
    return cg_release(cache);
}

/* A digest is spread evenly, and only proven tokens come in: its first bytes choose the bucket. */
static struct place **bucket_of(struct cg_token_cache *cache,
                                const uint8_t digest[static CG_KEYED_HASH_BYTES])
{
    size_t hash = (size_t)digest[0] | (size_t)digest[1] << 8 | (size_t)digest[2] << 16;
    return &cache->buckets[hash & cache->bucket_mask];
}

static void unlink_use(struct cg_token_cache *cache, struct place *place)
{
    *(place->newer != NULL ? &place->newer->older : &cache->newest) = place->older;
    *(place->older != NULL ? &place->older->newer : &cache->oldest) = place->newer;
}

static void link_newest(struct cg_token_cache *cache, struct place *place)
{
    place->newer = NULL;
    place->older = cache->newest;
    *(place->older != NULL ? &place->older->newer : &cache->oldest) = place;
    cache->newest = place;
}

static void drop(struct cg_token_cache *cache, struct place *place)
{
    struct place **link = bucket_of(cache, place->digest);
    while (*link != place) {
        link = &(*link)->next;
    }
    *link = place->next;
    unlink_use(cache, place);
    cache->count--;
    (void)cg_release(place);
}

void cg_token_cache_flush(struct cg_token_cache *cache)
{
    while (cache->oldest != NULL) {
        drop(cache, cache->oldest);
    }
}

static struct place *find_place(struct cg_token_cache *cache,
                                const uint8_t digest[static CG_KEYED_HASH_BYTES])
{
    struct cg_span wanted = cg_span_of_bytes(digest, CG_KEYED_HASH_BYTES);
    struct place *place = *bucket_of(cache, digest);
    while (place != NULL &&
           !cg_secret_equal(cg_span_of_bytes(place->digest, CG_KEYED_HASH_BYTES), wanted)) {
        place = place->next;
    }
    return place;
}

struct cg_cached_token *cg_token_cache_find(struct cg_token_cache *cache,
                                            const uint8_t digest[static CG_KEYED_HASH_BYTES])
{
    struct place *place = find_place(cache, digest);
    if (place == NULL) {
        return NULL;
    }
    if (place != cache->newest) {
        unlink_use(cache, place);
        link_newest(cache, place);
    }
    return &place->entry;
}

static size_t list_spans(struct cg_access_token *token, struct cg_span *ret_spans[TOKEN_SPANS])
{
    struct cg_span *const single[] = {
        &token->issuer, &token->subject,  &token->client_id,      &token->organisation,
        &token->scope,  &token->token_id, &token->key_thumbprint, &token->certificate_thumbprint,
        &token->idp,    &token->acr,
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        ret_spans[count++] = single[i];
    }
    for (size_t i = 0; i < token->api_count; i++) {
        ret_spans[count++] = &token->apis[i].audience;
        ret_spans[count++] = &token->apis[i].name;
        ret_spans[count++] = &token->apis[i].agreement;
        ret_spans[count++] = &token->apis[i].details;
    }
    for (size_t i = 0; i < token->behalf.actor_count; i++) {
        ret_spans[count++] = &token->behalf.actors[i];
    }
    if (token->behalf.client_id.len > 0) {
        ret_spans[count++] = &token->behalf.client_id;
        ret_spans[count++] = &token->behalf.token_id;
        ret_spans[count++] = &token->behalf.agreements;
    }
    return count;
}

/* Moves the texts that the spans show into `room`. */
static void pack(struct cg_span *const *spans, size_t count, uint8_t *room)
{
    for (size_t i = 0; i < count; i++) {
        if (spans[i]->len > 0) {
            memcpy(room, spans[i]->data, spans[i]->len);
        }
        spans[i]->data = room;
        room += spans[i]->len;
    }
}

static enum cg_status place_new(const struct cg_access_token *token, struct place **ret_place)
{
    struct cg_access_token copy = *token;
    struct cg_span *spans[TOKEN_SPANS];
    size_t count = list_spans(&copy, spans);
    size_t text_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        text_bytes += spans[i]->len;
    }
    size_t grants_bytes = cg_smart_grants_room(token->scope) * sizeof(struct cg_smart_grant);
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(struct place) + grants_bytes + text_bytes, &memory));
    struct place *place = memory;
    place->entry.smart = (struct cg_smart_grant *)(place + 1);
    pack(spans, count, (uint8_t *)memory + sizeof(*place) + grants_bytes);
    place->entry.token = copy;
    *ret_place = place;
    return CG_OK;
}

enum cg_status cg_token_cache_insert(struct cg_token_cache *cache,
                                     const uint8_t digest[static CG_KEYED_HASH_BYTES],
                                     const struct cg_access_token *token,
                                     struct cg_cached_token **ret_entry)
{
    struct place *place;
    CG_TRY(place_new(token, &place));
    struct place *leaves = find_place(cache, digest);
    if (leaves == NULL && cache->count == cache->places) {
        leaves = cache->oldest;
    }
    if (leaves != NULL) {
        drop(cache, leaves);
    }
    memcpy(place->digest, digest, CG_KEYED_HASH_BYTES);
    struct place **bucket = bucket_of(cache, digest);
    place->next = *bucket;
    *bucket = place;
    link_newest(cache, place);
    cache->count++;
    *ret_entry = &place->entry;
    return CG_OK;
}

size_t cg_token_cache_count(const struct cg_token_cache *cache)
{
    return cache->count;
}
