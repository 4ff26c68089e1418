/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lock-out: who fails to prove a client is slowed down, and nobody else.
 *
 * Secrets have 256 bits and keys are keys: guessing does not succeed, so that what is at stake is
 * load, noise and, above all, that the throttle itself locks nobody out. In context->throttle are
 * counted failures
 *   of a client at an address:   after CG_LIMIT_PAIR_FAILURES a delay that doubles from 1 s;
 *   at an address, any client:   a bucket of CG_LIMIT_ADDRESS_FAILURES;
 *   at a client, any address:    a bucket of CG_LIMIT_CLIENT_FAILURES.
 * Who is in one of them is refused before any work, the same whether the client exists or not. An
 * address from which the client was proven within CG_LIMIT_KNOWN_ADDRESS_S is known: no count keeps
 * the right credentials out there. During a delay only the wrong ones are told to slow down.
 *
 * An address is an IPv4 address or the /64 of an IPv6 one. Neighbours beyond that are other people.
 */
#ifndef CG_OAUTH_LOCKOUT_H
#define CG_OAUTH_LOCKOUT_H

#include "oauth/context.h"

/*
 * Asks before the client's credentials are looked at. `client` is what the request claims; it is
 * borrowed until the outcome is told. CG_ERR_LIMIT (TOO_MANY_FAILURES) when it has to wait.
 */
CG_MUST_USE enum cg_status cg_lockout_ask(struct cg_oauth_context *context, struct cg_span client);

/*
 * Told that the proof failed. Returns CG_OK when that is to be answered as what it is, CG_ERR_LIMIT
 * (TOO_MANY_FAILURES) when the caller is within its delay. Does nothing where none was asked for.
 */
CG_MUST_USE enum cg_status cg_lockout_failed(struct cg_oauth_context *context);

/* Told that the client is proven: the address is known for it, its failures there are forgotten. */
void cg_lockout_proven(struct cg_oauth_context *context);

/*
 * Takes one token of the client's rate, context->token_rate: after it was proven, so that nobody
 * can use it up for another. CG_ERR_LIMIT (RATE_EXCEEDED) when there is none left.
 */
CG_MUST_USE enum cg_status cg_lockout_take_token(struct cg_oauth_context *context,
                                                 struct cg_span client);

#endif
