#include "base/log.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <yyjson.h>

#include <cmocka.h>

/* The logger writes into a socket that keeps the bounds of each write, so a line in two writes would be two lines here. */
struct reader {
    int ends[2];
    char line[8 * LOG_MESSAGE_SIZE];
    yyjson_doc *doc;
};

static uint64_t seed;

static int start_reading(void **state)
{
    static struct reader reader;
    reader.doc = NULL;
    *state = &reader;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, reader.ends) != 0)
        return -1;
    log_set_fd(reader.ends[1]);
    log_set_form(LOG_JSON);
    log_set_level(LOG_INFO);
    return 0;
}

static int stop_reading(void **state)
{
    struct reader *reader = *state;
    yyjson_doc_free(reader->doc);
    log_set_fd(STDERR_FILENO);
    log_set_form(LOG_AUTO);
    close(reader->ends[0]);
    close(reader->ends[1]);
    return 0;
}

/* The next line without its end, or NULL if none was written. */
static const char *next_line(struct reader *reader)
{
    ssize_t got = recv(reader->ends[0], reader->line, sizeof(reader->line) - 1, MSG_DONTWAIT);
    if (got < 0)
        return NULL;
    assert_int_equal(reader->line[got - 1], '\n');
    reader->line[got - 1] = '\0';
    assert_null(strchr(reader->line, '\n'));
    return reader->line;
}

static yyjson_val *next_json(struct reader *reader)
{
    const char *line = next_line(reader);
    assert_non_null(line);
    yyjson_doc_free(reader->doc);
    reader->doc = yyjson_read(line, strlen(line), 0);
    assert_non_null(reader->doc);
    return yyjson_doc_get_root(reader->doc);
}

static const char *field(yyjson_val *json, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(json, name));
}

static void a_line_in_json_has_its_fields(void **state)
{
    log_warn("producer", "broker %d is away", 1);
    yyjson_val *json = next_json(*state);
    assert_int_equal(strlen(field(json, "@timestamp")), 27);
    assert_string_equal(field(json, "log.level"), "warn");
    assert_string_equal(field(json, "message"), "broker 1 is away");
    assert_string_equal(field(json, "ecs.version"), "8.11.0");
    assert_string_equal(field(json, "log.logger"), "producer");
    assert_int_equal(yyjson_obj_size(json), 5);
}

static void a_line_in_text_has_its_form(void **state)
{
    log_set_form(LOG_TEXT);
    log_info("http", "listening on %s", "127.0.0.1:8080");
    const char *line = next_line(*state);
    assert_int_equal(line[10], 'T');
    assert_string_equal(line + 27, " INFO  http: listening on 127.0.0.1:8080");
}

static void lines_of_a_request_carry_its_ids(void **state)
{
    struct log_scope scope = { .request_id = TEXT("r-1"), .trace_id = TEXT("0af7651916cd43dd8448eb211c80319c") };
    log_scope_begin(&scope);
    log_info("ingest", "taken");
    log_scope_end();
    yyjson_val *json = next_json(*state);
    assert_string_equal(field(json, "http.request.id"), "r-1");
    assert_string_equal(field(json, "trace.id"), "0af7651916cd43dd8448eb211c80319c");

    log_info("ingest", "outside");
    assert_null(field(next_json(*state), "http.request.id"));
}

static void in_text_too_lines_of_a_request_carry_its_ids(void **state)
{
    struct log_scope scope = { .request_id = TEXT("r-2"), .trace_id = TEXT("abc") };
    log_set_form(LOG_TEXT);
    log_scope_begin(&scope);
    log_info("ingest", "taken");
    log_scope_end();
    assert_string_equal(next_line(*state) + 27, " INFO  ingest: taken (request=r-2, trace=abc)");
}

