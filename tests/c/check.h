/* check.h: all there is of a test framework: checks are counted, the first failures are printed, and main ends with
 * return check_finish(). */
#ifndef NNF_TESTS_CHECK_H
#define NNF_TESTS_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

enum { CHECK_MAX_PRINTED = 20 };

static char check_context[200]; /* printed with every failure */
static int check_n_failed;
static long check_n_done;

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)

static inline bool check_that(bool is_true, const char *condition, const char *file, int line)
{
    check_n_done++;
    if (!is_true && check_n_failed++ < CHECK_MAX_PRINTED)
        printf("%s:%d: failed: %s   %s\n", file, line, condition, check_context);
    return is_true;
}

__attribute__((format(printf, 1, 2), unused)) static void check_set_context(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check_context, sizeof check_context, format, arguments);
    va_end(arguments);
}

static inline int check_finish(void)
{
    printf("%ld checks, %d failed\n", check_n_done, check_n_failed);
    return check_n_failed != 0;
}

#endif
