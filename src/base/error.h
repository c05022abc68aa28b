/* error: a code for the program, a sentence for the person.
 *
 * A function that can fail returns 0 or one of these negative codes and takes a `struct error *` last.
 * The sentence says what was found, where, and what is allowed; each layer on the way up may put what it
 * knows in front of it (error_wrap). `struct error *` may be NULL where the caller needs only the code. */
#pragma once

enum error_code {
    E_INVALID = -1,     /* the input is wrong, and stays wrong when sent again */
    E_TOO_LARGE = -2,   /* the input passes a limit */
    E_LIMITED = -3,     /* over the rate; later it would be taken */
    E_UNAVAILABLE = -4, /* something we need is away; nothing was done */
    E_UNKNOWN = -5,     /* it cannot be known whether it was done */
    E_NOT_FOUND = -6,
    E_CANCELED = -7, /* the caller or a shutdown ended it first */
    E_IO = -8,       /* the operating system refused */
    E_INTERNAL = -9, /* a fault of ours */
};

/* "unavailable": the code in a word, for programs; "other" for what is none. */
const char *error_name(int code);

#define ERROR_MESSAGE_SIZE 320

struct error {
    int code;
    char message[ERROR_MESSAGE_SIZE]; /* cut with "..." when it does not fit */
};

/* Sets code and sentence; returns `code`, so that a failing function can end with `return error_set(...)`. */
int error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<formatted>: " in front of the sentence; returns the code. Without an error there is none to read, and the
 * answer is E_INTERNAL: where `err` may be NULL, return the code that you have. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
