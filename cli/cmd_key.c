/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/lookup.h"
#include "cli/master_key.h"
#include "cli/nouns.h"
#include "cli/security_module.h"
#include "registry/key_schedule.h"
#include "registry/realm.h"

/* A realm's keys as they are told; the one that signs is known beforehand. */
struct listing {
    struct cg_context *context;
    struct cg_span wanted; /* only this key; absent: all */
    struct cg_span signs;  /* absent: none does */
    int64_t until_s;       /* it does until then; INT64_MAX: no next one is announced */
    struct cg_realm owner; /* key_life_s 0: keys of it do not change by themselves */
};

/* 0: by itself it does not. */
static int64_t next_change_s(const struct listing *listing, const struct cg_signing_key *key,
                             bool signs)
{
    int64_t now_s = listing->context->now_s;
    if (now_s < key->sign_from_s) {
        return key->sign_from_s;
    }
    if (signs && listing->until_s != INT64_MAX) {
        return listing->until_s;
    }
    return signs ? cg_key_schedule_announce_s(&listing->owner, key)
                 : (key->retain_until_s > now_s ? key->retain_until_s : 0);
}

/* Where the private half is. */
static struct cg_span held_in(const struct cg_signing_key *key)
{
    if (key->reference.len > 0) {
        return key->reference;
    }
    return key->sealed.len > 0 ? CG_SPAN_OF("store") : CG_SPAN_OF("-");
}

static enum cg_status put_key(void *context, const void *row)
{
    const struct listing *listing = context;
    const struct cg_signing_key *key = row;
    struct cg_output *output = &listing->context->output;
    if (listing->wanted.data != NULL && !cg_span_equal(listing->wanted, key->kid)) {
        return CG_OK;
    }
    bool signs = cg_span_equal(listing->signs, key->kid);
    cg_output_open_record(output);
    cg_output_text(output, "kid", key->kid);
    cg_output_text(output, "realm", key->realm);
    cg_output_string(output, "state",
                     cg_signing_key_state_name(key, signs, listing->context->now_s));
    cg_output_text(output, "alg", key->alg);
    cg_output_text(output, "held_in", held_in(key));
    cg_output_time(output, "published_from", key->publish_from_s, "-");
    cg_output_time(output, "signs_from", key->sign_from_s, "-");
    cg_output_time(output, "published_until", key->retain_until_s, "-");
    cg_output_time(output, "next_change_at", next_change_s(listing, key, signs), "-");
    cg_output_close_record(output);
    return CG_OK;
}

/* kid absent: all of the realm's. */
static enum cg_status put_keys(struct cg_context *context, struct cg_store *store,
                               struct cg_span realm, struct cg_span kid)
{
    struct listing listing = {.context = context, .wanted = kid};
    struct cg_signing_key key = {.kid = {NULL, 0}};
    int64_t until_s = 0;
    enum cg_status status =
        cg_signing_key_current(store, realm, context->now_s, context->arena, &key, &until_s);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    listing.signs = key.kid;
    listing.until_s = until_s;
    if (!cg_span_equal_string(realm, CG_AUDIT_KEY_REALM)) {
        CG_TRY(cg_realm_find(store, realm, context->arena, &listing.owner));
    }
    return cg_signing_key_list(store, realm, context->arena, put_key, &listing);
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    (void)args;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no keys yet");
    CG_TRY(put_keys(context, store, lookup.realm, (struct cg_span){NULL, 0}));
    CG_TRY(put_keys(context, store, CG_SPAN_OF(CG_AUDIT_KEY_REALM), (struct cg_span){NULL, 0}));
    cg_output_close_list(&context->output);
    return CG_OK;
}

/* Whose keys: the realm's, or with --audit those that sign checkpoints. */
static enum cg_status begin(struct cg_context *context, const struct cg_args *args,
                            struct cg_change **ret_change, struct cg_span *ret_realm)
{
    bool audit = cg_args_has(args, "audit");
    CG_TRY(cg_change_begin_with(context, audit ? CG_CHANGE_NO_REALM : CG_CHANGE_PLAIN, ret_change));
    *ret_realm = audit ? CG_SPAN_OF(CG_AUDIT_KEY_REALM) : cg_change_realm(*ret_change);
    return CG_OK;
}

/* A realm says itself how it signs; checkpoints are signed as before. */
static enum cg_status find_alg(struct cg_context *context, struct cg_store *store,
                               struct cg_span realm, struct cg_span *ret_alg)
{
    struct cg_realm found;
    struct cg_signing_key key;
    int64_t until_s = 0;
    if (cg_span_equal_string(realm, CG_AUDIT_KEY_REALM)) {
        CG_TRY(
            cg_signing_key_current(store, realm, context->now_s, context->arena, &key, &until_s));
        *ret_alg = key.alg;
        return CG_OK;
    }
    CG_TRY(cg_realm_find(store, realm, context->arena, &found));
    *ret_alg = found.alg;
    return CG_OK;
}

