/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and withdrawing signing keys. What must hold at every second: the key that signs has been
 * published for long enough that every gate knows it, and a key that signed stays published until
 * its last token has expired.
 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"
#include "crypto/sealed.h"
#include "jose/jwk.h"
#include "registry/key_row.h"
#include "registry/name.h"
#include "registry/realm.h"

#define JWK_BYTES 4096

/* The keys that a realm has when another one is made. */
struct line_up {
    int64_t now_s;
    size_t count;
    bool announced;      /* one signs later than now */
    struct cg_span last; /* kid of the last to sign, among those that cannot be taken back */
    int64_t last_sign_from_s;
};

/* One that begins to sign before gates and issuers can have forgotten it is no more taken back. */
static enum cg_status survey(void *context, const void *row)
{
    struct line_up *line_up = context;
    const struct cg_signing_key *key = row;
    line_up->count++;
    if (!cg_signing_key_is_usable(key)) {
        return CG_OK;
    }
    line_up->announced = line_up->announced || key->sign_from_s > line_up->now_s;
    if (key->sign_from_s <= line_up->now_s + CG_KEY_PROPAGATION_S) {
        line_up->last = key->kid;
        line_up->last_sign_from_s = key->sign_from_s;
    }
    return CG_OK;
}

/* Checkpoints of the audit are signed for good, without a life: their keys stay in the list. */
static enum cg_status longest_life(struct cg_store *store, struct cg_span realm,
                                   struct cg_fault *fault, int64_t *ret_life_s)
{
    if (cg_span_equal_string(realm, CG_AUDIT_KEY_REALM)) {
        *ret_life_s = 0;
        return CG_OK;
    }
    enum cg_status status = cg_realm_longest_life_s(store, realm, ret_life_s);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no realm of this path", NULL);
    }
    return status;
}

static enum cg_status check_start(const struct line_up *line_up, enum cg_key_start start,
                                  struct cg_fault *fault)
{
    if (start == CG_KEY_START_FIRST && line_up->count > 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the realm has a key: rotate it", NULL);
    }
    if (start != CG_KEY_START_FIRST && line_up->last.data == NULL) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the realm has no key that signs, so there is none to rotate", NULL);
    }
    if (start == CG_KEY_START_NEXT && line_up->announced) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "a next key is announced already: wait until it signs, or rotate now", NULL);
    }
    return CG_OK;
}

static int64_t first_second(const struct line_up *line_up, enum cg_key_start start)
{
    if (start == CG_KEY_START_FIRST) {
        return line_up->now_s;
    }
    int64_t delay_s = start == CG_KEY_START_NEXT ? CG_KEY_ANNOUNCE_S : CG_KEY_PROPAGATION_S;
    int64_t sign_from_s = line_up->now_s + delay_s;
    return sign_from_s > line_up->last_sign_from_s ? sign_from_s : line_up->last_sign_from_s + 1;
}

/* One key in 64 has a thumbprint that a command line would take for an option: it is made again. */
static enum cg_status generate(const struct cg_alg *alg, struct cg_key **ret_key,
                               char ret_kid[static CG_THUMBPRINT_CHARS + 1])
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    do {
        key = cg_key_free(key);
        CG_TRY(cg_key_generate(alg->key_algorithm, alg->default_bits, &key));
        CG_TRY(cg_jwk_thumbprint(key, ret_kid));
    } while (ret_kid[0] == '-');
    *ret_key = CG_STEAL(key);
    return CG_OK;
}

static enum cg_status make_public(const struct cg_key *key, const char *kid, struct cg_arena *arena,
                                  struct cg_signing_key *made)
{
    CG_TRY(cg_arena_copy(arena, cg_span_of_string(kid), &made->kid));
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, arena, JWK_BYTES);
    cg_json_begin(&writer, &buf);
    CG_TRY(cg_jwk_write(key, made->kid, &writer));
    return cg_buf_finish(&buf, &made->public_jwk);
}

static enum cg_status make_key(const struct cg_signing_key_order *order, const struct cg_alg *alg,
                               struct cg_arena *arena, struct cg_signing_key *ret_made)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    char kid[CG_THUMBPRINT_CHARS + 1];
    CG_TRY(generate(alg, &key, kid));
    struct cg_signing_key made = {.realm = order->realm, .alg = alg->name};
    CG_TRY(make_public(key, kid, arena, &made));
    struct cg_span der = {NULL, 0};
    struct cg_span context = {NULL, 0};
    CG_TRY(cg_key_to_pkcs8(key, arena, &der));
    CG_TRY(cg_key_seal_context(made.realm, made.kid, arena, &context));
    CG_TRY(cg_sealed_close(order->master_key, context, der, order->random, arena, &made.sealed));
    *ret_made = made;
    return CG_OK;
}

