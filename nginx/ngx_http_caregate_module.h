/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the nginx module share. Functions run on the event loop unless they say that
 * they run on a pool thread, and return what nginx expects at their place: NGX_OK, NGX_ERROR,
 * NGX_DECLINED, NGX_DONE or an HTTP status.
 *
 * What lives how long: a main_conf and its loc_confs as long as a configuration; a worker as long
 * as a worker process; a visit as long as a main request; a mark as long as the request it marks.
 */
#ifndef NGX_HTTP_CAREGATE_MODULE_H
#define NGX_HTTP_CAREGATE_MODULE_H

#include "ngx_http_caregate_agent.h"
#include "ngx_http_caregate_trust.h"

#include <caregate/exchange.h>
#include <caregate/fair_queue.h>
#include <caregate/feed.h>
#include <caregate/gate.h>
#include <caregate/issuer.h>
#include <caregate/reason.h>
#include <caregate/refusal.h>
#include <caregate/throttle.h>
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

/* Slots of a worker: one signs while the other waits for the disk. */
#define CAREGATE_SLOTS 2
/* Requests to the issuer that wait in one worker, of one caller half of them at most; more are
 * answered 503 at once. */
#define CAREGATE_QUEUE_MAX 1024
/* Verified tokens that one worker remembers. */
#define CAREGATE_CACHE_TOKENS 16384
/* Refusals that are written to the audit in one go. */
#define CAREGATE_REFUSALS_MAX 64
/* Worker processes that have a place of their own in the zone. */
#define CAREGATE_WORKERS_MAX 64
/* Exchanges that a worker keeps for later use. */
#define CAREGATE_FREE_EXCHANGES_MAX 128
/* Of a body that is not wanted, so much is read at most before the answer is sent. */
#define CAREGATE_DROP_MAX 33554432
/* Secrets that end soon: so many are named in the log, and so long is a name. */
#define CAREGATE_SECRET_ENDS_TOLD_MAX 20
#define CAREGATE_SECRET_ENDS_LINE_BYTES ((size_t)320)
/* Name of a worker as a writer of the audit. */
#define CAREGATE_WRITER_BYTES 64

#define CAREGATE_POLL_MS 500
#define CAREGATE_UPKEEP_MS 1000

/* nginx finds the module by its tables; nothing else is seen from outside, however it is built. */
#pragma GCC visibility push(hidden)

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): nginx numbers its modules. */
extern ngx_module_t ngx_http_caregate_module;

/* One caregate_require. */
struct caregate_rule {
    unsigned methods;   /* enum cg_method bits */
    ngx_array_t scopes; /* of struct cg_span */
};

/* One caregate_operation. */
struct caregate_operation {
    ngx_str_t name;
    ngx_array_t scopes; /* of struct cg_span */
};

/* Where a proxy in front says which certificate its client has. */
struct caregate_certificate_header {
    ngx_str_t name;     /* lower case */
    ngx_str_t verified; /* the header with nginx's SUCCESS for a trusted chain; empty: none */
    ngx_uint_t always_verified;
    ngx_array_t *from; /* of ngx_cidr_t: the proxy */
};

/* The PIN of the security module, alone in such a mapping. */
struct caregate_pin {
    u_char bytes[CG_PKCS11_PIN_MAX_BYTES];
    size_t len;
};

struct caregate_main_conf {
    ngx_str_t store;         /* URI with an absolute path; empty when there is none */
    uint8_t *master_key;     /* CG_MASTER_KEY_BYTES in locked memory; NULL when there is none */
    ngx_str_t pkcs11_module; /* absolute path, ended by a zero; empty when there is none */
    struct caregate_pin *pkcs11_pin; /* in locked memory; NULL when there is none */
    ngx_int_t thread_nice;
    time_t snapshot_max_age_s;
    struct cg_rate token_rate; /* count 0: no limit */
    ngx_uint_t has_token_rate; /* the directive was given */
    ngx_shm_zone_t *zone;
    struct caregate_certificate_header *certificate_header; /* NULL: nobody is believed */

    struct caregate_trust_conf *trust; /* NULL: keys and rules come from the store */
    struct caregate_agent *agent;      /* NULL: there is no profile */

