/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-exit cleanup. `CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;` frees at the
 * end of the scope whatever the variable holds then; CG_STEAL hands the object on and empties the
 * variable.
 */
#ifndef CG_BASE_CLEANUP_H
#define CG_BASE_CLEANUP_H

#define CG_CLEANUP(function) __attribute__((cleanup(function)))

/*
 * Defines static inline `name_at(type **)`, which calls `free_function` on what the variable holds.
 */
#define CG_DEFINE_CLEANUP(name_at, type, free_function)                                            \
    static inline void name_at(type *pointer) /* NOLINT(bugprone-macro-parentheses): a type */     \
    {                                                                                              \
        if (*pointer != NULL) {                                                                    \
            (void)free_function(*pointer);                                                         \
        }                                                                                          \
    }

/* The value of a pointer variable, which becomes NULL. */
#define CG_STEAL(pointer)                                                                          \
    (__extension__({                                                                               \
        __typeof__(pointer) cg_stolen_ = (pointer);                                                \
        (pointer) = NULL;                                                                          \
        cg_stolen_;                                                                                \
    }))

#endif
