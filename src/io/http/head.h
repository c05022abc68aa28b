/* head: what must hold of a request's head beyond its syntax (RFC 9112 sections 3.2, 6, 7). */
#pragma once

#include "io/http/parser.h"

/* A header is complete: takes the blanks off its end, and notes those that decide over the request. */
void head_note_header(struct parser *parser, struct message_header *header);

/* The head is complete: fills the request's path and query, or says what is wrong. */
enum fault head_check(struct parser *parser);

/* llhttp's number of a method; METHOD_OTHER for those that no route can name. */
enum http_method head_method(uint8_t method);
