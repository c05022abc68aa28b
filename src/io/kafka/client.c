#include "io/kafka/client.h"

#include "base/log.h"
#include "base/memory.h"
#include "io/kafka/embedded.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* kafka.properties go to every handle, so it may well hold a consumer's for a producer. */
static bool is_of_no_interest(const char *facility, const char *line)
{
    return strcmp(facility, "CONFWARN") == 0 && strstr(line, "will be ignored by this") != NULL;
}

/* Runs on librdkafka's threads. Its levels are syslog's; a broker that is away is no error of this process, but a warning. */
static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *line)
{
    const char *name = handle == NULL ? "?" : rd_kafka_opaque(handle);
    if (is_of_no_interest(facility, line))
        return;
    if (level <= 2)
        log_error("kafka", "%s: %s: %s", name, facility, line);
    else if (level <= 4)
        log_warn("kafka", "%s: %s: %s", name, facility, line);
    else if (level <= 6)
        log_info("kafka", "%s: %s: %s", name, facility, line);
    else
        log_debug("kafka", "%s: %s: %s", name, facility, line);
}

const char *client_brokers(const struct client_target *target)
{
    return target->embedded != NULL ? embedded_bootstrap(target->embedded) : target->config->brokers;
}

static int set_value(rd_kafka_conf_t *conf, struct error *err, const char *name, const char *value)
{
    char reason[256];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
        return error_set(err, E_INVALID, "kafka property %s: %s", name, reason);
    return 0;
}

int client_set(rd_kafka_conf_t *conf, struct error *err, const char *name, const char *format, ...)
{
    char value[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof(value))
        return error_set(err, E_INVALID, "kafka property %s: its value has more than %zu bytes", name, sizeof(value) - 1);
    return set_value(conf, err, name, value);
}

int client_set_all(rd_kafka_conf_t *conf, const struct config_list *properties, struct error *err)
{
    const struct config_pair *pairs = properties->items;
    for (size_t i = 0; i < properties->count; i++)
        if (set_value(conf, err, pairs[i].name, pairs[i].value) != 0)
            return E_INVALID;
    return 0;
}

static int set_optional(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    return value == NULL ? 0 : set_value(conf, err, name, value);
}

static int set_security(rd_kafka_conf_t *conf, const struct kafka_security *security, struct error *err)
{
    static const char *const protocols[] = { "plaintext", "ssl", "sasl_plaintext", "sasl_ssl" };
    static const char *const mechanisms[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" };
    if (client_set(conf, err, "security.protocol", "%s", protocols[security->protocol]) != 0)
        return E_INVALID;
    if (security->user != NULL && client_set(conf, err, "sasl.mechanisms", "%s", mechanisms[security->mechanism]) != 0)
        return E_INVALID;

    const struct {
        const char *name;
        const char *value;
    } settings[] = {
        { "sasl.username", security->user },   { "sasl.password", security->password },
        { "ssl.ca.location", security->ca },   { "ssl.certificate.location", security->certificate },
        { "ssl.key.location", security->key }, { "ssl.key.password", security->key_password },
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (set_optional(conf, settings[i].name, settings[i].value, err) != 0)
            return E_INVALID;
    return 0;
}

/* What holds for every handle, whatever it is for; `kafka.properties` may change it. */
static int set_defaults(rd_kafka_conf_t *conf, struct error *err)
{
    static const struct {
        const char *name;
        const char *value;
    } defaults[] = {
        { "socket.nagle.disable", "true" },
        { "reconnect.backoff.ms", "100" },
        { "reconnect.backoff.max.ms", "500" },             /* back within a second of the broker */
        { "topic.metadata.refresh.interval.ms", "60000" }, /* more partitions are noticed within a minute */
        { "socket.timeout.ms", "10000" },                  /* a broker that hangs is left after this, not after a minute */
        { "partitioner", "murmur2_random" },               /* of the key, as Java's clients: both write a key to the same partition */
        { "allow.auto.create.topics", "false" },           /* topics are made by io/kafka/topics, or not at all */
        { "log.connection.close", "false" },               /* brokers close idle connections: no event */
        { "enable.metrics.push", "false" },                /* what we measure is on /metrics */
    };
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (client_set(conf, err, defaults[i].name, "%s", defaults[i].value) != 0)
            return E_INVALID;
    return 0;
}

static int fill(rd_kafka_conf_t *conf, const struct client_target *target, struct error *err)
{
    if (!target->nowhere && client_set(conf, err, "bootstrap.servers", "%s", client_brokers(target)) != 0)
        return E_INVALID;
    if (set_optional(conf, "client.id", target->config->client_id, err) != 0 || set_defaults(conf, err) != 0)
        return E_INVALID;
    if (target->embedded == NULL && set_security(conf, &target->config->security, err) != 0)
        return E_INVALID;
    return client_set_all(conf, &target->config->properties, err);
}

/* librdkafka blocks every signal in its threads. A profiler's would then be delivered to some other thread of ours, which would be
 * shown as doing librdkafka's work. Nobody else raises it. */
static rd_kafka_resp_err_t let_profilers_look(rd_kafka_t *handle, rd_kafka_thread_type_t type, const char *name, void *opaque)
{
    sigset_t profiling;
    sigemptyset(&profiling);
    sigaddset(&profiling, SIGPROF);
    pthread_sigmask(SIG_UNBLOCK, &profiling, NULL);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *handle, const rd_kafka_conf_t *conf, void *opaque, char *reason, size_t reason_size)
{
    return rd_kafka_interceptor_add_on_thread_start(handle, "profiling", let_profilers_look, NULL);
}

rd_kafka_conf_t *client_conf(const struct client_target *target, const char *name, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (fill(conf, target, err) != 0) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_interceptor_add_on_new(conf, "profiling", on_new, NULL);
    rd_kafka_conf_set_opaque(conf, (void *)(uintptr_t)name);
    return conf;
}

rd_kafka_t *client_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err)
{
    char reason[256];
    rd_kafka_t *handle = rd_kafka_new(type, conf, reason, sizeof(reason));
    if (handle != NULL)
        return handle;
    rd_kafka_conf_destroy(conf); /* rd_kafka_new takes it only when it succeeds */
    error_set(err, E_INVALID, "librdkafka refuses the properties: %s", reason);
    return NULL;
}

int client_try(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err)
{
    rd_kafka_t *handle = client_open(type, conf, err);
    if (handle == NULL)
        return err->code;
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return 0;
}

bool client_on_error(rd_kafka_t *handle, rd_kafka_event_t *event)
{
    char reason[256];
    const char *name = rd_kafka_opaque(handle);
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(handle, reason, sizeof(reason));
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_error("kafka", "%s: the handle is of no more use: %s (%s)", name, reason, rd_kafka_err2name(fatal));
        return true;
    }
    /* librdkafka has logged it already (on_log). */
    log_debug("kafka", "%s: %s", name, rd_kafka_event_error_string(event));
    return false;
}

