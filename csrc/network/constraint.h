/* constraint.h: what parameters are brought back to after each batch. */
#ifndef NNF_NETWORK_CONSTRAINT_H
#define NNF_NETWORK_CONSTRAINT_H

#include "network/sums.h"

/* True if a parameter that is trained has a constraint; one on norms. */
bool nnf_network_has_constraint(const nnf_network *network);
bool nnf_network_constrains_norms(const nnf_network *network);
/* Brings elements of the block back; of one whose norms are constrained the squares go to their place in squares. */
void nnf_constraint_take(const nnf_network *network, const nnf_task *task, double *squares);
/* Once the squares of all blocks are there: brings the norms back. */
void nnf_constraint_take_norms(const nnf_network *network, const nnf_task *task, const double *squares);

#endif
