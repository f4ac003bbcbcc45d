/* team_passes.h: through all layers and back by a whole team. By rows, each member carries rows of its own; by columns, it takes panels
 * of a layer for all rows. Members meet wherever one needs what another makes. */
#ifndef NNF_NETWORK_TEAM_PASSES_H
#define NNF_NETWORK_TEAM_PASSES_H

#include "base/team.h"
#include "network/passes.h"

/* What a member has of n_rows rows. */
nnf_part nnf_team_passes_get_part(const nnf_member *member, ptrdiff_t n_rows, bool by_columns);
/* Leaves the outputs of this member's rows complete. by_columns: one a layer, or NULL; a layer that takes the statistics of the batch goes
 * by columns whatever it says. */
void nnf_team_passes_forward(const nnf_passes *passes, nnf_member *member, const bool *by_columns, ptrdiff_t n_rows);
/* As nnf_passes_backward. With want_input the gradient of this member's input rows is complete. */
void nnf_team_passes_backward(const nnf_passes *passes, nnf_member *member, const bool *by_columns, ptrdiff_t n_rows, int lowest,
                              bool want_input);

#endif