    ngx_array_t *fetch_hosts; /* of struct cg_span; NULL: nothing is fetched */
    ngx_str_t fetch_ca;       /* empty: the system's */

    ngx_uint_t has_gate;
    ngx_uint_t has_issuer;
    ngx_thread_pool_t *pool;                      /* NULL without gate and issuer */
    ngx_uint_t *variable_indexes;                 /* of the module's own variables */
    struct caregate_known_headers *known_headers; /* of identity.c */
    ngx_http_output_header_filter_pt next_header_filter;
    ngx_http_output_body_filter_pt next_body_filter;

    struct caregate_worker *worker; /* NULL outside of worker processes */
};

/* caregate_forward_auth: what tells of the request that another gateway asks about. */
enum caregate_forward {
    CAREGATE_FORWARD_NONE, /* requests are judged themselves */
    CAREGATE_FORWARD_ORIGINAL,
    CAREGATE_FORWARD_FORWARDED,
    CAREGATE_FORWARD_REQUEST,
};

struct caregate_loc_conf {
    ngx_str_t issuer_realm; /* empty: no issuer here */
    ngx_str_t api;          /* empty: no gate here */
    ngx_str_t api_realm;    /* empty: the only realm there is */
    ngx_array_t *rules;     /* of struct caregate_rule; NULL when there are none */
    ngx_flag_t fhir;
    ngx_flag_t forward_token;
    ngx_flag_t status; /* health and metrics here */
    ngx_str_t origin;  /* "https://api.example", as clients call it; empty: as they say they do */
    ngx_str_t smart_base; /* path of the FHIR API's base; empty: SMART scopes do not decide */
    size_t bundle_max;    /* of a body that decides; NGX_CONF_UNSET_SIZE while it is read */
    ngx_uint_t has_smart; /* the directive was given */
    enum caregate_forward forward; /* not taken over by nested locations, as handlers are not */
    struct caregate_place forward_place;
    ngx_array_t *operations; /* of struct caregate_operation; NULL when there are none */
    struct caregate_place smart_place;
    struct caregate_place operations_place;
    struct caregate_place issuer_place;
    struct caregate_place api_place;
    struct caregate_place rules_place;
    struct cg_gate_route *route;     /* NULL: no gate here */
    struct caregate_profile *attach; /* whose token is attached here; NULL: none */
    ngx_str_t attach_base; /* what the API calls what the location's path is here; or empty */
    struct caregate_place attach_place;
    struct cg_gate_route *attach_route; /* for refusals */
};

/* How a request fared, for variables. */
enum caregate_decision {
    CAREGATE_UNDECIDED = 0,
    CAREGATE_ALLOWED,
    CAREGATE_REFUSED,
    CAREGATE_ISSUED,
};

/* What is known of the caller; strings live in the request's pool. */
struct caregate_caller {
    ngx_str_t realm;
    ngx_str_t client_id;
    ngx_str_t organisation;
    ngx_str_t subject;
    ngx_str_t scope;
    ngx_str_t token_id;
    ngx_str_t actor; /* subject of who acts for the subject */
    ngx_str_t details;
};

/* What the module notes on a request: the main one or a subrequest. */
struct caregate_mark {
    struct caregate_mark *next; /* another request of the same visit */
    struct caregate_visit *visit;
    ngx_http_request_t *request;
    enum caregate_decision decision;
    enum cg_reason reason;
    struct caregate_caller caller;
    ngx_http_upstream_t *upstream_before; /* of an earlier location of this request */
    struct caregate_entry *entry;         /* of a request to the issuer */
    struct caregate_attachment *attached; /* of a request that the agent passes on */
    struct caregate_body *body;           /* that is being read */
    struct cg_gate_scan *scan;       /* of the body, for this location; of the request's pool */
    uint64_t body_bytes;             /* of the body that was read for it */
    struct cg_exchange *refusal;     /* that is being sent */
    struct cg_exchange *replacement; /* body to send instead of nginx's error page */
    ngx_uint_t replaced;
};

/*
 * What a main request and its subrequests keep through internal jumps, which clear the modules'
 * contexts: it hangs on a cleanup of the main request's pool, where it is found again.
 */
