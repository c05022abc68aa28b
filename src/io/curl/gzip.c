#include "io/curl/gzip.h"

#include <assert.h>
#include <zlib.h>

#define GZIP_FORM    16 /* added to the window's bits: gzip's header and trailer in place of zlib's (zlib.h) */
#define MEMORY_LEVEL 8  /* zlib's default */

void gzip_append(struct buffer *out, struct text text)
{
    z_stream stream = { 0 };
    int rc = deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + GZIP_FORM, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    assert(rc == Z_OK);
    size_t room = deflateBound(&stream, text.size);
    stream.next_in = (Bytef *)(uintptr_t)text.data;
    stream.avail_in = (uInt)text.size;
    stream.next_out = (Bytef *)buffer_reserve(out, room);
    stream.avail_out = (uInt)room;
    rc = deflate(&stream, Z_FINISH);
    assert(rc == Z_STREAM_END);
    buffer_grow(out, stream.total_out);
    deflateEnd(&stream);
}
