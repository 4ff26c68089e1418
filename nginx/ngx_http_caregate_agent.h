/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module's files share of the agent: profiles (caregate_profile), which get tokens of an
 * authorisation server, and locations that attach one to what they pass on (caregate_attach). A
 * part of ngx_http_caregate_module.h, which includes it.
 *
 * A profile and its client are made by nginx's master, with the configuration, and inherited by the
 * workers: so all of them prove possession by the same key. The token lies in shared memory; each
 * worker has a keeper for each profile, with a copy of it, and whoever waits for one.
 */
#ifndef NGX_HTTP_CAREGATE_AGENT_H
#define NGX_HTTP_CAREGATE_AGENT_H

#include "ngx_http_caregate_trust.h"

#include <caregate/client.h>
#include <caregate/gate.h>
#include <caregate/reason.h>
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

struct caregate_worker;
struct caregate_mark;

#pragma GCC visibility push(hidden)

#define CAREGATE_PROFILES_MAX 32
/* Requests of one worker that wait for one profile's token at most. */
#define CAREGATE_TOKEN_WAITS_MAX 1024

/* Of a DPoP-Nonce of an API's; a longer one is none. */
#define CAREGATE_NONCE_MAX ((size_t)256)

/* A place in shared memory for the token of a profile. */
struct caregate_token_place;

/* Where the token of a profile may go. */
struct caregate_destination {
    ngx_uint_t is_https;
    ngx_str_t host; /* lower case; "unix:PATH" for a socket */
    in_port_t port; /* 0: a socket */
};

struct caregate_profile {
    ngx_str_t name;
    struct caregate_place place;
    ngx_uint_t number;
    ngx_uint_t given; /* bit n: setting n of the table was given */

    ngx_str_t token_url;
    ngx_str_t client_id;
    struct caregate_secret *secret; /* in locked memory, as are the next two; or NULL */
    struct caregate_secret *key;
    struct caregate_secret *certificate_key;
    ngx_str_t certificate; /* in PEM */
    ngx_uint_t is_basic;   /* the secret goes into the header Authorization */
    ngx_str_t kid;
    ngx_str_t alg;
    ngx_str_t audience;
    ngx_str_t scope;
    ngx_array_t *resources; /* of struct cg_span; or NULL */
    ngx_str_t ca_file;
    ngx_uint_t has_dpop;
    ngx_msec_t timeout_ms;
    ngx_array_t *addresses;    /* of ngx_cidr_t: who may call; NULL: this machine */
    ngx_array_t *users;        /* of uid_t: who may call by a Unix socket; NULL: nobody */
    ngx_array_t *destinations; /* of struct caregate_destination */

    struct cg_client *client;
    u_char tag[CG_CLIENT_TAG_BYTES];
    struct caregate_token_place *tokens; /* set when shared memory is there */
};

/* All profiles of a configuration. */
struct caregate_agent {
    ngx_array_t profiles; /* of struct caregate_profile * */
    ngx_thread_pool_t *pool;
    ngx_shm_zone_t *zone;
};

/* A request that waits for a token. Lives in the request's pool. */
struct caregate_wait {
    ngx_queue_t link;
    ngx_http_request_t *request;
    ngx_uint_t is_linked;
    ngx_msec_t until;
    void (*resume)(ngx_http_request_t *r);
};

/* What a worker knows of a profile's token. */
struct caregate_keeper {
    struct caregate_profile *profile;
    struct caregate_worker *worker;
    u_char *value; /* "Bearer TOKEN"; room for the longest */
    size_t value_len;
    ngx_uint_t is_used;      /* since it came */
    ngx_atomic_uint_t turn;  /* of the place, when the copy was made */
    int64_t renew_s;         /* until then the copy is good without a look at the place */
    int64_t retry_s;         /* when there is none: when somebody asks again */
    unsigned failure;        /* and why not: enum cg_client_outcome */
    ngx_thread_task_t *task; /* that asks */
    ngx_uint_t is_asking;
    uint64_t claim;
    int64_t asked_s;
    struct cg_client_answer *answer; /* the task's */
    ngx_queue_t waiting;             /* of struct caregate_wait */
    ngx_uint_t waiting_count;
    ngx_event_t wait_timer;
    u_char logged[CG_CLIENT_TROUBLE_BYTES]; /* the trouble that was told last */
    u_char nonce[CAREGATE_NONCE_MAX];       /* of the API's last answer, for the next proof */
    size_t nonce_len;
};

/* What a worker has of the agent. */
struct caregate_agent_work {
    struct caregate_keeper *keepers; /* by number of the profile */
    ngx_uint_t count;
    ngx_event_t tick;
};

/* What a request has of it. */
struct caregate_attachment {
    struct caregate_keeper *keeper;
    ngx_str_t value; /* of the header Authorization */
    struct caregate_wait wait;
    ngx_uint_t has_waited;
    ngx_uint_t is_repeated; /* after 401 */
};

