/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three tables that nginx looks up in a module's file. Where nginx's own build makes the
 * module, its configure writes them, and this file is left out. nginx's headers are, too: they
 * declare the tables as if they could change.
 */
#include <stddef.h>

#define VISIBLE __attribute__((visibility("default")))

struct ngx_module_s;
/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): nginx numbers its modules. */
extern struct ngx_module_s ngx_http_caregate_module;

VISIBLE extern struct ngx_module_s *const ngx_modules[];
VISIBLE extern const char *const ngx_module_names[];
VISIBLE extern const char *const ngx_module_order[];

struct ngx_module_s *const ngx_modules[] = {&ngx_http_caregate_module, NULL};

const char *const ngx_module_names[] = {"ngx_http_caregate_module", NULL};

/* Its filters stand where other modules' do: after the headers are made, before nginx copies
 * bodies. */
const char *const ngx_module_order[] = {"ngx_http_caregate_module", "ngx_http_copy_filter_module",
                                        NULL};
