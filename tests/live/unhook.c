/* SPDX-License-Identifier: MIT */

/* unhook.so, for LD_PRELOAD: on SIGUSR1 the program loses its programs in the kernel, as if these had been detached: /dev/null stands where their links were. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void unhook(int signal) {
        static const char said[] = "unhooked\n";
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void) signal;
        for (int fd = 3; fd < 1024; fd++) {
                char path[32], link[64];
                ssize_t n;

                (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                n = readlink(path, link, sizeof(link) - 1);
                if (n <= 0)
                        continue;
                link[n] = 0;
                if (strstr(link, "bpf") && (strstr(link, "link") || strstr(link, "tracepoint")))
                        (void) dup3(null, fd, O_CLOEXEC);
        }
        (void) close(null);
        (void) !write(STDERR_FILENO, said, sizeof(said) - 1);
}

static void __attribute__((constructor)) begin(void) {
        (void) signal(SIGUSR1, unhook);
}
