/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a state directory on an overlay survives a reboot, by the table of mounts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "daemon/volatile.h"
#include "util/cleanup.h"
#include "util/macro.h"

/* The overlay is 0:30 everywhere. */
static const struct {
        const char *name;
        const char *table;
        bool is_volatile;
} cases[] = {
        /* as the package overlayroot mounts it, with what a service's sandbox binds on top */
        { "overlayroot",
          "22 1 0:30 / / rw,relatime shared:1 - overlay overlayroot rw,"
          "lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/w/_\n"
          "23 22 179:2 / /media/root-ro ro,relatime shared:2 - ext4 /dev/mmcblk0p2 ro\n"
          "24 22 0:28 / /media/root-rw rw,relatime shared:3 - tmpfs tmpfs-root rw\n"
          "40 22 0:30 /var/lib/stmboot /var/lib/stmboot rw - overlay overlayroot rw,"
          "lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/w/_\n",
          true },
        /* set up in the initial file system; the tmpfs is not to be seen any more */
        { "out of sight",
          "22 1 0:30 / / rw - overlay overlay rw,lowerdir=/lower,upperdir=/upper/data,"
          "workdir=/upper/work\n"
          "23 22 0:5 / /dev rw - devtmpfs udev rw\n",
          true },
        { "on a partition for data",
          "20 1 179:2 / / ro - squashfs /dev/root ro\n"
          "21 20 179:3 / /data rw - ext4 /dev/mmcblk0p3 rw\n"
          "22 20 0:30 / /var rw - overlay overlay rw,lowerdir=/var,upperdir=/data/var,"
          "workdir=/data/work\n",
          false },
        { "on a tmpfs below that partition",
          "21 20 179:3 / /data rw - ext4 /dev/mmcblk0p3 rw\n"
          "22 20 0:30 / /var rw - overlay overlay rw,lowerdir=/var,upperdir=/data/t/var\n"
          "23 20 0:31 / /data/t rw - ramfs none rw\n",
          true },
        { "a name that only begins alike",
          "21 20 179:3 / / rw - ext4 /dev/mmcblk0p3 rw\n"
          "22 20 0:30 / /var rw - overlay overlay rw,lowerdir=/var,upperdir=/database/var\n"
          "23 20 0:31 / /data rw - tmpfs none rw\n",
          false },
        { "mounted over",
          "21 20 0:31 / /data rw - tmpfs none rw\n"
          "22 20 179:3 / /data rw - ext4 /dev/mmcblk0p3 rw\n"
          "23 20 0:30 / /var rw - overlay overlay rw,lowerdir=/var,upperdir=/data/var\n",
          false },
        { "no upper directory", "22 1 0:30 / / ro - overlay overlay ro,lowerdir=/a:/b\n", false },
        { "no such mount", "22 1 0:31 / / rw - overlay overlay rw,upperdir=/upper\n", false },
        { "damaged", "22 1\n\n22 1 0:30 / /\n22 1 x / / rw - overlay o rw,upperdir=/u\n-\n",
          false },
        { "nothing", "\n", false },
};

static void an_overlay_is_what_its_upper_directory_is(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_fclose_ FILE *table =
                        fmemopen((char *)cases[i].table, strlen(cases[i].table), "r");

                assert_non_null(table);
                if (volatile_overlay(table, makedev(0, 30)) != cases[i].is_volatile)
                        fail_msg("%s", cases[i].name);
        }
}

static void memory_is_volatile_and_what_is_not_there_is_not_said_to_be(void **state) {
        (void)state;
        assert_true(volatile_directory("/dev/shm"));
        assert_false(volatile_directory("/proc"));
        assert_false(volatile_directory("/nonexistent"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_overlay_is_what_its_upper_directory_is),
                cmocka_unit_test(memory_is_volatile_and_what_is_not_there_is_not_said_to_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
