/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rig-tell SOCKET WORD...: sends one line to rig-pi or rig-usb and prints the answer. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static const char error[] = "error:";
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char buffer[4096];
        size_t total = 0;
        ssize_t n;

        if (argc < 3 || strlen(argv[1]) >= sizeof(address.sun_path))
                return 2;
        (void)stpcpy(address.sun_path, argv[1]);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                perror(argv[1]);
                return 1;
        }
        for (int i = 2; i < argc; i++)
                dprintf(fd, "%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
        bool failed = false;
        while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
                if (total == 0 && (size_t)n >= strlen(error))
                        failed = memcmp(buffer, error, strlen(error)) == 0;
                total += (size_t)n;
                (void)fwrite(buffer, (size_t)n, 1, failed ? stderr : stdout);
        }
        return failed || n < 0;
}
