/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"

#include <sqlite3.h>
#include <string.h>

struct file {
    sqlite3_file base;
    struct disk *disk;
    enum disk_file kind;
    sqlite3_file *real; /* behind this struct, in the room that SQLite gave */
};

static sqlite3_vfs disk_vfs;

static struct file *file_of(sqlite3_file *file)
{
    return (struct file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return file_of(file)->real;
}

static bool fails(struct disk *disk)
{
    disk->calls++;
    return disk->fail_from > 0 && disk->calls >= disk->fail_from &&
           disk->calls < disk->fail_from + disk->fail_count;
}

static void record(struct file *file, enum disk_act act)
{
    struct disk *disk = file->disk;
    if (disk->entry_count < DISK_ENTRIES_MAX) {
        disk->entries[disk->entry_count] = (struct disk_entry){act, file->kind};
    }
    disk->entry_count++;
}

static int close_file(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int read_file(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
    if (fails(file_of(file)->disk)) {
        return SQLITE_IOERR_READ;
    }
    return real_of(file)->pMethods->xRead(real_of(file), data, len, at);
}

static int write_file(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    if (fails(file_of(file)->disk)) {
        return SQLITE_IOERR_WRITE;
    }
    if (file_of(file)->disk->full) {
        return SQLITE_FULL;
    }
    record(file_of(file), DISK_WRITE);
    return real_of(file)->pMethods->xWrite(real_of(file), data, len, at);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    if (fails(file_of(file)->disk)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int sync_file(sqlite3_file *file, int flags)
{
    if (fails(file_of(file)->disk) || file_of(file)->disk->sync_fails) {
        return SQLITE_IOERR_FSYNC;
    }
    record(file_of(file), DISK_SYNC);
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    if (fails(file_of(file)->disk)) {
        return SQLITE_IOERR_FSTAT;
    }
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int lock_file(sqlite3_file *file, int level)
{
    if (fails(file_of(file)->disk)) {
        return SQLITE_IOERR_LOCK;
    }
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved_lock(sqlite3_file *file, int *result)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int device_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int map_shared(sqlite3_file *file, int region, int size, int extend, void volatile **memory)
{
    if (fails(file_of(file)->disk)) {
        return SQLITE_IOERR_SHMMAP;
    }
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, memory);
}

static int lock_shared(sqlite3_file *file, int offset, int count, int flags)
{
    if ((flags & SQLITE_SHM_LOCK) != 0 && fails(file_of(file)->disk)) {
        return SQLITE_IOERR_SHMLOCK;
    }
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shared_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int unmap_shared(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without memory-mapped reads, which would pass by this layer */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = shared_barrier,
    .xShmUnmap = unmap_shared,
};

static sqlite3_vfs *real_vfs(void)
{
    return sqlite3_vfs_find(NULL);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    struct file *own = file_of(file);
    memset(own, 0, sizeof(*own));
    own->disk = vfs->pAppData;
    if (fails(own->disk)) {
        return SQLITE_CANTOPEN;
    }
    own->kind = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? DISK_DATABASE
                : (flags & SQLITE_OPEN_WAL) != 0   ? DISK_LOG
                                                   : DISK_OTHER;
    own->real = (sqlite3_file *)(own + 1);
    int code = real_vfs()->xOpen(real_vfs(), name, own->real, flags, ret_flags);
    if (own->real->pMethods != NULL) {
        own->base.pMethods = &methods;
    }
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    if (fails(vfs->pAppData)) {
        return SQLITE_IOERR_DELETE;
    }
    return real_vfs()->xDelete(real_vfs(), name, sync_folder);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    if (fails(vfs->pAppData)) {
        return SQLITE_IOERR_ACCESS;
    }
    return real_vfs()->xAccess(real_vfs(), name, flags, result);
}

void disk_register(struct disk *disk)
{
    memset(disk, 0, sizeof(*disk));
    disk_vfs = *real_vfs();
    disk_vfs.zName = "disk";
    disk_vfs.pNext = NULL;
    disk_vfs.pAppData = disk;
    disk_vfs.szOsFile = (int)sizeof(struct file) + real_vfs()->szOsFile;
    disk_vfs.xOpen = open_file;
    disk_vfs.xDelete = delete_file;
    disk_vfs.xAccess = access_file;
    (void)sqlite3_vfs_register(&disk_vfs, 0);
}

void disk_unregister(void)
{
    (void)sqlite3_vfs_unregister(&disk_vfs);
}

void disk_reset(struct disk *disk)
{
    memset(disk, 0, sizeof(*disk));
}

bool disk_log_is_synced(const struct disk *disk)
{
    bool synced = true;
    for (size_t i = 0; i < disk->entry_count && i < DISK_ENTRIES_MAX; i++) {
        if (disk->entries[i].file == DISK_LOG) {
            synced = disk->entries[i].act == DISK_SYNC;
        }
    }
    return synced && disk->entry_count <= DISK_ENTRIES_MAX;
}