/* Without time to wait, a question for metadata ends before its answer: with _TRANSPORT if there is nobody to ask. */
bool client_is_connected(rd_kafka_t *handle)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(handle, 0, NULL, &metadata, 0);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    return code != RD_KAFKA_RESP_ERR__TRANSPORT;
}

#define FIND_BACK_FIRST_US   (2 * UINT64_C(1000000))
#define FIND_BACK_LONGEST_US (300 * UINT64_C(1000000))

void client_find_back(struct client_way_back *way, rd_kafka_t *handle, const struct client_target *target, bool wrong, uint64_t now_us)
{
    if (!wrong) {
        *way = (struct client_way_back){ 0 };
        return;
    }
    if (way->due_us == 0)
        *way = (struct client_way_back){ .due_us = now_us + FIND_BACK_FIRST_US, .wait_us = FIND_BACK_FIRST_US };
    if (now_us < way->due_us)
        return;
    way->wait_us = way->wait_us * 2 > FIND_BACK_LONGEST_US ? FIND_BACK_LONGEST_US : way->wait_us * 2;
    way->due_us = now_us + way->wait_us;
    if (!client_is_connected(handle))
        rd_kafka_brokers_add(handle, client_brokers(target)); /* those that it knows are not added twice */
}

const char *client_reason(rd_kafka_resp_err_t code)
{
    return rd_kafka_err2str(code);
}

struct closing {
    uv_work_t work;
    rd_kafka_t *handle;
    void (*closed)(void *arg);
    void *arg;
};

static void destroy_handle(uv_work_t *work)
{
    struct closing *closing = work->data;
    rd_kafka_destroy(closing->handle);
}

static void on_destroyed(uv_work_t *work, int status)
{
    struct closing *closing = work->data;
    closing->closed(closing->arg);
    mem_free(closing);
}

void client_close(rd_kafka_t *handle, uv_loop_t *loop, void (*closed)(void *arg), void *arg)
{
    struct closing *closing = mem_alloc(sizeof(*closing));
    *closing = (struct closing){ .work = { .data = closing }, .handle = handle, .closed = closed, .arg = arg };
    uv_queue_work(loop, &closing->work, destroy_handle, on_destroyed);
}

const char *client_library_version(void)
{
    return rd_kafka_version_str();
}