static void a_scope_within_another_adds_what_it_knows(void **state)
{
    struct log_field stream = log_text("millrace.stream", TEXT("jobs"));
    struct log_field place[] = { log_id("messaging.destination.partition.id", 7), log_number("messaging.kafka.offset", 42) };
    struct log_scope outer = { .request_id = TEXT("r-1"), .fields = &stream, .field_count = 1 };
    struct log_scope inner = { .trace_id = TEXT("abc"), .fields = place, .field_count = 2 };
    log_scope_begin(&outer);
    log_scope_begin(&inner);
    log_info("work", "both");
    log_scope_end();
    log_info("work", "the outer one again");
    log_scope_end();

    yyjson_val *json = next_json(*state);
    assert_string_equal(field(json, "http.request.id"), "r-1");
    assert_string_equal(field(json, "trace.id"), "abc");
    assert_string_equal(field(json, "millrace.stream"), "jobs");
    assert_string_equal(field(json, "messaging.destination.partition.id"), "7");
    assert_int_equal(yyjson_get_int(yyjson_obj_get(json, "messaging.kafka.offset")), 42);
    json = next_json(*state);
    assert_string_equal(field(json, "millrace.stream"), "jobs");
    assert_null(field(json, "trace.id"));
}

static void lines_below_the_level_are_not_written(void **state)
{
    log_debug("test", "not wanted");
    assert_null(next_line(*state));
    log_set_level(LOG_DEBUG);
    log_debug("test", "wanted");
    assert_string_equal(field(next_json(*state), "log.level"), "debug");
    log_set_level(LOG_ERROR);
    log_warn("test", "not wanted");
    assert_null(next_line(*state));
    assert_false(log_enabled(LOG_WARN));
    assert_true(log_enabled(LOG_ERROR));
}

static void say(struct log_site *site, int times)
{
    for (int i = 0; i < times; i++)
        log_write(site, LOG_WARN, "again");
}

static void a_site_that_repeats_itself_is_cut_short(void **state)
{
    struct log_site site = { .component = "test" };
    say(&site, 25);
    for (int i = 0; i < LOG_SITE_LINES; i++)
        assert_null(yyjson_obj_get(next_json(*state), "millrace.left_out"));
    assert_null(next_line(*state));
}

static void the_next_line_says_how_many_were_left_out(void **state)
{
    struct log_site site = { .component = "test" };
    say(&site, LOG_SITE_LINES + 12);
    for (int i = 0; i < LOG_SITE_LINES; i++)
        next_line(*state);
    site.window_us -= LOG_SITE_WINDOW_US; /* as if that time had passed */
    say(&site, 2);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(next_json(*state), "millrace.left_out")), 12);
    assert_null(yyjson_obj_get(next_json(*state), "millrace.left_out"));
}

static void in_text_too_the_next_line_says_how_many_were_left_out(void **state)
{
    struct log_site site = { .component = "test", .left_out = 3 };
    log_set_form(LOG_TEXT);
    log_scope_begin(&(struct log_scope){ .request_id = TEXT("r") });
    say(&site, 1);
    log_scope_end();
    assert_string_equal(next_line(*state) + 27, " WARN  test: again (request=r, 3 like it left out)");
}

static void one_noisy_site_silences_no_other(void **state)
{
    struct log_site noisy = { .component = "noisy" }, quiet = { .component = "quiet" };
    say(&noisy, 100);
    for (int i = 0; i < LOG_SITE_LINES; i++)
        next_line(*state);
    say(&quiet, 1);
    assert_string_equal(field(next_json(*state), "log.logger"), "quiet");
}

static void the_access_log_is_not_limited(void **state)
{
    for (int i = 0; i < 10 * LOG_SITE_LINES; i++) {
        log_each("access", "GET / 200");
        assert_non_null(next_line(*state));
    }
}

