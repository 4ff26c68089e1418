/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of profiles in shared memory: one asks, all workers use what comes, and a reload keeps
 * what it can. Places are told apart by their client's tag. Two generations of a configuration find
 * room beside each other, so that what a new one takes over is of workers that are long gone, or
 * that notice by the tag.
 *
 * The zone's mutex guards all of it; nginx's master frees it when its holder dies.
 */
#include "ngx_http_caregate_module.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>

#define PLACES ((size_t)CAREGATE_PROFILES_MAX * 2)
/* Beside the places, what nginx's allocator needs. */
#define ZONE_BYTES (PLACES * sizeof(struct caregate_token_place) + 65536)
/* What asking may take beyond two requests. */
#define CLAIM_MORE_S 2

struct caregate_token_place {
    u_char tag[CG_CLIENT_TAG_BYTES];
    uint64_t generation; /* of the last configuration that has it; 0: none ever had */
    ngx_atomic_t turn;
    ngx_pid_t asker; /* who has the claim */
    ngx_atomic_t counts[CAREGATE_TOKENS_COUNTS];
    struct cg_kept_token record;
};

struct zone {
    uint64_t generation;
    struct caregate_token_place places[];
};

static ngx_shmtx_t *mutex_of(const struct caregate_agent *agent)
{
    return &((ngx_slab_pool_t *)(void *)agent->zone->shm.addr)->mutex;
}

static ngx_shmtx_t *lock(const struct caregate_keeper *keeper)
{
    ngx_shmtx_t *mutex = mutex_of(keeper->worker->conf->agent);
    ngx_shmtx_lock(mutex);
    return mutex;
}

static struct caregate_token_place *find_place(struct zone *zone, const u_char *tag)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (zone->places[i].generation != 0 &&
            ngx_memcmp(zone->places[i].tag, tag, CG_CLIENT_TAG_BYTES) == 0) {
            return &zone->places[i];
        }
    }
    return NULL;
}

/* The one that was out of use for the longest. */
static struct caregate_token_place *take_place(struct zone *zone, const u_char *tag)
{
    struct caregate_token_place *oldest = &zone->places[0];
    for (size_t i = 1; i < PLACES; i++) {
        if (zone->places[i].generation < oldest->generation) {
            oldest = &zone->places[i];
        }
    }
    explicit_bzero(&oldest->record, sizeof(oldest->record));
    for (size_t i = 0; i < CAREGATE_TOKENS_COUNTS; i++) {
        oldest->counts[i] = 0;
    }
    ngx_memcpy(oldest->tag, tag, CG_CLIENT_TAG_BYTES);
    (void)ngx_atomic_fetch_add(&oldest->turn, 1);
    return oldest;
}

/* First the places that are known, lest one of them is taken for another profile. */
static void give_places(struct zone *zone, const struct caregate_agent *agent)
{
    struct caregate_profile *const *profiles = agent->profiles.elts;
    zone->generation++;
    for (ngx_uint_t i = 0; i < agent->profiles.nelts; i++) {
        profiles[i]->tokens = find_place(zone, profiles[i]->tag);
        if (profiles[i]->tokens != NULL) {
            profiles[i]->tokens->generation = zone->generation;
        }
    }
    for (ngx_uint_t i = 0; i < agent->profiles.nelts; i++) {
        if (profiles[i]->tokens == NULL) {
            struct caregate_token_place *same = find_place(zone, profiles[i]->tag);
            profiles[i]->tokens = same != NULL ? same : take_place(zone, profiles[i]->tag);
            profiles[i]->tokens->generation = zone->generation;
        }
    }
}

static ngx_int_t init_zone(ngx_shm_zone_t *shm_zone, void *old)
{
    ngx_slab_pool_t *slab = (ngx_slab_pool_t *)(void *)shm_zone->shm.addr;
    const struct caregate_agent *agent = shm_zone->data;
    struct zone *zone = old;
    if (zone == NULL) {
        size_t size = sizeof(*zone) + PLACES * sizeof(zone->places[0]);
        zone = shm_zone->shm.exists ? slab->data : ngx_slab_calloc(slab, size);
    }
    if (zone == NULL) {
        return NGX_ERROR;
    }
    (void)madvise(shm_zone->shm.addr, shm_zone->shm.size, MADV_DONTDUMP);
    /* Where that is not allowed, it can be swapped; the master holds the lock for all. */
    (void)mlock(shm_zone->shm.addr, shm_zone->shm.size);
    slab->data = zone;
    shm_zone->data = zone;
    ngx_shmtx_lock(mutex_of(agent));
    give_places(zone, agent);
    ngx_shmtx_unlock(mutex_of(agent));
    return NGX_OK;
}

ngx_int_t caregate_tokens_add(ngx_conf_t *cf, struct caregate_agent *agent)
{
    ngx_str_t name = ngx_string("caregate_tokens");
    agent->zone = ngx_shared_memory_add(cf, &name, ZONE_BYTES, &ngx_http_caregate_module);
    if (agent->zone == NULL) {
        return NGX_ERROR;
    }
    agent->zone->init = init_zone;
    agent->zone->data = agent;
    return NGX_OK;
}

ngx_atomic_uint_t caregate_tokens_turn(const struct caregate_profile *profile)
{
    return profile->tokens->turn;
}

/* Whether the place is this keeper's still. */
static ngx_uint_t is_ours(const struct caregate_keeper *keeper)
{
    return ngx_memcmp(keeper->profile->tokens->tag, keeper->profile->tag, CG_CLIENT_TAG_BYTES) == 0;
}

