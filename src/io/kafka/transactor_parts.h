/* transactor_parts: what the files of the transactor share; nobody else includes it.
 *
 *   transactor.c         the loop's side: opens, hands a transaction over, hears of its end, closes
 *   transactor_thread.c  the thread's side: claims the id, runs a transaction from begin to commit or abort
 *   transactor_send.c    its records */
#pragma once

#include "base/loop.h"
#include "base/random.h"
#include "io/kafka/client.h"
#include "io/kafka/transactor.h"

#include <stdatomic.h>

/* One transaction: the loop's until it is handed over, the thread's until its end, then the loop's again. */
struct transaction {
    struct transaction_record *records;
    size_t count;
    rd_kafka_topic_partition_list_t *offsets;
    rd_kafka_consumer_group_metadata_t *membership;
    transaction_cb done;
    void *arg;
    enum transaction_end end;
    rd_kafka_resp_err_t code;
    char sentence[ERROR_MESSAGE_SIZE];
};

struct transactor {
    struct transactor_options options;
    char *label; /* "transactions of payments", in the log */
    uv_thread_t thread;
    struct transaction *transaction; /* under way; the thread's from when it was handed over until it has ended; NULL: none */
    struct wakeup wakeup;            /* by the thread */
    atomic_bool ended;               /* the transaction */
    atomic_bool ready;               /* the id is ours */
    atomic_bool gone;                /* the thread does nothing more */
    struct gate gate;
    void (*closed)(void *arg);
    void *closed_arg;

    uv_mutex_t mutex; /* for the two below */
    uv_cond_t news;
    struct transaction *handed_over; /* not taken by the thread yet */
    bool stopping;

    /* the thread's alone, once it runs */
    rd_kafka_t *handle; /* NULL: to be made anew */
    unsigned failures;  /* handles in a row that came to nothing */
    uint64_t anew_us;   /* when the next one may be made */
    struct client_way_back way_back;
    struct random random;
};

/* Makes the handle; needs no broker. */
int transactor_handle_open(struct transactor *transactor, struct error *err);

/* The thread. */
void transactor_thread(void *transactor);
bool transactor_is_stopping(struct transactor *transactor);
/* While a call is not answered: the brokers are looked for. */
void transactor_find_back(struct transactor *transactor, bool wrong);
/* How long a call may take, in ms, of the time until then and of `most_us`. */
int transactor_share_ms(uint64_t until_us, uint64_t most_us);

/* Why a step failed, and what librdkafka wants to be done about it. Code 0: it did not. */
struct trouble {
    rd_kafka_resp_err_t code;
    bool again; /* the same call, which goes on with it */
    bool abort;
    bool fatal; /* the handle is of no more use */
    char sentence[ERROR_MESSAGE_SIZE];
};

/* Takes the error, which may be NULL. */
struct trouble transactor_trouble_of(rd_kafka_error_t *error);

/* --- transactor_send.c --- */
struct trouble transactor_send(struct transactor *transactor, const struct transaction *transaction, uint64_t until_us);
/* Trouble unless the first `count` records are known to be stored. */
struct trouble transactor_await_reports(struct transactor *transactor, const struct transaction *transaction, size_t count,
                                        uint64_t until_us);
