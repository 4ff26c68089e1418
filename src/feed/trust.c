/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "codec/form.h"
#include "codec/json.h"
#include "crypto/random.h"
#include "feed/report_patience.h"
#include "feed/trust_state.h"
#include "net/line.h"
#include "token/client_form.h"
#include "token/client_jwt.h"
#include "token/gate_bundle.h"
#include "token/gate_report.h"

#include <caregate/trust.h>
#include <stdio.h>
#include <string.h>

#define CONFIG_BYTES 16384
#define FETCH_BYTES (4 * (size_t)CG_LIMIT_BUNDLE_BYTES)
#define ASSERTION_LIFE_S 60
#define TROUBLE_BYTES 512
#define MS_PER_S 1000

struct cg_trust {
    struct cg_arena *arena; /* of the configuration's copies */
    struct cg_trust_config config;
    struct cg_line *line;
    struct cg_key *key;       /* NULL: it has a secret */
    struct cg_snapshot *held; /* the keys that are believed, and the place in the order */
    struct cg_random random;
    int64_t refused_since_s; /* reports, of which none was taken */
    char trouble[TROUBLE_BYTES];
};

CG_DEFINE_CLEANUP(trust_free_at, struct cg_trust *, cg_trust_free)
CG_DEFINE_CLEANUP(snapshot_free_at, struct cg_snapshot *, cg_snapshot_free)

static enum cg_status copy_audience(struct cg_trust *trust, struct cg_span audience)
{
    struct cg_buf url;
    if (audience.len > 0) {
        return cg_arena_copy(trust->arena, audience, &trust->config.audience);
    }
    cg_buf_init_arena(&url, trust->arena, 2 * (size_t)CG_LIMIT_URI_BYTES);
    cg_buf_put(&url, trust->config.issuer);
    cg_buf_put_string(&url, "/oauth/token");
    return cg_buf_finish(&url, &trust->config.audience);
}

static enum cg_status copy_config(struct cg_trust *trust, const struct cg_trust_config *config)
{
    struct cg_trust_config *copy = &trust->config;
    *copy = *config;
    CG_TRY(cg_arena_copy(trust->arena, config->issuer, &copy->issuer));
    CG_TRY(cg_arena_copy(trust->arena, config->client_id, &copy->client_id));
    CG_TRY(cg_arena_copy(trust->arena, config->kid, &copy->kid));
    CG_TRY(copy_audience(trust, config->audience));
    CG_TRY(cg_arena_copy(trust->arena, config->ca_file, &copy->ca_file));
    return cg_arena_copy(trust->arena, config->state_file, &copy->state_file);
}

static enum cg_status fill(struct cg_trust *trust, const struct cg_trust_config *config)
{
    CG_TRY(cg_arena_new(CONFIG_BYTES, &trust->arena));
    CG_TRY(copy_config(trust, config));
    CG_TRY(cg_line_new(config->stops, &trust->line));
    trust->random = cg_random_system();
    if (config->key.len == 0) {
        return CG_OK;
    }
    enum cg_status status = cg_client_jwt_key(config->key, config->alg, &trust->key);
    return status == CG_ERR_NOT_FOUND ? CG_ERR_INPUT : status;
}

enum cg_status cg_trust_new(const struct cg_trust_config *config, struct cg_trust **ret_trust)
{
    void *memory = NULL;
    if (config->issuer.len == 0 || config->client_id.len == 0 ||
        (config->secret.len == 0) == (config->key.len == 0)) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_alloc(1, sizeof(struct cg_trust), &memory));
    CG_CLEANUP(trust_free_at) struct cg_trust *trust = memory;
    CG_TRY(fill(trust, config));
    *ret_trust = CG_STEAL(trust);
    return CG_OK;
}

struct cg_trust *cg_trust_free(struct cg_trust *trust)
{
    if (trust == NULL) {
        return NULL;
    }
    (void)cg_snapshot_free(trust->held);
    (void)cg_key_free(trust->key);
    (void)cg_line_free(trust->line);
    (void)cg_arena_free(trust->arena);
    return cg_release(trust);
}

const char *cg_trust_trouble(const struct cg_trust *trust)
{
    return trust->trouble;
}

struct cg_bundle_place cg_trust_place_of(const struct cg_snapshot *snapshot)
{
    return (struct cg_bundle_place){cg_gate_bundle_sequence(snapshot),
                                    cg_snapshot_made_s(snapshot)};
}