struct caregate_visit {
    struct caregate_mark *marks;
    ngx_str_t authorization; /* as it came; the gate takes the header away */
    ngx_uint_t has_seen_authorization;
    ngx_uint_t wants_proof; /* the token came by the scheme DPoP */
    ngx_str_t proof;        /* value of the first DPoP header */
    ngx_uint_t proof_count;
    ngx_uint_t is_proven;  /* the proof was found good, and is used up */
    uint32_t counted;      /* under which of the token's agreements the request was counted */
    ngx_str_t nonce;       /* for the client's next proof; empty: it needs no other */
    ngx_str_t certificate; /* as the proxy in front passed it on; empty: it did not */
    ngx_uint_t is_certificate_verified;
    ngx_str_t request_id;
};

/* A body on its way in. Lives in the request's pool. */
struct caregate_body {
    u_char *data; /* what is kept; NULL when size is 0 */
    size_t size;  /* of data; a body that is longer is not kept */
    size_t seen;  /* so many bytes came */
    size_t limit; /* past so many, reading ends */
    /* Called once: NGX_OK when the body is read or past its limit, else an HTTP status. */
    void (*done)(ngx_http_request_t *r, ngx_int_t rc);
};

/* One token request between its content handler and its answer. Lives in the request's pool. */
struct caregate_entry {
    struct cg_fair_item item; /* first: the queue gives it back */
    ngx_http_request_t *request;
    struct cg_exchange *exchange; /* owned by a cleanup of the request's pool */
    struct caregate_body body;
    struct caregate_entry *next_waiting;
    ngx_msec_t wait_until; /* 0: it has not waited yet */
    ngx_uint_t is_parked;  /* it waits for news, or did */
    ngx_msec_t park_until;
    ngx_uint_t changes_seen; /* the worker's when it was queued */
};

enum caregate_job { CAREGATE_DRAIN, CAREGATE_UPKEEP };

/* An issuer slot with the thread task that carries it. */
struct caregate_slot {
    struct caregate_worker *worker;
    ngx_thread_task_t *task;
    struct cg_issuer_slot *issuer;
    enum caregate_job job;
    ngx_uint_t is_running;
    ngx_uint_t is_upkeep_due;
    struct caregate_entry *entries[CG_ISSUER_BATCH_MAX]; /* taken by the task */
    size_t entry_count;
    enum cg_status upkeep_status; /* of the last upkeep */
    enum cg_status upkeep_status_logged;
};

/* Refusals on their way from the gate to the audit, with copies of what they say. */
struct caregate_report {
    struct cg_refusal refusals[CAREGATE_REFUSALS_MAX];
    size_t count;
    u_char *text;
    size_t text_size;
    ngx_uint_t is_start_told; /* the audit knows that this worker started */
};

/* Secrets that end soon, on their way from a pool thread to the log. */
struct caregate_secret_ends {
    u_char lines[CAREGATE_SECRET_ENDS_TOLD_MAX][CAREGATE_SECRET_ENDS_LINE_BYTES]; /* which, when */
    size_t line_lens[CAREGATE_SECRET_ENDS_TOLD_MAX];
    size_t count; /* to be told */
    int64_t soon_count;
};

struct caregate_poll {
    ngx_event_t timer;
    ngx_thread_task_t *task;
    ngx_uint_t is_running;
    struct cg_feed *feed;
    struct cg_snapshot *snapshot; /* what the last poll brought; NULL when nothing changed */
    enum cg_status status;        /* of the last poll */
    enum cg_status status_logged;
    int64_t at_s; /* when it began */
};

/* All that a worker process has. */
struct caregate_worker {
    struct caregate_main_conf *conf;
    ngx_log_t *log;
    struct cg_gate *gate;
    struct caregate_poll poll;
    struct caregate_trust_work trust;
    struct caregate_agent_work agent;
    struct caregate_report report;
    struct caregate_secret_ends secret_ends;
    struct caregate_slot slots[CAREGATE_SLOTS];
    ngx_event_t upkeep_timer;
    size_t upkeep_next;     /* the slot whose turn it is: never all of them at a time */
    ngx_event_t hold_timer; /* armed while anything is queued or running: keeps a quit waiting */
    ngx_uint_t pending_count;
    ngx_array_t free_exchanges; /* of struct cg_exchange * */
    u_char random[256];         /* for request ids; no more than getrandom gives at once */
    size_t random_left;

