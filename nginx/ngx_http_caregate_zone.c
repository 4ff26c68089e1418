/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What workers share, and what outlives them: the last good snapshot as text, proofs that were
 * used, the counters, and what the throttle has counted.
 *
 * There are two places for the text. A new one is written to the place that is not in use, and only
 * then is it made the one in use, so that a worker that dies in between leaves the last one whole.
 * The zone's mutex keeps writers apart; nginx's master frees it when its holder dies.
 */
#include "ngx_http_caregate_module.h"

#include <sys/random.h>

#define ZONE_TEXT_MAX ((size_t)4194304) /* the largest snapshot that the library makes */
#define ZONE_TEXT_MIN ((size_t)16384)
#define ZONE_THROTTLE_MAX ((size_t)1048576) /* 100,000 counters */
#define ZONE_THROTTLE_PARTS 8               /* of a smaller zone the throttle gets one such part */
#define ZONE_PROOFS_PART 4                  /* a fourth of the zone is for proofs that were used */

struct zone_worker {
    ngx_atomic_t pid;
    ngx_atomic_t snapshot_version;
    ngx_atomic_t snapshot_current_s;
    ngx_atomic_t queue_length;
};

struct zone_text {
    u_char *data;
    size_t len;
};

struct zone {
    struct zone_text texts[2];
    ngx_uint_t in_use; /* index into texts */
    ngx_atomic_t current_s;
    size_t capacity; /* of one text */
    struct cg_gate_shared *shared;
    ngx_atomic_t issued;
    ngx_atomic_t issuer[CG_REASON_COUNT];
    ngx_atomic_t gate[CG_REASON_COUNT];
    ngx_atomic_t kept_failures;
    struct cg_bundle_place place; /* of the text, when it is a bundle's; under the mutex */
    ngx_atomic_t sequence;        /* the same, for metrics */
    ngx_atomic_t turn;
    ngx_atomic_t ask_failures;
    ngx_atomic_t bundles_refused;
    ngx_atomic_t refusals_lost;
    struct cg_throttle *throttle;
    ngx_atomic_t turns[CAREGATE_TURN_COUNT]; /* when each was last taken */
    ngx_atomic_t has_secret_ends;
    ngx_atomic_t next_end_s;
    ngx_atomic_t ending_count;
    struct zone_worker workers[CAREGATE_WORKERS_MAX];
};

static struct zone *zone_of(const struct caregate_worker *worker)
{
    return worker->conf->zone->data;
}

static ngx_slab_pool_t *slab_of(const struct caregate_worker *worker)
{
    return (ngx_slab_pool_t *)(void *)worker->conf->zone->shm.addr;
}

/* The slab gives whole pages for more than half of one, so that it is aligned. */
static ngx_int_t make_throttle(ngx_shm_zone_t *shm_zone, ngx_slab_pool_t *slab, struct zone *zone)
{
    uint8_t key[CG_THROTTLE_KEY_BYTES];
    size_t size = ngx_min(shm_zone->shm.size / ZONE_THROTTLE_PARTS, ZONE_THROTTLE_MAX);
    void *memory = ngx_slab_calloc(slab, size);
    if (memory == NULL) {
        return NGX_ERROR;
    }
    if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key) ||
        cg_throttle_place(memory, size, key, ngx_time(), &zone->throttle) != CG_OK) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, ngx_errno,
                      "caregate: no table of counters can be made");
        return NGX_ERROR;
    }
    ngx_explicit_memzero(key, sizeof(key));
    return NGX_OK;
}

/* Two equal places, as large as the zone allows. */
static ngx_int_t make_texts(ngx_slab_pool_t *slab, struct zone *zone)
{
    for (size_t size = ZONE_TEXT_MAX; size >= ZONE_TEXT_MIN; size -= size / 16) {
        u_char *first = ngx_slab_alloc(slab, size);
        u_char *second = first == NULL ? NULL : ngx_slab_alloc(slab, size);
        if (second != NULL) {
            zone->texts[0].data = first;
            zone->texts[1].data = second;
            zone->capacity = size;
            return NGX_OK;
        }
        if (first != NULL) {
            ngx_slab_free(slab, first);
        }
    }
    return NGX_ERROR;
}

