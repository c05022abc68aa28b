/* span_site: what all spans of one sort have in common, and what the tail rule knows of them. Inside of trace/ only. */
#pragma once

#include "base/buffer.h"
#include "base/list.h"
#include "trace/otlp_attribute.h"
#include "trace/slowest.h"
#include "trace/span.h"

struct span_site {
    struct list link;
    const char *name;
    enum span_kind kind;
    struct span_constant *constants;
    size_t constant_count;
    struct text keys[SPAN_VALUES_MAX];
    size_t key_count;
    struct otlp_keys encoded_keys;
    struct buffer encoded;  /* what its spans share (otlp_site) */
    struct slowest slowest; /* of its local roots */
};

struct span_site *span_site_new(const char *name, enum span_kind kind, const struct span_constant *constants, size_t constant_count,
                                const char *const *keys, size_t key_count);
void span_site_free(struct span_site *site);
