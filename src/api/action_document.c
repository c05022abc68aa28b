#include "api/action_document.h"

#include "api/action.h"

#include <inttypes.h>

static void write_choices(const struct argument *argument, struct buffer *out)
{
    for (size_t i = 0; argument->choices[i] != NULL; i++)
        buffer_printf(out, "%s`%s`", i == 0 ? "" : ", ", argument->choices[i]);
}

static void write_argument(const struct argument *argument, struct buffer *out)
{
    buffer_printf(out, "| `%s` | ", argument->name);
    if (argument->type == ARGUMENT_BOOL)
        buffer_string(out, "`true`, `false`");
    else if (argument->type == ARGUMENT_CHOICE)
        write_choices(argument, out);
    else
        buffer_printf(out, "whole number from %" PRId64 " to %" PRId64, argument->min, argument->max);
    buffer_printf(out, " | %s |\n", argument->doc);
}

static void write_arguments(const struct action *action, struct buffer *out)
{
    if (action->arguments == NULL)
        return;
    buffer_string(out, "\n| argument | | |\n|---|---|---|\n");
    for (size_t i = 0; action->arguments[i].name != NULL; i++)
        write_argument(&action->arguments[i], out);
}

/* The first action whose templates may name the same: this one, or one before it. */
static const struct action *first_of_names(const struct action *action)
{
    size_t i = 0;
    while (action_at(i)->reply_names != action->reply_names)
        i++;
    return action_at(i);
}

static void write_names(const struct action *action, struct buffer *out)
{
    if (action->reply_names == NULL)
        return;
    const struct action *first = first_of_names(action);
    if (first != action) {
        buffer_printf(out, "\nTemplates may name the same as those of `%s`.\n", first->name);
        return;
    }
    buffer_string(out, "\nTemplates may name");
    for (size_t i = 0; action->reply_names[i] != NULL; i++)
        buffer_printf(out, "%s `$%s`", i == 0 ? "" : ",", action->reply_names[i]);
    buffer_string(out, ".\n");
}

static void write_action(const struct action *action, struct buffer *out)
{
    buffer_printf(out, "\n## %s\n\n%s", action->name, action->doc);
    if (action->role != NULL)
        buffer_printf(out, " Role: `%s`.", action->role);
    if (action->stream != NULL)
        buffer_printf(out, " Needs a stream with `%s`.", action->stream);
    if (action->changes)
        buffer_string(out, " Open to `admin.from` and the bearer of `admin.token` only.");
    if (action->tells)
        buffer_string(out, " Under our own names (`admin.hosts`) only.");
    buffer_char(out, '\n');
    write_arguments(action, out);
    write_names(action, out);
}

void action_document(struct buffer *out)
{
    buffer_string(out,
                  "# Actions\n\n"
                  "Made by `millrace docs actions` from the table in `src/api`. A route (`listen.<name>.routes`) is method and path, an "
                  "action, and a reply template for each outcome:\n\n"
                  "    - { on: \"POST /pause\", do: work.pause, stream: orders, reply: { status: paused, instance_id: $instance } }\n"
                  "    - { on: \"POST /slow\", do: work.set, stream: orders, with: { processing_time_ms: \"query:time_ms=2000\" },\n"
                  "        reply: { processing_time_ms: $processing_time_ms } }\n\n"
                  "Without `reply` an action answers as it is described here. What an action takes comes from the query or from a body "
                  "that is a JSON object; what the route's `with` names comes from there alone.\n");
    for (size_t i = 0; action_at(i) != NULL; i++)
        write_action(action_at(i), out);
}
