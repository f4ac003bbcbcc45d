/* spares.c: see spares.h. A place holds a workspace or NULL and is emptied and filled by one atomic operation. */
#include "network/spares.h"
#include <stdatomic.h>
#include <stdlib.h>

/* As many threads as may predict at once without allocating. */
enum { N_PLACES = 8 };

/* Bytes: above it a prediction takes so long that allocating does not show, and memory is better given back. */
static const size_t MOST_KEPT = (size_t)2 << 20;

struct nnf_spares {
    _Atomic(nnf_workspace *) place[N_PLACES];
};

nnf_spares *nnf_spares_create(void) { return calloc(1, sizeof(nnf_spares)); }

static void discard(nnf_workspace *workspace)
{
    nnf_workspace_free(workspace);
    free(workspace);
}

void nnf_spares_free(nnf_spares *spares)
{
    for (int i = 0; spares && i < N_PLACES; i++) {
        nnf_workspace *workspace = atomic_load(&spares->place[i]);
        if (workspace)
            discard(workspace);
    }
    free(spares);
}

nnf_workspace *nnf_spares_take(nnf_spares *spares)
{
    for (int i = 0; i < N_PLACES; i++) {
        nnf_workspace *workspace = atomic_exchange(&spares->place[i], NULL);
        if (workspace)
            return workspace;
    }
    return calloc(1, sizeof(nnf_workspace));
}

void nnf_spares_give(nnf_spares *spares, nnf_workspace *workspace)
{
    for (int i = 0; i < N_PLACES && workspace->memory.size <= MOST_KEPT; i++) {
        nnf_workspace *none = NULL;
        if (atomic_compare_exchange_strong(&spares->place[i], &none, workspace))
            return;
    }
    discard(workspace);
}
