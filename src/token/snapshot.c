/* SPDX-License-Identifier: Apache-2.0 */
#include "token/snapshot.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "token/snapshot_parts.h"

#include <stdlib.h>

/*
 * All lookups are binary searches in sorted arrays: their worst case does not depend on who chose
 * the names, as a hash table's would.
 */
int cg_snapshot_compare_realms(const void *a, const void *b)
{
    const struct cg_snapshot_realm *left = a;
    const struct cg_snapshot_realm *right = b;
    return cg_span_compare(left->path, right->path);
}

int cg_snapshot_compare_apis(const void *a, const void *b)
{
    const struct cg_snapshot_api *left = a;
    const struct cg_snapshot_api *right = b;
    return cg_span_compare(left->name, right->name);
}

int cg_snapshot_compare_spans(const void *a, const void *b)
{
    const struct cg_span *left = a;
    const struct cg_span *right = b;
    return cg_span_compare(*left, *right);
}

int cg_snapshot_compare_denials(const void *a, const void *b)
{
    const struct cg_snapshot_denial *left = a;
    const struct cg_snapshot_denial *right = b;
    int order = cg_span_compare(left->subject, right->subject);
    if (order != 0) {
        return order;
    }
    return (left->epoch < right->epoch) - (left->epoch > right->epoch);
}

int cg_snapshot_compare_limits(const void *a, const void *b)
{
    const struct cg_snapshot_limit *left = a;
    const struct cg_snapshot_limit *right = b;
    return cg_span_compare(left->agreement, right->agreement);
}

enum cg_status cg_snapshot_new(const struct cg_snapshot_data *data,
                               struct cg_snapshot **ret_snapshot)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    cg_buf_init(&buf, CG_LIMIT_SNAPSHOT_BYTES);
    cg_snapshot_write(data, &buf);
    struct cg_span text;
    CG_TRY(cg_buf_finish(&buf, &text));
    return cg_snapshot_parse(text, ret_snapshot);
}

struct cg_snapshot *cg_snapshot_free(struct cg_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < snapshot->realm_count; i++) {
        (void)cg_key_ring_free(snapshot->realms[i].keys);
    }
    (void)cg_arena_free(snapshot->arena);
    return cg_release(snapshot);
}

struct cg_span cg_snapshot_text(const struct cg_snapshot *snapshot)
{
    return snapshot->text;
}

int64_t cg_snapshot_version(const struct cg_snapshot *snapshot)
{
    return snapshot->version;
}

int64_t cg_snapshot_made_s(const struct cg_snapshot *snapshot)
{
    return snapshot->made_s;
}

int64_t cg_snapshot_keys_generation(const struct cg_snapshot *snapshot)
{
    return snapshot->keys_generation;
}

int64_t cg_snapshot_denylist_generation(const struct cg_snapshot *snapshot)
{
    return snapshot->denylist_generation;
}

const struct cg_snapshot_realm *cg_snapshot_find_realm(const struct cg_snapshot *snapshot,
                                                       struct cg_span path)
{
    const struct cg_snapshot_realm wanted = {.path = path};
    return bsearch(&wanted, snapshot->realms, snapshot->realm_count, sizeof(wanted),
                   cg_snapshot_compare_realms);
}

const struct cg_snapshot_realm *cg_snapshot_only_realm(const struct cg_snapshot *snapshot)
{
    return snapshot->realm_count == 1 ? &snapshot->realms[0] : NULL;
}

struct cg_span cg_snapshot_realm_path(const struct cg_snapshot_realm *realm)
{
    return realm->path;
}

struct cg_span cg_snapshot_realm_issuer(const struct cg_snapshot_realm *realm)
{
    return realm->issuer;
}

struct cg_span cg_snapshot_realm_typ(const struct cg_snapshot_realm *realm)
{
    return realm->typ;
}

const struct cg_key_ring *cg_snapshot_realm_keys(const struct cg_snapshot_realm *realm)
{
    return realm->keys;
}

const struct cg_snapshot_api *cg_snapshot_find_api(const struct cg_snapshot_realm *realm,
                                                   struct cg_span name)
{
    const struct cg_snapshot_api wanted = {.name = name};
    return bsearch(&wanted, realm->apis, realm->api_count, sizeof(wanted),
                   cg_snapshot_compare_apis);
}

bool cg_snapshot_has_audience(const struct cg_snapshot_realm *realm, struct cg_span audience)
{
    return bsearch(&audience, realm->audiences, realm->api_count, sizeof(audience),
                   cg_snapshot_compare_spans) != NULL;
}

const struct cg_rate *cg_snapshot_find_limit(const struct cg_snapshot_realm *realm,
                                             struct cg_span agreement)
{
    const struct cg_snapshot_limit wanted = {.agreement = agreement};
    const struct cg_snapshot_limit *found = bsearch(&wanted, realm->limits, realm->limit_count,
                                                    sizeof(wanted), cg_snapshot_compare_limits);
    return found == NULL ? NULL : &found->rate;
}

bool cg_snapshot_has_limits(const struct cg_snapshot_realm *realm)
{
    return realm->limit_count > 0;
}

/* The first entry of the subject, which has its highest epoch; NULL when there is none. */
static const struct cg_snapshot_denial *find_denial(const struct cg_snapshot_realm *realm,
                                                    enum cg_denial kind, struct cg_span subject)
{
    const struct cg_snapshot_denied *denied = &realm->denied[kind];
    size_t from = 0;
    size_t until = denied->count;
    while (from < until) {
        size_t middle = from + (until - from) / 2;
        if (cg_span_compare(denied->entries[middle].subject, subject) < 0) {
            from = middle + 1;
            continue;
        }
        until = middle;
    }
    if (from == denied->count || !cg_span_equal(denied->entries[from].subject, subject)) {
        return NULL;
    }
    return &denied->entries[from];
}

bool cg_snapshot_denies_token(const struct cg_snapshot_realm *realm, struct cg_span token_id)
{
    return find_denial(realm, CG_DENIAL_TOKEN, token_id) != NULL;
}

bool cg_snapshot_denies_agreement(const struct cg_snapshot_realm *realm, struct cg_span agreement)
{
    return find_denial(realm, CG_DENIAL_AGREEMENT, agreement) != NULL;
}

bool cg_snapshot_denies_client(const struct cg_snapshot_realm *realm, struct cg_span client_id,
                               int64_t epoch)
{
    const struct cg_snapshot_denial *denial = find_denial(realm, CG_DENIAL_CLIENT, client_id);
    return denial != NULL && epoch < denial->epoch;
}
