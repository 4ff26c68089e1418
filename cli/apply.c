/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/apply.h"

#include "base/span.h"
#include "cli/folder.h"
#include "cli/nginx_conf.h"

#include <string.h>

#define SCRATCH_BYTES_MAX (64UL * 1024 * 1024)

const struct cg_yaml *cg_apply_first(const struct cg_yaml *map, const char *list)
{
    const struct cg_yaml *member = cg_yaml_member(map, list);
    return member != NULL ? member->first : NULL;
}

enum cg_status cg_apply_at(struct cg_apply *apply, const struct cg_yaml *place,
                           const struct cg_diff_subject *subject, enum cg_status status)
{
    struct cg_context *context = apply->context;
    if (status == CG_OK || context->complained || context->fault.text == NULL) {
        return status;
    }
    return cg_registry_file_complain(&apply->file, place, status, "%s %.*s: %s", subject->thing,
                                     CG_SPAN_ARGS(subject->name), context->fault.text);
}

static bool is_listed(const char *const list[], const char *key)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (strcmp(list[i], key) == 0) {
            return true;
        }
    }
    return false;
}

enum cg_status cg_apply_check_fixed(struct cg_apply *apply, const struct cg_yaml *place,
                                    const struct cg_facts *before, const struct cg_facts *after,
                                    const char *const fixed[])
{
    for (size_t i = 0; i < after->count; i++) {
        const struct cg_fact *old = &before->items[i];
        const struct cg_fact *new = &after->items[i];
        if (is_listed(fixed, new->key) && !cg_fact_is_same(new->shape, old->value, new->value)) {
            const struct cg_yaml *member = cg_yaml_member(place, new->key);
            return cg_registry_file_complain(&apply->file, member != NULL ? member : place,
                                             CG_ERR_CONFLICT, "%s stands for good and is %.*s",
                                             new->key, CG_SPAN_ARGS(old->value));
        }
    }
    return CG_OK;
}

enum cg_status cg_apply_note(struct cg_apply *apply, enum cg_audit_kind kind,
                             struct cg_audit_event **ret_event)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_change_note(apply->change, kind, &event));
    event->realm = apply->look.realm;
    *ret_event = event;
    return CG_OK;
}

enum cg_status cg_apply_names(struct cg_apply *apply, const struct cg_yaml *map, const char *list,
                              const char *key, struct cg_names *ret_names)
{
    struct cg_names names = {.count = 0};
    for (const struct cg_yaml *at = cg_apply_first(map, list); at != NULL; at = at->next) {
        struct cg_span text = cg_apply_text(at, key);
        if (text.data != NULL) {
            CG_TRY(cg_names_add(&names, apply->context->arena, text, at));
        }
    }
    cg_names_sort(&names);
    const struct cg_name *twice = cg_names_twice(&names);
    if (twice != NULL) {
        return cg_registry_file_complain(
            &apply->file, twice->place, CG_ERR_CONFLICT, "%s %.*s stands in line %u already", key,
            CG_SPAN_ARGS(twice->text), (unsigned)twice[-1].place->line);
    }
    *ret_names = names;
    return CG_OK;
}

typedef enum cg_status (*apply_function)(struct cg_apply *apply, const struct cg_yaml *node);

/* What a realm consists of, each after what it names. */
static const struct {
    const char *list;
    const char *key; /* that names one */
    apply_function function;
} parts[] = {
    {"organisations", "ods", cg_apply_organisation},
    {"upstreams", "name", cg_apply_upstream},
    {"apis", "name", cg_apply_api},
    {"clients", "id", cg_apply_client},
    {"apis", "name", cg_apply_introspectors},
};

static enum cg_status apply_parts(struct cg_apply *apply, const struct cg_yaml *realm)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct cg_names names;
        CG_TRY(cg_apply_names(apply, realm, parts[i].list, parts[i].key, &names));
        for (const struct cg_yaml *at = cg_apply_first(realm, parts[i].list); at != NULL;
             at = at->next) {
            CG_TRY(parts[i].function(apply, at));
        }
    }
    return CG_OK;
}

