/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/event.h"

#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"
#include "codec/utf8.h"

static const struct {
    const char *name;
    const char *text;
} kinds[CG_AUDIT_KIND_COUNT] = {
    [CG_AUDIT_TOKEN_ISSUED] = {"token_issued", "The issuer gave a client a token."},
    [CG_AUDIT_TOKEN_REFUSED] = {"token_refused", "The issuer refused a request of a client."},
    [CG_AUDIT_ACCESS_REFUSED] = {"access_refused", "The gate refused a request to an API."},
    [CG_AUDIT_TOKEN_REVOKED] = {"token_revoked", "A token was revoked before its end."},
    [CG_AUDIT_PROCESS_STARTED] = {"process_started", "A process of the issuer or gate started."},
    [CG_AUDIT_STORE_CREATED] = {"store_created", "The store was made."},
    [CG_AUDIT_STORE_UPGRADED] = {"store_upgraded", "The store was brought up to a newer version."},
    [CG_AUDIT_REALM_ADDED] = {"realm_added", "A realm was added."},
    [CG_AUDIT_REALM_CHANGED] = {"realm_changed", "A realm's settings were changed."},
    [CG_AUDIT_API_ADDED] = {"api_added", "An API was added."},
    [CG_AUDIT_API_CHANGED] = {"api_changed", "An API's settings were changed."},
    [CG_AUDIT_API_RETIRED] = {"api_retired", "An API was retired."},
    [CG_AUDIT_ORGANISATION_ADDED] = {"organisation_added", "An organisation was added."},
    [CG_AUDIT_CLIENT_ADDED] = {"client_added", "A client was added."},
    [CG_AUDIT_CLIENT_CHANGED] = {"client_changed", "A client's settings were changed."},
    [CG_AUDIT_CLIENT_SUSPENDED] = {"client_suspended", "A client was suspended."},
    [CG_AUDIT_CLIENT_RESUMED] = {"client_resumed", "A suspended client was resumed."},
    [CG_AUDIT_CLIENT_RETIRED] = {"client_retired", "A client was retired for good."},
    [CG_AUDIT_SECRET_ISSUED] = {"secret_issued", "A client was given a secret."},
    [CG_AUDIT_SECRET_ROTATED] = {"secret_rotated",
                                 "A client was given a secret, and those before it an end."},
    [CG_AUDIT_SECRET_REVOKED] = {"secret_revoked", "A client's secret was revoked."},
    [CG_AUDIT_SECRET_LEAKED] =
        {"secret_leaked", "A client's secret leaked: it was revoked, and the tokens with it that "
                          "the client had."},
    [CG_AUDIT_SECRET_LINK_MADE] = {"secret_link_made",
                                   "A link was made by which a client is handed a secret."},
    [CG_AUDIT_SECRET_LINK_OPENED] = {"secret_link_opened",
                                     "A link was opened and its secret handed over."},
    [CG_AUDIT_SECRET_LINK_REFUSED] = {"secret_link_refused",
                                      "A link was tried that opens nothing."},
    [CG_AUDIT_CLIENT_KEY_ADDED] = {"client_key_added",
                                   "A client's key, certificate or name was registered."},
    [CG_AUDIT_CLIENT_KEY_REVOKED] = {"client_key_revoked",
                                     "A client's key, certificate or name was revoked."},
    [CG_AUDIT_UPSTREAM_ADDED] = {"upstream_added", "An identity provider was added."},
    [CG_AUDIT_UPSTREAM_CHANGED] = {"upstream_changed",
                                   "An identity provider's settings were changed."},
    [CG_AUDIT_UPSTREAM_RETIRED] = {"upstream_retired",
                                   "An identity provider was retired for good."},
    [CG_AUDIT_CLIENT_UPSTREAM_ADDED] =
        {"client_upstream_added",
         "A client was allowed to exchange the ID tokens that a provider makes for it."},
    [CG_AUDIT_CLIENT_UPSTREAM_REMOVED] =
        {"client_upstream_removed",
         "A client may exchange a provider's ID tokens for an audience no more."},
    [CG_AUDIT_AGREEMENT_REQUESTED] = {"agreement_requested", "An agreement was asked for."},
    [CG_AUDIT_AGREEMENT_APPROVED] = {"agreement_approved", "One person approved an agreement."},
    [CG_AUDIT_AGREEMENT_IN_FORCE] = {"agreement_in_force",
                                     "An agreement has every approval that it wants."},
    [CG_AUDIT_AGREEMENT_REFUSED] = {"agreement_refused", "An agreement was refused."},
    [CG_AUDIT_AGREEMENT_WITHDRAWN] = {"agreement_withdrawn", "An agreement was withdrawn."},
    [CG_AUDIT_AGREEMENT_LIMITED] =
        {"agreement_limited", "How often an agreement may be used was bounded, within what was "
                              "agreed, or the bound taken off."},
    [CG_AUDIT_KEY_CREATED] = {"key_created", "A signing key was made."},
    [CG_AUDIT_KEY_RETIRED] = {"key_retired", "A signing key was withdrawn."},
    [CG_AUDIT_KEY_DELETED] = {"key_deleted",
                              "The private half of a signing key, whose last token is over, was "
                              "destroyed."},
    [CG_AUDIT_KEY_DESTROYED] = {"key_destroyed",
                                "The private half of a signing key that was made in a security "
                                "module was destroyed there."},
    [CG_AUDIT_KEYS_RESEALED] = {"keys_resealed", "The keys were sealed anew."},
    [CG_AUDIT_CHANGE_FAILED] = {"change_failed",
                                "A change that was recorded before did not take effect."},
    [CG_AUDIT_PRUNED] = {"pruned", "Old records of the audit were removed."},
    [CG_AUDIT_CHECKPOINT_MADE] = {"checkpoint_made", "A signed checkpoint was made."},
};

