#include "io/http/fault.h"

#define BODY(sentence) "{\"error\":\"" sentence "\"}"

static const struct fault_entry entries[FAULT_COUNT] = {
#define FAULT_ENTRY(id, status, reason, sentence) \
    [FAULT_##id] = { status, reason, sentence, { BODY(sentence), sizeof(BODY(sentence)) - 1 } },
    FAULT_LIST(FAULT_ENTRY)
#undef FAULT_ENTRY
};

const struct fault_entry *fault_entry(enum fault fault)
{
    return &entries[fault];
}