/* Used proofs, and the keys of nonces, which are new at each start. Memory that is fresh from the
 * kernel is zero, and stays untouched until it is needed. */
static ngx_int_t make_shared(ngx_slab_pool_t *slab, struct zone *zone, size_t zone_size)
{
    size_t size = zone_size / ZONE_PROOFS_PART;
    void *memory = ngx_slab_alloc(slab, size);
    return memory != NULL && cg_gate_shared_init(memory, size, &zone->shared) == CG_OK ? NGX_OK
                                                                                       : NGX_ERROR;
}

static ngx_int_t init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t *slab = (ngx_slab_pool_t *)(void *)shm_zone->shm.addr;
    if (data != NULL) {
        /* A reload: all of it stays. */
        shm_zone->data = data;
        return NGX_OK;
    }
    if (shm_zone->shm.exists) {
        shm_zone->data = slab->data;
        return NGX_OK;
    }
    slab->log_nomem = 0;
    struct zone *zone = ngx_slab_calloc(slab, sizeof(*zone));
    if (zone == NULL || make_throttle(shm_zone, slab, zone) != NGX_OK ||
        make_shared(slab, zone, shm_zone->shm.size) != NGX_OK || make_texts(slab, zone) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "caregate_zone is too small, it wants 256k at least");
        return NGX_ERROR;
    }
    slab->data = zone;
    shm_zone->data = zone;
    return NGX_OK;
}

ngx_int_t caregate_zone_add(ngx_conf_t *cf, struct caregate_main_conf *conf, size_t size)
{
    ngx_str_t name = ngx_string("caregate");
    conf->zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_caregate_module);
    if (conf->zone == NULL) {
        return NGX_ERROR;
    }
    conf->zone->init = init_zone;
    return NGX_OK;
}

struct cg_gate_shared *caregate_zone_shared(const struct caregate_worker *worker)
{
    return zone_of(worker)->shared;
}

static void write_text(struct zone *zone, struct cg_span text)
{
    ngx_uint_t other = 1 - zone->in_use;
    ngx_memcpy(zone->texts[other].data, text.data, text.len);
    zone->texts[other].len = text.len;
    ngx_memory_barrier();
    zone->in_use = other;
}

static void raise_to(ngx_atomic_t *value, int64_t to)
{
    ngx_atomic_uint_t seen = *value;
    while (seen < (ngx_atomic_uint_t)to &&
           !ngx_atomic_cmp_set(value, seen, (ngx_atomic_uint_t)to)) {
        seen = *value;
    }
}

static ngx_uint_t has_room(const struct caregate_worker *worker, struct cg_span text)
{
    struct zone *zone = zone_of(worker);
    if (text.len <= zone->capacity) {
        return 1;
    }
    (void)ngx_atomic_fetch_add(&zone->kept_failures, 1);
    ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                  "caregate: a snapshot of %uz bytes finds no room in caregate_zone, which keeps "
                  "up to %uz; a worker that starts while the store is away will have none",
                  text.len, zone->capacity);
    return 0;
}

void caregate_zone_keep(struct caregate_worker *worker, struct cg_span text, int64_t current_s)
{
    struct zone *zone = zone_of(worker);
    ngx_slab_pool_t *slab = slab_of(worker);
    if (!has_room(worker, text)) {
        return;
    }
    ngx_shmtx_lock(&slab->mutex);
    /* Another worker may have asked the store later than this one. */
    if (current_s >= (int64_t)zone->current_s) {
        write_text(zone, text);
        raise_to(&zone->current_s, current_s);
    }
    ngx_shmtx_unlock(&slab->mutex);
}

static ngx_uint_t is_older(struct cg_bundle_place a, struct cg_bundle_place b)
{
    return a.sequence < b.sequence || (a.sequence == b.sequence && a.made_s < b.made_s);
}