/* The kid of a key that is there already is what it is; `key retire -- KID` takes any. */
static enum cg_status take_key(const struct cg_signing_key_order *order, const struct cg_alg *alg,
                               struct cg_arena *arena, struct cg_fault *fault,
                               struct cg_signing_key *ret_made)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    char kid[CG_THUMBPRINT_CHARS + 1];
    CG_TRY(cg_key_fetch(order, alg->key_algorithm, arena, fault, &key));
    CG_TRY(cg_jwk_thumbprint(key, kid));
    struct cg_signing_key made = {.realm = order->realm,
                                  .alg = alg->name,
                                  .sealed = CG_SPAN_OF(""),
                                  .reference = order->reference};
    CG_TRY(make_public(key, kid, arena, &made));
    *ret_made = made;
    return CG_OK;
}

/* In a module, where it is proved as one that was there is. */
static enum cg_status make_there(const struct cg_signing_key_order *order, const struct cg_alg *alg,
                                 struct cg_arena *arena, struct cg_fault *fault,
                                 struct cg_signing_key *ret_made)
{
    struct cg_signing_key_order taking = *order;
    CG_TRY(cg_key_make_there(order, alg->key_algorithm, alg->default_bits, arena, fault,
                             &taking.reference));
    enum cg_status status = take_key(&taking, alg, arena, fault, ret_made);
    if (status != CG_OK) {
        cg_key_unmake_there(order, taking.reference, arena);
        return status;
    }
    ret_made->is_made_there = true;
    return CG_OK;
}

static enum cg_status obtain_key(const struct cg_signing_key_order *order, const struct cg_alg *alg,
                                 struct cg_arena *arena, struct cg_fault *fault,
                                 struct cg_signing_key *ret_made)
{
    if (order->reference.data == NULL) {
        return make_key(order, alg, arena, ret_made);
    }
    if (cg_span_equal_string(order->realm, CG_AUDIT_KEY_REALM)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the audit's key is sealed in the store: its command line signs with it too", NULL);
    }
    return order->make_there ? make_there(order, alg, arena, fault, ret_made)
                             : take_key(order, alg, arena, fault, ret_made);
}

static enum cg_status insert(struct cg_store *store, const struct cg_signing_key *key)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_ADD, &statement));
    cg_bind_text(statement, "kid", key->kid);
    cg_bind_text(statement, "realm", key->realm);
    cg_bind_text(statement, "alg", key->alg);
    cg_bind_blob(statement, "sealed", key->sealed);
    cg_bind_text(statement, "reference", key->reference);
    cg_bind_number(statement, "made_there", key->is_made_there ? 1 : 0);
    cg_bind_text(statement, "public_jwk", key->public_jwk);
    cg_bind_number(statement, "publish", key->publish_from_s);
    cg_bind_number(statement, "sign", key->sign_from_s);
    cg_bind_number(statement, "created", key->created_s);
    return cg_store_run(statement, NULL);
}

/* until_s 0: it has no successor. */
static enum cg_status retain(struct cg_store *store, struct cg_span kid, int64_t until_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_KEY_RETAIN, &statement));
    cg_rows_bind_optional(statement, "until", until_s);
    cg_bind_text(statement, "kid", kid);
    return cg_store_run(statement, NULL);
}

static enum cg_status drop_unused(struct cg_store *store, struct cg_span realm, int64_t now_s)
{
    static const enum cg_sql steps[] = {CG_SQL_KEY_LEAVE_UNUSED, CG_SQL_KEY_DROP_UNUSED};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct cg_statement *statement = NULL;
        CG_TRY(cg_store_start(store, steps[i], &statement));
        cg_bind_text(statement, "realm", realm);
        cg_bind_number(statement, "after", now_s + CG_KEY_PROPAGATION_S);
        CG_TRY(cg_store_run(statement, NULL));
    }
    return CG_OK;
}

/* The key takes its place in the line; the one before it will go when its last token has. */
static enum cg_status line_in(struct cg_store *store, const struct cg_signing_key *key,
                              const struct line_up *line_up, int64_t life_s)
{
    CG_TRY(drop_unused(store, key->realm, line_up->now_s));
    CG_TRY(insert(store, key));
    if (line_up->last.data != NULL) {
        CG_TRY(retain(store, line_up->last, key->sign_from_s + life_s));
    }
    return cg_registry_touch(store, CG_TOUCH_KEYS);
}

