/* http_start.c - how long a server takes from exec to its first answer.
 *
 *     http_start RUNS PORT PROGRAM ARGUMENTS...     prints "median least greatest" in milliseconds */
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

/* answers tells whether GET /healthz gets a first byte. */
static int answers(int port) {
    static const char GET[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int ok = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
             write(fd, GET, sizeof GET - 1) == (ssize_t)sizeof GET - 1 && read(fd, &byte, 1) == 1;
    close(fd);
    return ok;
}

static double start_once(int port, char **command) {
    double began = measure_seconds() * 1e3;
    pid_t pid = fork();
    if (pid == 0) {
        execv(command[0], command);
        _exit(127);
    }
    double took = -1;
    while (took < 0 && measure_seconds() * 1e3 - began < 10e3 && waitpid(pid, NULL, WNOHANG) == 0) {
        if (answers(port))
            took = measure_seconds() * 1e3 - began;
        else
            nanosleep(&(struct timespec){.tv_nsec = 50 * 1000}, NULL);
    }
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return took;
}

int main(int argc, char **argv) {
    enum { MOST = 1000 };
    static double ms[MOST];
    int runs = argc > 3 ? atoi(argv[1]) : 0;
    if (runs < 1 || runs > MOST) {
        fprintf(stderr, "usage: http_start RUNS PORT PROGRAM ARGUMENTS...\n");
        return 2;
    }
    for (int i = 0; i < runs; i++)
        if ((ms[i] = start_once(atoi(argv[2]), argv + 3)) < 0) {
            fprintf(stderr, "http_start: %s did not answer on port %s\n", argv[3], argv[2]);
            return 1;
        }
    double median = measure_median(ms, (size_t)runs);
    printf("%.2f %.2f %.2f\n", median, ms[0], ms[runs - 1]);
    return 0;
}
