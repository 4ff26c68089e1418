/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lookup.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"

#define NAMES_MAX 30 /* named in a complaint; the rest is "…" */
#define NAMES_BYTES_MAX 8192

enum cg_status cg_lookup_open(struct cg_context *context, struct cg_store **ret_store,
                              struct cg_lookup *ret_lookup)
{
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, ret_store));
    *ret_lookup = (struct cg_lookup){.context = context, .store = *ret_store};
    return cg_context_realm(context, *ret_store, &ret_lookup->realm);
}

enum cg_status cg_lookup_client(const struct cg_lookup *lookup, struct cg_span id,
                                struct cg_client *ret_client)
{
    struct cg_context *context = lookup->context;
    enum cg_status status =
        cg_client_find(lookup->store, lookup->realm, id, context->arena, ret_client);
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    return cg_complain(context, status,
                       "there is no client %.*s in %.*s; see `caregate client list`",
                       CG_SPAN_ARGS(id), CG_SPAN_ARGS(lookup->realm));
}

enum cg_status cg_lookup_agreement(const struct cg_lookup *lookup, struct cg_span id,
                                   struct cg_agreement *ret_agreement)
{
    struct cg_context *context = lookup->context;
    enum cg_status status =
        cg_agreement_find(lookup->store, lookup->realm, id, context->arena, ret_agreement);
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    return cg_complain(context, status,
                       "there is no agreement %.*s in %.*s; see `caregate agreement list`",
                       CG_SPAN_ARGS(id), CG_SPAN_ARGS(lookup->realm));
}

/* Names on the way to a complaint: "a, b, c". */
struct names {
    struct cg_buf buf;
    size_t count;
};

static void add_name(struct names *names, struct cg_span name)
{
    names->count++;
    if (names->count > NAMES_MAX + 1) {
        return;
    }
    cg_buf_put_string(&names->buf, names->count > 1 ? ", " : "");
    cg_buf_put(&names->buf, names->count <= NAMES_MAX ? name : CG_SPAN_OF("…"));
}

static enum cg_status see_api(void *context, const void *row)
{
    const struct cg_api *api = row;
    if (api->retired_s == 0) {
        add_name(context, api->name);
    }
    return CG_OK;
}

static enum cg_status see_organisation(void *context, const void *row)
{
    const struct cg_organisation *organisation = row;
    add_name(context, organisation->ods);
    return CG_OK;
}

static enum cg_status see_upstream(void *context, const void *row)
{
    const struct cg_upstream *upstream = row;
    if (upstream->retired_s == 0) {
        add_name(context, upstream->name);
    }
    return CG_OK;
}

/* What is not there, and how one is added. */
struct absence {
    const char *what;
    struct cg_span name;
    const char *cure;
};

static enum cg_status complain_of_absence(const struct cg_lookup *lookup,
                                          const struct absence *absence, const struct names *names)
{
    struct cg_span there = {NULL, 0};
    CG_TRY(cg_buf_finish(&names->buf, &there));
    if (names->count == 0) {
        return cg_complain(lookup->context, CG_ERR_NOT_FOUND,
                           "there is no %s %.*s in %.*s, nor any other; `%s` adds one",
                           absence->what, CG_SPAN_ARGS(absence->name), CG_SPAN_ARGS(lookup->realm),
                           absence->cure);
    }
    return cg_complain(lookup->context, CG_ERR_NOT_FOUND,
                       "there is no %s %.*s in %.*s; there is %.*s", absence->what,
                       CG_SPAN_ARGS(absence->name), CG_SPAN_ARGS(lookup->realm),
                       CG_SPAN_ARGS(there));
}

enum cg_status cg_lookup_organisation(const struct cg_lookup *lookup, struct cg_span ods,
                                      struct cg_organisation *ret_organisation)
{
    struct cg_arena *arena = lookup->context->arena;
    struct absence absence = {"organisation", ods, "caregate org add ODS --name NAME"};
    struct names names = {.count = 0};
    enum cg_status status =
        cg_organisation_find(lookup->store, lookup->realm, ods, arena, ret_organisation);
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    cg_buf_init_arena(&names.buf, arena, NAMES_BYTES_MAX);
    CG_TRY(cg_organisation_list(lookup->store, lookup->realm, arena, see_organisation, &names));
    return complain_of_absence(lookup, &absence, &names);
}

enum cg_status cg_lookup_api(const struct cg_lookup *lookup, struct cg_span name,
                             struct cg_api *ret_api)
{
    struct cg_arena *arena = lookup->context->arena;
    struct absence absence = {"API", name, "caregate api add NAME --audience URI --scope SCOPE"};
    struct names names = {.count = 0};
    enum cg_status status = cg_api_find(lookup->store, lookup->realm, name, arena, ret_api);
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    cg_buf_init_arena(&names.buf, arena, NAMES_BYTES_MAX);
    CG_TRY(cg_api_list(lookup->store, lookup->realm, arena, see_api, &names));
    return complain_of_absence(lookup, &absence, &names);
}

enum cg_status cg_lookup_upstream(const struct cg_lookup *lookup, struct cg_span name,
                                  struct cg_upstream *ret_upstream)
{
    struct cg_arena *arena = lookup->context->arena;
    struct absence absence = {"identity provider", name,
                              "caregate upstream add NAME --kind KIND --issuer URL"};
    struct names names = {.count = 0};
    enum cg_status status =
        cg_upstream_named(lookup->store, lookup->realm, name, arena, ret_upstream);
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    cg_buf_init_arena(&names.buf, arena, NAMES_BYTES_MAX);
    CG_TRY(cg_upstream_list(lookup->store, lookup->realm, arena, see_upstream, &names));
    return complain_of_absence(lookup, &absence, &names);
}

enum cg_status cg_long_list_init(struct cg_long_list *list, struct cg_context *context,
                                 void (*put)(struct cg_context *context, const void *row))
{
    *list = (struct cg_long_list){.context = context, .put = put};
    return cg_arena_new(CG_LIMIT_REGISTRY_LOAD_BYTES, &list->arena);
}

void cg_long_list_release(struct cg_long_list *list)
{
    list->arena = cg_arena_free(list->arena);
}

enum cg_status cg_long_list_see(void *list, const void *row)
{
    struct cg_long_list *seen = list;
    seen->put(seen->context, row);
    cg_arena_clear(seen->arena);
    return CG_OK;
}