static enum cg_status apply_agreements(struct cg_apply *apply, const struct cg_yaml *realm,
                                       struct cg_names *seen)
{
    struct cg_names names;
    CG_TRY(cg_apply_names(apply, realm, "agreements", "id", &names));
    for (const struct cg_yaml *at = cg_apply_first(realm, "agreements"); at != NULL;
         at = at->next) {
        CG_TRY(cg_apply_agreement(apply, at, seen));
    }
    cg_names_sort(seen);
    return CG_OK;
}

/* "off": absent. */
static enum cg_status read_mtls_url(struct cg_apply *apply, const struct cg_yaml *member,
                                    struct cg_span *ret_url)
{
    struct cg_span url = {NULL, 0};
    struct cg_uri uri;
    if (!cg_span_equal_string(member->text, "off") &&
        (cg_nginx_origin_parse(member->text, &url, &uri) != CG_OK ||
         !cg_span_equal_string(uri.scheme, "https"))) {
        return cg_apply_refuse(apply, member, "an https URL without a path, or off");
    }
    *ret_url = url;
    return CG_OK;
}

static enum cg_status apply_mtls_url(struct cg_apply *apply)
{
    const struct cg_yaml *member = cg_yaml_member(apply->file.root, "mtls-url");
    struct cg_store *store = apply->look.store;
    struct cg_diff_subject subject = {.thing = "settings"};
    struct cg_audit_event *event = NULL;
    struct cg_span before = {NULL, 0};
    struct cg_span url = {NULL, 0};
    enum cg_status status = cg_setting_get(store, "mtls_base_url", apply->context->arena, &before);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    if (member == NULL) {
        return CG_OK;
    }
    CG_TRY(read_mtls_url(apply, member, &url));
    if (cg_fact_is_same(CG_FACT_TEXT, before, url)) {
        return CG_OK;
    }
    CG_TRY(url.data != NULL ? cg_setting_set(store, "mtls_base_url", url)
                            : cg_setting_drop(store, "mtls_base_url"));
    CG_TRY(cg_diff_value(&apply->diff, &subject, "mtls-url", before, url));
    CG_TRY(cg_change_note(apply->change, CG_AUDIT_REALM_CHANGED, &event));
    event->detail = url.data != NULL ? url : CG_SPAN_OF("off");
    return CG_OK;
}

static enum cg_status tell_absent_realm(void *context, const void *row)
{
    struct cg_apply *apply = context;
    const struct cg_realm *realm = row;
    for (const struct cg_yaml *at = cg_apply_first(apply->file.root, "realms"); at != NULL;
         at = at->next) {
        if (cg_span_equal(cg_apply_text(at, "path"), realm->path)) {
            return CG_OK;
        }
    }
    struct cg_diff_subject subject = {.thing = "realm", .name = realm->path};
    return cg_diff_absent(&apply->diff, &subject);
}

/* Last of all, when nothing else can fail any more but the commit. */
static enum cg_status write_realms(struct cg_apply *apply)
{
    for (size_t i = 0; !apply->is_trial && i < apply->new_realms.count; i++) {
        CG_TRY(cg_folder_write_realm(apply->context, apply->new_realms.items[i].text));
    }
    return CG_OK;
}

enum cg_status cg_apply_file(struct cg_apply *apply)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *scratch = NULL;
    struct cg_names realms;
    CG_TRY(cg_arena_new(SCRATCH_BYTES_MAX, &scratch));
    apply->scratch = scratch;
    CG_TRY(cg_apply_names(apply, apply->file.root, "realms", "path", &realms));
    CG_TRY(apply_mtls_url(apply));
    CG_TRY(cg_realm_list(apply->look.store, apply->context->arena, tell_absent_realm, apply));
    for (const struct cg_yaml *at = cg_apply_first(apply->file.root, "realms"); at != NULL;
         at = at->next) {
        struct cg_names agreements = {.count = 0};
        apply->look.realm = cg_apply_text(at, "path");
        CG_TRY(cg_apply_realm(apply, at));
        CG_TRY(apply_parts(apply, at));
        CG_TRY(apply_agreements(apply, at, &agreements));
        CG_TRY(cg_apply_tell_absent(apply, at, &agreements));
    }
    return write_realms(apply);
}
