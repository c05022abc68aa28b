#include "api/bearer_token.h"

struct text bearer_token(const struct http_request *request)
{
    struct text value = http_request_header(request, "authorization");
    if (value.size < 7 || strncasecmp(value.data, "bearer ", 7) != 0)
        return TEXT_NONE;
    return (struct text){ value.data + 7, value.size - 7 };
}
