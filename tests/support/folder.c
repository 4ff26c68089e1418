/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include "test.h"

#include <dirent.h>
#include <unistd.h>

void folder_make(struct folder *folder)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(folder->path, sizeof(folder->path), "%s/caregate-test-XXXXXX",
                   parent != NULL && strlen(parent) < 64 ? parent : "/tmp");
    assert_non_null(mkdtemp(folder->path));
    (void)snprintf(folder->uri, sizeof(folder->uri), "sqlite:%s/registry.db", folder->path);
}

void folder_file(const struct folder *folder, const char *name, char ret_path[static 160])
{
    (void)snprintf(ret_path, 160, "%s/%s", folder->path, name);
}

void folder_remove(struct folder *folder)
{
    DIR *listing = opendir(folder->path);
    assert_non_null(listing);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        char path[160];
        if (strlen(entry->d_name) < 48) {
            folder_file(folder, entry->d_name, path);
            (void)unlink(path);
        }
    }
    (void)closedir(listing);
    assert_int_equal(rmdir(folder->path), 0);
}