static enum cg_status fail(struct cg_trust *trust, enum cg_status status, const char *trouble)
{
    (void)snprintf(trust->trouble, sizeof(trust->trouble), "%s", trouble);
    return status;
}

static bool is_of_issuer(const struct cg_trust *trust, const struct cg_snapshot *snapshot)
{
    const struct cg_snapshot_realm *only = cg_snapshot_only_realm(snapshot);
    return only != NULL && cg_span_equal(cg_snapshot_realm_issuer(only), trust->config.issuer);
}

/* Takes the snapshot. */
static void hold(struct cg_trust *trust, struct cg_snapshot *snapshot)
{
    (void)cg_snapshot_free(trust->held);
    trust->held = snapshot;
}

enum cg_status cg_trust_hold(struct cg_trust *trust, struct cg_span text)
{
    CG_CLEANUP(snapshot_free_at) struct cg_snapshot *snapshot = NULL;
    CG_TRY(cg_snapshot_parse(text, &snapshot));
    if (!is_of_issuer(trust, snapshot)) {
        return CG_ERR_INPUT;
    }
    if (trust->held != NULL && cg_gate_bundle_is_older(snapshot, trust->held)) {
        return CG_ERR_CONFLICT;
    }
    hold(trust, CG_STEAL(snapshot));
    return CG_OK;
}

/* Texts of the arena are followed by a zero. */
static const char *path_of(struct cg_span text)
{
    return text.len > 0 ? (const char *)text.data : NULL;
}

static enum cg_status restore(struct cg_trust *trust, struct cg_arena *arena, int64_t now_s,
                              struct cg_snapshot **ret_snapshot, int64_t *ret_current_s)
{
    const struct cg_gate_bundle_trust itself = {trust->config.issuer, NULL};
    CG_CLEANUP(snapshot_free_at) struct cg_snapshot *snapshot = NULL;
    struct cg_span bundle;
    int64_t current_s = 0;
    CG_TRY(cg_trust_state_read(path_of(trust->config.state_file), arena, &bundle, &current_s));
    CG_TRY(cg_gate_bundle_open(&itself, bundle, arena, &snapshot));
    CG_TRY(cg_trust_hold(trust, cg_snapshot_text(snapshot)));
    /* A clock that was ahead when it was written makes nothing fresher than when it was made. */
    *ret_current_s = current_s <= now_s ? current_s : cg_snapshot_made_s(snapshot);
    *ret_snapshot = CG_STEAL(snapshot);
    return CG_OK;
}

enum cg_status cg_trust_restore(struct cg_trust *trust, int64_t now_s,
                                struct cg_snapshot **ret_snapshot, int64_t *ret_current_s)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    *ret_snapshot = NULL;
    trust->trouble[0] = '\0';
    if (trust->config.state_file.len == 0) {
        return CG_OK;
    }
    CG_TRY(cg_arena_new(FETCH_BYTES, &arena));
    enum cg_status status = restore(trust, arena, now_s, ret_snapshot, ret_current_s);
    if (status == CG_ERR_NOT_FOUND && *ret_snapshot == NULL) {
        return CG_OK;
    }
    if (status == CG_OK || status == CG_ERR_LIMIT) {
        return status;
    }
    return fail(trust, CG_ERR_INPUT,
                "its state file cannot be read, is damaged, or is of another issuer");
}

/* A request to the issuer, about to be sent. */
struct asking {
    struct cg_trust *trust;
    struct cg_arena *arena;
    int64_t now_s;
    struct cg_buf form;
    struct cg_fetch_response response;
};

static enum cg_status make_assertion(struct asking *asking, struct cg_span *ret_assertion)
{
    struct cg_trust *trust = asking->trust;
    const struct cg_assertion_order order = {
        .client = trust->config.client_id,
        .audience = trust->config.audience,
        .kid = trust->config.kid,
        .now_s = asking->now_s,
        .life_s = ASSERTION_LIFE_S,
    };
    if (trust->key == NULL) {
        return CG_OK;
    }
    return cg_client_jwt_assertion(&order, trust->key, &trust->random, asking->arena,
                                   ret_assertion);
}

static enum cg_status begin(struct cg_trust *trust, struct cg_arena *arena, int64_t now_s,
                            struct asking *asking)
{
    struct cg_client_form form = {
        .client_id = trust->config.client_id,
        .secret = trust->config.secret,
    };
    *asking = (struct asking){.trust = trust, .arena = arena, .now_s = now_s};
    trust->trouble[0] = '\0';
    CG_TRY(make_assertion(asking, &form.assertion));
    cg_buf_init_arena(&asking->form, arena, CG_LIMIT_FORM_BYTES);
    cg_client_form_prove(&form, &asking->form);
    return CG_OK;
}