    ngx_thread_mutex_t mutex; /* guards the queue, which pool threads take from */
    struct cg_fair_queue queue;
    ngx_thread_mutex_t signing;       /* held by the slot that signs */
    ngx_thread_mutex_t committing;    /* and by the one that waits for the disk */
    struct cg_pkcs11 *pkcs11;         /* NULL: no module is configured */
    const char *pkcs11_trouble;       /* what was told last; NULL: all is well */
    struct cg_issuer_slot *committer; /* makes the batches of all slots durable */

    struct cg_key_fetcher *fetcher; /* NULL: nothing is fetched */
    struct caregate_entry *waiting; /* for keys that are being fetched */
    ngx_uint_t waiting_count;
    ngx_event_t wait_timer;

    ngx_uint_t changes;            /* how many snapshots came: what was parked before may go on */
    struct caregate_entry *parked; /* gates elsewhere that wait for news */
    ngx_uint_t parked_count;
    ngx_event_t park_timer;
};

static inline struct caregate_main_conf *caregate_main_conf_of(const ngx_http_request_t *r)
{
    return ngx_http_get_module_main_conf(r, ngx_http_caregate_module);
}

static inline struct caregate_loc_conf *caregate_loc_conf_of(const ngx_http_request_t *r)
{
    return ngx_http_get_module_loc_conf(r, ngx_http_caregate_module);
}

