/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator's desk to test commands at: a data folder with a store and a realm, as `init` makes
 * them but without nginx and certificates, and what a command said. Time stands still unless a test
 * moves it.
 */
#ifndef CAREGATE_TEST_DESK_H
#define CAREGATE_TEST_DESK_H

#include "cli/context.h"

#include <caregate/types.h>

#define DESK_NOW_S INT64_C(1800000000) /* 2027-01-15T08:00:00Z */
#define DESK_REALM "/vlive/hpca"
#define DESK_ISSUER "https://localhost:8443/vlive/hpca"
#define DESK_ID_BYTES 80

struct desk {
    char dir[64];
    int64_t now_s;
    int exit_code;              /* of the last command */
    char *out;                  /* its results, zero-terminated */
    char *talk;                 /* what it said besides */
    char client[DESK_ID_BYTES]; /* set by desk_add_client */
    char agreement[DESK_ID_BYTES];
};

/* cmocka set-up and tear-down; *state is a struct desk. */
int desk_set_up(void **state);
int desk_clear(void **state);

/* Runs a command, its words up to NULL, as main would; returns its exit code. */
int desk_run(struct desk *desk, ...) __attribute__((sentinel));

/* An API "documents" with scopes documents.read and documents.write, an organisation RX809. */
void desk_add_api(struct desk *desk);
/* And a client of it, by id in desk->client. */
void desk_add_client(struct desk *desk);
/* And an agreement in force on documents.write, by id in desk->agreement. */
void desk_agree(struct desk *desk);

/* The text member of the JSON object that the last command printed; fails the test when there is
 * none. Lives until the next call or command. */
const char *desk_text(struct desk *desk, const char *name);
int64_t desk_number(struct desk *desk, const char *name);
/* How many elements the JSON array has that the last command printed. */
size_t desk_count(struct desk *desk);

/* How many audit records of a kind hold a text (NULL: any). */
int64_t desk_events(struct desk *desk, const char *kind, const char *text);

/* "<dir>/<name>"; lives until the next call. */
const char *desk_path(const struct desk *desk, const char *name);
/* Writes a file of the folder, and reads one (lives until the next call). */
void desk_write(const struct desk *desk, const char *name, const char *text);
const char *desk_read(const struct desk *desk, const char *name);

/* A token of the desk's client for documents.write, that lives 300 s from now, signed by the
 * realm's key: in the file "token" of the folder. Needs desk_agree. */
void desk_write_token(struct desk *desk, const char *token_id);

#endif
