/* SPDX-License-Identifier: Apache-2.0 */
/* What tests/support/fake_token.c gives besides PKCS #11. One thread. */
#ifndef CAREGATE_TEST_FAKE_TOKEN_H
#define CAREGATE_TEST_FAKE_TOKEN_H

#include <caregate/types.h>

/* The call of this number from now on, from 1, fails; 0: none does. */
CG_EXPORT void fake_token_fail(long call);
/* Whether the one that was to fail has come, or none was to. */
CG_EXPORT int fake_token_has_failed(void);

/* Sessions that were opened and not closed, not even by the end of the module; and whether it is
 * started. */
CG_EXPORT long fake_token_sessions(void);
CG_EXPORT int fake_token_is_started(void);

/* How many halves there are of key pairs that were made in it. */
CG_EXPORT int fake_token_halves(void);

#endif
