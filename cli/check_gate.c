/* SPDX-License-Identifier: Apache-2.0 */
/* A gate without a store: does its issuer give it what it lives by. */
#include "base/span.h"
#include "cli/check.h"
#include "cli/token_file.h"

#include <caregate/trust.h>

#define TIMEOUT_MS 5000
#define KEY_BYTES_MAX 4096

/* The value of "name=value" among the words of caregate_trust. */
static struct cg_span option(const struct cg_directive *directive, const char *name)
{
    struct cg_span start = cg_span_of_string(name);
    for (size_t i = 1; i < directive->word_count; i++) {
        struct cg_span word = directive->words[i];
        if (word.len > start.len && cg_span_starts_with(word, start)) {
            return cg_span_part(word, start.len, word.len);
        }
    }
    return (struct cg_span){NULL, 0};
}

/* Names are relative to the data folder, which is nginx's prefix. */
static enum cg_status path_of(struct cg_check *check, struct cg_span name, const char **ret_path)
{
    const char *text = NULL;
    CG_TRY(cg_context_string(check->context, name, &text));
    if (text[0] == '/') {
        *ret_path = text;
        return CG_OK;
    }
    return cg_context_path(check->context, text, ret_path);
}

static enum cg_status read_credential(struct cg_check *check, const struct cg_directive *directive,
                                      struct cg_trust_config *config)
{
    const char *path = NULL;
    struct cg_span file = option(directive, "secret_file=");
    if (file.len > 0) {
        CG_TRY(path_of(check, file, &path));
        return cg_token_file_read_secret(check->context, cg_span_of_string(path), &config->secret);
    }
    CG_TRY(path_of(check, option(directive, "key_file="), &path));
    return cg_context_read_secret_file(check->context, path, KEY_BYTES_MAX, &config->key);
}

static enum cg_status read_ca(struct cg_check *check, struct cg_trust_config *config)
{
    const char *path = NULL;
    for (const struct cg_directive *at = check->conf; at != NULL; at = cg_directive_walk(at)) {
        if (cg_directive_is(at, "caregate_fetch_ca")) {
            CG_TRY(path_of(check, cg_directive_word(at, 0), &path));
            config->ca_file = cg_span_of_string(path);
        }
    }
    return CG_OK;
}

/* The bundle that the gate has kept, which it holds against what it is given; NULL: none. */
static enum cg_status read_kept(struct cg_check *check, const struct cg_directive *directive,
                                const struct cg_trust_config *config,
                                struct cg_snapshot **ret_snapshot)
{
    struct cg_span file = option(directive, "state=");
    struct cg_trust_config kept = *config;
    struct cg_trust *trust = NULL;
    const char *path = NULL;
    int64_t current_s = 0;
    if (file.len == 0) {
        return CG_OK;
    }
    CG_TRY(path_of(check, file, &path));
    kept.state_file = cg_span_of_string(path);
    CG_TRY(cg_trust_new(&kept, &trust));
    enum cg_status status =
        cg_trust_restore(trust, check->context->now_s, ret_snapshot, &current_s);
    (void)cg_trust_free(trust);
    if (status == CG_ERR_INPUT) {
        cg_findings_add(&check->findings, CG_FINDING_WARNING, kept.state_file,
                        "give it to whoever runs nginx; a damaged one is written anew at the next "
                        "change",
                        "it cannot be read, is damaged, or is of another issuer");
        return CG_OK;
    }
    return status;
}

/* Without the state file: the gate's own is not to be touched, nor in its way. */
static enum cg_status ask(struct cg_context *context, const struct cg_trust_config *config,
                          const struct cg_snapshot *kept, struct cg_snapshot **ret_snapshot,
                          const char **ret_trouble)
{
    struct cg_trust *trust = NULL;
    CG_TRY(cg_trust_new(config, &trust));
    enum cg_status status = kept == NULL ? CG_OK : cg_trust_hold(trust, cg_snapshot_text(kept));
    if (status == CG_OK) {
        status = cg_trust_ask(trust, context->now_s, 0, ret_snapshot);
    }
    enum cg_status copied = cg_context_print(context, ret_trouble, "%s", cg_trust_trouble(trust));
    (void)cg_trust_free(trust);
    return copied == CG_OK ? status : copied;
}

static const char *mend_of(enum cg_status status)
{
    return status == CG_ERR_CONFLICT
               ? "find out why: if its store was put back from a backup, stop the gate, remove its "
                 "state file, start it; else somebody may have answered in its place"
               : "is the issuer there, the client active and with the grant gate, its secret in "
                 "force, caregate_fetch_ca the authority of the certificate?";
}

static enum cg_status tell(struct cg_check *check, const struct cg_trust_config *config,
                           const struct cg_snapshot *kept)
{
    const char *trouble = "";
    struct cg_snapshot *snapshot = NULL;
    enum cg_status status = ask(check->context, config, kept, &snapshot, &trouble);
    if (status == CG_ERR_LIMIT) {
        return status;
    }
    if (status != CG_OK) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, config->issuer, mend_of(status),
                        "it gives this gate no bundle: %s", trouble);
        return CG_OK;
    }
    const struct cg_snapshot *last = snapshot != NULL ? snapshot : kept;
    cg_findings_add(&check->findings, CG_FINDING_OK, config->issuer, NULL,
                    "it gives this gate its bundle, number %lld",
                    (long long)cg_trust_place_of(last).sequence);
    (void)cg_snapshot_free(snapshot);
    return CG_OK;
}

static enum cg_status look_at_issuer(struct cg_check *check, const struct cg_directive *directive)
{
    struct cg_snapshot *kept = NULL;
    struct cg_trust_config config = {
        .issuer = cg_directive_word(directive, 0),
        .client_id = option(directive, "client="),
        .kid = option(directive, "kid="),
        .alg = option(directive, "alg="),
        .audience = option(directive, "audience="),
        .timeout_ms = TIMEOUT_MS,
    };
    CG_TRY(read_ca(check, &config));
    if (read_credential(check, directive, &config) != CG_OK) {
        cg_findings_add(&check->findings, CG_FINDING_ERROR, config.issuer,
                        "give the file to whoever runs nginx, and to nobody else",
                        "the gate's secret or key cannot be read here");
        return CG_OK;
    }
    CG_TRY(read_kept(check, directive, &config, &kept));
    enum cg_status status = tell(check, &config, kept);
    (void)cg_snapshot_free(kept);
    return status;
}

enum cg_status cg_check_gate(struct cg_check *check)
{
    for (const struct cg_directive *at = check->conf; at != NULL; at = cg_directive_walk(at)) {
        if (cg_directive_is(at, "caregate_trust")) {
            return look_at_issuer(check, at);
        }
    }
    return CG_OK;
}
