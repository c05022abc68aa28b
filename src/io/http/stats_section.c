#include "io/http/stats_section.h"

#include "io/http/listener.h"

static yyjson_mut_val *faults(const struct http_listener *listener, yyjson_mut_doc *doc)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    for (int fault = 0; fault < FAULT_COUNT; fault++)
        if (listener->faults[fault] != NULL)
            yyjson_mut_obj_add_uint(doc, object, fault_entry((enum fault)fault)->reason, (uint64_t)metric_value(listener->faults[fault]));
    return object;
}

static unsigned length(const struct list *list)
{
    unsigned count = 0;
    list_each(link, list)
        count++;
    return count;
}

static const char *state_of(const struct http_listener *listener)
{
    if (listener->fd < 0)
        return "stopped";
    if (listener->accepting)
        return "accepting";
    return listener->connection_count >= listener->limits.connections ? "full" : "resting";
}

static yyjson_mut_val *describe(const struct http_listener *listener, yyjson_mut_doc *doc)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, object, "listener", listener->name);
    yyjson_mut_obj_add_str(doc, object, "address", listener->address_text);
    yyjson_mut_obj_add_str(doc, object, "state", state_of(listener));
    yyjson_mut_obj_add_uint(doc, object, "connections", listener->connection_count);
    yyjson_mut_obj_add_uint(doc, object, "connections_max", (uint64_t)listener->limits.connections);
    yyjson_mut_obj_add_uint(doc, object, "accepted", (uint64_t)metric_value(listener->connections_accepted));
    yyjson_mut_obj_add_uint(doc, object, "requests_open", listener->requests);
    yyjson_mut_obj_add_bool(doc, object, "bodies_held", listener->holding);
    yyjson_mut_obj_add_uint(doc, object, "connections_held", length(&listener->held));
    yyjson_mut_obj_add_uint(doc, object, "memory_bytes", listener->budget.used_bytes);
    yyjson_mut_obj_add_uint(doc, object, "client_gone", (uint64_t)metric_value(listener->client_gone));
    yyjson_mut_obj_add_uint(doc, object, "accept_failures", (uint64_t)metric_value(listener->accept_failures));
    yyjson_mut_obj_add_val(doc, object, "faults", faults(listener, doc));
    return object;
}

static yyjson_mut_val *fill(void *arg, yyjson_mut_doc *doc)
{
    struct http_server *server = arg;
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    list_each(link, &server->listeners)
        yyjson_mut_arr_append(array, describe(list_entry(link, struct http_listener, link), doc));
    return array;
}

void stats_section_add(struct http_server *server, struct stats *stats)
{
    server->section = (struct stats_section){
        .name = "http",
        .summary = "Listeners with their connections, requests under way, memory and faults.",
        .fill = fill,
        .arg = server,
    };
    stats_add(stats, &server->section);
}
