/* work.h: how many threads a piece of work is worth. */
#ifndef NNF_OPS_WORK_H
#define NNF_OPS_WORK_H

/* multiply_adds: between two meetings of the team. At least 1, at most nnf_team_get_threads(). */
int nnf_work_choose_threads(double multiply_adds);

#endif
