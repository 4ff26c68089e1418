/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file layer for SQLite that writes down what is written and synced, and fails when a test says
 * so. It stands in front of the real one. A store opens it by "?vfs=disk". One thread.
 */
#ifndef CG_TEST_DISK_H
#define CG_TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>

enum disk_act { DISK_WRITE, DISK_SYNC };
enum disk_file { DISK_DATABASE, DISK_LOG, DISK_OTHER };

struct disk_entry {
    enum disk_act act;
    enum disk_file file;
};

#define DISK_ENTRIES_MAX 4096

struct disk {
    struct disk_entry entries[DISK_ENTRIES_MAX];
    size_t entry_count; /* goes on counting past the maximum */
    long calls;         /* file operations that can fail, since disk_reset */
    long fail_from;     /* the call, from 1, that fails; 0: none */
    long fail_count;    /* how many calls fail from there on */
    bool full;          /* writes fail as on a full disk */
    bool sync_fails;
};

/* Registers "disk" with SQLite, once a process. The struct is the test's and outlives it. */
void disk_register(struct disk *disk);
void disk_unregister(void);

/* Forgets entries and failures. */
void disk_reset(struct disk *disk);

/* True when each write of the log was followed by a sync of it. */
bool disk_log_is_synced(const struct disk *disk);

#endif
