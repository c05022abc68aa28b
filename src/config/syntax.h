/* syntax: what stopped the YAML parser, in a sentence. Inside of config/ only. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

#include <yaml.h>

/* `parser` has just failed on `yaml`. The line where it did goes to `line`, from 0. `first_line` is the number of the text's
 * first line, for other lines in the sentence; 0: lines mean nothing to the reader. */
const char *config_syntax_sentence(struct arena *arena, const yaml_parser_t *parser, struct text yaml, unsigned first_line, size_t *line);
