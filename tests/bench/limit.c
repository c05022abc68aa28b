/* limit: the least that can be done between a socket and a broker: one loop, llhttp, librdkafka, the answer after the report, and
 * nothing else: no limits, no timeouts, no errors, no metrics. What the way in is measured against.
 *
 * limit PORT BROKERS TOPIC LINGER_MS MODE     MODE: report (answers after the acknowledgement) or at-once */
#include <librdkafka/rdkafka.h>
#include <llhttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"stored\":true}";

struct connection {
    uv_tcp_t tcp;
    llhttp_t parser;
    struct connection *next_dirty;
    unsigned unanswered; /* references of reports on their way */
    unsigned answers;    /* to be written at the end of the turn */
    char key[64];
    size_t key_size;
    char body[1024];
    size_t body_size;
    char dirty, closed;
};

static uv_loop_t loop;
static rd_kafka_t *kafka;
static rd_kafka_topic_t *topic;
static rd_kafka_queue_t *reports;
static llhttp_settings_t settings;
static struct connection *dirty;
static char input[65536];
static char answers[256 * sizeof(answer)];
static int at_once;

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    c->closed = 2;
    if (c->unanswered == 0 && !c->dirty)
        free(c);
}

static void answered(struct connection *c)
{
    c->answers++;
    if (c->dirty)
        return;
    c->dirty = 1;
    c->next_dirty = dirty;
    dirty = c;
}

/* All answers of the turn in one write. */
static void on_prepare(uv_prepare_t *prepare)
{
    (void)prepare;
    while (dirty != NULL) {
        struct connection *c = dirty;
        dirty = c->next_dirty;
        c->dirty = 0;
        uv_buf_t buf = uv_buf_init(answers, (unsigned)(c->answers * (sizeof(answer) - 1)));
        c->answers = 0;
        if (!c->closed && uv_try_write((uv_stream_t *)&c->tcp, &buf, 1) < 0) {
            c->closed = 1;
            uv_close((uv_handle_t *)&c->tcp, on_closed);
        } else if (c->closed == 2 && c->unanswered == 0) {
            free(c);
        }
    }
}

static void on_reports(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    uint64_t count;
    uv_os_fd_t fd;
    uv_fileno((uv_handle_t *)poll, &fd);
    while (read(fd, &count, sizeof(count)) > 0)
        ;
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(reports, 0)) != NULL) {
        const rd_kafka_message_t *message;
        while ((message = rd_kafka_event_message_next(event)) != NULL) {
            struct connection *c = message->_private;
            c->unanswered--;
            answered(c);
        }
        rd_kafka_event_destroy(event);
    }
}

/* "/submit?key=K" */
static int on_url(llhttp_t *parser, const char *at, size_t size)
{
    struct connection *c = parser->data;
    const char *key = memchr(at, '=', size);
    c->key_size = key == NULL ? 0 : size - (size_t)(key + 1 - at);
    if (key != NULL && c->key_size <= sizeof(c->key))
        memcpy(c->key, key + 1, c->key_size);
    c->body_size = 0;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
    struct connection *c = parser->data;
    if (c->body_size + size <= sizeof(c->body))
        memcpy(c->body + c->body_size, at, size);
    c->body_size += size;
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct connection *c = parser->data;
    if (at_once) {
        answered(c);
        return 0;
    }
    c->unanswered++;
    return rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, c->body, c->body_size, c->key_size ? c->key : NULL,
                            c->key_size, c);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(input, sizeof(input));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    if (size == 0 || (size > 0 && llhttp_execute(&c->parser, buf->base, (size_t)size) == HPE_OK))
        return;
    if (!c->closed)
        uv_close((uv_handle_t *)stream, on_closed);
    c->closed = c->closed ? c->closed : 1;
}

static void on_connection(uv_stream_t *server, int status)
{
    (void)status;
    struct connection *c = calloc(1, sizeof(*c));
    uv_tcp_init(&loop, &c->tcp);
    c->tcp.data = c;
    uv_accept(server, (uv_stream_t *)&c->tcp);
    uv_tcp_nodelay(&c->tcp, 1);
    llhttp_init(&c->parser, HTTP_REQUEST, &settings);
    c->parser.data = c;
    uv_read_start((uv_stream_t *)&c->tcp, on_allocate, on_read);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char message[256];
    if (rd_kafka_conf_set(conf, name, value, message, sizeof(message)) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
}

/* Without a key each partition in turn, for as long as a batch fills: librdkafka's own choice stays longer, and asks its socket without a
 * pause meanwhile (docs/benchmarks.md). */
static int32_t choose(const rd_kafka_topic_t *to, const void *key, size_t key_size, int32_t partitions, void *topic_arg, void *message_arg)
{
    if (key == NULL)
        return (int32_t)(uv_hrtime() / 500000 % (uint64_t)partitions);
    return rd_kafka_msg_partitioner_murmur2(to, key, key_size, partitions, topic_arg, message_arg);
}

static void open_producer(const char *brokers, const char *name, const char *linger_ms)
{
    char message[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "acks", "all");
    set(conf, "enable.idempotence", "true");
    set(conf, "linger.ms", linger_ms);
    set(conf, "socket.nagle.disable", "true");
    set(conf, "sticky.partitioning.linger.ms", "0");
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof(message));
    rd_kafka_topic_conf_t *topic_conf = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set_partitioner_cb(topic_conf, choose);
    topic = rd_kafka_topic_new(kafka, name, topic_conf);
    reports = rd_kafka_queue_get_main(kafka);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: limit PORT BROKERS TOPIC LINGER_MS report|at-once\n");
        return 2;
    }
    at_once = strcmp(argv[5], "at-once") == 0;
    for (size_t i = 0; i < 256; i++)
        memcpy(answers + i * (sizeof(answer) - 1), answer, sizeof(answer) - 1);

    uv_loop_init(&loop);
    open_producer(argv[2], argv[3], argv[4]);
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    uint64_t one = 1;
    uv_poll_t poll;
    uv_poll_init(&loop, &poll, fd);
    uv_poll_start(&poll, UV_READABLE, on_reports);
    rd_kafka_queue_io_event_enable(reports, fd, &one, sizeof(one));

    uv_prepare_t prepare;
    uv_prepare_init(&loop, &prepare);
    uv_prepare_start(&prepare, on_prepare);

    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;

    uv_tcp_t server;
    struct sockaddr_in address;
    uv_tcp_init(&loop, &server);
    uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
    if (uv_tcp_bind(&server, (const struct sockaddr *)&address, 0) != 0 || uv_listen((uv_stream_t *)&server, 4096, on_connection) != 0)
        return 1;
    printf("listening\n");
    fflush(stdout);
    return uv_run(&loop, UV_RUN_DEFAULT);
}
