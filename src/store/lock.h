/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writers' lock of one database: flock(2) on a file beside it. Who waits sleeps in the kernel;
 * the lock of a process that died is given back by the kernel. Each connection has a descriptor of
 * its own, so threads exclude each other too. Descriptors are closed on exec and not shared over
 * fork.
 */
#ifndef CG_STORE_LOCK_H
#define CG_STORE_LOCK_H

#include <caregate/types.h>

#define CG_LOCK_NONE (-1) /* no lock file: taking and giving back do nothing */

/*
 * Opens "<path>.lock", makes it with mode 0600 when missing; started as root, it gives the new file
 * to the owner of the database, so that unprivileged processes can take the lock too. CG_ERR_STORE
 * on failure.
 */
CG_MUST_USE enum cg_status cg_lock_open(const char *path, int *ret_lock);
void cg_lock_close(int lock);

/*
 * Waits until nobody else has it, for `patience_ms` at most; below 0 for ever. Taking what one has
 * already does nothing. CG_ERR_LIMIT when another has it for longer, CG_ERR_STORE on failure.
 */
CG_MUST_USE enum cg_status cg_lock_take(int lock, int patience_ms);
void cg_lock_give_back(int lock);

#endif
