/* router: from method and path to the target of a route.
 *
 *   path       "/submit", "/topics/{topic}/partitions/{partition}": segments that match exactly, and parameters
 *   parameter  "{name}": one whole segment, not empty; its value is a slice of the request's path, not decoded
 *   target     what the caller wants back; the router never looks at it
 *
 * Paths are compared byte by byte: no decoding, no folding of case, and "/submit/" is another path than "/submit".
 * Among several paths that fit, the most specific decides alone: an exact segment goes before a parameter, from
 * left to right. HEAD is served by GET's route unless it has its own,
 * or that one does more than answer. Matching costs O(path) for exact paths, and for
 * others O(path) for each path with parameters. Built at start, then only read. One thread. */
#pragma once

#include "base/error.h"
#include "core/http_method.h"

#include <stddef.h>

#define ROUTER_PARAMETERS_MAX 8

enum route_result {
    ROUTE_FOUND,
    ROUTE_NO_PATH,   /* 404 */
    ROUTE_NO_METHOD, /* 405 with `allow` */
};

struct route_parameter {
    struct text name;  /* the router's */
    struct text value; /* a slice of the path that was matched */
};

struct route_match {
    void *target;      /* ROUTE_FOUND, else NULL */
    struct text allow; /* "GET, HEAD, POST": what the path takes; set unless ROUTE_NO_PATH; the router's */
    struct route_parameter parameters[ROUTER_PARAMETERS_MAX];
    size_t parameter_count;
};

struct router;

struct router *router_new(void);
void router_free(struct router *router); /* NULL does no harm */

/* Adds a route written as "GET|POST /submit". Refuses, with a sentence, an unknown method, a bad path, and a route that
 * is there already; the router is then as before. `spec` is copied, `target` (not NULL) is borrowed. */
int router_add(struct router *router, const char *spec, void *target, struct error *err);

/* The same for a target that does more than answer: HEAD reaches it only where the spec names it (RFC 9110 section 9.2.1). */
int router_add_unsafe(struct router *router, const char *spec, void *target, struct error *err);

/* `path` is the request's path without its query. It must live as long as the values in `match` are used. */
enum route_result router_match(const struct router *router, enum http_method method, struct text path, struct route_match *match);

/* The value of a parameter, or TEXT_NONE. */
struct text route_match_parameter(const struct route_match *match, const char *name);
