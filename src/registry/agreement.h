/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agreements: client × API × operations × purpose, agreed by whom, from when, until when.
 * Everything turns on them. requested → approved (by as many different people as the API wants) →
 * withdrawn, or refused. See registry/registry.h.
 */
#ifndef CG_REGISTRY_AGREEMENT_H
#define CG_REGISTRY_AGREEMENT_H

#include "base/throttle.h"
#include "crypto/random.h"
#include "registry/registry.h"

enum cg_agreement_state {
    CG_AGREEMENT_REQUESTED,
    CG_AGREEMENT_APPROVED,
    CG_AGREEMENT_REFUSED,
    CG_AGREEMENT_WITHDRAWN,
};

struct cg_agreement {
    struct cg_span id; /* "agr_…" */
    struct cg_span realm;
    struct cg_span client;
    struct cg_span api;
    struct cg_span scope; /* space-separated, each of the API's */
    /* What of the API's documents it opens: empty, all. Space-separated, as requested for ever. */
    struct cg_span document_types; /* SNOMED CT codes */
    struct cg_span organisations;  /* ODS codes of those whose documents they are */
    struct cg_span purpose;        /* a code of the list */
    struct cg_span purpose_text;   /* free text beside it, or absent */
    enum cg_agreement_state state;
    int64_t approvals_wanted;
    int64_t approvals; /* how many there are; filled by find and list */
    int64_t from_s;
    int64_t until_s; /* exclusive; 0: no end */
    int64_t requested_s;
    int64_t decided_s;    /* 0: not yet */
    struct cg_rate rate;  /* how often it may be used, made by cg_rate_parse; count 0: no limit */
    struct cg_rate limit; /* less often than that, for now; count 0: as agreed */
};

/* The outward word at a time: requested, in_force, not_yet, over, refused, withdrawn. Static,
 * zero-terminated. */
const char *cg_agreement_state_name(const struct cg_agreement *agreement, int64_t now_s);

/* Purposes: a table of code and help text ("direct_care", …, after HL7 v3 PurposeOfUse). NULL past
 * the end. */
struct cg_purpose {
    const char *code;
    const char *help;
};
const struct cg_purpose *cg_purpose_at(size_t index);
/* The purpose meant by "direct_care", "direct-care" or "Direct care"; NULL when it is none of the
 * list. */
const struct cg_purpose *cg_purpose_find(struct cg_span text);

/*
 * Checks client, API, scopes, narrowing, purpose, dates; state requested. from_s 0 means from
 * requested_s. id, realm's approvals_wanted and state are not looked at. CG_ERR_LIMIT past
 * CG_LIMIT_CLIENT_AGREEMENTS that are neither refused, withdrawn nor over. Returns the id in the
 * arena.
 */
CG_MUST_USE enum cg_status cg_agreement_request(struct cg_store *store,
                                                const struct cg_agreement *agreement,
                                                const struct cg_random *random,
                                                struct cg_arena *arena, struct cg_fault *fault,
                                                struct cg_span *ret_id);

/* Who decided, why (may be absent), when. */
struct cg_decision {
    struct cg_span who;
    struct cg_span why;
    int64_t at_s;
};

/* One person's approval; the same person, in whatever case the name is written, counts once
 * (CG_ERR_CONFLICT). *ret_state tells whether it is approved now. */
CG_MUST_USE enum cg_status cg_agreement_approve(struct cg_store *store, struct cg_span realm,
                                                struct cg_span id,
                                                const struct cg_decision *decision,
                                                struct cg_fault *fault,
                                                enum cg_agreement_state *ret_state);
CG_MUST_USE enum cg_status cg_agreement_refuse(struct cg_store *store, struct cg_span realm,
                                               struct cg_span id,
                                               const struct cg_decision *decision,
                                               struct cg_fault *fault);
/* Withdraws an approved one; tokens that rest on it are denied from now on. */
CG_MUST_USE enum cg_status cg_agreement_withdraw(struct cg_store *store, struct cg_span realm,
                                                 struct cg_span id,
                                                 const struct cg_decision *decision,
                                                 struct cg_fault *fault);
/*
 * Bounds how often an approved one may be used, without asking anybody anew, since it is less than
 * was agreed; count 0 for as often as agreed. CG_ERR_INPUT for more than agreed, CG_ERR_CONFLICT
 * when it is not approved, or over.
 */
CG_MUST_USE enum cg_status cg_agreement_limit(struct cg_store *store,
                                              const struct cg_agreement *named,
                                              const struct cg_rate *limit, int64_t now_s,
                                              struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_agreement_find(struct cg_store *store, struct cg_span realm,
                                             struct cg_span id, struct cg_arena *arena,
                                             struct cg_agreement *ret_agreement);
/* client absent: all of the realm. */
CG_MUST_USE enum cg_status cg_agreement_list(struct cg_store *store, struct cg_span realm,
                                             struct cg_span client, struct cg_arena *arena,
                                             cg_registry_visit visit, void *context);

#endif
