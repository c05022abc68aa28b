#include "trace/span_site.h"

#include "base/memory.h"
#include "trace/otlp.h"

#include <assert.h>

static struct span_value copied(struct span_value value)
{
    if (value.type == SPAN_TEXT)
        value.text.data = mem_strndup(value.text.data, value.text.size);
    return value;
}

struct span_site *span_site_new(const char *name, enum span_kind kind, const struct span_constant *constants, size_t constant_count,
                                const char *const *keys, size_t key_count)
{
    assert(key_count <= SPAN_VALUES_MAX);
    struct span_site *site = mem_zalloc(sizeof(*site));
    site->name = mem_strdup(name);
    site->kind = kind;
    site->constants = mem_alloc(constant_count * sizeof(*constants) + 1);
    for (size_t i = 0; i < constant_count; i++)
        site->constants[i] = (struct span_constant){ constants[i].key, copied(constants[i].value) };
    site->constant_count = constant_count;
    for (size_t i = 0; i < key_count; i++)
        site->keys[i] = text_of(keys[i]);
    site->key_count = key_count;
    otlp_site(site);
    return site;
}

void span_site_free(struct span_site *site)
{
    for (size_t i = 0; i < site->constant_count; i++)
        if (site->constants[i].value.type == SPAN_TEXT)
            mem_free((char *)site->constants[i].value.text.data);
    buffer_free(&site->encoded);
    mem_free(site->constants);
    mem_free((char *)site->name);
    mem_free(site);
}
