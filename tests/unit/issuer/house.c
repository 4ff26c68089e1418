/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "audit/report.h"
#include "base/span.h"
#include "codec/json.h"
#include "registry/api.h"
#include "registry/credential.h"
#include "registry/organisation.h"
#include "registry/signing_key.h"
#include "test.h"

#include <unistd.h>

#define ARENA_BYTES (1U << 20)

static void add_api(struct house *house, const char *name, const char *audience, const char *scope)
{
    struct cg_api api = {.realm = test_span(HOUSE_REALM),
                         .name = test_span(name),
                         .audience = test_span(audience),
                         .scope = test_span(scope),
                         .approvals_wanted = 1,
                         .created_s = HOUSE_NOW_S};
    assert_ok(cg_api_add(house->registry, &api, NULL));
}

static void add_key(struct house *house, const char *realm)
{
    struct cg_signing_key_order order = {.realm = test_span(realm),
                                         .alg = CG_SPAN("RS256"),
                                         .start = CG_KEY_START_FIRST,
                                         .master_key = house->master_key,
                                         .random = &house->random,
                                         .now_s = HOUSE_NOW_S};
    struct cg_span kid;
    assert_ok(cg_signing_key_create(house->registry, &order, house->arena, NULL, &kid));
}

static void add_organisation(struct house *house)
{
    struct cg_organisation organisation = {.realm = test_span(HOUSE_REALM),
                                           .ods = CG_SPAN("RYG"),
                                           .name = CG_SPAN("Coventry"),
                                           .created_s = HOUSE_NOW_S};
    assert_ok(cg_organisation_add(house->registry, &organisation, NULL));
}

/* Inside a transaction; returns the id of the secret. */
static struct cg_span add_client(struct house *house, const char *name,
                                 struct house_client *ret_client)
{
    struct cg_client client = {.realm = test_span(HOUSE_REALM),
                               .organisation = CG_SPAN("RYG"),
                               .name = test_span(name),
                               .grants = CG_SPAN("client_credentials"),
                               .created_s = HOUSE_NOW_S};
    struct cg_span id;
    assert_ok(cg_client_add(house->registry, &client, &house->random, house->arena, NULL, &id));
    (void)snprintf(ret_client->id, sizeof(ret_client->id), "%.*s", CG_SPAN_ARGS(id));
    struct cg_secret_order order = {.realm = test_span(HOUSE_REALM),
                                    .client = id,
                                    .now_s = HOUSE_NOW_S,
                                    .random = &house->random};
    struct cg_secret secret;
    struct cg_span secret_id;
    assert_ok(cg_secret_issue(house->registry, &order, house->arena, NULL, &secret, &secret_id));
    (void)snprintf(ret_client->secret, sizeof(ret_client->secret), "%.*s",
                   CG_SPAN_ARGS(cg_secret_span(&secret)));
    cg_secret_release(&secret);
    return secret_id;
}

static void add_own_client(struct house *house)
{
    struct house_client own;
    house->secret_id = add_client(house, "Ward system", &own);
    memcpy(house->client, own.id, sizeof(own.id));
    memcpy(house->secret, own.secret, sizeof(own.secret));
}

struct house_client house_add_client(struct house *house, const char *name)
{
    struct house_client client;
    assert_ok(cg_store_begin(house->registry));
    (void)add_client(house, name, &client);
    assert_ok(cg_store_commit(house->registry));
    return client;
}

struct house_client house_own_client(const struct house *house)
{
    struct house_client own;
    memcpy(own.id, house->client, sizeof(own.id));
    memcpy(own.secret, house->secret, sizeof(own.secret));
    return own;
}

struct cg_span house_agree_with(struct house *house, const struct cg_agreement *wanted)
{
    struct cg_agreement agreement = *wanted;
    agreement.realm = test_span(HOUSE_REALM);
    agreement.purpose = CG_SPAN_OF("direct_care");
    agreement.requested_s = HOUSE_NOW_S;
    struct cg_decision decision = {.who = CG_SPAN("Dr Example"), .at_s = HOUSE_NOW_S};
    struct cg_span id;
    enum cg_agreement_state state;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_agreement_request(house->registry, &agreement, &house->random, house->arena, NULL, &id));
    assert_ok(cg_agreement_approve(house->registry, agreement.realm, id, &decision, NULL, &state));
    assert_ok(cg_store_commit(house->registry));
    return id;
}

struct cg_span house_agree(struct house *house, const char *api, const char *scope, int64_t from_s,
                           int64_t until_s)
{
    struct cg_agreement agreement = {.client = test_span(house->client),
                                     .api = test_span(api),
                                     .scope = test_span(scope),
                                     .from_s = from_s,
                                     .until_s = until_s};
    return house_agree_with(house, &agreement);
}

static void furnish(struct house *house)
{
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_setting_set(house->registry, "base_url", CG_SPAN_OF("https://localhost:8443")));
    struct cg_realm realm;
    assert_ok(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = test_span(HOUSE_REALM);
    realm.created_s = HOUSE_NOW_S;
    assert_ok(cg_realm_add(house->registry, &realm, NULL));
    add_key(house, HOUSE_REALM);
    add_key(house, CG_AUDIT_KEY_REALM);
    add_api(house, "documents", "https://api.example/documents", "documents.read documents.write");
    add_api(house, "medicines", "https://api.example/medicines", "medicines.read");
    add_organisation(house);
    add_own_client(house);
    assert_ok(cg_store_commit(house->registry));
    house->agreement =
        house_agree(house, "documents", "documents.read documents.write", HOUSE_NOW_S, 0);
}