/* Two generations of workers may ask at once, during a reload. */
ngx_uint_t caregate_zone_keep_newer(struct caregate_worker *worker,
                                    const struct cg_snapshot *snapshot, int64_t current_s)
{
    struct zone *zone = zone_of(worker);
    ngx_slab_pool_t *slab = slab_of(worker);
    struct cg_bundle_place place = cg_trust_place_of(snapshot);
    ngx_uint_t fits = has_room(worker, cg_snapshot_text(snapshot));
    ngx_shmtx_lock(&slab->mutex);
    ngx_uint_t is_newer = !is_older(place, zone->place);
    if (is_newer) {
        zone->place = place;
        zone->sequence = (ngx_atomic_uint_t)place.sequence;
        raise_to(&zone->current_s, current_s);
    }
    if (is_newer && fits) {
        write_text(zone, cg_snapshot_text(snapshot));
        (void)ngx_atomic_fetch_add(&zone->turn, 1);
    }
    ngx_shmtx_unlock(&slab->mutex);
    return is_newer;
}

void caregate_zone_forget(struct caregate_worker *worker)
{
    struct zone *zone = zone_of(worker);
    ngx_slab_pool_t *slab = slab_of(worker);
    ngx_shmtx_lock(&slab->mutex);
    zone->place = (struct cg_bundle_place){0, 0};
    zone->current_s = 0;
    ngx_shmtx_unlock(&slab->mutex);
}

ngx_uint_t caregate_zone_turn(const struct caregate_worker *worker)
{
    return zone_of(worker)->turn;
}

int64_t caregate_zone_current_s(const struct caregate_worker *worker)
{
    return (int64_t)zone_of(worker)->current_s;
}

ngx_int_t caregate_zone_copy(const struct caregate_worker *worker, u_char **ret_copy,
                             size_t *ret_len, int64_t *ret_current_s)
{
    const struct zone *zone = zone_of(worker);
    ngx_slab_pool_t *slab = slab_of(worker);
    u_char *copy = ngx_alloc(zone->capacity, worker->log);
    if (copy == NULL) {
        return NGX_ERROR;
    }
    ngx_shmtx_lock(&slab->mutex);
    const struct zone_text *text = &zone->texts[zone->in_use];
    ngx_memcpy(copy, text->data, text->len);
    *ret_len = text->len;
    *ret_current_s = (int64_t)zone->current_s;
    ngx_shmtx_unlock(&slab->mutex);
    *ret_copy = copy;
    return NGX_OK;
}

void caregate_zone_count_ask_failure(const struct caregate_worker *worker, enum cg_status status)
{
    struct zone *zone = zone_of(worker);
    ngx_uint_t is_bundle =
        status == CG_ERR_CONFLICT || status == CG_ERR_AUTHENTICATION || status == CG_ERR_INPUT;
    (void)ngx_atomic_fetch_add(is_bundle ? &zone->bundles_refused : &zone->ask_failures, 1);
}

void caregate_zone_count_lost(const struct caregate_worker *worker,
                              const struct cg_refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)ngx_atomic_fetch_add(&zone_of(worker)->refusals_lost,
                                   (ngx_atomic_int_t)refusals[i].count);
    }
}

void caregate_zone_confirm(struct caregate_worker *worker, int64_t current_s)
{
    raise_to(&zone_of(worker)->current_s, current_s);
}

struct cg_span caregate_zone_text(const struct caregate_worker *worker, int64_t *ret_current_s)
{
    const struct zone *zone = zone_of(worker);
    const struct zone_text *text = &zone->texts[zone->in_use];
    *ret_current_s = (int64_t)zone->current_s;
    return (struct cg_span){.data = text->data, .len = text->len};
}

struct cg_throttle *caregate_zone_throttle(const struct caregate_worker *worker)
{
    return zone_of(worker)->throttle;
}

void caregate_zone_count_gate(const struct caregate_worker *worker, enum cg_reason reason)
{
    (void)ngx_atomic_fetch_add(&zone_of(worker)->gate[reason], 1);
}

