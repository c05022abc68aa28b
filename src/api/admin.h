/* admin: who may run an action that changes something (`changes` in its row of the table), or look into the process (`tells`).
 *
 *   from    addresses that may, as ranges; by default this machine's own
 *   token   whoever sends it as `Authorization: Bearer TOKEN` may, from everywhere
 *   hosts   our own names, as the Host of a request has them; an address and localhost need not be listed
 *
 * A peer on a Unix socket counts as 127.0.0.1: the permissions of the file say who may open it.
 *
 * An address is no proof where somebody else speaks through it. So only the token counts for a request that a proxy has passed
 * on (Forwarded, X-Forwarded-For), and for one that a browser sends for a page of elsewhere: Sec-Fetch-Site says another site, the
 * Origin is not the Host, or the Host is a name not listed, which may have led elsewhere when the page was loaded. Everybody may look,
 * but for such a page: what answers to any name is read by any page. */
#pragma once

#include "config/config.h"
#include "io/http/request.h"

struct admin_config {
    struct config_list from;  /* of const char *: "127.0.0.1/32" */
    const char *token;        /* NULL: nobody has one */
    struct config_list hosts; /* of const char *: "millrace.example", without a port */
};

extern const struct config_schema admin_schema;

/* NULL when the request may change something; otherwise a sentence that says why not. The config passed its schema's check. */
const char *admin_refusal(const struct admin_config *config, const struct http_request *request);

/* The same for a look into the process. */
const char *admin_look_refusal(const struct admin_config *config, const struct http_request *request);
