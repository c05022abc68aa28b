/* client: what every librdkafka handle of the process shares: where it connects, how its properties are set, where its
 * log lines go, and how it ends.
 *
 * A handle is made in three steps: client_conf (our defaults, then `kafka.properties`), client_set / client_set_all for what the
 * module decides, client_open. Later settings win. Thread: the loop's, unless said otherwise. */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "io/kafka/client_target.h"

#include <librdkafka/rdkafka.h>
#include <uv.h>

/* A list for messages and for bootstrap.servers. */
const char *client_brokers(const struct client_target *target);

/* Properties for a handle of ours: bootstrap, client id, security, reconnects, the log callback, then
 * `kafka.properties`. `name` tells the handle in the log ("producer durable"); it is borrowed for the handle's life, as its opaque.
 * The caller gives the result to client_open or rd_kafka_conf_destroy. NULL with a sentence that names the property, its value and
 * what is allowed. */
rd_kafka_conf_t *client_conf(const struct client_target *target, const char *name, struct error *err);

/* Sets one property; returns 0 or E_INVALID. `format` as in printf makes the value. */
int client_set(rd_kafka_conf_t *conf, struct error *err, const char *name, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Sets each config_pair of a `properties` map. */
int client_set_all(rd_kafka_conf_t *conf, const struct config_list *properties, struct error *err);

/* Makes the handle. Takes `conf`, also on failure. NULL with a sentence. */
rd_kafka_t *client_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err);

/* Makes a handle and ends it at once: what librdkafka says of properties that do not go together. Takes `conf`, which is for a target
 * that is nowhere: so nobody is connected, and the end is waited for without harm. Returns 0, or E_INVALID with client_open's sentence. */
int client_try(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err);

/* Logs an RD_KAFKA_EVENT_ERROR of a handle in our words. Returns true if the error is fatal: the handle is of no more use and
 * must be rebuilt. Does not destroy the event. */
bool client_on_error(rd_kafka_t *handle, rd_kafka_event_t *event);

/* True while some broker is connected; else a connection is tried, in the background. Does not wait. */
bool client_is_connected(rd_kafka_t *handle);

/* The way back to brokers that the handle has forgotten. A cluster whose brokers are all fenced (the only one stood still for longer
 * than its session, as on a laptop that slept) answers for a moment with a list of none; librdkafka (2.10 to 2.14) then drops every
 * address, the configured ones too, and asks nobody ever again. Zeroed before its first use. */
struct client_way_back {
    uint64_t due_us;  /* when the brokers are named again; 0: all is well */
    uint64_t wait_us; /* until the time after that */
};

/* Names the configured brokers to the handle again, after a while in which something was wrong and nobody was connected, and then ever
 * more rarely: each time stays in librdkafka's memory. Call it every second or so, `wrong` or not. */
void client_find_back(struct client_way_back *way, rd_kafka_t *handle, const struct client_target *target, bool wrong, uint64_t now_us);

/* "Broker: Unknown topic or partition" for a sentence of ours. */
const char *client_reason(rd_kafka_resp_err_t code);

/* Ends a handle on a worker thread, because rd_kafka_destroy waits for its threads; then calls back on the loop, once, later.
 * Give back every queue, message, topic and partition list of the handle before: it waits for them, for ever. */
void client_close(rd_kafka_t *handle, uv_loop_t *loop, void (*closed)(void *arg), void *arg);
