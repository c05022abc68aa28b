#include "core/http_method.h"

static const char *const names[METHOD_COUNT] = {
    [METHOD_GET] = "GET",       [METHOD_HEAD] = "HEAD",   [METHOD_POST] = "POST",       [METHOD_PUT] = "PUT",
    [METHOD_DELETE] = "DELETE", [METHOD_PATCH] = "PATCH", [METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "_OTHER",
};

const char *http_method_name(enum http_method method)
{
    return names[method];
}

enum http_method http_method_parse(struct text name)
{
    for (int i = 0; i < METHOD_OTHER; i++)
        if (text_is(name, names[i]))
            return (enum http_method)i;
    return METHOD_OTHER;
}
