/* redis_server: a real redis-server of a test's own: started, stopped, killed and asked by its pid.
 *
 * It listens on a free loopback port (or the options given) and on a Unix socket in a folder of its own. The test speaks to it
 * through that socket, so nobody else's server can answer in its place. */
#pragma once

#include "base/clock.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SERVER_OPTIONS_MAX 24

struct redis_server {
    pid_t pid;
    int port;
    char folder[32];
    char socket[64];
    const char *password;                    /* for the test's own questions; NULL: none */
    const char *options[SERVER_OPTIONS_MAX]; /* more of the command line, ends in NULL */
};

/* Below the ports that the system gives to clients: one of them could take a port while its server is down. */
static inline int free_port(void)
{
    for (;;) {
        int port = 20000 + (int)((clock_us() ^ (uint64_t)getpid() << 5) % 12000), fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                       .sin_port = htons((uint16_t)port) };
        int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
        close(fd);
        if (rc == 0)
            return port;
    }
}

static inline void server_exec(const struct redis_server *server, const char *port)
{
    const char *arguments[SERVER_OPTIONS_MAX + 16] = { "redis-server", "--port",     port,           "--bind", "127.0.0.1", "--unixsocket",
                                                       server->socket, "--dir",      server->folder, "--save", "",          "--appendonly",
                                                       "no",           "--loglevel", "warning" };
    size_t count = 15;
    for (size_t i = 0; server->options[i] != NULL; i++)
        arguments[count++] = server->options[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (freopen("/dev/null", "w", stdout) == NULL)
        _exit(126);
    execvp("redis-server", (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* One question, one answer's first bytes, on a connection of its own. False when nobody is there. */
static inline bool server_ask(const struct redis_server *server, const char *question, char *answer, size_t size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->socket);
    char text[512];
    int length = snprintf(text, sizeof(text), "%s\r\n", question);
    ssize_t got = -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        if (server->password != NULL) {
            dprintf(fd, "AUTH %s\r\n", server->password);
            got = read(fd, answer, size - 1);
        }
        if (write(fd, text, (size_t)length) == length)
            got = read(fd, answer, size - 1);
    }
    close(fd);
    answer[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static inline void server_say(const struct redis_server *server, const char *command)
{
    char answer[512];
    assert_true(server_ask(server, command, answer, sizeof(answer)));
    if (answer[0] == '-')
        fail_msg("Redis says %s", answer);
}

static inline long server_number(const struct redis_server *server, const char *question, const char *field)
{
    static char answer[16384];
    assert_true(server_ask(server, question, answer, sizeof(answer)));
    const char *at = strstr(answer, field);
    assert_non_null(at);
    return atol(at + strlen(field));
}

/* On the port it had before; options stay. */
static inline bool server_try_run(struct redis_server *server)
{
    char port[16], answer[64];
    snprintf(port, sizeof(port), "%d", server->port);
    unlink(server->socket);
    server->pid = fork();
    if (server->pid == 0)
        server_exec(server, port);
    for (int i = 0; i < 1000; i++) {
        if (server_ask(server, "PING", answer, sizeof(answer)))
            return true;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            return false;
        usleep(5000);
    }
    return false;
}

static inline void server_run(struct redis_server *server)
{
    assert_true(server_try_run(server));
}

/* `options` may be set before. */
static inline void server_start(struct redis_server *server)
{
    snprintf(server->folder, sizeof(server->folder), "/tmp/redis-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    for (int i = 0; i < 5; i++) { /* somebody may be quicker at the port */
        server->port = free_port();
        if (server_try_run(server))
            return;
    }
    fail_msg("redis-server does not start");
}

static inline void server_kill(struct redis_server *server)
{
    kill(server->pid, SIGKILL);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    server->pid = 0;
}

static inline void server_freeze(struct redis_server *server)
{
    kill(server->pid, SIGSTOP);
    usleep(20000);
}

static inline void server_thaw(struct redis_server *server)
{
    kill(server->pid, SIGCONT);
}

static inline void server_remove_folder(struct redis_server *server)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf '%s'", server->folder);
    assert_int_equal(system(command), 0);
}

static inline void server_end(struct redis_server *server)
{
    if (server->pid != 0)
        server_kill(server);
    server_remove_folder(server);
}

/* ---- cmocka's setup and teardown, of a group or of one test: `*state` is the server ---- */

static inline int start_server(void **state)
{
    *state = calloc(1, sizeof(struct redis_server));
    server_start(*state);
    return 0;
}

static inline int end_server(void **state)
{
    server_end(*state);
    free(*state);
    return 0;
}

#define with_own_server(test) cmocka_unit_test_setup_teardown(test, start_server, end_server)
