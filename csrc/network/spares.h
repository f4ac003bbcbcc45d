/* spares.h: workspaces that wait for the next prediction, so that one of few rows allocates nothing. */
#ifndef NNF_NETWORK_SPARES_H
#define NNF_NETWORK_SPARES_H

#include "network/workspace.h"

/* Of one network. Any threads may take and give at once: what is taken is the taker's alone. */
typedef struct nnf_spares nnf_spares;

/* NULL if memory is short. */
nnf_spares *nnf_spares_create(void);
/* May be NULL; nobody may be using it. */
void nnf_spares_free(nnf_spares *spares);

/* A workspace, without room if none was waiting; NULL if memory is short. */
nnf_workspace *nnf_spares_take(nnf_spares *spares);
/* Keeps the workspace for the next taker, unless it is large or too many wait already. */
void nnf_spares_give(nnf_spares *spares, nnf_workspace *workspace);

#endif
