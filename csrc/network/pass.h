/* pass.h: one forward and one backward at a time, with the gradients kept: for what whole epochs do not do. */
#ifndef NNF_NETWORK_PASS_H
#define NNF_NETWORK_PASS_H

#include "network/step.h"

typedef struct nnf_pass {
    nnf_network *network;
    nnf_workspace workspace;
    nnf_arena gradients; /* laid out like the parameters */
    nnf_pass_mode mode;  /* of the last forward */
    ptrdiff_t n_rows;    /* of the last forward; 0 before the first */
} nnf_pass;

bool nnf_pass_allocate(nnf_network *network, nnf_pass *pass);
void nnf_pass_release(nnf_pass *pass);
bool nnf_pass_run_forward(nnf_pass *pass, const nnf_matrix *x, const nnf_matrix *out, nnf_pass_mode mode);
/* See nnf_passes_find_not_finite. */
int nnf_pass_search(const nnf_pass *pass);
void nnf_pass_run_backward(nnf_pass *pass, const nnf_matrix *grad_output, const nnf_matrix *grad_input);
/* Leaves the gradients as they are. */
void nnf_pass_run_update(nnf_pass *pass, nnf_step *step, double penalty_share);

#endif
