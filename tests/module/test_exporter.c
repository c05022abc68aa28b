/* Spans of a real tracer on their way to a collector on the same loop, which takes them, refuses them, or is away. What the messages hold
 * is judged by OpenTelemetry's own schema in tests/system. */
#include "http_peer.h"
#include "io/curl/exporter.h"

#include <zlib.h>

#define NOT_NOW  "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
#define REFUSED  "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
#define LONG_US  60000000 /* longer than any test waits */
#define SHORT_US 20000

struct fixture {
    uv_loop_t loop;
    uv_timer_t beat;
    struct peer peer;
    struct random random;
    struct metrics *metrics;
    struct stats stats;
    struct tracer *tracer;
    struct span_site *site;
    char endpoint[64];
    struct exporter_config config;
    struct exporter *exporter;
    bool flushed, closed;
};

/* It has a port and does not listen. `config` may be changed before export_begins. */
static void given_collector_away(struct fixture *f)
{
    static const struct trace_config trace_config = { .sampler = SAMPLER_ALWAYS_ON, .ratio = 1, .memory_bytes = 512 * 1024 };
    memset(f, 0, sizeof(*f));
    loop_open(&f->loop, &f->beat);
    peer_bind(&f->peer, &f->loop);
    random_init(&f->random);
    f->metrics = metrics_new();
    stats_init(&f->stats);
    f->tracer = tracer_new(&trace_config, &f->random, f->metrics);
    f->site = tracer_site(f->tracer, "kafka_send_jobs", SPAN_PRODUCER, NULL, 0, NULL, 0);
    snprintf(f->endpoint, sizeof(f->endpoint), "http://127.0.0.1:%d", f->peer.port);
    f->config =
        (struct exporter_config){ .endpoint = f->endpoint, .headers = "", .timeout_us = 10000000, .batch = 100, .delay_us = SHORT_US };
}

static void given_collector(struct fixture *f)
{
    given_collector_away(f);
    peer_listen(&f->peer);
}

static void export_begins(struct fixture *f)
{
    struct error err;
    f->exporter = exporter_start(
        &(struct exporter_options){
            .loop = &f->loop, .config = &f->config, .tracer = f->tracer, .resource = TEXT(""), .metrics = f->metrics, .stats = &f->stats },
        &err);
    if (f->exporter == NULL)
        fail_msg("%s", err.message);
}

static void tell_spans(struct fixture *f, size_t count)
{
    struct span span = { .site = f->site, .started_us = clock_us(), .ended_us = clock_us() };
    for (size_t i = 0; i < count; i++) {
        tracer_begin(f->tracer, &span.context, NULL);
        tracer_add(f->tracer, &span);
    }
}

static void set_true(void *arg)
{
    *(bool *)arg = true;
}

static void close_all(struct fixture *f)
{
    exporter_close(f->exporter, set_true, &f->closed);
    assert_true(run_until(&f->loop, 5000, f->closed));
    tracer_free(f->tracer);
    peer_close(&f->peer);
    loop_close_empty(&f->loop, &f->beat);
    metrics_free(f->metrics);
}

static unsigned exported(struct fixture *f)
{
    return (unsigned)metric_value(metric(f->metrics, METRIC_TRACE_SPANS_EXPORTED));
}

static unsigned dropped(struct fixture *f, const char *reason)
{
    return (unsigned)metric_value(metric(f->metrics, METRIC_TRACE_SPANS_DROPPED, reason));
}

static unsigned requests(struct fixture *f, const char *result)
{
    return (unsigned)metric_value(metric(f->metrics, METRIC_TRACE_EXPORTS, result));
}

static double section_number(struct fixture *f, const char *name)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct stats_section *section = stats_find(&f->stats, "traces");
    double number = yyjson_mut_get_num(yyjson_mut_obj_get(section->fill(section->arg, doc), name));
    yyjson_mut_doc_free(doc);
    return number;
}

/* --- when --- */

