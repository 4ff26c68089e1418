/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/key_source.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/status.h"
#include "net/fetch.h"

#include <pthread.h>
#include <stdio.h>

#define TROUBLE_BYTES 256
#define FETCH_BYTES (4 * (size_t)CG_LIMIT_REMOTE_BYTES)
#define HTTP_OK 200
#define CLOCK_DISORDER_S 60

struct cg_key_source {
    struct cg_key_shelf *shelf;
    const char *url; /* NULL: the keys were given as text */
    const char *ca_file;
    int64_t max_age_s;
    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t ended;  /* a fetch */
    bool has_keys;         /* of this moment: the shelf may be a little ahead */
    bool is_asking;
    bool has_asked;
    bool lacks_key;         /* a token named one since the last fetch that went well */
    int64_t asked_s;        /* last */
    int64_t current_s;      /* when the keys were last known to be what there is */
    enum cg_status outcome; /* of the last fetch */
    char trouble[TROUBLE_BYTES];
};

CG_DEFINE_CLEANUP(source_free_at, struct cg_key_source *, cg_key_source_free)

enum cg_status cg_key_source_new(const struct cg_key_source_config *config,
                                 struct cg_key_source **ret_source)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_key_source), &memory));
    CG_CLEANUP(source_free_at) struct cg_key_source *source = memory;
    (void)pthread_mutex_init(&source->mutex, NULL);
    (void)pthread_cond_init(&source->ended, NULL);
    source->ca_file = config->ca_file;
    source->max_age_s = config->max_age_s;
    CG_TRY(cg_key_shelf_new(&source->shelf));
    if (config->jwks.data != NULL) {
        CG_TRY(cg_key_shelf_put(source->shelf, config->jwks));
        source->has_keys = true;
    } else {
        source->url = config->url;
    }
    *ret_source = CG_STEAL(source);
    return CG_OK;
}

struct cg_key_source *cg_key_source_free(struct cg_key_source *source)
{
    if (source == NULL) {
        return NULL;
    }
    (void)cg_key_shelf_free(source->shelf);
    (void)pthread_cond_destroy(&source->ended);
    (void)pthread_mutex_destroy(&source->mutex);
    return cg_release(source);
}

static void lock(struct cg_key_source *source)
{
    (void)pthread_mutex_lock(&source->mutex);
}

static void unlock(struct cg_key_source *source)
{
    (void)pthread_mutex_unlock(&source->mutex);
}

/* Why the keys that are there are not believed; NONE when they are. */
static enum cg_reason trouble_with_keys(const struct cg_key_source *source, int64_t now_s)
{
    if (!source->has_keys) {
        return CG_REASON_SNAPSHOT_MISSING;
    }
    return source->url != NULL && now_s - source->current_s > source->max_age_s
               ? CG_REASON_SNAPSHOT_TOO_OLD
               : CG_REASON_NONE;
}

enum cg_reason cg_key_source_take(struct cg_key_source *source, int64_t now_s,
                                  struct cg_shelf_ring **ret_ring)
{
    lock(source);
    enum cg_reason reason = trouble_with_keys(source, now_s);
    unlock(source);
    if (reason != CG_REASON_NONE) {
        return reason;
    }
    return cg_key_shelf_take(source->shelf, ret_ring) == CG_OK ? CG_REASON_NONE
                                                               : CG_REASON_INTERNAL;
}

void cg_key_source_give(struct cg_key_source *source, struct cg_shelf_ring *ring)
{
    cg_key_shelf_give(source->shelf, ring);
}

void cg_key_source_note_unknown(struct cg_key_source *source)
{
    lock(source);
    source->lacks_key = true;
    unlock(source);
}

/* A clock that was put back counts as time that went by; but of two threads one may be a little
 * late with the time that it has read. */
static bool is_past(int64_t then_s, int64_t wait_s, int64_t now_s)
{
    return now_s - then_s >= wait_s || then_s - now_s > CLOCK_DISORDER_S;
}

