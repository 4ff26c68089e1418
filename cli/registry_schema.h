/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand in a file of the registry: one table a thing, one row a key. docs/REGISTRY.md
 * tells the same, and a test that it does. All strings are static.
 */
#ifndef CG_CLI_REGISTRY_SCHEMA_H
#define CG_CLI_REGISTRY_SCHEMA_H

#include "cli/context.h"
#include "codec/yaml_tree.h"

#include <caregate/types.h>
#include <stdbool.h>

#define CG_REGISTRY_FORMAT "1" /* value of the key "caregate" */

enum cg_schema_shape {
    CG_SCHEMA_TEXT,   /* what it must look like, its reader says */
    CG_SCHEMA_WORDS,  /* a list of texts without spaces */
    CG_SCHEMA_THINGS, /* a list of maps */
};

struct cg_schema;

struct cg_schema_key {
    const char *name; /* NULL ends a table */
    enum cg_schema_shape shape;
    bool required;
    const char *value;            /* what the value is called: "SECONDS" */
    const struct cg_schema *each; /* of CG_SCHEMA_THINGS */
    const char *help;             /* one phrase, no full stop */
};

struct cg_schema {
    const char *what; /* "an API" */
    const struct cg_schema_key *keys;
};

/* The whole file. */
extern const struct cg_schema cg_registry_schema;

/* A file that is read. */
struct cg_registry_file {
    struct cg_context *context;
    const char *name; /* for complaints: "registry.yaml" */
    const struct cg_yaml *root;
};

/*
 * Reads a file, "-" for standard input, and checks it against the schema: no key that is unknown or
 * missing, each value of its shape. Complains with "NAME:LINE: …" and what is allowed.
 */
CG_MUST_USE enum cg_status cg_registry_file_read(struct cg_context *context, struct cg_span path,
                                                 struct cg_registry_file *ret_file);

/* Complains of a place in the file. Returns status. */
__attribute__((format(printf, 4, 5))) CG_MUST_USE enum cg_status cg_registry_file_complain(
    const struct cg_registry_file *file, const struct cg_yaml *place, enum cg_status status,
    const char *format, ...);

#endif
