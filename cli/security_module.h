/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security module that DIR/nginx.conf names, for commands that sign with a key in it.
 */
#ifndef CG_CLI_SECURITY_MODULE_H
#define CG_CLI_SECURITY_MODULE_H

#include "base/secret.h"
#include "cli/context.h"
#include "crypto/pkcs11.h"

#include <caregate/types.h>

struct cg_security_module {
    struct cg_pkcs11 *pkcs11; /* NULL: not open */
    struct cg_secret pin;     /* lent to it */
};

/*
 * Reads caregate_pkcs11_module and caregate_pkcs11_pin out of the configuration, as nginx does, and
 * makes *module, which stays where it is until it is released. Loads nothing yet. Complains.
 */
CG_MUST_USE enum cg_status cg_security_module_open(struct cg_context *context,
                                                   struct cg_security_module *module);

/* After all that signs through it. */
void cg_security_module_release(struct cg_security_module *module);

#endif
