/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one run of the command line stands on: the data folder, the clock, randomness, the choice of
 * realm, where results and talk go. Made by main, given to every verb. One thread.
 */
#ifndef CG_CLI_CONTEXT_H
#define CG_CLI_CONTEXT_H

#include "audit/journal.h"
#include "base/arena.h"
#include "base/secret.h"
#include "base/status.h"
#include "cli/output.h"
#include "crypto/random.h"
#include "crypto/sealed.h"
#include "store/store.h"

#include <caregate/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* The exit codes of every command. */
enum cg_exit { CG_EXIT_DONE = 0, CG_EXIT_FAILED = 1, CG_EXIT_USAGE = 2 };

struct cg_context {
    const char *program;  /* argv[0] */
    const char *command;  /* "realm add", for complaints */
    const char *dir;      /* the data folder, absolute and without links */
    const char *named;    /* the same as it was named, but absolute; NULL: no other way */
    struct stat seen;     /* the folder when root first looked at it; st_mode 0: not yet */
    struct cg_span realm; /* --realm; absent: the only realm */
    struct cg_span by;    /* the verb's --by; absent: who runs this */
    bool json;
    int64_t now_s;
    struct cg_random random;
    struct cg_arena *arena;  /* lives as long as the run; wiped at its end */
    struct cg_output output; /* results */
    FILE *talk;              /* everything else */
    struct cg_fault fault;  /* pass &context->fault to the library: main turns it into a sentence */
    bool complained;        /* something was said on why this fails */
    enum cg_exit exit_code; /* for a failure: CG_EXIT_FAILED unless set otherwise */
};

/* A line for people on standard error: what was done, what comes next. No full stop or newline is
 * added but the latter. */
__attribute__((format(printf, 2, 3))) void cg_say(struct cg_context *context, const char *format,
                                                  ...);

/* "caregate realm add: …" on standard error; returns status. One sentence: what is wrong, what to
 * mend. */
__attribute__((format(printf, 3, 4))) CG_MUST_USE enum cg_status cg_complain(
    struct cg_context *context, enum cg_status status, const char *format, ...);

/* The same for a wrong command line: exit code 2, status CG_ERR_INPUT. */
__attribute__((format(printf, 2, 3))) CG_MUST_USE enum cg_status cg_complain_usage(
    struct cg_context *context, const char *format, ...);

/* Complains for a status of the library: the fault's text if there is one, else words for the
 * status. Returns it. */
CG_MUST_USE enum cg_status cg_complain_status(struct cg_context *context, enum cg_status status);

/*
 * A path inside the data folder, zero-terminated, in the arena: cg_context_path(c, "registry.db",
 * &p).
 */
CG_MUST_USE enum cg_status cg_context_path(struct cg_context *context, const char *name,
                                           const char **ret_path);
/* printf into the arena, zero-terminated. CG_ERR_LIMIT past 64 KiB. */
__attribute__((format(printf, 3, 4))) CG_MUST_USE enum cg_status cg_context_print(
    struct cg_context *context, const char **ret_text, const char *format, ...);

/* Says why the store of a URI could not be opened, and what to do. Returns the status. */
enum cg_status cg_complain_of_store(struct cg_context *context, enum cg_status status,
                                    const char *uri);

/* Opens a store of the data folder. Complains, with `caregate init` as the cure when there is none.
 */
CG_MUST_USE enum cg_status cg_context_open_store(struct cg_context *context,
                                                 enum cg_store_kind kind, unsigned flags,
                                                 struct cg_store **ret_store);

/* The realm that --realm names, or the only one. Complains, naming the realms, when that is not
 * clear. */
CG_MUST_USE enum cg_status cg_context_realm(struct cg_context *context, struct cg_store *registry,
                                            struct cg_span *ret_realm);

/*
 * The master key of DIR/master.key: one line, the base64url of CG_SEALED_KEY_BYTES bytes. Complains
 * when it is missing, malformed or readable by others. The caller releases it.
 */
CG_MUST_USE enum cg_status cg_context_master_key(struct cg_context *context,
                                                 struct cg_secret *ret_key);
#define CG_CONTEXT_MASTER_KEY "master.key"
/* The same of another file of the folder, for a key that is on its way to be the master key. */
CG_MUST_USE enum cg_status cg_context_master_key_of(struct cg_context *context, const char *name,
                                                    struct cg_secret *ret_key);

/* Reads a file of at most `max` bytes into the arena (which wipes). Complains. */
CG_MUST_USE enum cg_status cg_context_read_file(struct cg_context *context, const char *path,
                                                size_t max, struct cg_span *ret_bytes);

/* The same of a file with a secret, which others may neither read nor write: else it complains. */
CG_MUST_USE enum cg_status cg_context_read_secret_file(struct cg_context *context, const char *path,
                                                       size_t max, struct cg_span *ret_bytes);

/*
 * Writes a file in one step: a temporary file beside it, synced, then renamed, so that nobody sees
 * half of it. `mode` as in open(2). Complains.
 */
CG_MUST_USE enum cg_status cg_context_write_file(struct cg_context *context, const char *path,
                                                 struct cg_span bytes, unsigned mode);

/* A zero-terminated copy of a span, in the arena, for functions of libc. */
CG_MUST_USE enum cg_status cg_context_string(struct cg_context *context, struct cg_span span,
                                             const char **ret_string);

#endif