static void copy_token(struct caregate_keeper *keeper, const struct caregate_token_place *place)
{
    const struct cg_kept_token *record = &place->record;
    if (keeper->turn == place->turn && keeper->value_len > 0) {
        return;
    }
    u_char *end =
        ngx_cpymem(keeper->value, record->type == CG_CLIENT_TOKEN_DPOP ? "DPoP " : "Bearer ",
                   record->type == CG_CLIENT_TOKEN_DPOP ? 5 : 7);
    end = ngx_cpymem(end, record->token, record->token_len);
    keeper->value_len = (size_t)(end - keeper->value);
    keeper->turn = place->turn;
    keeper->is_used = 0;
}

static void drop_token(struct caregate_keeper *keeper)
{
    explicit_bzero(keeper->value, keeper->value_len);
    keeper->value_len = 0;
}

static uint32_t draw(void)
{
    uint32_t number = 0;
    (void)!getrandom(&number, sizeof(number), 0);
    return number;
}

enum cg_kept_advice caregate_tokens_look(struct caregate_keeper *keeper)
{
    struct caregate_token_place *place = keeper->profile->tokens;
    int64_t claim_s = (int64_t)(keeper->profile->timeout_ms * 2 / 1000) + CLAIM_MORE_S;
    ngx_shmtx_t *mutex = lock(keeper);
    enum cg_kept_advice advice =
        is_ours(keeper) ? cg_kept_token_look(&place->record, cg_kept_token_now_s(), claim_s)
                        : CG_KEPT_REFUSE;
    if (advice == CG_KEPT_USE || advice == CG_KEPT_USE_AND_ASK) {
        copy_token(keeper, place);
        keeper->renew_s = place->record.renew_s;
    } else {
        drop_token(keeper);
    }
    if (advice == CG_KEPT_ASK || advice == CG_KEPT_USE_AND_ASK) {
        keeper->claim = place->record.claim;
        place->asker = ngx_pid;
    }
    keeper->failure = place->record.failure;
    keeper->retry_s = place->record.retry_s;
    ngx_shmtx_unlock(mutex);
    return advice;
}

void caregate_tokens_bring(struct caregate_keeper *keeper, const struct cg_client_answer *answer)
{
    struct caregate_token_place *place = keeper->profile->tokens;
    const struct cg_kept_news news = {
        .token = {.data = (const uint8_t *)answer->token, .len = answer->token_len},
        .type = answer->type,
        .life_s = answer->life_s,
        .asked_s = keeper->asked_s,
        .random = draw(),
    };
    const struct cg_kept_failure failure = {
        .outcome = answer->outcome,
        .retry_after_s = answer->retry_after_s,
        .now_s = cg_kept_token_now_s(),
        .random = news.random,
    };
    ngx_shmtx_t *mutex = lock(keeper);
    if (is_ours(keeper)) {
        place->asker = 0;
        if (answer->outcome == CG_CLIENT_GOT) {
            place->counts[CAREGATE_TOKENS_GOT]++;
            (void)!cg_kept_token_take(&place->record, keeper->claim, &news);
        } else {
            place->counts[CAREGATE_TOKENS_FAILED]++;
            cg_kept_token_fail(&place->record, keeper->claim, &failure);
        }
        (void)ngx_atomic_fetch_add(&place->turn, 1);
    }
    ngx_shmtx_unlock(mutex);
}

void caregate_tokens_give_back(struct caregate_keeper *keeper)
{
    struct caregate_token_place *place = keeper->profile->tokens;
    ngx_shmtx_t *mutex = lock(keeper);
    if (is_ours(keeper)) {
        cg_kept_token_give_back(&place->record, keeper->claim);
        (void)ngx_atomic_fetch_add(&place->turn, 1);
    }
    ngx_shmtx_unlock(mutex);
}

ngx_uint_t caregate_tokens_reject(struct caregate_keeper *keeper, ngx_str_t token)
{
    struct caregate_token_place *place = keeper->profile->tokens;
    ngx_shmtx_t *mutex = lock(keeper);
    ngx_uint_t is_worth =
        is_ours(keeper) &&
        cg_kept_token_reject(&place->record, caregate_span(token), cg_kept_token_now_s());
    if (is_worth) {
        place->counts[CAREGATE_TOKENS_REJECTED]++;
        (void)ngx_atomic_fetch_add(&place->turn, 1);
    }
    ngx_shmtx_unlock(mutex);
    return is_worth;
}

ngx_atomic_uint_t caregate_tokens_count(const struct caregate_profile *profile,
                                        enum caregate_tokens_count what)
{
    return profile->tokens->counts[what];
}

void caregate_tokens_sweep(const struct caregate_agent *agent)
{
    struct zone *zone = agent->zone->data;
    ngx_shmtx_t *mutex = mutex_of(agent);
    ngx_shmtx_lock(mutex);
    for (size_t i = 0; i < PLACES; i++) {
        struct caregate_token_place *place = &zone->places[i];
        if (place->asker != 0 && kill(place->asker, 0) != 0 && ngx_errno == ESRCH) {
            place->asker = 0;
            cg_kept_token_give_back(&place->record, place->record.claim);
            (void)ngx_atomic_fetch_add(&place->turn, 1);
        }
    }
    ngx_shmtx_unlock(mutex);
}