/* Who sends made-up key ids brings about one request a minute, however many they send. */
static bool wants_locked(const struct cg_key_source *source, int64_t now_s)
{
    if (source->url == NULL || source->is_asking ||
        (source->has_asked && !is_past(source->asked_s, CG_LIMIT_REMOTE_RETRY_S, now_s))) {
        return false;
    }
    return !source->has_keys || is_past(source->current_s, CG_LIMIT_REMOTE_DEFAULT_S, now_s) ||
           (source->lacks_key && is_past(source->asked_s, CG_LIMIT_REMOTE_FORCE_S, now_s));
}

bool cg_key_source_wants(struct cg_key_source *source, int64_t now_s)
{
    lock(source);
    bool wants = wants_locked(source, now_s);
    unlock(source);
    return wants;
}

/* One request; `trouble` says what was wrong with the answer. */
static enum cg_status ask(const struct cg_key_source *source, char trouble[static TROUBLE_BYTES])
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_fetch_request request = {.url = source->url,
                                       .ca_file = source->ca_file,
                                       .max_bytes = CG_LIMIT_REMOTE_BYTES,
                                       .timeout_ms = CG_LIMIT_REMOTE_MS};
    struct cg_fetch_response response = {.http_status = 0};
    (void)snprintf(trouble, TROUBLE_BYTES, "no memory");
    CG_TRY(cg_arena_new(FETCH_BYTES, &arena));
    enum cg_status status = cg_fetch(&request, arena, &response);
    if (status != CG_OK) {
        (void)snprintf(trouble, TROUBLE_BYTES, "%s", response.message);
        return status;
    }
    if (response.http_status != HTTP_OK) {
        (void)snprintf(trouble, TROUBLE_BYTES, "the answer was HTTP %ld", response.http_status);
        return CG_ERR_STORE;
    }
    status = cg_key_shelf_put(source->shelf, response.body);
    (void)snprintf(trouble, TROUBLE_BYTES, "%s",
                   status == CG_ERR_INPUT ? "the answer is no set of signing keys" : "no memory");
    return status;
}

static void note_outcome(struct cg_key_source *source, enum cg_status status, int64_t now_s,
                         const char *trouble)
{
    lock(source);
    source->is_asking = false;
    source->outcome = status;
    (void)snprintf(source->trouble, TROUBLE_BYTES, "%s", status == CG_OK ? "" : trouble);
    if (status == CG_OK) {
        source->has_keys = true;
        source->current_s = now_s;
        source->lacks_key = false;
    }
    (void)pthread_cond_broadcast(&source->ended);
    unlock(source);
}

/* Whether this thread is the one to ask; else it has waited, where waiting helps. */
static bool begins(struct cg_key_source *source, int64_t now_s, enum cg_status *ret_outcome)
{
    lock(source);
    bool waits = source->lacks_key || trouble_with_keys(source, now_s) != CG_REASON_NONE;
    while (waits && source->is_asking) {
        (void)pthread_cond_wait(&source->ended, &source->mutex);
    }
    bool begins = wants_locked(source, now_s);
    if (begins) {
        source->is_asking = true;
        source->has_asked = true;
        source->asked_s = now_s;
    }
    *ret_outcome = waits ? source->outcome : CG_OK;
    unlock(source);
    return begins;
}

enum cg_status cg_key_source_fetch(struct cg_key_source *source, int64_t now_s)
{
    char trouble[TROUBLE_BYTES];
    enum cg_status status = CG_OK;
    if (!begins(source, now_s, &status)) {
        return status;
    }
    status = ask(source, trouble);
    note_outcome(source, status, now_s, trouble);
    return status;
}

void cg_key_source_trouble(struct cg_key_source *source, char *text, size_t size)
{
    lock(source);
    (void)snprintf(text, size, "%s", source->trouble);
    unlock(source);
}