/* RFC 6749 §5.2: an error has a description. The issuer is believed, but may not write lines. */
static enum cg_status refused(struct asking *asking)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span text = CG_SPAN_OF("no reason given");
    long http_status = asking->response.http_status;
    if (cg_json_parse(asking->response.body, CG_LIMIT_TOKEN_BYTES, &json) == CG_OK) {
        (void)!cg_json_member_string(cg_json_root(json), "error_description", &text);
    }
    int shown = text.len < TROUBLE_BYTES / 2 ? (int)text.len : TROUBLE_BYTES / 2;
    (void)snprintf(asking->trust->trouble, TROUBLE_BYTES, "it answered %ld: %.*s", http_status,
                   shown, (const char *)text.data);
    for (char *at = asking->trust->trouble; *at != '\0'; at++) {
        *at = *at >= ' ' && *at < 0x7f ? *at : '?';
    }
    return http_status >= 400 && http_status < 429 ? CG_ERR_AUTHORISATION : CG_ERR_STORE;
}

static enum cg_status make_url(const struct asking *asking, const char *end,
                               struct cg_span *ret_url)
{
    struct cg_buf url;
    cg_buf_init_arena(&url, asking->arena, 2 * (size_t)CG_LIMIT_URI_BYTES);
    cg_buf_put(&url, asking->trust->config.issuer);
    cg_buf_put_string(&url, end);
    cg_buf_put_byte(&url, '\0');
    return cg_buf_finish(&url, ret_url);
}

/* `has_form` tells a POST from a GET of something public. */
static enum cg_status fetch(struct asking *asking, const char *end, unsigned wait_s, bool has_form)
{
    struct cg_trust *trust = asking->trust;
    struct cg_span url;
    struct cg_span form = {NULL, 0};
    CG_TRY(make_url(asking, end, &url));
    if (has_form) {
        CG_TRY(cg_buf_finish(&asking->form, &form));
    }
    const struct cg_fetch_request request = {
        .url = (const char *)url.data,
        .ca_file = path_of(trust->config.ca_file),
        .form = form,
        .max_bytes = CG_LIMIT_BUNDLE_BYTES,
        .timeout_ms = trust->config.timeout_ms + (long)wait_s * MS_PER_S,
    };
    enum cg_status status = cg_line_fetch(trust->line, &request, asking->arena, &asking->response);
    return status == CG_OK ? CG_OK : fail(trust, status, asking->response.message);
}

static enum cg_status open_by(const struct asking *asking, const struct cg_key_ring *keys,
                              struct cg_span compact, struct cg_snapshot **ret_snapshot)
{
    const struct cg_gate_bundle_trust by = {asking->trust->config.issuer, keys};
    return cg_gate_bundle_open(&by, compact, asking->arena, ret_snapshot);
}

/* By what the issuer publishes: at first, and after its keys changed while this gate was away. */
static enum cg_status open_by_published_keys(struct asking *asking, struct cg_span compact,
                                             struct cg_snapshot **ret_snapshot)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_CLEANUP(cg_key_ring_free_at) struct cg_key_ring *keys = NULL;
    CG_TRY(fetch(asking, "/oauth/jwks", 0, false));
    if (asking->response.http_status != 200) {
        return refused(asking);
    }
    CG_TRY(cg_json_parse(asking->response.body, CG_LIMIT_BUNDLE_BYTES, &json));
    CG_TRY(cg_key_ring_new(cg_json_root(json), &keys));
    return open_by(asking, keys, compact, ret_snapshot);
}

static enum cg_status open_bundle(struct asking *asking, struct cg_snapshot **ret_snapshot)
{
    const struct cg_trust *trust = asking->trust;
    struct cg_span compact = asking->response.body;
    enum cg_status status = CG_ERR_NOT_FOUND;
    if (trust->held != NULL) {
        const struct cg_snapshot_realm *only = cg_snapshot_only_realm(trust->held);
        status = open_by(asking, cg_snapshot_realm_keys(only), compact, ret_snapshot);
    }
    return status == CG_ERR_NOT_FOUND ? open_by_published_keys(asking, compact, ret_snapshot)
                                      : status;
}

