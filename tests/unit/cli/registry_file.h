/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the registry at an operator's desk: what they begin with, applying them, and what that
 * came to.
 */
#ifndef CAREGATE_TEST_REGISTRY_FILE_H
#define CAREGATE_TEST_REGISTRY_FILE_H

#include "base/span.h"
#include "desk.h"
#include "registry/registry.h"

#include "test.h"

#define FILE_NAME "registry.yaml"
/* Coordinates of RFC 7515 appendix A.3. */
#define JWKS                                                                                       \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\","                                  \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"
/* Lines 1 to 9 of most files here: what the desk's realm is. */
#define HEAD                                                                                       \
    "caregate: 1\n"                                                                                \
    "realms:\n"                                                                                    \
    "  - path: " DESK_REALM "\n"
#define THINGS                                                                                     \
    "    organisations:\n"                                                                         \
    "      - {ods: RX809, name: Example Trust}\n"                                                  \
    "    apis:\n"                                                                                  \
    "      - name: documents\n"                                                                    \
    "        audience: https://care.example/documents\n"                                           \
    "        scopes: [documents.read, documents.write]\n"
#define CLIENT                                                                                     \
    "    clients:\n"                                                                               \
    "      - {id: ward-system, organisation: RX809, name: Ward system}\n"
#define AGREEMENT                                                                                  \
    "    agreements:\n"                                                                            \
    "      - client: ward-system\n"                                                                \
    "        api: documents\n"                                                                     \
    "        scopes: [documents.write]\n"                                                          \
    "        purpose: direct care\n"

static inline void shows(struct desk *desk, const char *text)
{
    assert_string_equal(desk->exit_code == 0 ? "" : desk->talk, "");
    if (strstr(desk->out, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, desk->out);
    }
}

static inline void complains_of(struct desk *desk, const char *text)
{
    assert_int_equal(desk->exit_code, CG_EXIT_FAILED);
    if (strstr(desk->talk, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, desk->talk);
    }
    assert_string_equal(desk->out, "");
}

static inline int apply(struct desk *desk, const char *text)
{
    desk_write(desk, FILE_NAME, text);
    char *path = strdup(desk_path(desk, FILE_NAME));
    int code = desk_run(desk, "apply", "-f", path, NULL);
    free(path);
    return code;
}

static inline int apply_as_json(struct desk *desk, const char *text)
{
    desk_write(desk, FILE_NAME, text);
    char *path = strdup(desk_path(desk, FILE_NAME));
    int code = desk_run(desk, "apply", "--file", path, "--json", NULL);
    free(path);
    return code;
}

static inline int try_out(struct desk *desk, const char *text)
{
    desk_write(desk, FILE_NAME, text);
    char *path = strdup(desk_path(desk, FILE_NAME));
    int code = desk_run(desk, "apply", "-f", path, "--dry-run", NULL);
    free(path);
    return code;
}

/* What the registry and the audit have come to. */
struct mark {
    struct cg_registry_version version;
    size_t events;
};

static inline struct mark mark(struct desk *desk)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct mark mark;
    char uri[192];
    (void)snprintf(uri, sizeof(uri), "sqlite:%s", desk_path(desk, "registry.db"));
    assert_ok(cg_store_open(test_span(uri), CG_STORE_REGISTRY, CG_STORE_OPEN, &store));
    assert_ok(cg_registry_version_read(store, &mark.version));
    assert_int_equal(desk_run(desk, "audit", "list", "--json", NULL), 0);
    mark.events = desk_count(desk);
    return mark;
}

static inline void assert_unchanged(struct desk *desk, const struct mark *before)
{
    struct mark now = mark(desk);
    assert_int_equal(now.version.registry, before->version.registry);
    assert_int_equal(now.version.keys, before->version.keys);
    assert_int_equal(now.version.denylist, before->version.denylist);
    assert_int_equal(now.events, before->events);
}

/* What `export` writes; the caller frees it. */
static inline char *exported(struct desk *desk)
{
    assert_int_equal(desk_run(desk, "export", NULL), 0);
    return strdup(desk->out);
}

#endif
