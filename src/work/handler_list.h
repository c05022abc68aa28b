/* The one list of kinds of work: HANDLER(name, doc). No include guard: included for each use.
 *
 * A new kind is a line here, and its own files: work/NAME.c with `NAME_handler` (work/handler.h is its contract), and
 * work/NAME_config.h with `struct NAME_config` (a `bool present`, not first, among its members) and `NAME_schema`, which
 * work/handler_config.h includes. The configuration, its page and its check follow from this. */

HANDLER(simulate, "Pretend to work.")
HANDLER(noop, "Do nothing.")