static void a_message_too_long_is_cut_and_stays_json(void **state)
{
    char big[3 * LOG_MESSAGE_SIZE];
    memset(big, '"', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    log_info("test", "%s", big);
    const char *message = field(next_json(*state), "message");
    assert_int_equal(strlen(message), LOG_MESSAGE_SIZE - 1);
    assert_string_equal(message + LOG_MESSAGE_SIZE - 5, "\"...");
}

static void whatever_a_client_sends_is_one_line_of_json(void **state)
{
    struct random random;
    random_init_seed(&random, seed);
    for (int round = 0; round < 5000; round++) {
        char bytes[33];
        for (size_t i = 0; i < sizeof(bytes) - 1; i++)
            bytes[i] = (char)random_between(&random, 1, 255);
        bytes[sizeof(bytes) - 1] = '\0';
        struct log_scope scope = { .request_id = { bytes, 16 }, .trace_id = { bytes + 16, 16 } };
        log_scope_begin(&scope);
        log_each("test", "found %s", bytes);
        log_scope_end();
        assert_int_equal(yyjson_obj_size(next_json(*state)), 7);
    }
}

static void whatever_a_client_sends_is_one_line_of_text(void **state)
{
    log_set_form(LOG_TEXT);
    log_info("test", "%s", "a\r\nb\x1B[2J\xFF");
    assert_string_equal(next_line(*state) + 27, " INFO  test: a\\x0d\\x0ab\\x1b[2J\\xff");
}

static void logging_keeps_errno(void **state)
{
    log_set_form(LOG_AUTO); /* asks whether it writes to a terminal, which fails with ENOTTY */
    errno = ENOENT;
    log_info("test", "between a call and its errno");
    assert_int_equal(errno, ENOENT);
}

static void a_terminal_gets_text_and_a_pipe_gets_json(void **state)
{
    log_set_form(LOG_AUTO);
    log_info("test", "to a pipe");
    assert_string_equal(field(next_json(*state), "message"), "to a pipe");

    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    log_set_fd(terminal);
    log_info("test", "to a terminal");
    char shown[256] = "";
    assert_true(read(master, shown, sizeof(shown) - 1) > 0);
    assert_non_null(strstr(shown, "INFO  test: to a terminal"));
    close(terminal);
    close(master);
}

enum { THREADS = 4, LINES = 500 };

static void *write_lines(void *arg)
{
    const char *id = arg;
    log_scope_begin(&(struct log_scope){ .request_id = text_of(id) });
    for (int i = 0; i < LINES; i++)
        log_each("test", "%s", id);
    log_scope_end();
    return NULL;
}

static void lines_of_many_threads_do_not_mix(void **state)
{
    static char ids[THREADS][2] = { "a", "b", "c", "d" };
    struct reader *reader = *state;
    pthread_t threads[THREADS];
    int counts[THREADS] = { 0 };
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, ids[i]), 0);

    for (int i = 0; i < THREADS * LINES; i++) {
        assert_int_equal(recv(reader->ends[0], reader->line, 1, MSG_PEEK), 1); /* waits */
        yyjson_val *json = next_json(reader);
        assert_string_equal(field(json, "message"), field(json, "http.request.id"));
        counts[field(json, "message")[0] - 'a']++;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(counts[i], LINES);
    }
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, start_reading, stop_reading)

int main(void)
{
    seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        log_test(a_line_in_json_has_its_fields),
        log_test(a_line_in_text_has_its_form),
        log_test(lines_of_a_request_carry_its_ids),
        log_test(in_text_too_lines_of_a_request_carry_its_ids),
        log_test(a_scope_within_another_adds_what_it_knows),
        log_test(lines_below_the_level_are_not_written),
        log_test(a_site_that_repeats_itself_is_cut_short),
        log_test(the_next_line_says_how_many_were_left_out),
        log_test(in_text_too_the_next_line_says_how_many_were_left_out),
        log_test(one_noisy_site_silences_no_other),
        log_test(the_access_log_is_not_limited),
        log_test(a_message_too_long_is_cut_and_stays_json),
        log_test(whatever_a_client_sends_is_one_line_of_json),
        log_test(whatever_a_client_sends_is_one_line_of_text),
        log_test(logging_keeps_errno),
        log_test(a_terminal_gets_text_and_a_pipe_gets_json),
        log_test(lines_of_many_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
