/* membership_fixture: a crew whose brokers refuse, and whether it is in doubt. */
#pragma once

#include "crew_fixture.h"

#include "io/kafka/consumer_parts.h"
#include "work/work_parts.h"

/* Request kinds of Kafka's protocol. */
enum {
    LIST_OFFSETS = 2,
    OFFSET_COMMIT = 8,
    OFFSET_FETCH = 9,
    FIND_COORDINATOR = 10,
    JOIN_GROUP = 11,
    HEARTBEAT = 12,
    SYNC_GROUP = 14,
    CONSUMER_GROUP_HEARTBEAT = 68
};

static inline void given_refusals(struct crew *crew, int16_t request, size_t count, rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_mock_push_request_errors(cluster_of(&crew->base), request, 1, code);
}

static inline bool is_asking(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return crew->works[0]->consumer->state == CONSUMER_ASKING;
}

static inline void then_all_is_done_once(struct crew *crew)
{
    when_ended(crew, (uint64_t)COUNT * PARTITIONS); /* and what was pushed is used up, which the reader of commits would meet too */
    assert_true(wait_until(&crew->base, are_committed, &(int64_t){ COUNT }, WORK_PATIENCE));
    read_evidence(crew);
    then_partitions_were_worked_in_order(crew);
    then_each_was_done_once(crew, PARTITIONS, COUNT);
}

static inline bool is_in_doubt(struct fixture *base, void *arg)
{
    struct crew *crew = (struct crew *)(void *)base;
    (void)arg;
    return crew->works[0]->consumer->in_doubt;
}
