/* action_document: docs/actions.md, from the table of actions. */
#pragma once

#include "base/buffer.h"

void action_document(struct buffer *out);