/* What cannot be kept is used all the same; the operator is told. */
static void keep(struct cg_trust *trust, struct cg_span compact, int64_t now_s)
{
    const char *path = path_of(trust->config.state_file);
    if (path == NULL) {
        return;
    }
    enum cg_status status = compact.len > 0 ? cg_trust_state_write(path, compact, now_s)
                                            : cg_trust_state_confirm(path, now_s);
    if (status != CG_OK) {
        (void)fail(trust, status, "its state file cannot be written");
    }
}

static enum cg_status take_bundle(struct asking *asking, struct cg_snapshot **ret_snapshot)
{
    struct cg_trust *trust = asking->trust;
    struct cg_span compact = asking->response.body;
    CG_CLEANUP(snapshot_free_at) struct cg_snapshot *snapshot = NULL;
    enum cg_status status = open_bundle(asking, &snapshot);
    if (status != CG_OK) {
        bool is_told = trust->trouble[0] != '\0';
        return is_told ? status
                       : fail(trust, status == CG_ERR_NOT_FOUND ? CG_ERR_AUTHENTICATION : status,
                              "it gave a bundle that is not signed by a key of this realm, or "
                              "is not of it");
    }
    status = cg_trust_hold(trust, cg_snapshot_text(snapshot));
    if (status == CG_ERR_CONFLICT) {
        return fail(trust, status,
                    "it gave a bundle that is older than the one that is held (if its store was "
                    "put back from a backup, stop the gate, remove its state file, start it)");
    }
    CG_TRY(status);
    keep(trust, compact, asking->now_s);
    *ret_snapshot = CG_STEAL(snapshot);
    return CG_OK;
}

static enum cg_status take_answer(struct asking *asking, struct cg_snapshot **ret_snapshot)
{
    struct cg_trust *trust = asking->trust;
    *ret_snapshot = NULL;
    if (asking->response.http_status == 200) {
        return take_bundle(asking, ret_snapshot);
    }
    if (asking->response.http_status != 204 || trust->held == NULL) {
        return refused(asking);
    }
    keep(trust, (struct cg_span){NULL, 0}, asking->now_s);
    return CG_OK;
}

enum cg_status cg_trust_ask(struct cg_trust *trust, int64_t now_s, unsigned wait_s,
                            struct cg_snapshot **ret_snapshot)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct asking asking;
    char text[CG_GATE_BUNDLE_TAG_BYTES];
    CG_TRY(cg_arena_new(FETCH_BYTES, &arena));
    CG_TRY(begin(trust, arena, now_s, &asking));
    if (trust->held != NULL) {
        cg_gate_bundle_tag(trust->held, text);
        cg_form_put(&asking.form, "have", cg_span_of_string(text));
    }
    (void)snprintf(text, sizeof(text), "%u", wait_s);
    cg_form_put(&asking.form, "wait", cg_span_of_string(text));
    CG_TRY(fetch(&asking, "/oauth/gate-bundle", wait_s, true));
    return take_answer(&asking, ret_snapshot);
}

static enum cg_status put_report(struct asking *asking, const struct cg_refusal *refusals,
                                 size_t count, size_t *ret_count)
{
    struct cg_buf json;
    struct cg_buf encoded;
    struct cg_span text;
    cg_buf_init_arena(&json, asking->arena, CG_LIMIT_REPORT_BYTES);
    CG_TRY(cg_gate_report_write(refusals, count, &json, ret_count));
    CG_TRY(cg_buf_finish(&json, &text));
    cg_buf_init_arena(&encoded, asking->arena, CG_LIMIT_FORM_BYTES);
    cg_base64url_encode(text, &encoded);
    CG_TRY(cg_buf_finish(&encoded, &text));
    cg_form_put(&asking->form, "report", text);
    return CG_OK;
}

enum cg_status cg_trust_report(struct cg_trust *trust, int64_t now_s,
                               const struct cg_refusal *refusals, size_t count, size_t *ret_count)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct asking asking;
    size_t told = 0;
    CG_TRY(cg_arena_new(FETCH_BYTES, &arena));
    CG_TRY(begin(trust, arena, now_s, &asking));
    CG_TRY(put_report(&asking, refusals, count, &told));
    CG_TRY(fetch(&asking, "/oauth/gate-report", 0, true));
    enum cg_status status = asking.response.http_status == 204 ? CG_OK : refused(&asking);
    if (cg_report_patience_ends(&trust->refused_since_s, status == CG_ERR_AUTHORISATION, now_s)) {
        status = CG_ERR_CONFLICT;
    }
    if (status == CG_OK || status == CG_ERR_CONFLICT) {
        *ret_count = told;
    }
    return status;
}
