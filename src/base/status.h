/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How failure flows: the only two macros of the house that hide a `return`.
 *
 * A request context carries the reason; statuses alone travel up. A struct cg_fault is filled once,
 * where the failure is found, by CG_FAIL; callers above pass the status on with CG_TRY.
 */
#ifndef CG_BASE_STATUS_H
#define CG_BASE_STATUS_H

#include <caregate/reason.h>
#include <caregate/types.h>

/* What went wrong, for the one who asked. Filled by CG_FAIL, owned by the request's context. */
struct cg_fault {
    enum cg_reason reason;
    const char *text; /* static text that says what to mend, or NULL: cg_reason_text(reason) */
    const char *spec; /* "RFC 6749 §5.2", or NULL */
    unsigned retry_after_s; /* when to try again; 0: what the reason's row of the table says */
};

/* Evaluates to the caller's return when `expression` is not CG_OK. */
#define CG_TRY(expression)                                                                         \
    do {                                                                                           \
        enum cg_status cg_try_status_ = (expression);                                              \
        if (cg_try_status_ != CG_OK) {                                                             \
            return cg_try_status_;                                                                 \
        }                                                                                          \
    } while (0)

/* Records why in *fault (which may be NULL) and returns `status`. text and spec may be NULL. */
#define CG_FAIL(fault, status, reason, text, spec)                                                 \
    return cg_fault_set((fault), (status), (reason), (text), (spec))

/* Fills *fault unless it is NULL; returns status. Use it through CG_FAIL. Here, so that
 * analysers see that no failure returns CG_OK. */
CG_MUST_USE static inline enum cg_status cg_fault_set(struct cg_fault *fault, enum cg_status status,
                                                      enum cg_reason reason, const char *text,
                                                      const char *spec)
{
    if (fault != NULL) {
        *fault = (struct cg_fault){.reason = reason, .text = text, .spec = spec};
    }
    return status;
}

/* A static word for a status: "input", "store". For diagnostics of the command line. */
const char *cg_status_name(enum cg_status status);

#endif