static void spans_go_out_when_their_delay_is_over(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.config.headers = "api-key=a%20b,empty=";
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 3));
    assert_int_equal(f.peer.requests, 1);

    const char *request = f.peer.request.data;
    assert_memory_equal(request, "POST /v1/traces HTTP/1.1\r\n", 26);
    assert_non_null(strstr(request, "\r\nContent-Type: application/x-protobuf\r\n"));
    assert_non_null(strstr(request, "\r\napi-key: a b\r\n"));
    assert_non_null(strstr(request, "\r\nempty:"));
    assert_null(strstr(request, "Content-Encoding"));
    assert_non_null(memmem(request, f.peer.request.size, "kafka_send_jobs", 15));
    close_all(&f);
}

static void nothing_is_sent_where_there_are_no_spans(void **state)
{
    struct fixture f;
    given_collector(&f);
    export_begins(&f);
    (void)run_until(&f.loop, SHORT_US * 5 / 1000, false);
    assert_int_equal(f.peer.accepted, 0);
    close_all(&f);
}

static void a_full_batch_does_not_wait_for_the_delay(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.config.delay_us = LONG_US;
    export_begins(&f);
    tell_spans(&f, 99);
    (void)run_until(&f.loop, 100, false);
    assert_int_equal(f.peer.requests, 0);
    tell_spans(&f, 1);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 100));
    assert_int_equal(f.peer.requests, 1);
    close_all(&f);
}

static void many_spans_go_out_as_batches_a_few_at_a_time(void **state)
{
    struct fixture f;
    given_collector(&f);
    export_begins(&f);
    tell_spans(&f, 1000);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 1000));
    assert_int_equal(f.peer.requests, 10);
    assert_in_range(f.peer.accepted, 2, 4);
    close_all(&f);
}

static void a_batch_goes_beside_others_only_when_it_is_whole_and_four_are_the_most(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NULL;
    export_begins(&f);
    tell_spans(&f, 199);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 1));
    (void)run_until(&f.loop, SHORT_US * 5 / 1000, false);
    assert_int_equal(f.peer.requests, 1); /* 99 wait */
    tell_spans(&f, 1);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 2));
    tell_spans(&f, 1000);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 4));
    (void)run_until(&f.loop, SHORT_US * 5 / 1000, false);
    assert_int_equal(f.peer.requests, 4);
    assert_int_equal(section_number(&f, "on_their_way"), 400);
    assert_int_equal(section_number(&f, "waiting"), 800);
    close_all(&f);
}

static void a_compressed_batch_is_gzip_of_the_same_message(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.config.compression = EXPORTER_COMPRESSION_GZIP;
    export_begins(&f);
    tell_spans(&f, 100);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 100));
    assert_non_null(strstr(f.peer.request.data, "\r\nContent-Encoding: gzip\r\n"));

    const char *body = strstr(f.peer.request.data, "\r\n\r\n") + 4;
    static char message[256 * 1024];
    z_stream stream = { .next_in = (Bytef *)(uintptr_t)body,
                        .avail_in = (uInt)(f.peer.request.size - 1 - (size_t)(body - f.peer.request.data)),
                        .next_out = (Bytef *)message,
                        .avail_out = sizeof(message) };
    assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    assert_true(stream.total_out > 100 * 40);
    assert_non_null(memmem(message, stream.total_out, "kafka_send_jobs", 15));
    inflateEnd(&stream);
    close_all(&f);
}

/* --- the collector's answers --- */

static void what_is_not_taken_now_is_sent_again(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NOT_NOW;
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, requests(&f, "unavailable") == 1));
    size_t size = f.peer.request.size;
    assert_true(section_number(&f, "away_seconds") > 0);
    assert_int_equal(section_number(&f, "on_their_way"), 3);

    f.peer.answer = TAKEN;
    uint64_t rested_us = clock_us();
    assert_true(run_until(&f.loop, 10000, exported(&f) == 3));
    assert_true(clock_us() - rested_us >= 900000); /* as the collector asked */
    assert_int_equal(f.peer.request.size, size);
    assert_int_equal(section_number(&f, "away_seconds"), 0);
    close_all(&f);
}

