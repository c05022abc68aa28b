/* /debug/profile: where the processor's time goes, as pprof reads it. A GET, since that is how pprof asks; but while it is taken
 * every thread is interrupted a hundred times a second, so not everybody may. */
#include "api/action.h"
#include "io/profiler/gperftools.h"

#include <inttypes.h>

/* As long as pprof asks for when nothing is said. */
enum { SECONDS_USUAL = 30, SECONDS_MAX = 60 };

static const struct argument arguments[] = {
    { .name = "seconds", .type = ARGUMENT_INT, .min = 1, .max = SECONDS_MAX, .doc = "How long it samples; 30 when absent." },
    { .name = NULL },
};

static bool is_wanted(void *request)
{
    return !http_request_left(request);
}

static void on_taken(void *request, struct text profile, const struct error *err)
{
    if (profile.data == NULL)
        http_reply_error(request, 503, text_of(err->message));
    else
        http_reply(request, &(struct http_reply){ .status = 200, .content_type = "application/octet-stream", .body = profile });
}

static void reply_busy(struct http_request *request, unsigned seconds)
{
    char sentence[96], retry_after[16];
    int size = snprintf(sentence, sizeof(sentence), "another profile is being taken, for %u s more; allowed: one at a time", seconds);
    int digits = snprintf(retry_after, sizeof(retry_after), "%u", seconds);
    struct http_header header = { "Retry-After", { retry_after, (size_t)digits } };
    struct buffer body = { 0 };
    buffer_string(&body, "{\"error\":");
    buffer_json_string(&body, (struct text){ sentence, (size_t)size });
    buffer_char(&body, '}');
    http_reply(request, &(struct http_reply){ .status = 409, .body = buffer_as_text(&body), .headers = &header, .header_count = 1 });
    buffer_free(&body);
}

static void take(struct profiler *profiler, struct http_request *request, unsigned seconds)
{
    struct profile_request profile = { .seconds = seconds, .wanted = is_wanted, .taken = on_taken, .arg = request };
    struct error err;
    if (profiler_take(profiler, &profile, &err) != 0)
        http_reply_error(request, 503, text_of(err.message));
}

static void run(struct route *route, struct http_request *request, const struct route_match *match)
{
    struct profiler *profiler = route->api->profiler;
    struct argument_value seconds;
    struct error err;
    unsigned seconds_left = profiler_seconds_left(profiler);
    if (!gperftools_is_there())
        http_reply_error(request, 501, TEXT("this program was built without gperftools' libprofiler (Meson's option -Dprofiler)"));
    else if (arguments_read(arguments, route->with, request, &seconds, &err) != 0)
        http_reply_error(request, 400, text_of(err.message));
    else if (seconds_left > 0)
        reply_busy(request, seconds_left);
    else
        take(profiler, request, seconds.given ? (unsigned)seconds.integer : SECONDS_USUAL);
}

const struct action action_node_profile = {
    .name = "node.profile",
    .doc = "Samples all threads for some seconds and answers with a processor profile that `pprof` reads. One at a time: 409. A client "
           "that leaves, or a shutdown, ends it early. 501 where Millrace was built without gperftools.",
    .arguments = arguments,
    .changes = true,
    .run = run,
};
