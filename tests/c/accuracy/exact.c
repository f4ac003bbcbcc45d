/* exact.c: cases.inc.h once more, in 113-bit arithmetic and for one input at a time. Empty where REAL_BITS is 32. */

#include "exact.h"

#if REAL_BITS == 64
typedef double real;
enum { BLOCK = 1 };
#define EXACT
#include "cases.inc.h"

#include "ulp.inc.h"

double exact_error(int function, double x, double y)
{
    static void (*const references[])(const inputs *all, const real *result, wide *to) = {
#define NNF_ROW(name, ...) name##_reference,
        MATHEMATICS_LIST(NNF_ROW) ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
    };
    inputs all;
    wide exact;
    set_inputs(&all, &x);
    references[function](&all, &y, &exact);
    return error_in_ulp(y, exact);
}
#endif