void caregate_zone_count_issuer(const struct caregate_worker *worker,
                                const struct cg_response *response)
{
    struct zone *zone = zone_of(worker);
    if (response->reason != CG_REASON_NONE) {
        (void)ngx_atomic_fetch_add(&zone->issuer[response->reason], 1);
    } else if (response->token_id.len > 0) {
        (void)ngx_atomic_fetch_add(&zone->issued, 1);
    }
}

ngx_uint_t caregate_zone_take_turn(const struct caregate_worker *worker, enum caregate_turn turn,
                                   int64_t now_s, int64_t every_s)
{
    ngx_atomic_t *taken = &zone_of(worker)->turns[turn];
    ngx_atomic_uint_t seen = *taken;
    return now_s - (int64_t)seen >= every_s &&
           ngx_atomic_cmp_set(taken, seen, (ngx_atomic_uint_t)now_s);
}

void caregate_zone_keep_secret_ends(const struct caregate_worker *worker,
                                    const struct cg_secret_ends_sum *sum)
{
    struct zone *zone = zone_of(worker);
    zone->next_end_s = (ngx_atomic_uint_t)sum->next_s;
    zone->ending_count = (ngx_atomic_uint_t)sum->soon_count;
    zone->has_secret_ends = 1;
}

void caregate_zone_note(const struct caregate_worker *worker)
{
    if (ngx_worker >= CAREGATE_WORKERS_MAX || ngx_exiting) {
        return;
    }
    struct zone_worker *place = &zone_of(worker)->workers[ngx_worker];
    int64_t now_s = ngx_time();
    place->pid = (ngx_atomic_uint_t)ngx_pid;
    place->snapshot_version = (ngx_atomic_uint_t)cg_gate_snapshot_version(worker->gate);
    place->snapshot_current_s =
        (ngx_atomic_uint_t)(now_s - cg_gate_snapshot_age_s(worker->gate, now_s));
    place->queue_length = worker->pending_count;
}

static ngx_uint_t worker_count(void)
{
    const ngx_core_conf_t *core =
        (const ngx_core_conf_t *)ngx_get_conf(ngx_cycle->conf_ctx, ngx_core_module);
    ngx_int_t count = ngx_process == NGX_PROCESS_SINGLE ? 1 : core->worker_processes;
    return count > CAREGATE_WORKERS_MAX ? CAREGATE_WORKERS_MAX : (ngx_uint_t)count;
}

static void add_workers(const struct zone *zone, struct caregate_totals *totals)
{
    ngx_uint_t count = worker_count();
    for (ngx_uint_t i = 0; i < count; i++) {
        const struct zone_worker *place = &zone->workers[i];
        if (place->pid == 0) {
            continue;
        }
        int64_t version = (int64_t)place->snapshot_version;
        int64_t current_s = (int64_t)place->snapshot_current_s;
        if (totals->workers == 0 || version < totals->snapshot_version) {
            totals->snapshot_version = version;
        }
        if (totals->workers == 0 || current_s < totals->snapshot_current_s) {
            totals->snapshot_current_s = current_s;
        }
        totals->queue_length += place->queue_length;
        totals->workers++;
    }
}

void caregate_zone_totals(const struct caregate_worker *worker, struct caregate_totals *ret_totals)
{
    const struct zone *zone = zone_of(worker);
    *ret_totals = (struct caregate_totals){.issued = zone->issued,
                                           .kept_failures = zone->kept_failures,
                                           .ask_failures = zone->ask_failures,
                                           .bundles_refused = zone->bundles_refused,
                                           .refusals_lost = zone->refusals_lost,
                                           .bundle_sequence = (int64_t)zone->sequence};
    for (size_t i = 0; i < CG_REASON_COUNT; i++) {
        ret_totals->issuer[i] = zone->issuer[i];
        ret_totals->gate[i] = zone->gate[i];
    }
    ret_totals->has_secret_ends = zone->has_secret_ends;
    ret_totals->secret_ends.next_s = (int64_t)zone->next_end_s;
    ret_totals->secret_ends.soon_count = (int64_t)zone->ending_count;
    caregate_zone_note(worker);
    add_workers(zone, ret_totals);
}
