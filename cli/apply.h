/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the registry on its way into it (docs/REGISTRY.md): each thing of it is found, compared
 * and, where it differs, changed by the functions that the verbs use, in one transaction with the
 * events that the verbs make. What the file does not have stays, and is told.
 *
 * A trial does all that, too, and is then dropped: what the registry would refuse, it refuses.
 */
#ifndef CG_CLI_APPLY_H
#define CG_CLI_APPLY_H

#include "cli/change.h"
#include "cli/diff.h"
#include "cli/in_service.h"
#include "cli/names.h"
#include "cli/registry_schema.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_apply {
    struct cg_context *context;
    struct cg_registry_file file;
    struct cg_change *change;
    struct cg_diff diff;
    bool is_trial;
    struct cg_in_service look; /* the store, and the realm at hand */
    struct cg_names new_realms;
    struct cg_arena *scratch; /* of one client: its keys are long */
};

/* Does all of it but the commit. Complains by itself, of a line where it can. */
CG_MUST_USE enum cg_status cg_apply_file(struct cg_apply *apply);

/* One thing of a realm each; the realm is apply->look.realm. */
CG_MUST_USE enum cg_status cg_apply_realm(struct cg_apply *apply, const struct cg_yaml *node);
CG_MUST_USE enum cg_status cg_apply_organisation(struct cg_apply *apply,
                                                 const struct cg_yaml *node);
CG_MUST_USE enum cg_status cg_apply_upstream(struct cg_apply *apply, const struct cg_yaml *node);
CG_MUST_USE enum cg_status cg_apply_api(struct cg_apply *apply, const struct cg_yaml *node);
CG_MUST_USE enum cg_status cg_apply_client(struct cg_apply *apply, const struct cg_yaml *node);
/* After the clients: which of them may introspect the API's tokens. */
CG_MUST_USE enum cg_status cg_apply_introspectors(struct cg_apply *apply,
                                                  const struct cg_yaml *node);
/* *seen gets the id of the agreement that the node means. */
CG_MUST_USE enum cg_status cg_apply_agreement(struct cg_apply *apply, const struct cg_yaml *node,
                                              struct cg_names *seen);

/* Tells what of the realm is in service and not in the file. */
CG_MUST_USE enum cg_status cg_apply_tell_absent(struct cg_apply *apply, const struct cg_yaml *realm,
                                                const struct cg_names *agreements);

/* The names by `key` of the members of a list of a map, in order. Complains of one that stands
 * twice. */
CG_MUST_USE enum cg_status cg_apply_names(struct cg_apply *apply, const struct cg_yaml *map,
                                          const char *list, const char *key,
                                          struct cg_names *ret_names);

/* The first thing of a list of a map; NULL when there is none. */
const struct cg_yaml *cg_apply_first(const struct cg_yaml *map, const char *list);

/*
 * Passes a status on. For a failure that a function of the registry has told in the fault,
 * complains of the place first: "FILE:12: api documents: …".
 */
CG_MUST_USE enum cg_status cg_apply_at(struct cg_apply *apply, const struct cg_yaml *place,
                                       const struct cg_diff_subject *subject,
                                       enum cg_status status);

/* Refuses a change of facts that stand for good; `fixed` names them, ended by NULL. */
CG_MUST_USE enum cg_status cg_apply_check_fixed(struct cg_apply *apply, const struct cg_yaml *place,
                                                const struct cg_facts *before,
                                                const struct cg_facts *after,
                                                const char *const fixed[]);

/* An event of the realm at hand. */
CG_MUST_USE enum cg_status cg_apply_note(struct cg_apply *apply, enum cg_audit_kind kind,
                                         struct cg_audit_event **ret_event);

/*
 * Values. Each leaves *ret alone when the key is left out, and complains of a value that is
 * malformed.
 */
struct cg_span cg_apply_text(const struct cg_yaml *map, const char *key); /* or absent */
CG_MUST_USE enum cg_status cg_apply_words(struct cg_apply *apply, const struct cg_yaml *map,
                                          const char *key, struct cg_span *ret_words);
CG_MUST_USE enum cg_status cg_apply_number(struct cg_apply *apply, const struct cg_yaml *map,
                                           const char *key, int64_t *ret_number);
CG_MUST_USE enum cg_status cg_apply_life(struct cg_apply *apply, const struct cg_yaml *map,
                                         const char *key, int64_t *ret_life_s);
CG_MUST_USE enum cg_status cg_apply_time(struct cg_apply *apply, const struct cg_yaml *map,
                                         const char *key, int64_t *ret_time_s);
CG_MUST_USE enum cg_status cg_apply_rate(struct cg_apply *apply, const struct cg_yaml *map,
                                         const char *key, struct cg_rate *ret_rate);
CG_MUST_USE enum cg_status cg_apply_response(struct cg_apply *apply, const struct cg_yaml *map,
                                             const char *key, enum cg_token_response *ret_response);
/* "does not fit": says the key, the value and what is allowed. */
CG_MUST_USE enum cg_status cg_apply_refuse(struct cg_apply *apply, const struct cg_yaml *member,
                                           const char *allowed);

#endif
