/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: a record and all that it points at, in one block of memory. Any thread.
 */
#ifndef CG_REGISTRY_RECORD_PACK_H
#define CG_REGISTRY_RECORD_PACK_H

#include "registry/client_record.h"

/*
 * Copies what a record points at to `memory`, aligned for any type, and the record, pointing there,
 * to *ret_record. Returns how many bytes that takes. With memory NULL it only counts them.
 */
size_t cg_record_pack(const struct cg_client_record *record, void *memory,
                      struct cg_client_record *ret_record);

#endif
