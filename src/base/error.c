#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(char *message, size_t size, int wanted)
{
    if (wanted >= (int)size)
        memcpy(message + size - 4, "...", 4);
}

int error_set(struct error *err, int code, const char *format, ...)
{
    if (err == NULL)
        return code;

    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    mark_cut(err->message, sizeof(err->message), wanted);
    err->code = code;
    return code;
}

int error_wrap(struct error *err, const char *format, ...)
{
    if (err == NULL)
        return E_INTERNAL;

    char prefix[ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);

    char inner[ERROR_MESSAGE_SIZE];
    memcpy(inner, err->message, sizeof(inner));
    int wanted = snprintf(err->message, sizeof(err->message), "%s: %s", prefix, inner);
    mark_cut(err->message, sizeof(err->message), wanted);
    return err->code;
}

const char *error_name(int code)
{
    static const char *const names[] = { "none",    "invalid",   "too_large", "limited", "unavailable",
                                         "unknown", "not_found", "canceled",  "io",      "internal" };
    return code <= 0 && code >= E_INTERNAL ? names[-code] : "other";
}
