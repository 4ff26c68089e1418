/* SPDX-License-Identifier: Apache-2.0 */
/* Lets SQLite's allocations fail too. */
#ifndef CAREGATE_SQLITE_MEMORY_H
#define CAREGATE_SQLITE_MEMORY_H

/*
 * Puts torture_malloc and torture_free behind SQLite, once, before anything else uses it. SQLite's
 * small reserve for each connection is turned off, since it would hide most failures.
 */
void sqlite_memory_install(void);

#endif
