#include "io/http/deliver.h"

#include "base/hex.h"

static void give_id(struct exchange *exchange, struct random *random)
{
    if (exchange->request.id.data != NULL)
        return;
    uint64_t bits = random_next(random);
    hex_write(exchange->made_id, &bits, sizeof(bits));
    exchange->request.id = (struct text){ exchange->made_id, EXCHANGE_ID_SIZE };
}

void deliver_enlist(struct connection *connection, struct exchange *exchange)
{
    exchange->connection = connection;
    list_push(&connection->exchanges, &exchange->link);
    connection->exchange_count++;
    connection->unanswered++;
    connection->listener->requests++;
    give_id(exchange, &connection->listener->server->random);
}

bool deliver_accept(struct connection *connection)
{
    struct http_listener *listener = connection->listener;
    struct exchange *exchange = exchange_try_take(&listener->server->exchanges, &listener->budget);
    if (exchange == NULL)
        return false;
    struct message *message = parser_take(&connection->parser);
    exchange_begin(exchange, message);
    deliver_enlist(connection, exchange);
    if (connection->undelivered == NULL)
        connection->undelivered = &exchange->link;
    if (!message->keep_alive)
        connection_move(connection, CONNECTION_FINISHING);
    return true;
}

/* The one behind it, if that too waits for its handler; a refused request, the last of its connection, has its answer. */
static struct list *behind(const struct connection *connection, const struct list *link)
{
    if (link->next == &connection->exchanges || list_entry(link->next, struct exchange, link)->reply.data != NULL)
        return NULL;
    return link->next;
}

static struct exchange *next(struct connection *connection)
{
    struct list *link = connection->undelivered;
    connection->undelivered = behind(connection, link);
    return list_entry(link, struct exchange, link);
}

/* Unless the handler keeps the message, nobody reads it any more when it has returned. */
static void show(struct http_listener *listener, struct exchange *exchange)
{
    struct http_server *server = listener->server;
    server->shown = exchange->message;
    listener->handler(listener->arg, &exchange->request);
    struct message *message = server->shown;
    server->shown = NULL;
    if (message == NULL)
        return;
    if (message->exchange != NULL)
        message->exchange->message = NULL;
    message_give_back(&server->messages, message);
}

static bool keep_rest(struct connection *connection)
{
    struct text read = connection->listener->server->parsed;
    for (struct list *link = connection->undelivered; link != NULL; link = behind(connection, link))
        if (!exchange_keep(list_entry(link, struct exchange, link), read))
            return false;
    return true;
}

void deliver_all(struct connection *connection)
{
    struct http_listener *listener = connection->listener;
    while (connection->undelivered != NULL && connection->unsent_bytes < listener->limits.unsent_bytes)
        show(listener, next(connection));
    if (connection->undelivered == NULL || keep_rest(connection))
        return;
    while (connection->undelivered != NULL) /* no memory to keep them in: handling them is what ends them */
        show(listener, next(connection));
}

void deliver_none(struct connection *connection)
{
    struct http_server *server = connection->listener->server;
    while (connection->undelivered != NULL) {
        struct exchange *exchange = next(connection);
        list_remove(&exchange->link);
        connection->unanswered--;
        connection->listener->requests--;
        message_give_back(&server->messages, exchange->message);
        exchange_give_back(&server->exchanges, exchange);
    }
}
