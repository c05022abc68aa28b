/* version: what was built, for `millrace version`, the log's first lines and /debug/stats?section=build. */
#pragma once

const char *version_millrace(void);
const char *version_librdkafka(void); /* the library linked in, not the header's */