static void requests_that_fail_together_are_one_failure_and_nothing_begins_while_they_rest(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NULL;
    export_begins(&f);
    tell_spans(&f, 400);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 4));
    f.peer.answer = NOT_NOW;
    peer_hang_up_all(&f.peer);
    assert_true(run_until(&f.loop, 5000, requests(&f, "unavailable") == 4));
    assert_int_equal(section_number(&f, "failures_in_a_row"), 1);
    tell_spans(&f, 400);
    (void)run_until(&f.loop, 500, false);
    assert_int_equal(f.peer.requests, 4);
    f.peer.answer = TAKEN;
    assert_true(run_until(&f.loop, 10000, exported(&f) == 800));
    assert_int_equal(f.peer.requests, 12);
    close_all(&f);
}

static void a_collector_that_is_not_there_is_tried_again(void **state)
{
    struct fixture f;
    given_collector_away(&f);
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, requests(&f, "unavailable") == 1));
    peer_listen(&f.peer);
    assert_true(run_until(&f.loop, 10000, exported(&f) == 3));
    close_all(&f);
}

static void a_batch_is_not_tried_for_ever(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NOT_NOW;
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 20000, dropped(&f, "unavailable") == 3));
    assert_int_equal(f.peer.requests, 6);
    close_all(&f);
}

static void a_batch_that_is_refused_for_good_is_dropped_and_the_next_one_goes(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = REFUSED;
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, dropped(&f, "refused") == 3));
    f.peer.answer = TAKEN;
    tell_spans(&f, 2);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 2));
    assert_int_equal(f.peer.requests, 2);
    close_all(&f);
}

/* The status says it: whoever sent such a batch again would have its spans there twice. */
static void an_answer_is_what_its_status_says_however_long_it_is(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
    f.peer.endless = true;
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 3));
    f.peer.answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 100000000\r\n\r\n";
    tell_spans(&f, 2);
    assert_true(run_until(&f.loop, 5000, dropped(&f, "refused") == 2));
    assert_int_equal(f.peer.requests, 2);
    close_all(&f);
}

static void what_a_collector_rejects_of_a_batch_is_counted(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\x0a\x06\x08\x02\x12\x02no"; /* partial_success { 2, "no" } */
    export_begins(&f);
    tell_spans(&f, 5);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 3));
    assert_int_equal(dropped(&f, "rejected"), 2);
    f.peer.answer = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"; /* nonsense */
    tell_spans(&f, 5);
    assert_true(run_until(&f.loop, 5000, exported(&f) == 8));
    assert_int_equal(dropped(&f, "rejected"), 2);
    close_all(&f);
}

static void what_memory_forgets_while_the_collector_hangs_is_counted(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NULL;
    export_begins(&f);
    tell_spans(&f, 100);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 1));
    tell_spans(&f, 50000);
    f.peer.answer = TAKEN;
    peer_hang_up_all(&f.peer);
    assert_true(run_until(&f.loop, 20000, exported(&f) + dropped(&f, "missed") == 50100));
    assert_true(dropped(&f, "missed") > 30000);
    assert_true(exported(&f) > 1000);
    close_all(&f);
}

/* --- the end --- */

static void a_flush_sends_what_is_left_at_once(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.config.delay_us = LONG_US;
    f.config.batch = 1000;
    export_begins(&f);
    tell_spans(&f, 3);
    f.config.batch = 2; /* two batches */
    exporter_flush(f.exporter, clock_us() + LONG_US, set_true, &f.flushed);
    assert_true(run_until(&f.loop, 5000, f.flushed));
    assert_int_equal(exported(&f), 3);
    close_all(&f);
}

static void a_flush_waits_for_those_under_way_also_when_one_of_them_is_not_taken(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NULL;
    export_begins(&f);
    tell_spans(&f, 300);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 3));
    exporter_flush(f.exporter, clock_us() + LONG_US, set_true, &f.flushed);
    peer_hang_up(list_entry(list_first(&f.peer.connections), struct peer_connection, link));
    assert_true(run_until(&f.loop, 5000, requests(&f, "unavailable") == 1));
    assert_false(f.flushed);
    f.peer.answer = TAKEN;
    peer_answer_all(&f.peer);
    assert_true(run_until(&f.loop, 5000, f.flushed));
    assert_int_equal(exported(&f), 200);
    assert_int_equal(dropped(&f, "shutdown"), 100);
    close_all(&f);
}

