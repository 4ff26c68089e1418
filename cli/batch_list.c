/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch_list.h"

#include "base/span.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENDING ".json"

static void close_folder(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static bool is_document(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && len > strlen(ENDING) &&
           strcmp(name + len - strlen(ENDING), ENDING) == 0;
}

/* Such a name would be no line of a journal, nor of a report. */
static bool has_control(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            return true;
        }
    }
    return false;
}

/* How many there are at most; files may come while it is read. */
static size_t count_names(DIR *folder)
{
    const struct dirent *entry = NULL;
    size_t count = 0;
    while ((entry = readdir(folder)) != NULL) {
        count += is_document(entry->d_name) ? 1 : 0;
    }
    rewinddir(folder);
    return count;
}

static enum cg_status add(struct cg_batch_list *list, const char *name, struct cg_arena *arena)
{
    struct cg_span file = {NULL, 0};
    if (has_control(name)) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_arena_copy(arena, cg_span_of_bytes(name, strlen(name) + 1), &file));
    file.len--;
    list->documents[list->count++] = (struct cg_batch_document){.file = file};
    return CG_OK;
}

static int compare(const void *a, const void *b)
{
    const struct cg_batch_document *first = a;
    const struct cg_batch_document *second = b;
    return cg_span_compare(first->file, second->file);
}

enum cg_status cg_batch_list_read(int descriptor, struct cg_arena *arena,
                                  struct cg_batch_list *list)
{
    int again = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CG_CLEANUP(close_folder) DIR *folder = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry = NULL;
    void *memory = NULL;
    *list = (struct cg_batch_list){.count = 0};
    if (folder == NULL) {
        return CG_ERR_STORE;
    }
    size_t room = count_names(folder);
    CG_TRY(cg_arena_take_array(arena, room + 1, sizeof(*list->documents), &memory));
    list->documents = memory;
    while (list->count < room && (entry = readdir(folder)) != NULL) {
        if (is_document(entry->d_name)) {
            CG_TRY(add(list, entry->d_name, arena));
        }
    }
    qsort(list->documents, list->count, sizeof(*list->documents), compare);
    return CG_OK;
}

void cg_batch_list_see(void *list, const struct cg_batch_line *line)
{
    const struct cg_batch_list *documents = list;
    const struct cg_batch_document wanted = {.file = line->file};
    struct cg_batch_document *found = bsearch(&wanted, documents->documents, documents->count,
                                              sizeof(*documents->documents), compare);
    if (found == NULL) {
        return;
    }
    bool refused = line->state == CG_BATCH_REFUSED;
    found->state = refused ? CG_BATCH_NEW : line->state;
    found->request_id = refused ? (struct cg_span){NULL, 0} : line->request_id;
}