/* Completes the order with what the key is sealed under, unless it stays where it is. */
static enum cg_status make_key(struct cg_context *context, struct cg_change *change,
                               const struct cg_signing_key_order *order, struct cg_span *ret_kid)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret master_key = {.len = 0};
    struct cg_signing_key_order whole = *order;
    struct cg_store *store = cg_change_store(change);
    struct cg_audit_event *event = NULL;
    if (order->reference.data == NULL) {
        CG_TRY(cg_master_key_open(context, store, &master_key));
    }
    whole.master_key = master_key.data;
    whole.random = &context->random;
    whole.now_s = context->now_s;
    CG_TRY(find_alg(context, store, order->realm, &whole.alg));
    CG_TRY(cg_signing_key_create(store, &whole, context->arena, &context->fault, ret_kid));
    CG_TRY(cg_change_note(change, CG_AUDIT_KEY_CREATED, &event));
    event->realm = order->realm;
    event->detail = *ret_kid;
    return CG_OK;
}

static enum cg_status run_rotate(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_security_module_release) struct cg_security_module module = {.pkcs11 = NULL};
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    bool now = cg_args_has(args, "now");
    struct cg_signing_key_order order = {
        .start = now ? CG_KEY_START_NOW : CG_KEY_START_NEXT,
        .reference = cg_args_value(args, "pkcs11"),
        .make_there = cg_args_has(args, "generate"),
    };
    struct cg_span kid = {NULL, 0};
    if (order.make_there && order.reference.data == NULL) {
        return cg_complain_usage(context, "--generate goes with --pkcs11, which says where");
    }
    if (order.reference.data != NULL) {
        CG_TRY(cg_security_module_open(context, &module));
        order.pkcs11 = module.pkcs11;
    }
    CG_TRY(begin(context, args, &change, &order.realm));
    CG_TRY(make_key(context, change, &order, &kid));
    enum cg_status status = cg_change_commit(change);
    if (status != CG_OK) {
        /* Where the commit itself failed, its row may be there yet, and the key stays. */
        cg_key_schedule_unmake(cg_change_store(change), kid, order.pkcs11, context->arena);
        return status;
    }
    CG_TRY(put_keys(context, cg_change_store(change), order.realm, kid));
    cg_say(context, "%s",
           now ? "once it signs, `caregate key retire KID` refuses the tokens of the one before"
               : "the key before it stays published until its last token is over");
    return CG_OK;
}

static enum cg_status run_retire(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_span kid = cg_args_argument(args, 0);
    struct cg_span realm = {NULL, 0};
    CG_TRY(begin(context, args, &change, &realm));
    CG_TRY(cg_signing_key_retire(cg_change_store(change), realm, kid, context->now_s,
                                 &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_KEY_RETIRED, &event));
    event->realm = realm;
    event->detail = kid;
    CG_TRY(cg_change_commit(change));
    cg_output_open_record(&context->output);
    cg_output_text(&context->output, "kid", kid);
    cg_output_string(&context->output, "state", "gone");
    cg_output_close_record(&context->output);
    return CG_OK;
}

static enum cg_status run_reseal(struct cg_context *context, const struct cg_args *args)
{
    (void)args;
    return cg_master_key_reseal(context);
}

static const struct cg_option rotate_options[] = {
    {"now", NULL, CG_OPTION_PLAIN, "sign with it at once: for a key that was lost"},
    {"audit", NULL, CG_OPTION_PLAIN, "the key that signs the audit's checkpoints"},
    {"pkcs11", "URI", CG_OPTION_PLAIN, "take a key that is in a security module, and stays there"},
    {"generate", NULL, CG_OPTION_PLAIN, "make one there: the URI names the token alone"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option retire_options[] = {
    {"audit", NULL, CG_OPTION_PLAIN, "a key that signed the audit's checkpoints"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb key_verbs[] = {
    {
        .name = "list",
        .summary = "list the realm's signing keys, and the audit's",
        .help = "announced: published, signs later. active: signs. retained: published until\n"
                "its last token is over. gone: no token of it is let in. next change at: when it\n"
                "leaves that state by itself; of an active key, when the next is announced, by\n"
                "the realm's --key-life, or takes over.",
        .example = "caregate key list",
        .run = run_list,
    },
    {
        .name = "rotate",
        .summary = "make the next signing key",
        .options = rotate_options,
        .help = "It is published ten minutes before it signs, so that everybody knows it by\n"
                "then; no valid token is refused. With --now it signs in five seconds: gates of\n"
                "this store know it by then, other readers of the key set may not. With --pkcs11\n"
                "'pkcs11:token=LABEL;object=LABEL' it is a key of the security module that\n"
                "nginx.conf names by caregate_pkcs11_module and caregate_pkcs11_pin; with\n"
                "--generate, and 'pkcs11:token=LABEL', it is made there and never leaves it.",
        .example = "caregate key rotate",
        .run = run_rotate,
    },
    {
        .name = "retire",
        .arguments = "KID",
        .summary = "withdraw a key at once",
        .options = retire_options,
        .help =
            "Its tokens are refused within two seconds, its private half is destroyed. Of a key\n"
            "in a security module the issuer does it there, within minutes, if it was made by\n"
            "--generate or by itself; another you destroy with the module's own tool. The\n"
            "key that signs cannot be retired: `caregate key rotate --now` first. What an\n"
            "audit key has signed stays proven.",
        .example = "caregate key retire NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        .run = run_retire,
    },
    {
        .name = "reseal",
        .summary = "make a new master key and seal all keys under it",
        .help = "The new key is written to DIR/master.key.new before anything is sealed under\n"
                "it, and takes the place of DIR/master.key afterwards. When that is interrupted,\n"
                "run it again: it finishes. `caregate reload` must follow.",
        .example = "caregate key reseal",
        .run = run_reseal,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_key = {"key", "what tokens are signed with", key_verbs};