static void a_flush_of_nothing_ends_at_once(void **state)
{
    struct fixture f;
    given_collector(&f);
    export_begins(&f);
    exporter_flush(f.exporter, clock_us() + LONG_US, set_true, &f.flushed);
    assert_true(run_until(&f.loop, 1000, f.flushed));
    assert_int_equal(f.peer.accepted, 0);
    close_all(&f);
}

static void a_flush_towards_a_collector_that_hangs_ends_at_its_deadline(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NULL;
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, f.peer.requests == 1));
    tell_spans(&f, 4);
    exporter_flush(f.exporter, clock_us() + 100000, set_true, &f.flushed);
    assert_true(run_until(&f.loop, 5000, f.flushed));
    assert_int_equal(dropped(&f, "shutdown"), 7);
    close_all(&f);
}

static void a_flush_does_not_rest(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n";
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, requests(&f, "unavailable") == 1));
    exporter_flush(f.exporter, clock_us() + LONG_US, set_true, &f.flushed);
    assert_true(run_until(&f.loop, 5000, f.flushed)); /* after one more try */
    assert_int_equal(f.peer.requests, 2);
    assert_int_equal(dropped(&f, "shutdown"), 3);
    close_all(&f);
}

static void a_rest_that_a_flush_has_cut_short_sends_nothing_when_it_would_be_over(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.peer.answer = NOT_NOW;
    export_begins(&f);
    tell_spans(&f, 3);
    assert_true(run_until(&f.loop, 5000, requests(&f, "unavailable") == 1));
    f.peer.answer = NULL;
    exporter_flush(f.exporter, clock_us() + 1500000, set_true, &f.flushed); /* the rest would have been a second */
    assert_true(run_until(&f.loop, 5000, f.flushed));
    assert_int_equal(f.peer.requests, 2);
    close_all(&f);
}

static void closing_waits_for_the_worker_that_packs(void **state)
{
    struct fixture f;
    given_collector(&f);
    f.config.compression = EXPORTER_COMPRESSION_GZIP;
    f.config.delay_us = LONG_US;
    export_begins(&f);
    tell_spans(&f, 100);
    uv_run(&f.loop, UV_RUN_ONCE); /* the worker has begun */
    close_all(&f);
    assert_int_equal(f.peer.requests, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_go_out_when_their_delay_is_over),
        cmocka_unit_test(nothing_is_sent_where_there_are_no_spans),
        cmocka_unit_test(a_full_batch_does_not_wait_for_the_delay),
        cmocka_unit_test(many_spans_go_out_as_batches_a_few_at_a_time),
        cmocka_unit_test(a_batch_goes_beside_others_only_when_it_is_whole_and_four_are_the_most),
        cmocka_unit_test(a_compressed_batch_is_gzip_of_the_same_message),
        cmocka_unit_test(what_is_not_taken_now_is_sent_again),
        cmocka_unit_test(requests_that_fail_together_are_one_failure_and_nothing_begins_while_they_rest),
        cmocka_unit_test(a_collector_that_is_not_there_is_tried_again),
        cmocka_unit_test(a_batch_is_not_tried_for_ever),
        cmocka_unit_test(a_batch_that_is_refused_for_good_is_dropped_and_the_next_one_goes),
        cmocka_unit_test(an_answer_is_what_its_status_says_however_long_it_is),
        cmocka_unit_test(what_a_collector_rejects_of_a_batch_is_counted),
        cmocka_unit_test(what_memory_forgets_while_the_collector_hangs_is_counted),
        cmocka_unit_test(a_flush_sends_what_is_left_at_once),
        cmocka_unit_test(a_flush_waits_for_those_under_way_also_when_one_of_them_is_not_taken),
        cmocka_unit_test(a_flush_of_nothing_ends_at_once),
        cmocka_unit_test(a_flush_towards_a_collector_that_hangs_ends_at_its_deadline),
        cmocka_unit_test(a_flush_does_not_rest),
        cmocka_unit_test(a_rest_that_a_flush_has_cut_short_sends_nothing_when_it_would_be_over),
        cmocka_unit_test(closing_waits_for_the_worker_that_packs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
