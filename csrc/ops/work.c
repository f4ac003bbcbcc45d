/* work.c: see work.h. */
#include "ops/work.h"
#include "base/team.h"

/* A member should have this much to do for each meeting, which costs about a microsecond. */
static const double LEAST_SHARE = 2e5;

int nnf_work_choose_threads(double multiply_adds)
{
    const int most = nnf_team_get_threads();
    const double worth = multiply_adds / LEAST_SHARE;
    return worth >= most ? most : worth < 1 ? 1 : (int)worth;
}
