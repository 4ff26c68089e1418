/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch_journal.h"

#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define JOURNAL_BYTES_MAX (512L * 1024 * 1024)
#define PENDING_BYTES_MAX (1024UL * 1024)

static const char *const state_names[] = {
    [CG_BATCH_SENT] = "sent",
    [CG_BATCH_TAKEN] = "taken",
    [CG_BATCH_REFUSED] = "refused",
};

static bool read_line(struct cg_span text, struct cg_batch_line *line)
{
    size_t first = cg_span_find(text, ' ', 0);
    size_t second = cg_span_find(text, ' ', first + 1);
    line->request_id = cg_span_part(text, first + 1, second - first - 1);
    line->file = cg_span_part(text, second + 1, text.len);
    if (second >= text.len || line->request_id.len == 0 || line->file.len == 0 ||
        line->request_id.len > CG_BATCH_ID_BYTES_MAX) {
        return false;
    }
    for (int state = CG_BATCH_SENT; state <= CG_BATCH_REFUSED; state++) {
        if (cg_span_equal_string(cg_span_part(text, 0, first), state_names[state])) {
            line->state = (enum cg_batch_state)state;
            return true;
        }
    }
    return false;
}

size_t cg_batch_journal_read(struct cg_span text, cg_batch_see_line see, void *context)
{
    size_t at = 0;
    for (size_t end = cg_span_find(text, '\n', 0); end < text.len;
         end = cg_span_find(text, '\n', at)) {
        struct cg_batch_line line;
        if (read_line(cg_span_part(text, at, end - at), &line)) {
            see(context, &line);
        }
        at = end + 1;
    }
    return at;
}

static enum cg_status read_whole(int descriptor, struct cg_arena *arena, struct cg_span *ret_text)
{
    void *memory = NULL;
    size_t len = 0;
    off_t size = lseek(descriptor, 0, SEEK_END);
    if (size < 0 || size > JOURNAL_BYTES_MAX) {
        return CG_ERR_LIMIT;
    }
    CG_TRY(cg_arena_take(arena, (size_t)size + 1, &memory));
    while (len < (size_t)size) {
        ssize_t got = pread(descriptor, (uint8_t *)memory + len, (size_t)size - len, (off_t)len);
        if (got <= 0) {
            return CG_ERR_STORE;
        }
        len += (size_t)got;
    }
    *ret_text = cg_span_of_bytes(memory, len);
    return CG_OK;
}

static enum cg_status complain(struct cg_context *context)
{
    return cg_complain(context, CG_ERR_INPUT, "the folder's %s cannot be kept: %s",
                       CG_BATCH_JOURNAL, strerrordesc_np(errno));
}

enum cg_status cg_batch_journal_open(struct cg_context *context, int folder, struct cg_arena *arena,
                                     struct cg_batch_journal *journal, cg_batch_see_line see,
                                     void *see_context)
{
    struct cg_span text = {NULL, 0};
    cg_buf_init(&journal->pending, PENDING_BYTES_MAX);
    journal->descriptor =
        openat(folder, CG_BATCH_JOURNAL,
               O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (journal->descriptor < 0) {
        return complain(context);
    }
    if (flock(journal->descriptor, LOCK_EX | LOCK_NB) != 0) {
        return cg_complain(context, CG_ERR_CONFLICT, "another run sends this folder");
    }
    CG_TRY(read_whole(journal->descriptor, arena, &text));
    size_t whole = cg_batch_journal_read(text, see, see_context);
    /* Left there, the torn line's start would become a part of the next one. */
    if ((whole < text.len && ftruncate(journal->descriptor, (off_t)whole) != 0) ||
        fsync(journal->descriptor) != 0 || fsync(folder) != 0) {
        return complain(context);
    }
    return CG_OK;
}

void cg_batch_journal_release(struct cg_batch_journal *journal)
{
    if (journal->descriptor >= 0) {
        (void)close(journal->descriptor);
        cg_buf_release(&journal->pending);
    }
    journal->descriptor = -1;
}

void cg_batch_journal_add(struct cg_batch_journal *journal, enum cg_batch_state state,
                          struct cg_span request_id, struct cg_span file)
{
    cg_buf_put_string(&journal->pending, state_names[state]);
    cg_buf_put_byte(&journal->pending, ' ');
    cg_buf_put(&journal->pending, request_id);
    cg_buf_put_byte(&journal->pending, ' ');
    cg_buf_put(&journal->pending, file);
    cg_buf_put_byte(&journal->pending, '\n');
}

enum cg_status cg_batch_journal_sync(struct cg_batch_journal *journal)
{
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_buf_finish(&journal->pending, &text));
    if (text.len == 0) {
        return CG_OK;
    }
    while (text.len > 0) {
        ssize_t written = write(journal->descriptor, text.data, text.len);
        if (written < 0 && errno != EINTR) {
            return CG_ERR_STORE;
        }
        text = cg_span_part(text, written > 0 ? (size_t)written : 0, text.len);
    }
    cg_buf_clear(&journal->pending);
    return fdatasync(journal->descriptor) == 0 ? CG_OK : CG_ERR_STORE;
}
