/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of the registry stand on: a store in memory with a realm, an organisation, two APIs
 * and a client, inside an open transaction.
 */
#ifndef CG_TEST_REGISTRY_DESK_H
#define CG_TEST_REGISTRY_DESK_H

#include "base/limits.h"
#include "crypto/random.h"
#include "registry/agreement.h"
#include "registry/client.h"
#include "registry/credential.h"
#include "registry/realm.h"
#include "test.h"

#define DESK_NOW_S INT64_C(1750000000)
#define DESK_REALM "/vlive/hpca"
#define DESK_LIFE_S 300
/* A life and what clocks may differ by. */
#define DESK_KEPT_S (DESK_LIFE_S + 60)

struct desk {
    struct cg_store *store;
    struct cg_arena *arena;
    struct cg_random random;
    struct cg_fault fault;
    struct cg_span realm;
    struct cg_span client;
};

/* cmocka's set-up and tear-down, for each test. */
int desk_open(void **state);
int desk_close(void **state);

/* The realm alone, without APIs and clients. */
int desk_open_bare(void **state);

/* The same without cmocka, in a store of the caller's choice. */
struct desk *desk_new(const char *uri);
void desk_free(struct desk *desk);
/* Realm, organisation, two APIs and a client. */
void desk_furnish(struct desk *desk);

/* Makes what was changed durable and visible to others, and goes on in a new transaction. */
void desk_commit(struct desk *desk);

void desk_add_realm(struct desk *desk, const char *path, int64_t life_s);
void desk_add_organisation(struct desk *desk, const char *ods);
void desk_add_api(struct desk *desk, const char *name, const char *scope, int64_t approvals);
struct cg_span desk_add_client(struct desk *desk, const char *name);
/* For the desk's client; in force from the beginning. */
struct cg_span desk_agree(struct desk *desk, const char *api, const char *scope);
/* The same, narrowed to document types and organisations. */
struct cg_span desk_agree_narrowed(struct desk *desk, const char *api, const char *scope,
                                   const char *types, const char *organisations);
struct cg_span desk_add_secret(struct desk *desk, int64_t now_s, int64_t expires_s);

struct cg_registry_version desk_version(struct desk *desk);

/* Counts rows of a list; context is a size_t. */
enum cg_status desk_count(void *context, const void *row);

/* Fails unless the registry's number went up by at least one since `before` (not at all for
 * CG_TOUCH_DENYLIST_ALONE), and others as told. */
#define assert_touched(desk, before, touched)                                                      \
    desk_touched_at((desk), (before), (touched), __FILE__, __LINE__)
void desk_touched_at(struct desk *desk, struct cg_registry_version before, unsigned touched,
                     const char *file, int line);

/* Refused with this status, and with words that say what to mend. */
#define assert_refused(desk, label, expression, want)                                              \
    do {                                                                                           \
        (desk)->fault = (struct cg_fault){.text = NULL};                                           \
        assert_status_row((label), (expression), (want));                                          \
        assert_non_null((desk)->fault.text);                                                       \
    } while (0)

#endif
