/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_record.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "registry/record_load.h"
#include "registry/record_pack.h"

/* One remembered client: this struct and behind it, in the same block, what the record points at.
 */
struct entry {
    uint64_t hash;
    struct entry *next_in_bucket;
    struct entry *newer;
    struct entry *older;
    size_t bytes;
    struct cg_client_record record;
    uint64_t memory[];
};

struct cg_client_cache {
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t places;
    size_t count;
    size_t bytes;
    struct entry *newest;
    struct entry *oldest;
    int64_t version;
    struct cg_arena *scratch;
    bool remembered;
};

enum cg_status cg_client_cache_new(size_t places, struct cg_client_cache **ret_cache)
{
    if (places < 2 || places > CG_LIMIT_CLIENT_CACHE) {
        return CG_ERR_INPUT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_client_cache), &memory));
    CG_CLEANUP(cg_client_cache_free_at) struct cg_client_cache *cache = memory;
    cache->places = places;
    cache->bucket_count = 1;
    while (cache->bucket_count < places) {
        cache->bucket_count *= 2;
    }
    CG_TRY(cg_arena_new(CG_LIMIT_REGISTRY_LOAD_BYTES, &cache->scratch));
    CG_TRY(cg_alloc(cache->bucket_count, sizeof(struct entry *), &memory));
    cache->buckets = memory;
    *ret_cache = CG_STEAL(cache);
    return CG_OK;
}

static struct entry **bucket_of(const struct cg_client_cache *cache, uint64_t hash)
{
    return &cache->buckets[hash & (cache->bucket_count - 1)];
}

static void unlink_age(struct cg_client_cache *cache, const struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void make_newest(struct cg_client_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void forget_oldest(struct cg_client_cache *cache)
{
    struct entry *entry = cache->oldest;
    struct entry **link = bucket_of(cache, entry->hash);
    while (*link != entry) {
        link = &(*link)->next_in_bucket;
    }
    *link = entry->next_in_bucket;
    unlink_age(cache, entry);
    cache->count--;
    cache->bytes -= entry->bytes;
    (void)cg_release(entry);
}

void cg_client_cache_forget(struct cg_client_cache *cache)
{
    while (cache->oldest != NULL) {
        forget_oldest(cache);
    }
}

struct cg_client_cache *cg_client_cache_free(struct cg_client_cache *cache)
{
    if (cache == NULL) {
        return NULL;
    }
    cg_client_cache_forget(cache);
    (void)cg_release(cache->buckets);
    (void)cg_arena_free(cache->scratch);
    return cg_release(cache);
}

/* FNV-1a. Ids in the cache are ones that we made, so nobody can choose them to collide. */
static uint64_t hash_more(uint64_t hash, struct cg_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t hash_of(const struct cg_client_query *query)
{
    uint64_t hash = hash_more(UINT64_C(0xcbf29ce484222325), query->realm);
    hash = hash_more(hash, CG_SPAN_OF("\0"));
    hash = hash_more(hash, query->id);
    return hash ^ (hash >> 32);
}

static struct entry *find_remembered(const struct cg_client_cache *cache,
                                     const struct cg_client_query *query, uint64_t hash)
{
    for (struct entry *at = *bucket_of(cache, hash); at != NULL; at = at->next_in_bucket) {
        if (at->hash == hash && cg_span_equal(at->record.client.id, query->id) &&
            cg_span_equal(at->record.client.realm, query->realm)) {
            return at;
        }
    }
    return NULL;
}

static enum cg_status remember(struct cg_client_cache *cache, const struct cg_client_record *record,
                               uint64_t hash, struct entry **ret_entry)
{
    struct cg_client_record counted;
    size_t bytes = sizeof(struct entry) + cg_record_pack(record, NULL, &counted);
    while (cache->oldest != NULL &&
           (cache->count == cache->places || cache->bytes + bytes > CG_LIMIT_CLIENT_CACHE_BYTES)) {
        forget_oldest(cache);
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, bytes, &memory));
    struct entry *entry = memory;
    entry->hash = hash;
    entry->bytes = bytes;
    (void)cg_record_pack(record, entry->memory, &entry->record);
    struct entry **bucket = bucket_of(cache, hash);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    make_newest(cache, entry);
    cache->count++;
    cache->bytes += bytes;
    *ret_entry = entry;
    return CG_OK;
}

static enum cg_status load(struct cg_client_cache *cache, struct cg_store *store,
                           const struct cg_client_query *query, uint64_t hash,
                           struct entry **ret_entry)
{
    struct cg_client_record record;
    cg_arena_clear(cache->scratch);
    CG_TRY(cg_record_load(store, query, cache->scratch, &record));
    return remember(cache, &record, hash, ret_entry);
}

enum cg_status cg_client_cache_find(struct cg_client_cache *cache, struct cg_store *store,
                                    const struct cg_client_query *query,
                                    const struct cg_client_record **ret_record)
{
    if (query->version != cache->version) {
        cg_client_cache_forget(cache);
        cache->version = query->version;
    }
    uint64_t hash = hash_of(query);
    struct entry *entry = find_remembered(cache, query, hash);
    cache->remembered = entry != NULL;
    if (entry == NULL) {
        CG_TRY(load(cache, store, query, hash, &entry));
    } else if (entry != cache->newest) {
        unlink_age(cache, entry);
        make_newest(cache, entry);
    }
    *ret_record = &entry->record;
    return CG_OK;
}

bool cg_client_cache_was_remembered(const struct cg_client_cache *cache)
{
    return cache->remembered;
}

bool cg_record_agreement_is_in_force(const struct cg_record_agreement *agreement, int64_t now_s)
{
    return agreement->from_s <= now_s && (agreement->until_s == 0 || now_s < agreement->until_s);
}
