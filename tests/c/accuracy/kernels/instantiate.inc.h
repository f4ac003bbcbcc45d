/* instantiate.inc.h (of the accuracy test): stands where an ISA file of csrc/kernels/isa expects
 * csrc/kernels/instantiate.inc.h, so that the mathematics is tested with that ISA's own verbs. Not a table of kernels comes
 * out but a program: see ../README.md. */
#include "kernels/vector_math.inc.h"

#include "kernels/pairs.inc.h"

#include "kernels/activations.inc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 1024 };
#include "cases.inc.h"

#include "ulp.inc.h"

#include "functions.inc.h"

#include "measure.inc.h"

static real one_value(const function_case *f, real x)
{
    real from[VL], to[VL];
    for (int i = 0; i < VL; i++)
        from[i] = x;
    f->array(from, to, VL);
    return to[0];
}

/* "all", the name of a function, or that of an activation: both ways. */
static int is_wanted(const function_case *f, const char *wanted)
{
    const size_t n = strlen(wanted);
    if (strcmp(wanted, "all") == 0)
        return 1;
    if (strncmp(f->name, wanted, n) != 0)
        return 0;
    return f->name[n] == '\0' || strcmp(f->name + n, "_forward") == 0 || strcmp(f->name + n, "_backward") == 0;
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "all";
    const long long amount = argc > 2 ? atoll(argv[2]) : REAL_BITS == 32 ? 1 : 2048;
    printf("%-37s %9s %23s %7s %7s %7s %6s %17s %6s   values at -inf 0 inf NaN\n", "function", "worst ULP", "at", "falls", "outside",
           "inexact", "modes", "bits", "ns");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const function_case *f = &cases[i];
        if (!is_wanted(f, wanted))
            continue;
        const report r = amount == 0 ? (report){0} : REAL_BITS == 32 ? measure_domain(f, amount) : measure_samples(f, amount);
        printf("%-37s %9.4f %23a %7lld %7lld %7d %6lld %17llx %6.3f   %.9g %.9g %.9g %.9g\n", f->name, r.worst_ulp, r.worst_input, r.falls,
               r.outside, count_inexact(f), r.mode_differences, (unsigned long long)r.digest, nanoseconds(f), one_value(f, -INFINITY),
               one_value(f, 0), one_value(f, INFINITY), one_value(f, NAN));
        fflush(stdout);
    }
    return 0;
}
