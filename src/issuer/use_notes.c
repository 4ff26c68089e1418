/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/use_notes.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "registry/credential.h"

#include <string.h>

#define NOTES_MAX 1024
#define ID_BYTES 32

struct note {
    char id[ID_BYTES];
    size_t id_len;
    int64_t used_s;
};

struct cg_use_notes {
    struct note notes[NOTES_MAX];
    size_t count;
    int64_t flushed_s;
};

enum cg_status cg_use_notes_new(struct cg_use_notes **ret_notes)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_use_notes), &memory));
    *ret_notes = memory;
    return CG_OK;
}

struct cg_use_notes *cg_use_notes_free(struct cg_use_notes *notes)
{
    return cg_release(notes);
}

static struct cg_span note_id(const struct note *note)
{
    return cg_span_of_bytes(note->id, note->id_len);
}

/* The note of this id, a free one, or the one used longest ago. */
static struct note *place_for(struct cg_use_notes *notes, struct cg_span id)
{
    struct note *oldest = &notes->notes[0];
    for (size_t i = 0; i < notes->count; i++) {
        struct note *note = &notes->notes[i];
        if (cg_span_equal(note_id(note), id)) {
            return note;
        }
        oldest = note->used_s < oldest->used_s ? note : oldest;
    }
    if (notes->count < NOTES_MAX) {
        notes->count++;
        return &notes->notes[notes->count - 1];
    }
    return oldest;
}

void cg_use_notes_add(struct cg_use_notes *notes, struct cg_span secret_id, int64_t now_s)
{
    if (secret_id.len == 0 || secret_id.len > ID_BYTES) {
        return;
    }
    struct note *note = place_for(notes, secret_id);
    memcpy(note->id, secret_id.data, secret_id.len);
    note->id_len = secret_id.len;
    note->used_s = now_s;
}

static enum cg_status write_all(const struct cg_use_notes *notes, struct cg_store *registry)
{
    for (size_t i = 0; i < notes->count; i++) {
        CG_TRY(cg_secret_note_use(registry, note_id(&notes->notes[i]), notes->notes[i].used_s));
    }
    return cg_store_commit(registry);
}

enum cg_status cg_use_notes_flush(struct cg_use_notes *notes, struct cg_store *registry,
                                  int64_t now_s, enum cg_use_notes_when when)
{
    bool due = now_s - notes->flushed_s >= CG_USE_NOTES_PERIOD_S || when == CG_USE_NOTES_ALL;
    if (!due || notes->count == 0) {
        return CG_OK;
    }
    CG_TRY(cg_store_begin(registry));
    enum cg_status status = write_all(notes, registry);
    if (status != CG_OK) {
        cg_store_rollback(registry);
        return status;
    }
    notes->count = 0;
    notes->flushed_s = now_s;
    return CG_OK;
}
