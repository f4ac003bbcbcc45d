/* exact.h: the error of one float64 result, by 113-bit arithmetic. */

/* In ULP; function is the row of cases.inc.h: first MATHEMATICS_LIST, then ACTIVATION_LIST. */
double exact_error(int function, double x, double y);
