/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a key takes a tenth of a second and more. A program linked with --wrap=cg_key_generate
 * gets the same few RS256 keys again and again: after key_pool_restart the first, the second, ...
 */
#ifndef CG_TEST_KEY_POOL_H
#define CG_TEST_KEY_POOL_H

#define KEY_POOL_KEYS 8 /* one in 64 is made again: see key_rotation.c */

void key_pool_restart(void);
/* At the program's end: what the keys take. */
void key_pool_release(void);

#endif
