/* fault: the ways in which a connection can end before a handler has a say; a table of status, metric label and sentence. */
#pragma once

#include "base/text.h"

/* FAULT(id, status, reason, sentence): status 0 closes without an answer. */
#define FAULT_LIST(FAULT)                                                                                                    \
    FAULT(REQUEST_LINE, 400, "request_line", "the request line is not valid")                                                \
    FAULT(TARGET, 400, "target", "the request target is not valid")                                                          \
    FAULT(HEADER, 400, "header", "a header line is not valid")                                                               \
    FAULT(HOST, 400, "host", "exactly one valid Host header is required")                                                    \
    FAULT(FRAMING, 400, "framing", "the body's length is ambiguous: one Content-Length or one Transfer-Encoding is allowed") \
    FAULT(CHUNK, 400, "chunk", "the chunked body is not valid")                                                              \
    FAULT(INCOMPLETE, 400, "incomplete", "the connection ended within the request")                                          \
    FAULT(SLOW_HEADER, 408, "slow_header", "the request's headers took too long")                                            \
    FAULT(SLOW_BODY, 408, "slow_body", "the request's body took too long")                                                   \
    FAULT(BODY_SIZE, 413, "body_size", "the request's body is too large")                                                    \
    FAULT(TARGET_SIZE, 414, "target_size", "the request target is too long")                                                 \
    FAULT(EXPECTATION, 417, "expectation", "the only expectation that can be met is 100-continue")                           \
    FAULT(HEADER_SIZE, 431, "header_size", "the request's headers are too many or too large")                                \
    FAULT(METHOD, 501, "method", "the request method is not known here")                                                     \
    FAULT(CODING, 501, "coding", "the only transfer coding that is known here is chunked")                                   \
    FAULT(OVERLOADED, 503, "overloaded", "the server holds as many requests as it can")                                      \
    FAULT(VERSION, 505, "version", "the only protocol versions that are known here are HTTP/1.1 and HTTP/1.0")               \
    FAULT(SLOW_READER, 0, "slow_reader", "the client did not take its answer in time")                                       \
    FAULT(EVICTED, 0, "evicted", "an idle connection made room for a new one")

enum fault {
    FAULT_NONE = -1,
#define FAULT_ID(id, ...) FAULT_##id,
    FAULT_LIST(FAULT_ID)
#undef FAULT_ID
        FAULT_COUNT
};

struct fault_entry {
    int status;
    const char *reason;
    const char *sentence;
    struct text body; /* {"error":"<sentence>"} */
};

const struct fault_entry *fault_entry(enum fault fault);
