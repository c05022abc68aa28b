#include "io/kafka/committed.h"

/* One partition's error is everybody's: where to begin is decided for all. */
static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++)
        if (partitions->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return partitions->elems[i].err;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void ask(uv_work_t *work)
{
    struct committed *committed = work->data;
    committed->code = rd_kafka_committed(committed->handle, committed->partitions, committed->timeout_ms);
    if (committed->code == RD_KAFKA_RESP_ERR_NO_ERROR)
        committed->code = first_error(committed->partitions);
}

static void on_asked(uv_work_t *work, int status)
{
    struct committed *committed = work->data;
    (void)status; /* nobody cancels it */
    committed->done(committed);
}

void committed_ask(struct committed *committed, uv_loop_t *loop, rd_kafka_t *handle, rd_kafka_topic_partition_list_t *partitions,
                   int timeout_ms, void (*done)(struct committed *committed))
{
    *committed = (struct committed){ .handle = handle, .partitions = partitions, .timeout_ms = timeout_ms, .done = done };
    committed->work.data = committed;
    uv_queue_work(loop, &committed->work, ask, on_asked);
}
