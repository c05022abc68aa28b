#include "core/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define OPENMETRICS "application/openmetrics-text"
/* As Prometheus 2.42 asks. */
#define PROMETHEUS OPENMETRICS ";version=1.0.0," OPENMETRICS ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

static void a_type_has_the_weight_that_the_header_gives_it(void **state)
{
    static const struct {
        const char *header, *type, *version;
        double weight;
    } cases[] = {
        { PROMETHEUS, OPENMETRICS, "1.0.0", 1 },
        { PROMETHEUS, OPENMETRICS, "0.0.1", 0.75 },
        { PROMETHEUS, OPENMETRICS, "2.0.0", 0 },
        { PROMETHEUS, "text/plain", "0.0.4", 0.5 },
        { PROMETHEUS, "application/json", "1", 0 },
        { "*/*", "text/plain", "0.0.4", 0 },
        { OPENMETRICS, OPENMETRICS, "1.0.0", 1 },
        { "text/html , " OPENMETRICS " ; q=0.3 ; Version = 1.0.0 ,", OPENMETRICS, "1.0.0", 0.3 },
        { "APPLICATION/OpenMetrics-Text;Q=0.125", OPENMETRICS, "1.0.0", 0.125 },
        { OPENMETRICS ";q=0", OPENMETRICS, "1.0.0", 0 },
        { OPENMETRICS ";q=", OPENMETRICS, "1.0.0", 0 },
        { OPENMETRICS ";q=2", OPENMETRICS, "1.0.0", 0 },
        { OPENMETRICS ";q=nan", OPENMETRICS, "1.0.0", 0 },
        { OPENMETRICS ";q=0.000000000001", OPENMETRICS, "1.0.0", 0 },
        { OPENMETRICS ";;;=;,,;,", OPENMETRICS, "1.0.0", 1 },
        { OPENMETRICS "x", OPENMETRICS, "1.0.0", 0 },
        { "", OPENMETRICS, "1.0.0", 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_true(accept_weight(text_of(cases[i].header), cases[i].type, cases[i].version) == cases[i].weight);
    assert_true(accept_weight(TEXT_NONE, OPENMETRICS, "1.0.0") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_type_has_the_weight_that_the_header_gives_it) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