/* Bytes of each field as written, escapes included. */
#define ACTOR_BYTES 128
#define API_BYTES 1024
#define AGREEMENT_BYTES 1280
#define ID_BYTES 64
#define FRAME_BYTES 448 /* names, punctuation, numbers, kind and reason */
_Static_assert(ACTOR_BYTES + CG_LIMIT_REALM_PATH_BYTES + API_BYTES + AGREEMENT_BYTES +
                       5 * ID_BYTES + CG_LIMIT_AUDIT_DETAIL_BYTES + CG_LIMIT_WRITER_BYTES +
                       FRAME_BYTES <=
                   CG_LIMIT_AUDIT_RECORD_BYTES,
               "the fields of a record fit into it");

const char *cg_audit_kind_name(enum cg_audit_kind kind)
{
    return (size_t)kind < CG_AUDIT_KIND_COUNT ? kinds[kind].name : "unknown";
}

const char *cg_audit_kind_text(enum cg_audit_kind kind)
{
    return (size_t)kind < CG_AUDIT_KIND_COUNT ? kinds[kind].text : "";
}

enum cg_status cg_audit_kind_find(struct cg_span name, enum cg_audit_kind *ret_kind)
{
    for (size_t i = 0; i < CG_AUDIT_KIND_COUNT; i++) {
        if (cg_span_equal_string(name, kinds[i].name)) {
            *ret_kind = (enum cg_audit_kind)i;
            return CG_OK;
        }
    }
    return CG_ERR_NOT_FOUND;
}

/* Bytes that the character at `at` takes in a JSON string; *ret_len is what it takes in the text.
 */
static size_t written_length(struct cg_span text, size_t at, size_t *ret_len)
{
    uint8_t byte = text.data[at];
    *ret_len = 1;
    if (byte == '"' || byte == '\\') {
        return 2;
    }
    if (byte < 0x20) {
        return sizeof("\\u0000") - 1;
    }
    size_t len = cg_utf8_length_at(text, at);
    if (len == 0) {
        return sizeof("\xef\xbf\xbd") - 1; /* U+FFFD stands for a byte that is no character */
    }
    *ret_len = len;
    return len;
}

static struct cg_span cut(struct cg_span text, size_t max_written)
{
    /* Nearly all texts of nearly all records end here. */
    size_t at = cg_json_plain_run(cg_span_part(text, 0, max_written), 0);
    size_t written = at;
    while (at < text.len) {
        size_t len = 0;
        written += written_length(text, at, &len);
        if (written > max_written) {
            break;
        }
        at += len;
    }
    return cg_span_part(text, 0, at);
}

static void start(struct cg_json_writer *json, struct cg_span writer, int64_t number,
                  int64_t time_s)
{
    cg_json_open_object(json);
    cg_json_member_put(json, "writer", writer);
    cg_json_member_put_number(json, "number", number);
    cg_json_member_put_number(json, "time", time_s);
}

void cg_audit_event_write_start(struct cg_span writer, int64_t number, int64_t time_s,
                                struct cg_buf *buf)
{
    struct cg_json_writer json;
    cg_json_begin(&json, buf);
    start(&json, writer, number, time_s);
    cg_buf_put_string(buf, ",\"kind\":\"");
}

void cg_audit_event_write(const struct cg_audit_event *event, struct cg_span writer, int64_t number,
                          struct cg_buf *buf)
{
    const struct {
        const char *name;
        struct cg_span value;
        size_t max_bytes;
    } fields[] = {
        {"actor", event->actor, ACTOR_BYTES},
        {"realm", event->realm, CG_LIMIT_REALM_PATH_BYTES},
        {"client_id", event->client_id, ID_BYTES},
        {"organisation", event->organisation, ID_BYTES},
        {"api", event->api, API_BYTES},
        {"agreement", event->agreement, AGREEMENT_BYTES},
        {"token_id", event->token_id, ID_BYTES},
        {"request_id", event->request_id, ID_BYTES},
        {"address", event->address, ID_BYTES},
        {"detail", event->detail, CG_LIMIT_AUDIT_DETAIL_BYTES},
    };
    struct cg_json_writer json;
    cg_json_begin(&json, buf);
    start(&json, writer, number, event->time_s);
    cg_json_member_put(&json, "kind", cg_span_of_string(cg_audit_kind_name(event->kind)));
    if (event->reason != CG_REASON_NONE) {
        cg_json_member_put(&json, "reason", cg_span_of_string(cg_reason_name(event->reason)));
    }
    if (event->count > 1) {
        cg_json_member_put_number(&json, "count", event->count);
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        cg_json_member_put(&json, fields[i].name, cut(fields[i].value, fields[i].max_bytes));
    }
    cg_json_close_object(&json);
}