struct house *house_standing(void)
{
    static struct house house;
    return &house;
}

void house_leave(void)
{
    void *state = house_standing();
    (void)house_pull_down(&state);
}

int house_build(void **state)
{
    struct house *house = house_standing();
    *house = (struct house){.now_s = HOUSE_NOW_S, .random = cg_random_system()};
    (void)snprintf(house->folder, sizeof(house->folder), "/tmp/caregate-house-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    (void)snprintf(house->uri, sizeof(house->uri), "sqlite:%.63s/registry.db", house->folder);
    memset(house->master_key, 7, sizeof(house->master_key));
    assert_ok(cg_arena_new(ARENA_BYTES, &house->arena));
    struct cg_store *audit = NULL;
    assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_CREATE, &audit));
    (void)cg_store_free(audit);
    assert_ok(
        cg_store_open(test_span(house->uri), CG_STORE_REGISTRY, CG_STORE_CREATE, &house->registry));
    furnish(house);
    struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                      .writer = CG_SPAN("test/worker0"),
                                      .master_key = house->master_key};
    assert_ok(cg_issuer_slot_new(&config, &house->slot));
    assert_ok(cg_exchange_new(&house->exchange));
    *state = house;
    return 0;
}

static void remove_files(const char *folder)
{
    static const char *const names[] = {"registry.db",      "registry.db-wal", "registry.db-shm",
                                        "registry.db.lock", "audit.db",        "audit.db-wal",
                                        "audit.db-shm",     "audit.db.lock"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

int house_pull_down(void **state)
{
    struct house *house = *state;
    house->exchange = cg_exchange_free(house->exchange);
    house->slot = cg_issuer_slot_free(house->slot);
    house->registry = cg_store_free(house->registry);
    house->arena = cg_arena_free(house->arena);
    remove_files(house->folder);
    return 0;
}

const struct cg_response *house_ask_with(struct house *house, const struct cg_request *request)
{
    cg_exchange_clear(house->exchange);
    house->exchange->request = *request;
    struct cg_exchange *const exchanges[] = {house->exchange};
    cg_issuer_answer(house->slot, exchanges, 1, house->now_s);
    cg_issuer_commit(house->slot, exchanges, 1);
    return &house->exchange->response;
}

const struct cg_response *house_ask(struct house *house, const char *method, const char *path,
                                    const char *body)
{
    struct cg_request request = {.method = test_span(method),
                                 .path = test_span(path),
                                 .request_id = CG_SPAN("req-1"),
                                 .address = CG_SPAN("127.0.0.1")};
    if (body != NULL) {
        request.content_type = CG_SPAN_OF("application/x-www-form-urlencoded");
        request.body = test_span(body);
    }
    return house_ask_with(house, &request);
}

const struct cg_response *house_ask_token(struct house *house, const char *more)
{
    static char body[8192];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s%s", house->client,
                   house->secret, more);
    return house_ask(house, "POST", HOUSE_REALM "/oauth/token", body);
}

struct cg_span house_token(struct house *house, const char *more)
{
    return house_token_of(house, house_ask_token(house, more));
}

struct cg_span house_token_of(struct house *house, const struct cg_response *response)
{
    assert_int_equal(response->http_status, 200);
    struct cg_json *body = NULL;
    struct cg_span compact;
    struct cg_span copy;
    assert_ok(cg_json_parse(response->body, 16384, &body));
    assert_ok(cg_json_member_string(cg_json_root(body), "access_token", &compact));
    assert_ok(cg_arena_copy(house->arena, compact, &copy));
    (void)cg_json_free(body);
    return copy;
}

const struct cg_response *house_present(struct house *house, const char *path,
                                        const struct house_client *client, struct cg_span token,
                                        const char *accept)
{
    static char body[8192];
    (void)snprintf(body, sizeof(body), "client_id=%s&client_secret=%s&token=%.*s", client->id,
                   client->secret, CG_SPAN_ARGS(token));
    struct cg_request request = {.method = CG_SPAN("POST"),
                                 .path = test_span(path),
                                 .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                                 .accept = cg_span_of_string(accept),
                                 .body = test_span(body),
                                 .request_id = CG_SPAN("req-1"),
                                 .address = CG_SPAN("127.0.0.1")};
    return house_ask_with(house, &request);
}

struct cg_span house_header(const struct cg_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (cg_span_equal_string(response->headers[i].name, name)) {
            return response->headers[i].value;
        }
    }
    return (struct cg_span){NULL, 0};
}

struct count {
    const char *text;
    int64_t found;
};

static enum cg_status count_one(void *context, struct cg_span record, int64_t time_s)
{
    struct count *count = context;
    (void)time_s;
    count->found += memmem(record.data, record.len, count->text, strlen(count->text)) != NULL;
    return CG_OK;
}

int64_t house_count_events(struct house *house, const char *kind)
{
    return house_count_events_with(house, kind, "");
}

int64_t house_count_events_with(struct house *house, const char *kind, const char *text)
{
    struct cg_store *audit = NULL;
    assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    struct cg_audit_filter filter = {.until_s = INT64_MAX, .kind = test_span(kind)};
    struct count count = {text, 0};
    assert_ok(cg_audit_list(audit, &filter, count_one, &count));
    (void)cg_store_free(audit);
    return count.found;
}
