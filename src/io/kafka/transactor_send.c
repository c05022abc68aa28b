/* The records of a transaction: sent, in batches that their topics take, and what became of them. */
#include "base/clock.h"
#include "io/kafka/producer_state.h"
#include "io/kafka/transactor_parts.h"

#include <stdio.h>

#define REPORTS_US UINT64_C(100000) /* of waiting, and then a look whether a record is refused */

/* --- what became of them --- */

/* One that waits for its report is still E_CANCELED (send_record). */
static bool is_refused(const struct transaction_record *record)
{
    return record->delivery.status != DELIVERY_PERSISTED && record->delivery.code != E_CANCELED;
}

static bool is_unknown(const struct transaction_record *record)
{
    return record->delivery.status != DELIVERY_PERSISTED;
}

static const struct transaction_record *first(const struct transaction *transaction, size_t count,
                                              bool (*matches)(const struct transaction_record *record))
{
    for (size_t i = 0; i < count; i++)
        if (matches(&transaction->records[i]))
            return &transaction->records[i];
    return NULL;
}

/* librdkafka would commit also where a record was taken for one that the broker has already: it may be in no log (delivery.c). */
static struct trouble check(const struct transaction *transaction, size_t count)
{
    const struct transaction_record *bad = first(transaction, count, is_refused);
    if (bad == NULL)
        bad = first(transaction, count, is_unknown);
    if (bad == NULL)
        return (struct trouble){ 0 };
    struct trouble trouble = { .code = RD_KAFKA_RESP_ERR__FAIL, .abort = true };
    snprintf(trouble.sentence, sizeof(trouble.sentence), "a record for %s: %s", bad->topic, bad->delivery.sentence);
    return trouble;
}

/* librdkafka sends no more of a transaction that it wants aborted, and no more reports come; whatever is asked of it then, it says so. To
 * begin a transaction within one is refused, and changes nothing. */
static struct trouble ask_whether_to_abort(struct transactor *transactor)
{
    struct trouble trouble = transactor_trouble_of(rd_kafka_begin_transaction(transactor->handle));
    return trouble.abort || trouble.fatal ? trouble : (struct trouble){ 0 };
}

struct trouble transactor_await_reports(struct transactor *transactor, const struct transaction *transaction, size_t count,
                                        uint64_t until_us)
{
    struct trouble trouble = { 0 };
    while (rd_kafka_flush(transactor->handle, transactor_share_ms(until_us, REPORTS_US)) != 0) {
        trouble = ask_whether_to_abort(transactor);
        if (trouble.code != 0 || clock_us() >= until_us || transactor_is_stopping(transactor))
            break;
        transactor_find_back(transactor, true);
    }
    struct trouble found = check(transaction, count);
    return trouble.code != 0 && (trouble.fatal || first(transaction, count, is_refused) == NULL) ? trouble : found;
}

/* --- sending --- */

static struct trouble refusal(struct transaction_record *record, rd_kafka_resp_err_t code)
{
    struct trouble trouble = { .code = code, .abort = true };
    record->delivery.code = delivery_code_of(code);
    record->delivery.sentence = client_reason(code);
    snprintf(trouble.sentence, sizeof(trouble.sentence), "a record for %s: %s", record->topic, client_reason(code));
    return trouble;
}

static struct trouble send_record(struct transactor *transactor, struct transaction_record *out)
{
    const struct producer_record *record = &out->record;
    rd_kafka_headers_t *headers = producer_headers(record);
    out->delivery = (struct delivery){
        .status = DELIVERY_NOT_PERSISTED,
        .code = E_CANCELED,
        .sentence = "it was not acknowledged",
        .partition = -1,
        .offset = -1,
    };
    rd_kafka_resp_err_t code = rd_kafka_producev(
        transactor->handle, RD_KAFKA_V_TOPIC(out->topic), RD_KAFKA_V_PARTITION(record->partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.data, record->value.size), RD_KAFKA_V_KEY(record->key.data, record->key.size),
        RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(out), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return (struct trouble){ 0 };
    if (headers != NULL)
        rd_kafka_headers_destroy(headers); /* librdkafka takes them only with the record */
    return refusal(out, code);
}

/* What it takes in a batch at most, beyond its bytes: lengths, and their names' (the record format's varints). */
#define RECORD_FRAME_BYTES 40
#define HEADER_FRAME_BYTES 10
#define BATCH_FRAME_BYTES  100

static size_t size_in_a_batch(const struct producer_record *record)
{
    size_t size = RECORD_FRAME_BYTES + record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++)
        size += HEADER_FRAME_BYTES + record->headers[i].name.size + record->headers[i].value.size;
    return size;
}

/* librdkafka makes batches up to a size that is the same for all topics, and a broker refuses a whole batch that is more than its topic
 * takes. So what was sent is stored before a record comes that could make one too large. One that is too large alone is refused anyway. */
static bool must_wait(const struct transactor *transactor, const struct transaction_record *record, size_t *sent)
{
    size_t size = size_in_a_batch(&record->record);
    bool narrow = record->batch_max > 0 && record->batch_max < (uint64_t)transactor->options.config->batch_bytes;
    if (narrow && size + BATCH_FRAME_BYTES > record->batch_max)
        return false;
    bool waits = narrow && *sent + size + BATCH_FRAME_BYTES > record->batch_max;
    *sent = waits ? size : *sent + size;
    return waits;
}

struct trouble transactor_send(struct transactor *transactor, const struct transaction *transaction, uint64_t until_us)
{
    struct trouble trouble = { 0 };
    size_t sent = 0;
    for (size_t i = 0; i < transaction->count && trouble.code == 0; i++) {
        if (must_wait(transactor, &transaction->records[i], &sent))
            trouble = transactor_await_reports(transactor, transaction, i, until_us);
        if (trouble.code == 0)
            trouble = send_record(transactor, &transaction->records[i]);
    }
    return trouble;
}
