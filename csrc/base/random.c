/* random.c: shuffles and uniform numbers from groups of random_block.h. */
#include "base/random.h"
#include "base/random_block.h"

void nnf_random_get_group(nnf_random_stream stream, uint64_t group, uint32_t out[NNF_RANDOM_GROUP])
{
    nnf_random_group_inline(stream, group, out);
}

/* The numbers of a stream one after another. */
typedef struct sequence {
    nnf_random_stream stream;
    uint64_t n_taken;
    uint32_t group[NNF_RANDOM_GROUP];
} sequence;

static inline uint32_t take(sequence *numbers)
{
    const uint64_t i = numbers->n_taken++;
    if (i % NNF_RANDOM_GROUP == 0)
        nnf_random_get_group(numbers->stream, i / NNF_RANDOM_GROUP, numbers->group);
    return numbers->group[i % NNF_RANDOM_GROUP];
}

/* Uniform in [0, n), exactly: the high half of a product, drawn again where its low half is among the 2^32 mod n
 * that would favour some values. Lemire, "Fast random integer generation in an interval", 2019. */
static inline uint32_t take_below(sequence *numbers, uint32_t n)
{
    uint64_t product = (uint64_t)take(numbers) * n;
    if ((uint32_t)product < n) {
        const uint32_t n_unfair = -n % n;
        while ((uint32_t)product < n_unfair)
            product = (uint64_t)take(numbers) * n;
    }
    return (uint32_t)(product >> 32);
}

void nnf_random_shuffle(nnf_random_stream stream, uint32_t n, uint32_t *order)
{
    sequence numbers = {.stream = stream};
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = take_below(&numbers, i);
        const uint32_t last = order[i - 1];
        order[i - 1] = order[j];
        order[j] = last;
    }
}

void nnf_random_uniform(nnf_random_stream stream, int64_t n, double *out)
{
    sequence numbers = {.stream = stream};
    for (int64_t i = 0; i < n; i++) {
        const uint64_t high = take(&numbers);
        const uint64_t low = take(&numbers);
        /* 52 bits and the half fill a double's 53: nothing is rounded, so neither 0 nor 1 can be met. */
        out[i] = ((double)((high << 32 | low) >> 12) + 0.5) * 0x1p-52;
    }
}
