#include "trace/sampler.h"

#include <math.h>

void sampler_init(struct sampler *sampler, enum trace_sampler kind, double ratio)
{
    bool all = ratio >= 1; /* 2^64 does not fit */
    *sampler = (struct sampler){ .kind = kind, .samples_all = all, .bound = all ? 0 : (uint64_t)ldexp(ratio, 64) };
}

static uint64_t last_bytes(const uint8_t trace_id[16])
{
    uint64_t value = 0;
    for (size_t i = 8; i < 16; i++)
        value = value << 8 | trace_id[i];
    return value;
}

static bool ratio_decides(const struct sampler *sampler, const uint8_t trace_id[16])
{
    return sampler->samples_all || last_bytes(trace_id) < sampler->bound;
}

bool sampler_decides(const struct sampler *sampler, const uint8_t trace_id[16], const struct trace_context *parent)
{
    if (sampler->kind >= SAMPLER_PARENT_ALWAYS_ON && parent != NULL)
        return trace_is_sampled(parent);
    if (sampler->kind == SAMPLER_RATIO || sampler->kind == SAMPLER_PARENT_RATIO)
        return ratio_decides(sampler, trace_id);
    return sampler->kind == SAMPLER_ALWAYS_ON || sampler->kind == SAMPLER_PARENT_ALWAYS_ON;
}
