/* predict.h: outputs for one row or many, in chunks shared by a team. Only reads the network. */
#ifndef NNF_NETWORK_PREDICT_H
#define NNF_NETWORK_PREDICT_H

#include "base/matrix.h"
#include "base/poll.h"
#include "network/passes.h"

/* Copies output rows begin .. end - 1 to rows first, first + 1, ... of out. */
void nnf_copy_output(const nnf_network *network, nnf_rows output, ptrdiff_t begin, ptrdiff_t end, const nnf_matrix *out, int64_t first);

/* STOPPED if poll wanted an end: out is then not complete. */
nnf_status nnf_predict(const nnf_network *network, const nnf_matrix *x, const nnf_matrix *out, nnf_poll poll, void *poll_argument);

#endif
