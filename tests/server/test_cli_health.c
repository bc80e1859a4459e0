#include "server/cli_health.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test.h"

/* A server that answers one connection with `answer`; NULL: it accepts and says nothing. */
struct once {
    int fd;
    const char *answer;
    char listen[32];
    pthread_t thread;
};

static void *serve_once(void *arg) {
    struct once *once = arg;
    int fd = accept(once->fd, NULL, NULL);
    char request[512];
    ssize_t n = read(fd, request, sizeof request - 1);
    if (n > 0 && once->answer)
        n = write(fd, once->answer, strlen(once->answer));
    else if (n > 0)
        n = read(fd, request, sizeof request); /* until the client gives up */
    close(fd);
    return NULL;
}

static void start(struct once *once, const char *host, const char *answer) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    once->answer = answer;
    once->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(once->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(once->fd, 1), 0);
    assert_int_equal(getsockname(once->fd, (struct sockaddr *)&at, &n), 0);
    snprintf(once->listen, sizeof once->listen, "%s:%d", host, ntohs(at.sin_port));
    assert_int_equal(pthread_create(&once->thread, NULL, serve_once, once), 0);
}

static void end(struct once *once) {
    pthread_join(once->thread, NULL);
    close(once->fd);
}

static void tells_alive_from_not(void **state) {
    (void)state;
    static const struct {
        const char *name, *host, *answer, *error; /* error: how the sentence goes on; NULL: alive */
    } ROWS[] = {
        {"alive", "127.0.0.1", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL},
        {"every interface", "0.0.0.0", "HTTP/1.1 200 OK\r\n\r\n", NULL},
        {"unwell", "127.0.0.1", "HTTP/1.1 503 Service Unavailable\r\n\r\n", " answers 503, want 200."},
        {"not HTTP", "127.0.0.1", "220 smtp ready\r\n", " gets no answer in time."},
        {"cut off", "127.0.0.1", "HTTP/1.1 2", " gets no answer in time."},
        {"silent", "127.0.0.1", NULL, " gets no answer in time."},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct once once;
        char error[HEALTH_ERROR] = "";
        start(&once, ROWS[i].host, ROWS[i].answer);
        bool alive = health_check(once.listen, 300, error);
        if (alive != !ROWS[i].error || (ROWS[i].error && !strstr(error, ROWS[i].error)))
            fail_msg("%s: %s", ROWS[i].name, error);
        end(&once);
    }
}

static void nobody_there(void **state) {
    (void)state;
    char error[HEALTH_ERROR];
    struct once once;
    start(&once, "127.0.0.1", "HTTP/1.1 200 OK\r\n\r\n");
    assert_true(health_check(once.listen, 1000, error));
    end(&once); /* the port is free again */
    assert_false(health_check(once.listen, 1000, error));
    assert_non_null(strstr(error, "Nobody answers on 127.0.0.1:"));
    assert_false(health_check("no port here", 1000, error));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_alive_from_not),
        cmocka_unit_test(nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
