/* work.h: how many threads a piece of work is worth. */
#ifndef NNF_OPS_WORK_H
#define NNF_OPS_WORK_H

/* For multiply-adds between two meetings, and in a whole call. At least 1, at most nnf_team_get_threads(). */
int nnf_work_choose_team(double between_meetings, double in_all);
/* For a call without meetings. */
int nnf_work_choose_threads(double multiply_adds);

#endif
