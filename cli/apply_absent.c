/* SPDX-License-Identifier: Apache-2.0 */
/* What of a realm is in service and not in the file: it stays, and is told. */
#include "base/limits.h"
#include "base/span.h"
#include "cli/apply.h"
#include "registry/client_key_value.h"

/* A list of the registry beside the file's. */
struct looking {
    struct cg_apply *apply;
    const struct cg_names *names;
};

static enum cg_status tell(const struct looking *looking, const char *thing, struct cg_span name)
{
    struct cg_diff_subject subject = {looking->apply->look.realm, thing, name};
    return cg_names_has(looking->names, name) ? CG_OK
                                              : cg_diff_absent(&looking->apply->diff, &subject);
}

static enum cg_status see_organisation(void *context, const void *row)
{
    const struct cg_organisation *organisation = row;
    return tell(context, "organisation", organisation->ods);
}

static enum cg_status see_upstream(void *context, const void *row)
{
    const struct cg_upstream *upstream = row;
    return upstream->retired_s == 0 ? tell(context, "upstream", upstream->name) : CG_OK;
}

static enum cg_status see_api(void *context, const void *row)
{
    const struct cg_api *api = row;
    return api->retired_s == 0 ? tell(context, "api", api->name) : CG_OK;
}

static enum cg_status see_client(void *context, const void *row)
{
    const struct cg_client *client = row;
    return client->state != CG_CLIENT_RETIRED ? tell(context, "client", client->id) : CG_OK;
}

static enum cg_status see_agreement(void *context, const void *row)
{
    const struct looking *looking = context;
    const struct cg_agreement *agreement = row;
    bool is_in_service = false;
    CG_TRY(cg_in_service_agreement(&looking->apply->look, agreement, &is_in_service));
    return is_in_service ? tell(context, "agreement", agreement->id) : CG_OK;
}

static enum cg_status list_agreements(struct cg_store *store, struct cg_span realm,
                                      struct cg_arena *arena, cg_registry_visit visit,
                                      void *context)
{
    return cg_agreement_list(store, realm, (struct cg_span){NULL, 0}, arena, visit, context);
}

static const struct {
    const char *list;
    const char *key; /* that names one; NULL: the agreements that were seen */
    enum cg_status (*all)(struct cg_store *store, struct cg_span realm, struct cg_arena *arena,
                          cg_registry_visit visit, void *context);
    cg_registry_visit see;
} kinds[] = {
    {"organisations", "ods", cg_organisation_list, see_organisation},
    {"upstreams", "name", cg_upstream_list, see_upstream},
    {"apis", "name", cg_api_list, see_api},
    {"clients", "id", cg_client_list, see_client},
    {"agreements", NULL, list_agreements, see_agreement},
};

/* The key of a client that the file has, too. */
struct keys {
    struct cg_apply *apply;
    const struct cg_yaml *client;
};

static bool has_key(const struct keys *keys, const struct cg_client_key *key)
{
    for (const struct cg_yaml *at = cg_apply_first(keys->client, "keys"); at != NULL;
         at = at->next) {
        struct cg_span value = {NULL, 0};
        struct cg_span text = cg_apply_text(at, cg_facts_key_name(key->kind));
        if (text.data != NULL &&
            cg_client_key_value_read(key->kind, text, keys->apply->scratch, NULL, &value) ==
                CG_OK &&
            cg_span_equal(value, key->value)) {
            return true;
        }
    }
    return false;
}

static enum cg_status see_key(void *context, const void *row)
{
    const struct keys *keys = context;
    const struct cg_client_key *key = row;
    struct cg_diff_subject subject = {keys->apply->look.realm, "client key", key->id};
    return key->revoked_s != 0 || has_key(keys, key) ? CG_OK
                                                     : cg_diff_absent(&keys->apply->diff, &subject);
}