enum cg_status cg_signing_key_create(struct cg_store *store,
                                     const struct cg_signing_key_order *order,
                                     struct cg_arena *arena, struct cg_fault *fault,
                                     struct cg_span *ret_kid)
{
    const struct cg_alg *alg = cg_alg_for_tokens(order->alg);
    if (alg == NULL || !cg_name_is_time(order->now_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the signature algorithm of a realm is RS256, PS256, ES256 or EdDSA",
                "RFC 7518 §3.1");
    }
    int64_t life_s = 0;
    CG_TRY(longest_life(store, order->realm, fault, &life_s));
    struct line_up line_up = {.now_s = order->now_s};
    CG_TRY(cg_signing_key_list(store, order->realm, arena, survey, &line_up));
    CG_TRY(check_start(&line_up, order->start, fault));
    struct cg_signing_key made;
    CG_TRY(obtain_key(order, alg, arena, fault, &made));
    made.publish_from_s = order->now_s;
    made.sign_from_s = first_second(&line_up, order->start);
    made.created_s = order->now_s;
    enum cg_status status = line_in(store, &made, &line_up, life_s);
    if (status != CG_OK && made.is_made_there) {
        cg_key_unmake_there(order, made.reference, arena);
    }
    if (status == CG_ERR_CONFLICT) {
        CG_FAIL(fault, status, CG_REASON_NONE,
                "this key is or was a signing key already: make another", NULL);
    }
    CG_TRY(status);
    *ret_kid = made.kid;
    return CG_OK;
}

/* A key and those that sign before and after it; kid absent: there is none. */
struct neighbours {
    struct cg_span kid;
    int64_t now_s;
    struct cg_signing_key key;
    struct cg_signing_key before;
    struct cg_signing_key after;
    struct cg_signing_key signs;
};

static enum cg_status look_around(void *context, const void *row)
{
    struct neighbours *around = context;
    const struct cg_signing_key *key = row;
    bool usable = cg_signing_key_is_usable(key);
    if (usable && key->sign_from_s <= around->now_s) {
        around->signs = *key;
    }
    if (cg_span_equal(key->kid, around->kid)) {
        around->key = *key;
    } else if (usable && around->key.kid.data == NULL) {
        around->before = *key;
    } else if (usable && around->after.kid.data == NULL) {
        around->after = *key;
    }
    return CG_OK;
}

static enum cg_status check_retirable(const struct neighbours *around, struct cg_fault *fault)
{
    if (around->key.kid.data == NULL) {
        CG_FAIL(fault, CG_ERR_NOT_FOUND, CG_REASON_NONE, "the realm has no key of this id", NULL);
    }
    if (!cg_signing_key_is_usable(&around->key)) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the key is retired already", NULL);
    }
    if (cg_span_equal(around->signs.kid, around->key.kid)) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the key is the one that signs: rotate now, then retire it", NULL);
    }
    return CG_OK;
}

/* An announced key is taken back: the one before it signs on until the one after it does. */
static enum cg_status take_back(struct cg_store *store, const struct neighbours *around)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_key_leave(store, around->key.kid));
    CG_TRY(cg_store_start(store, CG_SQL_KEY_DROP, &statement));
    cg_bind_text(statement, "kid", around->key.kid);
    CG_TRY(cg_store_run(statement, NULL));
    if (around->before.kid.data == NULL) {
        return CG_OK;
    }
    int64_t until_s = 0;
    if (around->after.kid.data != NULL) {
        int64_t life_s = 0;
        CG_TRY(longest_life(store, around->key.realm, NULL, &life_s));
        until_s = around->after.sign_from_s + life_s;
    }
    return retain(store, around->before.kid, until_s);
}

/* The private half goes for good: whoever retires a key may have lost it. */
static enum cg_status destroy(struct cg_store *store, struct cg_span kid, int64_t now_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_key_leave(store, kid));
    CG_TRY(cg_store_start(store, CG_SQL_KEY_DESTROY, &statement));
    cg_bind_number(statement, "now", now_s);
    cg_bind_blob(statement, "nothing", CG_SPAN_OF(""));
    cg_bind_text(statement, "kid", kid);
    return cg_store_run(statement, NULL);
}

enum cg_status cg_signing_key_retire(struct cg_store *store, struct cg_span realm,
                                     struct cg_span kid, int64_t now_s, struct cg_fault *fault)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(CG_LIMIT_REGISTRY_LOAD_BYTES, &arena));
    struct neighbours around = {.kid = kid, .now_s = now_s};
    CG_TRY(cg_signing_key_list(store, realm, arena, look_around, &around));
    CG_TRY(check_retirable(&around, fault));
    if (around.key.sign_from_s > now_s) {
        CG_TRY(take_back(store, &around));
    } else {
        CG_TRY(destroy(store, kid, now_s));
    }
    return cg_registry_touch(store, CG_TOUCH_KEYS);
}
