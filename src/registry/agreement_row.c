/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/agreement_row.h"

#include "base/span.h"
#include "registry/rows.h"

static const char *const state_words[] = {
    [CG_AGREEMENT_REQUESTED] = "requested",
    [CG_AGREEMENT_APPROVED] = "approved",
    [CG_AGREEMENT_REFUSED] = "refused",
    [CG_AGREEMENT_WITHDRAWN] = "withdrawn",
};

struct cg_span cg_agreement_state_word(enum cg_agreement_state state)
{
    return cg_span_of_string(state_words[state]);
}

static enum cg_status find_state(struct cg_span word, enum cg_agreement_state *ret_state)
{
    for (size_t i = 0; i < sizeof(state_words) / sizeof(state_words[0]); i++) {
        if (cg_span_equal_string(word, state_words[i])) {
            *ret_state = (enum cg_agreement_state)i;
            return CG_OK;
        }
    }
    return CG_ERR_STORE;
}

const char *cg_agreement_state_name(const struct cg_agreement *agreement, int64_t now_s)
{
    if (agreement->state != CG_AGREEMENT_APPROVED) {
        return state_words[agreement->state];
    }
    if (agreement->until_s != 0 && now_s >= agreement->until_s) {
        return "over";
    }
    return now_s < agreement->from_s ? "not_yet" : "in_force";
}

enum cg_status cg_agreement_row_read(struct cg_statement *statement, struct cg_arena *arena,
                                     void *row)
{
    enum cg_status status = CG_OK;
    struct cg_agreement agreement = {
        .id = cg_rows_text(statement, 0, arena, &status),
        .realm = cg_rows_text(statement, 1, arena, &status),
        .client = cg_rows_text(statement, 2, arena, &status),
        .api = cg_rows_text(statement, 3, arena, &status),
        .scope = cg_rows_text(statement, 4, arena, &status),
        .purpose = cg_rows_text(statement, 5, arena, &status),
        .purpose_text = cg_rows_text(statement, 6, arena, &status),
        .approvals_wanted = cg_column_number(statement, 8),
        .approvals = cg_column_number(statement, 9),
        .from_s = cg_column_number(statement, 10),
        .until_s = cg_column_number(statement, 11),
        .requested_s = cg_column_number(statement, 12),
        .decided_s = cg_column_number(statement, 13),
        .document_types = cg_rows_text(statement, 16, arena, &status),
        .organisations = cg_rows_text(statement, 17, arena, &status),
    };
    CG_TRY(status);
    if (!cg_column_is_null(statement, 14)) {
        CG_TRY(cg_rate_make(cg_column_number(statement, 14), cg_column_number(statement, 15),
                            &agreement.rate));
    }
    if (!cg_column_is_null(statement, 18)) {
        CG_TRY(cg_rate_make(cg_column_number(statement, 18), cg_column_number(statement, 19),
                            &agreement.limit));
    }
    CG_TRY(find_state(cg_column_text(statement, 7), &agreement.state));
    struct cg_agreement *ret = row;
    *ret = agreement;
    return CG_OK;
}
