/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: what to do when OpenSSL says no.
 */
#ifndef CG_CRYPTO_OPENSSL_FAILED_H
#define CG_CRYPTO_OPENSSL_FAILED_H

#include <caregate/types.h>
#include <openssl/err.h>

/*
 * Gives `status` back with this thread's error queue emptied: the process around us has TLS
 * connections, whose engine takes what lies in that queue for its own.
 */
static inline enum cg_status cg_openssl_failed(enum cg_status status)
{
    ERR_clear_error();
    return status;
}

#endif
