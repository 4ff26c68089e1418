/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/record_pack.h"

#include <stdalign.h>
#include <string.h>

/* Memory being filled from its front; NULL: only counted. */
struct packing {
    uint8_t *memory;
    size_t used;
};

static void *take(struct packing *packing, size_t len, size_t alignment)
{
    packing->used = (packing->used + alignment - 1) / alignment * alignment;
    void *place = packing->memory == NULL ? NULL : packing->memory + packing->used;
    packing->used += len;
    return place;
}

static struct cg_span pack_text(struct packing *packing, struct cg_span text)
{
    if (text.data == NULL) {
        return text; /* absent stays so */
    }
    uint8_t *place = take(packing, text.len, 1);
    if (place != NULL && text.len > 0) {
        memcpy(place, text.data, text.len);
    }
    return (struct cg_span){place, text.len};
}

static struct cg_client pack_client(struct packing *packing, const struct cg_client *client)
{
    struct cg_client packed = *client;
    packed.realm = pack_text(packing, client->realm);
    packed.id = pack_text(packing, client->id);
    packed.organisation = pack_text(packing, client->organisation);
    packed.name = pack_text(packing, client->name);
    packed.grants = pack_text(packing, client->grants);
    packed.profile = pack_text(packing, client->profile);
    return packed;
}

static const struct cg_record_secret *pack_secrets(struct packing *packing,
                                                   const struct cg_client_record *record)
{
    struct cg_record_secret *packed =
        take(packing, record->secret_count * sizeof(*packed), alignof(struct cg_record_secret));
    for (size_t i = 0; i < record->secret_count; i++) {
        struct cg_record_secret secret = record->secrets[i];
        secret.id = pack_text(packing, secret.id);
        if (packed != NULL) {
            packed[i] = secret;
        }
    }
    return packed;
}

static const struct cg_record_key *pack_keys(struct packing *packing,
                                             const struct cg_client_record *record)
{
    struct cg_record_key *packed =
        take(packing, record->key_count * sizeof(*packed), alignof(struct cg_record_key));
    for (size_t i = 0; i < record->key_count; i++) {
        struct cg_record_key key = record->keys[i];
        key.id = pack_text(packing, key.id);
        key.value = pack_text(packing, key.value);
        if (packed != NULL) {
            packed[i] = key;
        }
    }
    return packed;
}

static const struct cg_record_agreement *pack_agreements(struct packing *packing,
                                                         const struct cg_client_record *record)
{
    struct cg_record_agreement *packed = take(packing, record->agreement_count * sizeof(*packed),
                                              alignof(struct cg_record_agreement));
    for (size_t i = 0; i < record->agreement_count; i++) {
        struct cg_record_agreement agreement = record->agreements[i];
        agreement.id = pack_text(packing, agreement.id);
        agreement.api = pack_text(packing, agreement.api);
        agreement.audience = pack_text(packing, agreement.audience);
        agreement.scope = pack_text(packing, agreement.scope);
        agreement.document_types = pack_text(packing, agreement.document_types);
        agreement.organisations = pack_text(packing, agreement.organisations);
        if (packed != NULL) {
            packed[i] = agreement;
        }
    }
    return packed;
}

size_t cg_record_pack(const struct cg_client_record *record, void *memory,
                      struct cg_client_record *ret_record)
{
    struct packing packing = {.memory = memory};
    ret_record->secret_count = record->secret_count;
    ret_record->secrets = pack_secrets(&packing, record);
    ret_record->key_count = record->key_count;
    ret_record->keys = pack_keys(&packing, record);
    ret_record->agreement_count = record->agreement_count;
    ret_record->is_narrowed = record->is_narrowed;
    ret_record->agreements = pack_agreements(&packing, record);
    ret_record->client = pack_client(&packing, &record->client);
    return packing.used;
}