static enum cg_status tell_keys(struct cg_apply *apply, const struct cg_yaml *realm)
{
    for (const struct cg_yaml *at = cg_apply_first(realm, "clients"); at != NULL; at = at->next) {
        struct keys keys = {apply, at};
        CG_TRY(cg_client_key_list(apply->look.store, apply->look.realm, cg_apply_text(at, "id"),
                                  apply->scratch, see_key, &keys));
        cg_arena_clear(apply->scratch);
    }
    return CG_OK;
}

/* "documents: ward-system" */
static enum cg_status tell_pair(struct cg_apply *apply, const char *thing, struct cg_span of,
                                struct cg_span what)
{
    struct cg_diff_subject subject = {apply->look.realm, thing, {NULL, 0}};
    const char *name = NULL;
    CG_TRY(cg_context_print(apply->context, &name, "%.*s of %.*s", CG_SPAN_ARGS(what),
                            CG_SPAN_ARGS(of)));
    subject.name = cg_span_of_string(name);
    return cg_diff_absent(&apply->diff, &subject);
}

static bool has_text(const struct cg_yaml *map, const char *list, struct cg_span text)
{
    for (const struct cg_yaml *at = cg_apply_first(map, list); at != NULL; at = at->next) {
        if (cg_span_equal(at->text, text)) {
            return true;
        }
    }
    return false;
}

static enum cg_status tell_introspectors(struct cg_apply *apply, const struct cg_yaml *realm)
{
    for (const struct cg_yaml *at = cg_apply_first(realm, "apis"); at != NULL; at = at->next) {
        struct cg_span name = cg_apply_text(at, "name");
        struct cg_span clients = {NULL, 0};
        struct cg_span client;
        CG_TRY(cg_in_service_introspectors(&apply->look, name, apply->context->arena, &clients));
        while (cg_span_split(&clients, ' ', &client)) {
            if (client.len > 0 && !has_text(at, "introspectors", client)) {
                CG_TRY(tell_pair(apply, "introspector", name, client));
            }
        }
    }
    return CG_OK;
}

static bool has_id(const struct cg_yaml *client, const struct cg_client_upstream *row)
{
    for (const struct cg_yaml *at = cg_apply_first(client, "upstreams"); at != NULL;
         at = at->next) {
        if (cg_span_equal(cg_apply_text(at, "upstream"), row->upstream) &&
            cg_span_equal(cg_apply_text(at, "audience"), row->audience)) {
            return true;
        }
    }
    return false;
}

static enum cg_status see_upstream_id(void *context, const void *row)
{
    const struct looking *looking = context;
    const struct cg_client_upstream *id = row;
    const struct cg_name *client = cg_names_find(looking->names, id->client);
    bool is_in_service = false;
    if (client == NULL || has_id(client->place, id)) {
        return CG_OK;
    }
    CG_TRY(cg_in_service_upstream(&looking->apply->look, id->upstream, &is_in_service));
    return is_in_service ? tell_pair(looking->apply, "upstream id", id->client, id->audience)
                         : CG_OK;
}

static enum cg_status tell_upstream_ids(struct cg_apply *apply, const struct cg_yaml *realm)
{
    struct cg_names clients;
    struct looking looking = {apply, &clients};
    CG_TRY(cg_apply_names(apply, realm, "clients", "id", &clients));
    return cg_client_upstream_list(apply->look.store, apply->look.realm, apply->context->arena,
                                   see_upstream_id, &looking);
}

enum cg_status cg_apply_tell_absent(struct cg_apply *apply, const struct cg_yaml *realm,
                                    const struct cg_names *agreements)
{
    struct cg_arena *arena = apply->context->arena;
    struct looking looking = {.apply = apply};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct cg_names names;
        looking.names = agreements;
        if (kinds[i].key != NULL) {
            CG_TRY(cg_apply_names(apply, realm, kinds[i].list, kinds[i].key, &names));
            looking.names = &names;
        }
        CG_TRY(kinds[i].all(apply->look.store, apply->look.realm, arena, kinds[i].see, &looking));
    }
    CG_TRY(tell_keys(apply, realm));
    CG_TRY(tell_introspectors(apply, realm));
    return tell_upstream_ids(apply, realm);
}
