/* SPDX-License-Identifier: Apache-2.0 */
/* Health and metrics: /healthz, /readyz and /metrics, told by the last segment of the path. */
#include "ngx_http_caregate_module.h"

#define METRICS_BYTES ((size_t)32768)
#define READY_BYTES ((size_t)512)

struct page {
    ngx_str_t name;
    ngx_str_t content_type;
    /* Writes the page between at and end, returns its end. NULL when memory is short. */
    u_char *(*write)(const struct caregate_worker *worker, u_char *at, u_char *end);
    size_t bytes;
};

static u_char *write_health(const struct caregate_worker *worker, u_char *at, u_char *end)
{
    (void)worker;
    return ngx_slprintf(at, end, "ok\n");
}

/* Writes one line for each reason why this worker should get no requests; none when it should. An
 * agent is always ready: it says itself why it has no token. */
static u_char *write_unreadiness(const struct caregate_worker *worker, u_char *at, u_char *end)
{
    if (worker->gate == NULL) {
        return at;
    }
    int64_t age_s = cg_gate_snapshot_age_s(worker->gate, ngx_time());
    if (cg_gate_snapshot_version(worker->gate) == 0) {
        at = ngx_slprintf(at, end, "no snapshot of keys and rules has arrived yet\n");
    } else if (age_s > worker->conf->snapshot_max_age_s) {
        at = ngx_slprintf(at, end, "the snapshot is %L s old, caregate_snapshot_max_age is %T s\n",
                          age_s, worker->conf->snapshot_max_age_s);
    }
    if (worker->conf->has_issuer && worker->poll.status != CG_OK) {
        at = ngx_slprintf(at, end, "the store cannot be read, no token can be issued\n");
    }
    if (worker->conf->has_issuer && worker->slots[0].upkeep_status_logged != CG_OK) {
        at = ngx_slprintf(at, end, "the audit cannot be written, no token can be issued\n");
    }
    return at;
}

static u_char *write_readiness(const struct caregate_worker *worker, u_char *at, u_char *end)
{
    u_char *reasons = write_unreadiness(worker, at, end);
    return reasons == at ? ngx_slprintf(at, end, "ready\n") : reasons;
}

