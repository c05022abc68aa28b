#include "io/http/status.h"

/* STATUS(code, text), the frequent ones first: looked up from the front. */
#define STATUS_LIST(STATUS)                        \
    STATUS(200, "OK")                              \
    STATUS(429, "Too Many Requests")               \
    STATUS(503, "Service Unavailable")             \
    STATUS(504, "Gateway Timeout")                 \
    STATUS(400, "Bad Request")                     \
    STATUS(404, "Not Found")                       \
    STATUS(405, "Method Not Allowed")              \
    STATUS(413, "Content Too Large")               \
    STATUS(201, "Created")                         \
    STATUS(202, "Accepted")                        \
    STATUS(204, "No Content")                      \
    STATUS(207, "Multi-Status")                    \
    STATUS(304, "Not Modified")                    \
    STATUS(401, "Unauthorized")                    \
    STATUS(403, "Forbidden")                       \
    STATUS(406, "Not Acceptable")                  \
    STATUS(408, "Request Timeout")                 \
    STATUS(409, "Conflict")                        \
    STATUS(410, "Gone")                            \
    STATUS(411, "Length Required")                 \
    STATUS(412, "Precondition Failed")             \
    STATUS(414, "URI Too Long")                    \
    STATUS(415, "Unsupported Media Type")          \
    STATUS(417, "Expectation Failed")              \
    STATUS(422, "Unprocessable Content")           \
    STATUS(428, "Precondition Required")           \
    STATUS(431, "Request Header Fields Too Large") \
    STATUS(500, "Internal Server Error")           \
    STATUS(501, "Not Implemented")                 \
    STATUS(502, "Bad Gateway")                     \
    STATUS(505, "HTTP Version Not Supported")

static const struct {
    int code;
    const char *name;
    const char *text;
    struct text line;
} entries[] = {
#define STATUS_ENTRY(code, text) \
    { code, #code, text, { "HTTP/1.1 " #code " " text "\r\n", sizeof("HTTP/1.1 " #code " " text "\r\n") - 1 } },
    STATUS_LIST(STATUS_ENTRY)
#undef STATUS_ENTRY
};

#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

_Static_assert(ENTRIES == HTTP_COUNTED_STATUSES - 1, "each has a slot, and the last slot is for the others");

unsigned status_slot(int status)
{
    unsigned slot = 0;
    while (slot < ENTRIES && entries[slot].code != status)
        slot++;
    return slot;
}

const char *status_slot_name(unsigned slot)
{
    return slot < ENTRIES ? entries[slot].name : "other";
}

struct text status_line(int status)
{
    unsigned slot = status_slot(status);
    return slot < ENTRIES ? entries[slot].line : TEXT_NONE;
}

const char *http_status_text(int status)
{
    unsigned slot = status_slot(status);
    return slot < ENTRIES ? entries[slot].text : "Unknown";
}
