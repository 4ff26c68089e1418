/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/key_shelf.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/shared_text.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json.h"

#include <pthread.h>

struct cg_key_shelf {
    pthread_mutex_t mutex;       /* guards all that follows */
    struct cg_shared_text *jwks; /* NULL: none yet */
    uint64_t set;
    struct cg_shelf_ring *rings; /* idle, all of this set */
    size_t ring_count;
};

static void lock(struct cg_key_shelf *shelf)
{
    (void)pthread_mutex_lock(&shelf->mutex);
}

static void unlock(struct cg_key_shelf *shelf)
{
    (void)pthread_mutex_unlock(&shelf->mutex);
}

enum cg_status cg_key_shelf_new(struct cg_key_shelf **ret_shelf)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_key_shelf), &memory));
    struct cg_key_shelf *shelf = memory;
    (void)pthread_mutex_init(&shelf->mutex, NULL);
    *ret_shelf = shelf;
    return CG_OK;
}

static struct cg_shelf_ring *free_ring(struct cg_shelf_ring *ring)
{
    if (ring == NULL) {
        return NULL;
    }
    (void)cg_key_ring_free(ring->keys);
    return cg_release(ring);
}

CG_DEFINE_CLEANUP(free_ring_at, struct cg_shelf_ring *, free_ring)

static void free_rings(struct cg_shelf_ring *rings)
{
    while (rings != NULL) {
        struct cg_shelf_ring *next = rings->next;
        (void)free_ring(rings);
        rings = next;
    }
}

struct cg_key_shelf *cg_key_shelf_free(struct cg_key_shelf *shelf)
{
    if (shelf == NULL) {
        return NULL;
    }
    free_rings(shelf->rings);
    (void)cg_shared_text_drop(shelf->jwks);
    (void)pthread_mutex_destroy(&shelf->mutex);
    return cg_release(shelf);
}

static enum cg_status make_ring(struct cg_span jwks, struct cg_shelf_ring **ret_ring)
{
    void *memory = NULL;
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(jwks, CG_LIMIT_REMOTE_BYTES, &json));
    CG_TRY(cg_alloc(1, sizeof(struct cg_shelf_ring), &memory));
    CG_CLEANUP(free_ring_at) struct cg_shelf_ring *ring = memory;
    CG_TRY(cg_key_ring_new(cg_json_root(json), &ring->keys));
    /* A set without keys would refuse everybody, and is more likely a mistake than meant. */
    if (cg_key_ring_count(ring->keys) == 0) {
        return CG_ERR_INPUT;
    }
    *ret_ring = CG_STEAL(ring);
    return CG_OK;
}

enum cg_status cg_key_shelf_put(struct cg_key_shelf *shelf, struct cg_span jwks)
{
    CG_CLEANUP(free_ring_at) struct cg_shelf_ring *ring = NULL;
    struct cg_shared_text *text = NULL;
    CG_TRY(make_ring(jwks, &ring));
    CG_TRY(cg_shared_text_new(jwks, &text));
    lock(shelf);
    bool is_same = shelf->jwks != NULL && cg_span_equal(cg_shared_text_span(shelf->jwks), jwks);
    struct cg_shared_text *old_text = is_same ? text : shelf->jwks;
    struct cg_shelf_ring *old_rings = is_same ? NULL : shelf->rings;
    if (!is_same) {
        shelf->jwks = text;
        shelf->set++;
        ring->set = shelf->set;
        shelf->rings = CG_STEAL(ring);
        shelf->ring_count = 1;
    }
    unlock(shelf);
    free_rings(old_rings);
    (void)cg_shared_text_drop(old_text);
    return CG_OK;
}

enum cg_status cg_key_shelf_take(struct cg_key_shelf *shelf, struct cg_shelf_ring **ret_ring)
{
    struct cg_shared_text *text = NULL;
    struct cg_shelf_ring *ring = NULL;
    lock(shelf);
    uint64_t set = shelf->set;
    if (shelf->rings != NULL) {
        ring = shelf->rings;
        shelf->rings = ring->next;
        shelf->ring_count--;
    } else if (shelf->jwks != NULL) {
        text = cg_shared_text_hold(shelf->jwks);
    }
    unlock(shelf);
    if (ring == NULL && text == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    if (ring == NULL) {
        enum cg_status status = make_ring(cg_shared_text_span(text), &ring);
        (void)cg_shared_text_drop(text);
        CG_TRY(status);
        ring->set = set;
    }
    *ret_ring = ring;
    return CG_OK;
}

void cg_key_shelf_give(struct cg_key_shelf *shelf, struct cg_shelf_ring *ring)
{
    lock(shelf);
    if (ring->set == shelf->set && shelf->ring_count < CG_LIMIT_SHELF_RINGS) {
        ring->next = shelf->rings;
        shelf->rings = CG_STEAL(ring);
        shelf->ring_count++;
    }
    unlock(shelf);
    (void)free_ring(ring);
}
