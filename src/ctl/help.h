/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct verb;

/* Prints the overview, or the help of one verb, to standard output. */
void help_print(const struct verb *verb);
