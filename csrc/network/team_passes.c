/* team_passes.c: see team_passes.h. */
#include "network/team_passes.h"
#include "network/normalizing.h"

nnf_part nnf_team_passes_get_part(const nnf_member *member, ptrdiff_t n_rows, bool by_columns)
{
    int64_t begin, end;
    nnf_team_share(member, n_rows, &begin, &end);
    if (by_columns)
        return (nnf_part){0, n_rows, member->index, member->size};
    return nnf_part_of_rows((ptrdiff_t)begin, (ptrdiff_t)end);
}

static bool goes_by_columns(const nnf_passes *passes, const bool *by_columns, int l)
{
    return (by_columns && by_columns[l]) || nnf_normalizing_takes_batch(passes, l);
}

void nnf_team_passes_forward(const nnf_passes *passes, nnf_member *member, const bool *by_columns, ptrdiff_t n_rows)
{
    bool is_split = false; /* what the last layer gave lies with the members by columns */
    for (int l = 0; l < passes->network->n_layers; l++)
        if (nnf_passes_has_layer(passes, l)) {
            const bool will_split = goes_by_columns(passes, by_columns, l);
            if (will_split || is_split)
                nnf_team_barrier(member);
            const nnf_part part = nnf_team_passes_get_part(member, n_rows, will_split);
            nnf_passes_layer_forward(passes, l, &part);
            is_split = will_split;
        }
    if (is_split)
        nnf_team_barrier(member);
}

/* Elements of the gradient of a dense layer's output are derived wherever they lie; a batch is summed up by columns alone, all
 * other layers go by rows. */
static bool must_turn(const nnf_passes *passes, int l, bool by_columns, bool is_split)
{
    return is_split ? !by_columns : nnf_normalizing_takes_batch(passes, l);
}

void nnf_team_passes_backward(const nnf_passes *passes, nnf_member *member, const bool *by_columns, ptrdiff_t n_rows, int lowest,
                              bool want_input)
{
    bool is_split = false;
    for (int l = passes->network->n_layers - 1; l >= lowest; l--) {
        const bool will_split = goes_by_columns(passes, by_columns, l);
        if (must_turn(passes, l, will_split, is_split)) {
            nnf_team_barrier(member);
            is_split = !is_split;
        }
        const nnf_part at_hand = nnf_team_passes_get_part(member, n_rows, is_split);
        nnf_passes_layer_derive(passes, l, &at_hand);
        if (l > lowest || want_input) {
            if (will_split && !nnf_normalizing_takes_batch(passes, l))
                nnf_team_barrier(member);
            const nnf_part part = nnf_team_passes_get_part(member, n_rows, will_split);
            nnf_passes_layer_descend(passes, l, &part);
            is_split = will_split;
        }
    }
    if (is_split && want_input)
        nnf_team_barrier(member);
}
