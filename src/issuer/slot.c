/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/slot.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "issuer/key_fetcher.h"

#define CONFIG_BYTES 8192
#define TALLY_PLACES 512
#define LOOK_EVERY_S 1

static enum cg_status make_parts(struct cg_issuer_slot *slot, const struct cg_issuer_config *config)
{
    CG_TRY(cg_arena_new(CONFIG_BYTES, &slot->arena));
    CG_TRY(cg_arena_copy(slot->arena, config->store_uri, &slot->store_uri));
    CG_TRY(cg_arena_copy(slot->arena, config->writer, &slot->writer));
    CG_TRY(cg_client_cache_new(CG_LIMIT_CLIENT_CACHE, &slot->clients));
    CG_TRY(cg_client_keys_new(config->fetcher != NULL ? config->fetcher->remote : NULL,
                              &slot->client_keys));
    CG_TRY(cg_proof_keys_new(&slot->random, &slot->proof_keys));
    CG_TRY(cg_realm_table_new(&slot->realms));
    CG_TRY(cg_tally_new(TALLY_PLACES, &slot->refusals));
    return cg_use_notes_new(&slot->uses);
}

enum cg_status cg_issuer_slot_new(const struct cg_issuer_config *config,
                                  struct cg_issuer_slot **ret_slot)
{
    if (config->store_uri.len == 0 || config->writer.len == 0 || config->master_key == NULL ||
        config->writer.len > CG_LIMIT_WRITER_BYTES) {
        return CG_ERR_INPUT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_issuer_slot), &memory));
    struct cg_issuer_slot *slot = memory;
    slot->master_key = config->master_key;
    slot->pkcs11 = config->pkcs11;
    slot->throttle = config->throttle;
    slot->token_rate = config->token_rate;
    cg_random_stock_init(&slot->random_stock, cg_random_system());
    slot->random = cg_random_from_stock(&slot->random_stock);
    enum cg_status status = make_parts(slot, config);
    if (status != CG_OK) {
        (void)cg_issuer_slot_free(slot);
        return status;
    }
    *ret_slot = slot;
    return CG_OK;
}

void cg_slot_close(struct cg_issuer_slot *slot)
{
    slot->journal = cg_journal_free(slot->journal);
    slot->registry = cg_store_free(slot->registry);
    slot->audit_signer = cg_signer_free(slot->audit_signer);
    slot->audit_arena = cg_arena_free(slot->audit_arena);
    if (slot->realms != NULL) {
        cg_realm_table_clear(slot->realms);
    }
    if (slot->clients != NULL) {
        cg_client_cache_forget(slot->clients);
    }
}

struct cg_issuer_slot *cg_issuer_slot_free(struct cg_issuer_slot *slot)
{
    if (slot == NULL) {
        return NULL;
    }
    cg_slot_close(slot);
    slot->clients = cg_client_cache_free(slot->clients);
    slot->client_keys = cg_client_keys_free(slot->client_keys);
    slot->proof_keys = cg_proof_keys_free(slot->proof_keys);
    slot->realms = cg_realm_table_free(slot->realms);
    slot->refusals = cg_tally_free(slot->refusals);
    slot->uses = cg_use_notes_free(slot->uses);
    slot->arena = cg_arena_free(slot->arena);
    return cg_release(slot);
}

enum cg_status cg_slot_open_audit(struct cg_issuer_slot *slot)
{
    if (slot->journal != NULL && !cg_store_is_current(cg_journal_store(slot->journal))) {
        slot->journal = cg_journal_free(slot->journal);
    }
    if (slot->journal != NULL) {
        return CG_OK;
    }
    struct cg_store *audit = NULL;
    CG_TRY(cg_store_open(slot->store_uri, CG_STORE_AUDIT, CG_STORE_OPEN, &audit));
    return cg_journal_new(audit, slot->writer, &slot->journal);
}

enum cg_status cg_slot_look_if_spent(struct cg_issuer_slot *slot, const struct cg_single_use *use,
                                     bool *ret_spent)
{
    CG_TRY(cg_slot_open_audit(slot));
    enum cg_status status = cg_single_use_look(cg_journal_store(slot->journal), use, ret_spent);
    if (status != CG_OK) {
        slot->journal = cg_journal_free(slot->journal);
    }
    return status;
}

enum cg_status cg_slot_open(struct cg_issuer_slot *slot, int64_t now_s)
{
    if (now_s - slot->registry_looked_s >= LOOK_EVERY_S) {
        slot->registry_looked_s = now_s;
        if (slot->registry != NULL && !cg_store_is_current(slot->registry)) {
            cg_slot_close(slot);
        }
    }
    if (slot->registry != NULL) {
        return CG_OK;
    }
    CG_TRY(cg_store_open(slot->store_uri, CG_STORE_REGISTRY, CG_STORE_OPEN, &slot->registry));
    cg_store_set_patience(slot->registry, CG_LIMIT_REGISTRY_WAIT_MS);
    return CG_OK;
}
