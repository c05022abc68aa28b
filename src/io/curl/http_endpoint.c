#include "io/curl/http_endpoint.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PLACE_SIZE 256
#define IDLE_MAX   4

/* What libcurl copies of a body and sends at once: a batch of 512 spans has 170 KB. With its usual 64 KiB that took 19 calls of the kernel
 * and 70 us, now 13 and 50 (docs/benchmarks.md). Only what a body fills of it is touched. */
#define UPLOAD_BUFFER_BYTES (256 * 1024L)

struct http_endpoint {
    CURL *prepared; /* copied for a call, where none is idle */
    CURL *idle[IDLE_MAX];
    size_t idle_count;
    struct curl_slist *headers;
    char place[PLACE_SIZE];
};

/* The part of a URL as a text that curl_free takes back; NULL: it has none. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool has(CURLU *url, CURLUPart part)
{
    char *text = part_of(url, part, 0);
    curl_free(text);
    return text != NULL;
}

static bool is_web(CURLU *url)
{
    char *scheme = part_of(url, CURLUPART_SCHEME, 0);
    bool web = scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    return web;
}

/* Loopback by its name or number: what is meant for this machine is no proxy's business. */
static bool is_here(CURLU *url)
{
    char *host = part_of(url, CURLUPART_HOST, 0);
    bool here = host != NULL && (strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0);
    curl_free(host);
    return here;
}

/* Returns the parsed URL, which the caller cleans up, or NULL with a sentence. */
static CURLU *parse(const char *text, struct error *err)
{
    CURLU *url = curl_url();
    CURLUcode rc = curl_url_set(url, CURLUPART_URL, text, 0);
    if (rc != CURLUE_OK)
        error_set(err, E_INVALID, "found no URL (%s); allowed: http://host:port/path or https://", curl_url_strerror(rc));
    else if (!is_web(url))
        error_set(err, E_INVALID, "found another scheme; allowed: http:// and https://");
    else if (has(url, CURLUPART_USER) || has(url, CURLUPART_PASSWORD))
        error_set(err, E_INVALID, "found a user in the URL; allowed: a header that says who we are");
    else
        return url;
    curl_url_cleanup(url);
    return NULL;
}

int http_endpoint_check(const char *url, struct error *err)
{
    CURLU *parsed = parse(url, err);
    curl_url_cleanup(parsed);
    return parsed == NULL ? E_INVALID : 0;
}

static void name_place(struct http_endpoint *endpoint, CURLU *url)
{
    CURLU *shown = curl_url_dup(url);
    curl_url_set(shown, CURLUPART_QUERY, NULL, 0);
    curl_url_set(shown, CURLUPART_FRAGMENT, NULL, 0);
    char *text = part_of(shown, CURLUPART_URL, 0);
    snprintf(endpoint->place, sizeof(endpoint->place), "%s", text);
    curl_free(text);
    curl_url_cleanup(shown);
}

static void add_headers(struct http_endpoint *endpoint, const struct http_endpoint_options *options)
{
    endpoint->headers = curl_slist_append(NULL, "Expect:"); /* none: it would cost a round trip */
    for (size_t i = 0; i < options->header_count; i++)
        endpoint->headers = curl_slist_append(endpoint->headers, options->headers[i]);
}

static void prepare(struct http_endpoint *endpoint, const struct http_endpoint_options *options, CURLU *url)
{
    CURL *easy = endpoint->prepared = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, options->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "millrace/" MILLRACE_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, endpoint->headers);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(options->timeout_us / 1000));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(options->timeout_us / 1000));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* or the loop would wait for a lookup that is given up */
    if (is_here(url))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (options->ca != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca);
    if (options->cert != NULL)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, options->cert);
    if (options->key != NULL)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, options->key);
}

struct http_endpoint *http_endpoint_new(const struct http_endpoint_options *options, struct error *err)
{
    CURLU *url = parse(options->url, err);
    if (url == NULL)
        return NULL;
    struct http_endpoint *endpoint = mem_zalloc(sizeof(*endpoint));
    name_place(endpoint, url);
    add_headers(endpoint, options);
    prepare(endpoint, options, url);
    curl_url_cleanup(url);
    return endpoint;
}

void http_endpoint_free(struct http_endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    for (size_t i = 0; i < endpoint->idle_count; i++)
        curl_easy_cleanup(endpoint->idle[i]);
    curl_easy_cleanup(endpoint->prepared);
    curl_slist_free_all(endpoint->headers);
    mem_free(endpoint);
}

const char *http_endpoint_place(const struct http_endpoint *endpoint)
{
    return endpoint->place;
}

CURL *http_endpoint_handle(struct http_endpoint *endpoint)
{
    return endpoint->idle_count > 0 ? endpoint->idle[--endpoint->idle_count] : curl_easy_duphandle(endpoint->prepared);
}

void http_endpoint_give_back(struct http_endpoint *endpoint, CURL *easy)
{
    if (endpoint->idle_count < IDLE_MAX)
        endpoint->idle[endpoint->idle_count++] = easy;
    else
        curl_easy_cleanup(easy);
}
