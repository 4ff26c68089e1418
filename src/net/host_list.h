/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hosts that may be asked for documents. Any thread.
 */
#ifndef CG_NET_HOST_LIST_H
#define CG_NET_HOST_LIST_H

#include <caregate/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether a URL is https and its host is listed: as "keys.example", for port 443 alone, or as
 * "keys.example:8443". The case of letters does not count. */
bool cg_host_list_has(const struct cg_span *hosts, size_t count, struct cg_span url);

#endif
