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

/*
 * OpenSSL could not read what it was given: CG_ERR_INPUT when it says what is wrong with it,
 * CG_ERR_LIMIT when memory was short for that, CG_ERR_CRYPTO when it says nothing. Asked at once,
 * with an error queue that was empty before; it is empty again.
 */
static inline enum cg_status cg_openssl_unread(void)
{
    enum cg_status status = CG_ERR_CRYPTO;
    unsigned long code = 0;
    while ((code = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            ERR_clear_error();
            return CG_ERR_LIMIT;
        }
        status = CG_ERR_INPUT;
    }
    return status;
}

#endif
