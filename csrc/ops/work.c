/* work.c: see work.h. */
#include "ops/work.h"
#include "base/float_state.h"
#include "base/team.h"

/* Multiply-adds that a member should have to do for each meeting, which costs less than a microsecond between cores that
 * are near, and for being called, which costs some ten. */
static const double LEAST_SHARE = 5e4, LEAST_CALL = 1e6;

static double least(double a, double b) { return a < b ? a : b; }

int nnf_work_choose_team(double between_meetings, double in_all)
{
    const int most = nnf_team_get_threads();
    const nnf_float_state caller = nnf_float_state_enter(); /* whose rounding and flags are not ours */
    const double worth = least(between_meetings / LEAST_SHARE, in_all / LEAST_CALL);
    const int n_threads = worth >= most ? most : worth < 1 ? 1 : (int)worth;
    nnf_float_state_set(caller);
    return n_threads;
}

int nnf_work_choose_threads(double multiply_adds) { return nnf_work_choose_team(multiply_adds, multiply_adds); }
