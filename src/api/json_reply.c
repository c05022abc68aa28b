#include "api/json_reply.h"

#include "base/buffer.h"

#include <stdlib.h>

void json_reply(struct http_request *request, int status, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    bool pretty = http_query(request, "pretty").data != NULL;
    size_t size = 0;
    char *body = yyjson_mut_val_write(root, pretty ? YYJSON_WRITE_PRETTY_TWO_SPACES : YYJSON_WRITE_NOFLAG, &size);
    yyjson_mut_doc_free(doc);
    if (body == NULL) {
        http_reply_error(request, 500, TEXT("the answer could not be written as JSON"));
        return;
    }
    struct buffer shown = { 0 };
    buffer_json(&shown, (struct text){ body, size });
    buffer_char(&shown, '\n');
    free(body);
    http_reply(request, &(struct http_reply){ .status = status, .body = buffer_as_text(&shown) });
    buffer_free(&shown);
}
