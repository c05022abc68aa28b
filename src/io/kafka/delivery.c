#include "io/kafka/producer_state.h"

/* What a report without success means, when the record surely is not stored. Listed is what the record itself brings about. Not listed:
 * E_UNAVAILABLE, which includes that the topic or the partition chosen for it is no longer there, for its client may come again. */
int delivery_code_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return E_TOO_LARGE;
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        return E_INVALID;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
        return E_CANCELED;
    default:
        return E_UNAVAILABLE;
    }
}

/* A broker that says it has a record of this sequence number already tells no offset, and librdkafka takes it for success. Most often
 * it is; but a broker that stood still in the middle of retries said so of records that it never stored (2.14; docs/chaos.md). */
static bool is_doubtful(const rd_kafka_message_t *message, bool acknowledged)
{
    return acknowledged && message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < 0;
}

/* The broker's own words would be rd_kafka_message_produce_errstr's, which lie in an answer that librdkafka (2.14) frees before the report
 * is read. */
static const char *reason_of(const rd_kafka_message_t *message, bool possibly)
{
    if (message->err == RD_KAFKA_RESP_ERR_INVALID_RECORD && message->key == NULL)
        return "Broker: Broker failed to validate record (it has no key, and a compacted topic takes none without one)";
    if (message->err != RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
        return client_reason(message->err);
    return possibly ? "no acknowledgement by its deadline (Local: Message timed out)"
                    : "it could not be sent by its deadline (Local: Message timed out)";
}

void delivery_read(struct delivery *delivery, const rd_kafka_message_t *message, bool acknowledged)
{
    delivery->key = (struct text){ message->key, message->key_len };
    delivery->value_bytes = message->len;
    delivery->partition = message->partition;
    delivery->offset = message->offset >= 0 ? message->offset : -1;
    if (is_doubtful(message, acknowledged)) {
        delivery->status = DELIVERY_POSSIBLY_PERSISTED;
        delivery->code = E_UNKNOWN;
        delivery->sentence = "the broker took it for a record that it has already, and told no offset";
        return;
    }
    rd_kafka_msg_status_t status = rd_kafka_message_status(message);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || status == RD_KAFKA_MSG_STATUS_PERSISTED) {
        delivery->status = DELIVERY_PERSISTED;
        delivery->code = 0;
        delivery->sentence = "";
        return;
    }
    bool possibly = status == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
    delivery->sentence = reason_of(message, possibly);
    delivery->status = possibly ? DELIVERY_POSSIBLY_PERSISTED : DELIVERY_NOT_PERSISTED;
    delivery->code = possibly ? E_UNKNOWN : delivery_code_of(message->err);
}

enum produce_failure delivery_failure(const struct delivery *delivery)
{
    if (delivery->status == DELIVERY_POSSIBLY_PERSISTED)
        return PRODUCE_POSSIBLY_PERSISTED;
    if (delivery->code == E_TOO_LARGE)
        return PRODUCE_TOO_LARGE;
    if (delivery->code == E_INVALID)
        return PRODUCE_OTHER;
    return PRODUCE_NOT_PERSISTED;
}