/* directives.c, directives_smart.c, forward.c: setters of the command table */
char *caregate_set_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_master_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_pkcs11_module(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_pkcs11_pin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_thread_nice(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_max_age(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_trust(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_fetch_hosts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_fetch_ca(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_token_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_certificate_header(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_smart(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_forward_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_operation(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *caregate_set_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* A value of the directive that is being read, from 1; and where that stands. */
ngx_str_t caregate_argument(const ngx_conf_t *cf, ngx_uint_t index);
struct caregate_place caregate_directive_place(const ngx_conf_t *cf);
/* Its values from this one on, which itself is to be read as `first`, as spans. */
char *caregate_directive_scopes(ngx_conf_t *cf, ngx_uint_t from, ngx_str_t first,
                                ngx_array_t *array);
/* The library knows what names may be: it is asked to make such a route, which is then let go.
 * NULL when it could. */
const char *caregate_route_fault(const struct cg_gate_route_config *config);
/* Logs why the directive is refused, where, and what it allows. Returns NGX_CONF_ERROR. */
char *caregate_directive_refuse(ngx_conf_t *cf, const ngx_command_t *cmd, const char *why);

/* smart.c: what a configuration says of FHIR APIs, in the library's terms */
/* NULL when memory is short. */
struct cg_gate_operation *caregate_smart_operations(ngx_conf_t *cf,
                                                    const struct caregate_loc_conf *location);
/* What paths of requests to a plain location begin with; nothing for locations of other kinds. */
ngx_str_t caregate_location_path(ngx_conf_t *cf);
/* What of a request the judgement of SMART scopes looks at. */
void caregate_smart_see(ngx_http_request_t *r, const struct caregate_mark *mark,
                        struct cg_gate_fhir_request *ret_seen);

/* forward.c */
/*
 * The request that another gateway asks about, in place of the one in which it asks. NGX_DECLINED
 * when it is not told, or not told once; NGX_ERROR without memory.
 */
ngx_int_t caregate_forward_see(ngx_http_request_t *r, struct cg_gate_request *request);
/* Whether the header of this lower-case name is the gateway's way to tell the method here. */
ngx_uint_t caregate_forward_tells(const ngx_http_request_t *r, ngx_str_t key);

/* config.c: the configuration's life */
void *caregate_config_create_main(ngx_conf_t *cf);
char *caregate_config_init_main(ngx_conf_t *cf, void *conf);
void *caregate_config_create_location(ngx_conf_t *cf);
char *caregate_config_merge_location(ngx_conf_t *cf, void *parent, void *child);

/*
 * master_key.c: reads the file into locked memory, which a cleanup of the configuration's pool
 * wipes. NGX_ERROR with *ret_why, a static text, when it holds no key or is open to others.
 */
ngx_int_t caregate_master_key_read(ngx_conf_t *cf, ngx_str_t *path, uint8_t **ret_key,
                                   const char **ret_why);
ngx_int_t caregate_pin_read(ngx_conf_t *cf, ngx_str_t *path, struct caregate_pin **ret_pin,
                            const char **ret_why);

/* A span of a text that is written in place. */
#define CAREGATE_SPAN(text) ((struct cg_span){(const uint8_t *)(text), sizeof(text) - 1})

/* convert.c: between nginx's types and the library's. All of them borrow. */
struct cg_span caregate_span(ngx_str_t text);
ngx_str_t caregate_str(struct cg_span span);
void caregate_convert_request(ngx_http_request_t *r, struct cg_request *ret_request);
/* Unix time as the event loop knows it. */
int64_t caregate_now_ms(void);

/* certificate.c */
/* Whether the header of this name, however it is spelt, tells of a certificate. */
ngx_uint_t caregate_certificate_is_header(const struct caregate_main_conf *conf, ngx_str_t name);
/* Before headers are taken out: keeps what the proxy in front passes on. */
ngx_int_t caregate_certificate_see(ngx_http_request_t *r);
/* Borrows from the request. */
void caregate_certificate_find(ngx_http_request_t *r, const struct caregate_visit *visit,
                               struct cg_client_certificate *ret_certificate);

/* visit.c */
struct caregate_mark *caregate_mark_find(ngx_http_request_t *r);
/* Finds or makes; NULL when memory is short. */
struct caregate_mark *caregate_mark_obtain(ngx_http_request_t *r);
/* The mark that tells of this request: its own, else the main request's, else NULL. */
const struct caregate_mark *caregate_mark_telling(ngx_http_request_t *r);
/* Gives variables that were evaluated too early another chance. */
void caregate_mark_forget_variables(ngx_http_request_t *r);

/* identity.c */
/* Once, while the configuration is read. */
ngx_int_t caregate_identity_prepare(ngx_conf_t *cf, struct caregate_main_conf *conf);
ngx_int_t caregate_identity_strip_handler(ngx_http_request_t *r);
/* Whether an upstream could take the header for that of the lower-case key. */
ngx_uint_t caregate_header_folds_into(ngx_str_t name, ngx_str_t key);
/* Moves to the next header of a list. NULL after the last. Start with *part the first, *index 0. */
ngx_table_elt_t *caregate_header_next(ngx_list_part_t **part, ngx_uint_t *index);
/* How many such headers there are, and the value of the last that is spelt so. */
ngx_uint_t caregate_header_find(ngx_http_request_t *r, ngx_str_t key, ngx_str_t *ret_value);
/* Takes the token away (unless it is forwarded) and says who is calling, to the API behind. */
ngx_int_t caregate_identity_set(ngx_http_request_t *r, const struct caregate_mark *mark);
/* Says the same on the answer, to a gateway that asked. */
ngx_int_t caregate_identity_tell(ngx_http_request_t *r, const struct caregate_mark *mark);
/* The value of X-Request-ID for this visit: the client's own if it may stand, else a fresh one. */
ngx_int_t caregate_request_id_find(ngx_http_request_t *r, struct caregate_visit *visit);
/* How many DPoP headers there are; *ret_proof is the value of the first. */
ngx_uint_t caregate_proof_find(ngx_http_request_t *r, ngx_str_t *ret_proof);

/* access.c */
ngx_int_t caregate_access_handler(ngx_http_request_t *r);
/* Answers by a refusal, after the body where that is better. What a phase handler is to return. */
ngx_int_t caregate_refusal_answer(ngx_http_request_t *r, struct caregate_mark *mark,
                                  const struct cg_gate_route *route,
                                  const struct cg_gate_verdict *verdict);
/* Puts the gate's and the agent's handlers before all others of their phase, whatever was loaded
 * after us. */
void caregate_access_come_first(ngx_cycle_t *cycle);

/* answer.c */
/* An exchange that the request's pool gives back to the worker. NULL when memory is short. */
struct cg_exchange *caregate_exchange_obtain(ngx_http_request_t *r);
void caregate_exchanges_free(struct caregate_worker *worker);
/* Lets go of a body that is not wanted, without asking a client that has not sent it to do so. */
ngx_int_t caregate_answer_discard_body(ngx_http_request_t *r);
/* Whether the body is better read (and dropped) before the request is refused. */
ngx_uint_t caregate_answer_waits_for_body(const ngx_http_request_t *r);
/* Puts status and headers of the response onto the request. */
ngx_int_t caregate_answer_head(ngx_http_request_t *r, const struct cg_response *response);
/* A chain with the response's body, or NULL when memory is short. */
ngx_chain_t *caregate_answer_body(ngx_http_request_t *r, const struct cg_response *response);
/* Sends it all. The exchange must come from caregate_exchange_obtain. */
ngx_int_t caregate_answer_send(ngx_http_request_t *r, const struct cg_response *response);

/*
 * body.c: reads the body of a request that has a mark, as nginx's own function does: it takes a
 * count on the request, and body->done may be called before it returns, but not when it returns a
 * status.
 */
ngx_int_t caregate_body_read(ngx_http_request_t *r, struct caregate_body *body);

/* content.c */
ngx_int_t caregate_content_handler(ngx_http_request_t *r);
/* Answers a request whose exchange has its response, and goes on with its connection. */
void caregate_content_resume(struct caregate_entry *entry);
/* Wipes what HTTP/2 bodies came through. Not while a connection is being read. */
void caregate_content_wipe_frames(ngx_http_request_t *r);

/* task.c */
/* Queues an entry. NGX_DECLINED when the queue is full. */
ngx_int_t caregate_queue_push(struct caregate_worker *worker, struct caregate_entry *entry);
/* Queues one that was answered by "not yet"; NGX_DECLINED when the queue is full. */
ngx_int_t caregate_queue_again(struct caregate_worker *worker, struct caregate_entry *entry);
/* One that was queued is answered otherwise. */
void caregate_queue_drop(struct caregate_worker *worker);
ngx_int_t caregate_tasks_start(struct caregate_worker *worker, ngx_cycle_t *cycle);
/* The threads are gone by now: what is left is done here and now, then freed. */
void caregate_tasks_finish(struct caregate_worker *worker);

/* What else keeps a worker from quitting; ended by caregate_queue_drop. */
void caregate_queue_hold(struct caregate_worker *worker);
/* Pool thread. On Linux the priority is the calling thread's own. */
void caregate_thread_be_nice(const struct caregate_worker *worker);

/* scan.c */
/*
 * Reads the body that the last verdict wants and has a pool thread scan it; the handler is called
 * again when that is done. What the handler is to return.
 */
ngx_int_t caregate_scan_begin(ngx_http_request_t *r, struct caregate_mark *mark);

/* wait.c */
/* Keeps an entry whose exchange waits, until it can be queued again. */
void caregate_wait_push(struct caregate_worker *worker, struct caregate_entry *entry);
/* Makes the fetcher, if one is wanted, and frees it, after the slots. */
ngx_int_t caregate_wait_start(struct caregate_worker *worker);
void caregate_wait_finish(struct caregate_worker *worker);

/* park.c */
/* Keeps an entry whose exchange parks, until it can be queued again. */
void caregate_park_push(struct caregate_worker *worker, struct caregate_entry *entry);
void caregate_park_start(struct caregate_worker *worker);

/* report.c */
ngx_int_t caregate_report_init(struct caregate_report *report, ngx_pool_t *pool);
/* Moves refusals that are ready out of the gate; nothing while earlier ones are unwritten. */
void caregate_report_collect(struct caregate_report *report, struct cg_gate *gate, int64_t now_s);
/* Pool thread. Tells the audit what is to be told. */
void caregate_report_write(struct caregate_report *report, struct cg_issuer_slot *issuer,
                           int64_t now_s);

/* secret_ends.c */
/* Pool thread. Looks when secrets end, if it is this worker's turn. */
void caregate_secret_ends_look(struct caregate_worker *worker, struct cg_issuer_slot *issuer,
                               int64_t now_s);
/* Logs what the last look found, if it is the day's first. */
void caregate_secret_ends_tell(struct caregate_worker *worker);

/* poll.c */
ngx_int_t caregate_poll_start(struct caregate_worker *worker, ngx_cycle_t *cycle);
void caregate_poll_finish(struct caregate_worker *worker);

/* worker.c */
/* "HOST/workerN" in the buffer, in the letters that a writer's name may have. */
struct cg_span caregate_writer_name(const ngx_cycle_t *cycle,
                                    u_char buffer[static CAREGATE_WRITER_BYTES]);
ngx_int_t caregate_worker_init(ngx_cycle_t *cycle);
void caregate_worker_exit(ngx_cycle_t *cycle);

/* filter.c */
ngx_int_t caregate_header_filter(ngx_http_request_t *r);
ngx_int_t caregate_body_filter(ngx_http_request_t *r, ngx_chain_t *in);

/* zone.c */
ngx_int_t caregate_zone_add(ngx_conf_t *cf, struct caregate_main_conf *conf, size_t size);
/* What the gates of all workers share. */
struct cg_gate_shared *caregate_zone_shared(const struct caregate_worker *worker);
/* Keeps the text; logs when it does not fit. */
void caregate_zone_keep(struct caregate_worker *worker, struct cg_span text, int64_t current_s);
void caregate_zone_confirm(struct caregate_worker *worker, int64_t current_s);
/* The text last kept and when it was current; absent when there is none. Borrows from the zone. */
struct cg_span caregate_zone_text(const struct caregate_worker *worker, int64_t *ret_current_s);
struct cg_throttle *caregate_zone_throttle(const struct caregate_worker *worker);
void caregate_zone_count_gate(const struct caregate_worker *worker, enum cg_reason reason);
void caregate_zone_count_issuer(const struct caregate_worker *worker,
                                const struct cg_response *response);
/* What one worker of all does every so often. */
enum caregate_turn {
    CAREGATE_TURN_LOOK_AT_SECRET_ENDS,
    CAREGATE_TURN_TELL_SECRET_ENDS,
    CAREGATE_TURN_COUNT
};
/* Whether it is time again, and this worker is the one. Any thread. */
ngx_uint_t caregate_zone_take_turn(const struct caregate_worker *worker, enum caregate_turn turn,
                                   int64_t now_s, int64_t every_s);
/* When secrets end, for the metrics. Any thread. */
void caregate_zone_keep_secret_ends(const struct caregate_worker *worker,
                                    const struct cg_secret_ends_sum *sum);
/* Notes in this worker's place how it is. */
void caregate_zone_note(const struct caregate_worker *worker);

/* Sums over all workers, for metrics. */
struct caregate_totals {
    uint64_t issued;
    uint64_t issuer[CG_REASON_COUNT];
    uint64_t gate[CG_REASON_COUNT]; /* CG_REASON_NONE: allowed */
    uint64_t kept_failures;         /* snapshots that did not fit into the zone */
    uint64_t ask_failures;          /* of the issuer elsewhere */
    uint64_t bundles_refused;       /* that it gave */
    uint64_t refusals_lost;         /* that it was not told of */
    int64_t bundle_sequence;
    int64_t snapshot_version; /* the oldest of all workers */
    int64_t snapshot_current_s;
    uint64_t queue_length;
    ngx_uint_t workers;
    ngx_uint_t has_secret_ends; /* somebody looked when secrets end */
    struct cg_secret_ends_sum secret_ends;
};
void caregate_zone_totals(const struct caregate_worker *worker, struct caregate_totals *ret_totals);

/* status.c */
ngx_int_t caregate_status_handler(ngx_http_request_t *r);

/* variables.c */
ngx_int_t caregate_variables_add(ngx_conf_t *cf);
/* Fills conf->variable_indexes. */
ngx_int_t caregate_variables_index(ngx_conf_t *cf, struct caregate_main_conf *conf);
extern const size_t caregate_variable_count;

#pragma GCC visibility pop

#endif
