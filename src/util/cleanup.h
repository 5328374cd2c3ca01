/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Scope-bound ownership. A destructor takes NULL and half-built objects and returns NULL. */

#define _cleanup_(function) __attribute__((cleanup(function)))

#define TAKE_PTR(pointer)                                                                          \
        ({                                                                                         \
                __typeof__(pointer) _taken = (pointer);                                            \
                (pointer) = NULL;                                                                  \
                _taken;                                                                            \
        })

#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int _taken = (fd);                                                                 \
                (fd) = -1;                                                                         \
                _taken;                                                                            \
        })

/* Defines `function##p`, fit for _cleanup_(), from `type *function(type *)`. */
#define DEFINE_CLEANUP(type, function)                                                             \
        static inline void function##p(type **pointer) {                                           \
                if (*pointer)                                                                      \
                        function(*pointer);                                                        \
        }                                                                                          \
        struct _need_semicolon_

static inline void freep(void *pointer) {
        free(*(void **)pointer);
}

static inline void closep(int *fd) {
        if (*fd >= 0)
                (void)close(*fd);
}

static inline void fclosep(FILE **file) {
        if (*file)
                (void)fclose(*file);
}

static inline void closedirp(DIR **dir) {
        if (*dir)
                (void)closedir(*dir);
}

#define _cleanup_free_     _cleanup_(freep)
#define _cleanup_close_    _cleanup_(closep)
#define _cleanup_fclose_   _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)
