/* penalty.h: what the sizes of parameters add to the loss, and to the gradient of a block. */
#ifndef NNF_NETWORK_PENALTY_H
#define NNF_NETWORK_PENALTY_H

#include "network/sums.h"

/* True if a parameter that is trained has one. */
bool nnf_network_has_penalty(const nnf_network *network);
/* Adds the slope of the block's penalty, times share, to its gradient, and writes the penalties of its columns, likewise, to their
 * place in sums. */
void nnf_penalty_take(const nnf_network *network, const nnf_task *task, double share, void *gradient, double *sums);
/* Updates the block with the gradient of row 0, which is never written, and its penalty's; sums likewise. */
void nnf_penalty_update_by_row(const nnf_passes *passes, const nnf_task *task, const nnf_rule *rule, double share, double *sums);
/* The penalty of all parameters, from the sums that taking all tasks left. */
double nnf_penalty_add_up(const nnf_network *network, const double *sums);
/* The same of the parameters as they are, to the bit. */
double nnf_penalty_measure(const nnf_network *network);

#endif
