/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is left to do after the daemon has died with targets in work: for each marker in
 * `runtime_dir` BOOT0 goes inactive, then NRST is released, and the marker is removed. Touches
 * nothing else. Returns 0, or the first negative errno after having tried them all.
 */
int safe_lines_run(const char *runtime_dir);
