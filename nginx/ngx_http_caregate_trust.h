/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module's files share of caregate_trust: a gate without a store, and its issuer
 * elsewhere. A part of ngx_http_caregate_module.h, which includes it.
 */
#ifndef NGX_HTTP_CAREGATE_TRUST_H
#define NGX_HTTP_CAREGATE_TRUST_H

#include <caregate/trust.h>
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

struct caregate_worker;
struct caregate_report;

#pragma GCC visibility push(hidden)

/* Where a directive stands, for messages about it when all is read. */
struct caregate_place {
    ngx_str_t file;
    ngx_uint_t line;
};

/* Secrets are kept in mappings of this size. */
#define CAREGATE_SECRET_PAGE_BYTES 4096

/* The secret or the private key of a gate, alone in such a mapping. */
struct caregate_secret {
    size_t len;
    u_char bytes[CAREGATE_SECRET_PAGE_BYTES - sizeof(size_t)];
};

/* The issuer elsewhere from which a gate without a store has its keys and rules. */
struct caregate_trust_conf {
    ngx_str_t issuer;
    ngx_str_t client_id;
    ngx_str_t kid;                  /* of the key; empty: it names none */
    ngx_str_t alg;                  /* that the key signs by; empty: the first that fits */
    ngx_str_t audience;             /* of what it signs; empty: the token URL */
    ngx_str_t state;                /* the file of the last bundle, absolute; empty: none */
    struct caregate_secret *secret; /* in locked memory */
    ngx_uint_t has_key;             /* the secret is a private key */
    struct caregate_place place;
};

/* How a gate without a store stands with its issuer. */
struct caregate_trust_work {
    struct cg_trust *asker; /* the first worker's, which asks for all of the machine; else NULL */
    struct cg_trust *reporter;
    unsigned wait_s; /* how long the next question may wait for its answer */
    ngx_msec_t asked_at;
    ngx_msec_t ask_at;    /* not before */
    ngx_uint_t failures;  /* in a row */
    ngx_uint_t turn_seen; /* of the zone's text */
    u_char logged[512];   /* the trouble that was told last */

    ngx_event_t report_timer;
    ngx_thread_task_t *report_task;
    ngx_uint_t is_reporting;
    enum cg_status report_status;
    ngx_msec_t report_at; /* not before */
    ngx_uint_t report_failures;
};

/* master_key.c: a gate's secret in one line, or its private key in PEM. */
ngx_int_t caregate_secret_read(ngx_conf_t *cf, ngx_str_t *path, ngx_uint_t is_key,
                               struct caregate_secret **ret_secret, const char **ret_why);

/* trust.c */
ngx_int_t caregate_trust_start(struct caregate_worker *worker, ngx_cycle_t *cycle);
/* The threads are gone by now: what was refused and is not told yet is told here and now. */
void caregate_trust_finish(struct caregate_worker *worker);

/* zone.c */
/* Keeps the text of a bundle; 0 when the zone has a newer one. */
ngx_uint_t caregate_zone_keep_newer(struct caregate_worker *worker,
                                    const struct cg_snapshot *snapshot, int64_t current_s);
/* The text that is kept is another issuer's: whatever comes is newer. */
void caregate_zone_forget(struct caregate_worker *worker);
/* How many texts were kept. */
ngx_uint_t caregate_zone_turn(const struct caregate_worker *worker);
int64_t caregate_zone_current_s(const struct caregate_worker *worker);
/* A copy of the text, for ngx_free. Any thread. */
ngx_int_t caregate_zone_copy(const struct caregate_worker *worker, u_char **ret_copy,
                             size_t *ret_len, int64_t *ret_current_s);
void caregate_zone_count_ask_failure(const struct caregate_worker *worker, enum cg_status status);
void caregate_zone_count_lost(const struct caregate_worker *worker,
                              const struct cg_refusal *refusals, size_t count);

#pragma GCC visibility pop

#endif
