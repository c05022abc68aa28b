/* Clients that do anything at any time, against small limits and short timeouts, from a seed that is printed. What must hold:
 * every request that a handler got is answered and counted once, no bound is passed, and nothing is left at the end. */
#include "http_fixture.h"

#include "base/random.h"

#define CLIENTS 40
#define STEPS   6000

static const char *const words[] = {
    "GET /now HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /later HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n",
    "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    "GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "GET /now HTTP/1.0\r\n\r\n",
    "hello\r\n\r\n",
    "nonsense",
};

struct storm {
    struct http_fixture *fixture;
    struct random random;
    struct client clients[CLIENTS]; /* fd -1: not there */
};

static int64_t any(struct storm *storm, int64_t below)
{
    return random_between(&storm->random, 0, below - 1);
}

static void someone_speaks(struct storm *storm, struct client *client)
{
    const char *word = words[any(storm, sizeof(words) / sizeof(words[0]))];
    size_t size = strlen(word);
    if (any(storm, 10) == 0)
        size = (size_t)any(storm, (int64_t)size);
    if (send(client->fd, word, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != ENOTCONN)
        client->ended = true;
}

static void someone_leaves(struct storm *storm, struct client *client)
{
    struct linger reset = { .l_onoff = any(storm, 2) == 0, .l_linger = 0 };
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    leave(client);
    client->fd = -1;
}

static void someone_acts(struct storm *storm)
{
    struct client *client = &storm->clients[any(storm, CLIENTS)];
    if (client->fd < 0) {
        *client = given_client(storm->fixture);
        return;
    }
    switch (any(storm, 12)) {
    case 0:
        someone_leaves(storm, client);
        return;
    case 1:
        shutdown(client->fd, SHUT_WR);
        return;
    case 2:
    case 3:
        look(client);
        forget_input(client);
        return;
    default:
        someone_speaks(storm, client);
        return;
    }
}

static void one_is_answered(struct storm *storm)
{
    struct http_fixture *fixture = storm->fixture;
    if (fixture->later_count == 0)
        return;
    unsigned index = (unsigned)any(storm, fixture->later_count);
    answer_later(fixture, index);
    fixture->later[index] = fixture->later[--fixture->later_count];
}

static void assert_bounds(struct storm *storm)
{
    struct http_listener *listener = storm->fixture->listener;
    assert_in_range(listener->connection_count, 0, 30);
    assert_true(listener->budget.used_bytes < 8 * 1024 * 1024);
    list_each(link, &listener->connections) {
        struct connection *connection = list_entry(link, struct connection, link);
        assert_in_range(connection->exchange_count, 0, 5); /* the pipeline, and a refusal behind it */
        assert_true(connection->unsent_bytes < 8192 + 2 * 50000);
        assert_true(connection->input.size < ENGINE_READ_SIZE);
    }
}

static struct http_config storm_config(void)
{
    struct http_config config = default_config;
    config.limits = (struct http_limits){ .connections = 30,
                                          .pipeline = 4,
                                          .header_count = 20,
                                          .url_bytes = 256,
                                          .header_bytes = 2048,
                                          .body_bytes = 40000,
                                          .unsent_bytes = 8192,
                                          .memory_bytes = 300000 };
    config.timeouts = (struct http_timeouts){ .header_us = 150000, .body_us = 150000, .idle_us = 200000, .write_us = 200000 };
    return config;
}

static void play(uint64_t seed)
{
    struct http_config config = storm_config();
    struct storm storm = { .fixture = given_server(&config) };
    struct http_fixture *fixture = storm.fixture;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init_seed(&storm.random, seed);
    fixture->big_size = 50000 - 1024;
    for (int i = 0; i < CLIENTS; i++)
        storm.clients[i].fd = -1;

    for (int step = 0; step < STEPS; step++) {
        someone_acts(&storm);
        if (any(&storm, 3) == 0)
            one_is_answered(&storm);
        if (any(&storm, 100) == 0)
            http_listener_hold_bodies(fixture->listener, any(&storm, 2) == 0);
        if (any(&storm, 4) == 0)
            turn(fixture);
        if (any(&storm, 500) == 0)
            turn_for(fixture, 120);
        assert_bounds(&storm);
    }
    if (any(&storm, 2) == 0)
        http_server_drain(fixture->server, 100, on_drained, fixture);
    turn_for(fixture, 20);
    while (fixture->later_count > 0)
        one_is_answered(&storm);
    double answered = metric_value(metric(fixture->metrics, METRIC_HTTP_REQUESTS, "main", "/test", "200"));
    assert_int_equal(answered, fixture->handled);
    assert_true(fixture->handled > 100); /* or the storm was none */
    for (int i = 0; i < CLIENTS; i++)
        if (storm.clients[i].fd >= 0)
            leave(&storm.clients[i]);
    end(fixture);
}

static void a_storm_of_clients_leaves_nothing_behind(void **state)
{
    uint64_t seed = clock_us();
    for (uint64_t i = 0; i < 5; i++)
        play(seed + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_storm_of_clients_leaves_nothing_behind) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
