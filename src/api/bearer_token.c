#include "api/bearer_token.h"

#include <string.h>

struct text bearer_token(const struct http_request *request)
{
    struct text value = http_request_header(request, "authorization");
    if (value.size < 7 || strncasecmp(value.data, "bearer ", 7) != 0)
        return TEXT_NONE;
    size_t skip = strlen("bearer ");
    while (skip < value.size && value.data[skip] == ' ') /* one blank or more: RFC 9110 section 11.4 */
        skip++;
    return (struct text){ value.data + skip, value.size - skip };
}
