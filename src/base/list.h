/* list: an intrusive doubly linked list. The owner embeds a `struct list` in what it links and, as the
 * anchor, in itself; list_entry goes back from the link to what embeds it. Every operation is O(1).
 * One thread. A link belongs to one list at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

#define list_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Allows removal of the current link inside the loop. */
#define list_each(link, anchor) \
    for (struct list *link = (anchor)->next, *link##_next = link->next; link != (anchor); link = link##_next, link##_next = link->next)

static inline void list_init(struct list *anchor)
{
    anchor->next = anchor->prev = anchor;
}

static inline bool list_empty(const struct list *anchor)
{
    return anchor->next == anchor;
}

static inline void list_push(struct list *anchor, struct list *link) /* at the end */
{
    link->prev = anchor->prev;
    link->next = anchor;
    anchor->prev->next = link;
    anchor->prev = link;
}

static inline void list_push_front(struct list *anchor, struct list *link)
{
    list_push(anchor->next, link);
}

/* Leaves the link linked to itself, so that a second removal does no harm. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

static inline struct list *list_first(const struct list *anchor)
{
    return list_empty(anchor) ? NULL : anchor->next;
}

/* Takes the first link out, or returns NULL. */
static inline struct list *list_pop(struct list *anchor)
{
    struct list *link = list_first(anchor);
    if (link != NULL)
        list_remove(link);
    return link;
}
