/* random.h: counter-based random numbers: value = f(seed, stream, epoch, index), nothing else.
 *
 * Generator: Threefry-4x32 with 20 rounds (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). It needs only additions, rotations and exclusive ors, so the same C text becomes
 * vector code of any width with the same bits. */
#ifndef NNF_BASE_RANDOM_H
#define NNF_BASE_RANDOM_H

#include <stdint.h>

/* What a number is drawn for; part of the key, so no two uses share numbers. Values are saved in no file
 * but decide every bit: never renumber. The layer, where there is one, is added in the high bits. */
typedef enum nnf_random_purpose {
    NNF_RANDOM_SHUFFLE = 1,
    NNF_RANDOM_DROPOUT = 2,
    NNF_RANDOM_INITIALIZE = 3,
} nnf_random_purpose;

typedef struct nnf_random_stream {
    uint64_t seed;
    uint32_t purpose; /* nnf_random_purpose | layer index << 8 */
    uint32_t epoch;
} nnf_random_stream;

enum { NNF_RANDOM_BLOCK = 64, NNF_RANDOM_GROUP = 4 * NNF_RANDOM_BLOCK }; /* a group is made at a time */

/* out[i] = the 32-bit number of index (group * NNF_RANDOM_GROUP + i), i < NNF_RANDOM_GROUP. Defined in random_block.h, for
 * the files that want it inlined and vectorised; this is the same function out of line. */
void nnf_random_get_group(nnf_random_stream stream, uint64_t group, uint32_t out[NNF_RANDOM_GROUP]);

/* order = a permutation of 0 .. n-1 (Fisher and Yates; every draw is exactly uniform). */
void nnf_random_shuffle(nnf_random_stream stream, uint32_t n, uint32_t *order);

/* out[i] in the open interval (0, 1): (bits + 1/2) / 2^52, bits being the high 52 of numbers 2i (high half) and 2i + 1. */
void nnf_random_uniform(nnf_random_stream stream, int64_t n, double *out);

#endif
