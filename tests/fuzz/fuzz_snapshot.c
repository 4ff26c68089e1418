/* SPDX-License-Identifier: Apache-2.0 */
/* A text that the parser takes is kept as it is, parses again, and answers every question without
 * harm. */
#include "base/span.h"
#include "token/snapshot.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool held)
{
    if (!held) {
        abort();
    }
}

static void ask(const struct cg_snapshot_realm *realm, struct cg_span word)
{
    struct cg_verifier *verifier = NULL;
    const struct cg_jwk *key = cg_key_ring_find(cg_snapshot_realm_keys(realm), word, &verifier);
    require((key == NULL) == (verifier == NULL));
    (void)cg_snapshot_find_api(realm, word);
    (void)cg_snapshot_has_audience(realm, word);
    (void)cg_snapshot_denies_token(realm, word);
    (void)cg_snapshot_denies_agreement(realm, word);
    (void)cg_snapshot_denies_client(realm, word, 1);
}

/* Each piece between quotes is asked for in each realm that any such piece names. */
static void ask_for_each_word(const struct cg_snapshot *snapshot, struct cg_span text)
{
    const struct cg_snapshot_realm *only = cg_snapshot_only_realm(snapshot);
    struct cg_span rest = text;
    struct cg_span word;
    for (unsigned i = 0; i < 200 && cg_span_split(&rest, '"', &word); i++) {
        const struct cg_snapshot_realm *realm = cg_snapshot_find_realm(snapshot, word);
        if (realm != NULL) {
            require(cg_span_equal(cg_snapshot_realm_path(realm), word));
            ask(realm, word);
        }
        if (only != NULL) {
            ask(only, word);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span text = cg_span_of_bytes(data, len);
    struct cg_snapshot *snapshot = NULL;
    if (cg_snapshot_parse(text, &snapshot) != CG_OK) {
        return 0;
    }
    require(cg_span_equal(cg_snapshot_text(snapshot), text));
    require(cg_snapshot_version(snapshot) >= 0);
    ask_for_each_word(snapshot, text);
    struct cg_snapshot *again = NULL;
    require(cg_snapshot_parse(cg_snapshot_text(snapshot), &again) == CG_OK);
    (void)cg_snapshot_free(again);
    (void)cg_snapshot_free(snapshot);
    return 0;
}