/* profile.c */
char *caregate_set_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_attach(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* master_key.c: a profile's secret or key, from "keyring:NAME" of the kernel, or from a file, which
 * must be of a user who is trusted with it. */
ngx_int_t caregate_keyring_read(ngx_conf_t *cf, ngx_str_t source,
                                struct caregate_secret **ret_secret, const char **ret_why);
ngx_int_t caregate_profile_secret_read(ngx_conf_t *cf, ngx_str_t *path, ngx_uint_t is_key,
                                       struct caregate_secret **ret_secret, const char **ret_why);

/* profile_pin.c */
/* "https://HOST[:PORT]"; NULL, or why it is no destination. */
const char *caregate_destination_read(ngx_conf_t *cf, ngx_str_t text,
                                      struct caregate_destination *ret_destination);
/* Whether the token can go from this location nowhere but where it may; NULL, or why not. */
const char *caregate_pin_fault(ngx_conf_t *cf, const struct caregate_profile *profile);

/* attach_zone.c: what workers share of a profile's token */
ngx_int_t caregate_tokens_add(ngx_conf_t *cf, struct caregate_agent *agent);
/* Counts up with each change of the place. */
ngx_atomic_uint_t caregate_tokens_turn(const struct caregate_profile *profile);
/* Looks, for a keeper, and takes what it finds into it. CG_KEPT_REFUSE, too, when the place has
 * gone to another profile since. */
enum cg_kept_advice caregate_tokens_look(struct caregate_keeper *keeper);
/* Brings what a question was answered by. */
void caregate_tokens_bring(struct caregate_keeper *keeper, const struct cg_client_answer *answer);
void caregate_tokens_give_back(struct caregate_keeper *keeper);
/* An API refused this token; whether another is worth a try. */
ngx_uint_t caregate_tokens_reject(struct caregate_keeper *keeper, ngx_str_t token);
/* What is counted of a profile's tokens, for metrics. */
enum caregate_tokens_count {
    CAREGATE_TOKENS_GOT,
    CAREGATE_TOKENS_FAILED,
    CAREGATE_TOKENS_REJECTED,
    CAREGATE_TOKENS_COUNTS
};
ngx_atomic_uint_t caregate_tokens_count(const struct caregate_profile *profile,
                                        enum caregate_tokens_count what);
/* What workers that died have claimed is free again. */
void caregate_tokens_sweep(const struct caregate_agent *agent);

/* attach_keep.c */
ngx_int_t caregate_keepers_start(struct caregate_worker *worker, ngx_cycle_t *cycle);
void caregate_keepers_finish(struct caregate_worker *worker);
/*
 * A token for a request now: NGX_OK with it in the keeper; NGX_AGAIN: it is to wait; NGX_DECLINED:
 * there is none, *ret_reason says why, *ret_retry_s when to try again.
 */
ngx_int_t caregate_keeper_get(struct caregate_keeper *keeper, enum cg_reason *ret_reason,
                              int64_t *ret_retry_s);
/* Has wait->resume called when something has changed, or the time is over. NGX_DECLINED when too
 * many wait. */
ngx_int_t caregate_keeper_wait(struct caregate_keeper *keeper, ngx_http_request_t *r,
                               struct caregate_wait *wait);
/* How long a request waits at most. */
ngx_msec_t caregate_keeper_patience(const struct caregate_profile *profile);

/* attach.c */
ngx_int_t caregate_attach_handler(ngx_http_request_t *r);
/* Puts the keeper's token onto the request. */
ngx_int_t caregate_attach_token(ngx_http_request_t *r, struct caregate_mark *mark);
/* The token in the value that was put on, without its scheme. Borrows. */
ngx_str_t caregate_attach_bare_token(const struct caregate_attachment *attached);
/* Answers that there is no token. What a phase handler is to return. */
ngx_int_t caregate_attach_refuse(ngx_http_request_t *r, struct caregate_mark *mark,
                                 enum cg_reason reason, int64_t retry_s);
/* What the API wants in the next proof (RFC 9449 §9), which is not for the caller. */
void caregate_attach_keep_nonce(ngx_http_request_t *r, struct caregate_mark *mark);
/* The answer must not give back what was sent. */
void caregate_attach_clean_answer(ngx_http_request_t *r, const struct caregate_mark *mark);

/* identity.c */
/* Puts the token that is attached in the place of whatever the caller sent. */
ngx_int_t caregate_identity_attach(ngx_http_request_t *r, const struct caregate_mark *mark,
                                   ngx_str_t authorization, ngx_str_t proof);
/* Takes it off again, if there is one: the request has come to a location without caregate_attach.
 */
ngx_int_t caregate_identity_detach(ngx_http_request_t *r);
/* Whether the header Authorization is one that was attached. */
ngx_uint_t caregate_identity_is_attached(const ngx_http_request_t *r);

/* attach_repeat.c */
/* On the head of an API's answer: 1 when the call is made again, and this answer forgotten. */
ngx_uint_t caregate_repeat_begin(ngx_http_request_t *r, struct caregate_mark *mark);

#pragma GCC visibility pop

#endif