static u_char *head(u_char *at, u_char *end, const char *name, const char *type, const char *help)
{
    return ngx_slprintf(at, end, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static u_char *number(u_char *at, u_char *end, const char *name, int64_t value)
{
    return ngx_slprintf(at, end, "%s %L\n", name, value);
}

static u_char *write_issuer(const struct caregate_totals *totals, u_char *at, u_char *end)
{
    static const char issued[] = "caregate_tokens_issued_total";
    static const char refused[] = "caregate_token_refusals_total";
    at = head(at, end, issued, "counter", "Access tokens issued.");
    at = number(at, end, issued, (int64_t)totals->issued);
    at = head(at, end, refused, "counter", "Requests to the issuer that were refused, by reason.");
    for (size_t i = 1; i < CG_REASON_COUNT; i++) {
        if (totals->issuer[i] > 0) {
            at = ngx_slprintf(at, end, "%s{reason=\"%s\"} %uL\n", refused,
                              cg_reason_name((enum cg_reason)i), totals->issuer[i]);
        }
    }
    return at;
}

static u_char *write_gate(const struct caregate_totals *totals, u_char *at, u_char *end)
{
    static const char name[] = "caregate_gate_decisions_total";
    at = head(at, end, name, "counter", "Decisions of the gate, by decision and reason.");
    at = ngx_slprintf(at, end, "%s{decision=\"allowed\",reason=\"\"} %uL\n", name,
                      totals->gate[CG_REASON_NONE]);
    for (size_t i = 1; i < CG_REASON_COUNT; i++) {
        if (totals->gate[i] > 0) {
            at = ngx_slprintf(at, end, "%s{decision=\"refused\",reason=\"%s\"} %uL\n", name,
                              cg_reason_name((enum cg_reason)i), totals->gate[i]);
        }
    }
    return at;
}

static u_char *write_state(const struct caregate_totals *totals, u_char *at, u_char *end)
{
    static const char age[] = "caregate_snapshot_age_seconds";
    static const char version[] = "caregate_snapshot_version";
    static const char unkept[] = "caregate_snapshots_unkept_total";
    static const char queue[] = "caregate_queue_length";
    static const char workers[] = "caregate_workers";
    at = head(at, end, age, "gauge",
              "Seconds since the oldest snapshot of any worker was last current.");
    if (totals->snapshot_version > 0) {
        at = number(at, end, age, ngx_time() - totals->snapshot_current_s);
    }
    at = head(at, end, version, "gauge", "Version of the registry that every worker shows.");
    at = number(at, end, version, totals->snapshot_version);
    at = head(at, end, unkept, "counter", "Snapshots that found no room in caregate_zone.");
    at = number(at, end, unkept, (int64_t)totals->kept_failures);
    at = head(at, end, queue, "gauge", "Requests to the issuer that wait or are being answered.");
    at = number(at, end, queue, (int64_t)totals->queue_length);
    at = head(at, end, workers, "gauge", "Worker processes that have started.");
    return number(at, end, workers, (int64_t)totals->workers);
}

/* How a gate without a store stands with its issuer. */
static u_char *write_trust(const struct caregate_totals *totals, u_char *at, u_char *end)
{
    const struct {
        const char *name;
        const char *type;
        const char *help;
        int64_t value;
    } rows[] = {
        {"caregate_bundle_sequence", "gauge",
         "Where the gate's bundle stands in the order of its issuer's.", totals->bundle_sequence},
        {"caregate_bundle_fetch_failures_total", "counter",
         "Questions to the issuer that it did not answer, or answered with an error.",
         (int64_t)totals->ask_failures},
        {"caregate_bundles_refused_total", "counter",
         "Bundles that were older than the gate's, or not the issuer's.",
         (int64_t)totals->bundles_refused},
        {"caregate_refusals_lost_total", "counter",
         "Refusals of the gate that the issuer's audit could not be told of.",
         (int64_t)totals->refusals_lost},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        at = head(at, end, rows[i].name, rows[i].type, rows[i].help);
        at = number(at, end, rows[i].name, rows[i].value);
    }
    return at;
}

static u_char *write_secret_ends(const struct caregate_totals *totals, u_char *at, u_char *end)
{
    static const char soon[] = "caregate_secrets_ending_soon";
    static const char next[] = "caregate_secret_next_end_seconds";
    if (!totals->has_secret_ends) {
        return at;
    }
    at = head(at, end, soon, "gauge", "Secrets of active clients that end within 30 days.");
    at = number(at, end, soon, totals->secret_ends.soon_count);
    at = head(at, end, next, "gauge", "Seconds until the next secret of an active client ends.");
    if (totals->secret_ends.next_s > 0) {
        at = number(at, end, next, ngx_max(totals->secret_ends.next_s - ngx_time(), 0));
    }
    return at;
}

/* How the agent's profiles stand with their issuers. */
static u_char *write_agent(const struct caregate_agent *agent, u_char *at, u_char *end)
{
    static const struct {
        const char *name;
        const char *help;
    } rows[CAREGATE_TOKENS_COUNTS] = {
        [CAREGATE_TOKENS_GOT] = {"caregate_agent_tokens_total",
                                 "Access tokens that the agent got, by profile."},
        [CAREGATE_TOKENS_FAILED] = {"caregate_agent_token_failures_total",
                                    "Questions for a token that brought none, by profile."},
        [CAREGATE_TOKENS_REJECTED] = {"caregate_agent_tokens_rejected_total",
                                      "Tokens that an API refused, by profile."},
    };
    struct caregate_profile *const *profiles = agent->profiles.elts;
    for (size_t i = 0; i < CAREGATE_TOKENS_COUNTS; i++) {
        at = head(at, end, rows[i].name, "counter", rows[i].help);
        for (ngx_uint_t j = 0; j < agent->profiles.nelts; j++) {
            at = ngx_slprintf(at, end, "%s{profile=\"%V\"} %uA\n", rows[i].name, &profiles[j]->name,
                              caregate_tokens_count(profiles[j], (enum caregate_tokens_count)i));
        }
    }
    return at;
}

static u_char *write_metrics(const struct caregate_worker *worker, u_char *at, u_char *end)
{
    struct caregate_totals totals;
    if (worker->conf->agent != NULL) {
        at = write_agent(worker->conf->agent, at, end);
    }
    if (worker->gate == NULL) {
        return at;
    }
    caregate_zone_totals(worker, &totals);
    at = write_issuer(&totals, at, end);
    at = write_gate(&totals, at, end);
    at = write_state(&totals, at, end);
    if (worker->conf->trust != NULL) {
        at = write_trust(&totals, at, end);
    }
    return write_secret_ends(&totals, at, end);
}

static const struct page pages[] = {
    {ngx_string("healthz"), ngx_string("text/plain"), write_health, READY_BYTES},
    {ngx_string("readyz"), ngx_string("text/plain"), write_readiness, READY_BYTES},
    {ngx_string("metrics"), ngx_string("text/plain; version=0.0.4"), write_metrics, METRICS_BYTES},
};

static const struct page *find_page(ngx_str_t path)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        ngx_str_t name = pages[i].name;
        if (path.len > name.len && path.data[path.len - name.len - 1] == '/' &&
            ngx_strncmp(path.data + path.len - name.len, name.data, name.len) == 0) {
            return &pages[i];
        }
    }
    return NULL;
}

ngx_int_t caregate_status_handler(ngx_http_request_t *r)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        return NGX_HTTP_NOT_ALLOWED;
    }
    const struct page *page = find_page(r->uri);
    if (page == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }
    if (conf->worker == NULL && page->write != write_health) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    u_char *start = ngx_pnalloc(r->pool, page->bytes);
    if (start == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    u_char scratch[READY_BYTES];
    ngx_uint_t is_unready =
        conf->worker != NULL && page->write == write_readiness &&
        write_unreadiness(conf->worker, scratch, scratch + READY_BYTES) != scratch;
    struct cg_response response = {
        .http_status = is_unready ? NGX_HTTP_SERVICE_UNAVAILABLE : NGX_HTTP_OK,
        .headers = {{CAREGATE_SPAN("Content-Type"), caregate_span(page->content_type)},
                    {CAREGATE_SPAN("Cache-Control"), CAREGATE_SPAN("no-store")}},
        .header_count = 2,
        .body.data = start,
        .body.len = (size_t)(page->write(conf->worker, start, start + page->bytes) - start),
    };
    return caregate_answer_send(r, &response);
}
