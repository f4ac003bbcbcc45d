/* random_block.h: one block of random numbers, as text to be inlined and vectorised for the includer's ISA.
 *
 * The key is (seed low, seed high, purpose, epoch). A block is 16 counters (block low, block high, lane, 0) and takes
 * all four words of each: word w of lane j is number w * 16 + j of the block. The 16 lanes are 16 turns of
 * one loop whose body has no branch: one AVX-512 register a word, two of AVX2, four of SSE2 or NEON. */
#ifndef NNF_BASE_RANDOM_BLOCK_H
#define NNF_BASE_RANDOM_BLOCK_H

#include "base/random.h"

enum { NNF_RANDOM_LANES = NNF_RANDOM_BLOCK / 4 };

#define NNF_RANDOM_INLINE static inline __attribute__((always_inline, unused))

typedef struct nnf_threefry_words {
    uint32_t word[4];
} nnf_threefry_words;

NNF_RANDOM_INLINE void nnf_threefry_mix(uint32_t *a, uint32_t *b, int rotation)
{
    *a += *b;
    *b = (*b << rotation | *b >> (32 - rotation)) ^ *a;
}

/* Four rounds and the injection of the key that follows them, the number-th. The rotations of Threefry-4x32 repeat every
 * eight rounds. */
NNF_RANDOM_INLINE void nnf_threefry_four_rounds(uint32_t x[4], const uint32_t key[5], int number)
{
    static const int rotation[2][8] = {{10, 26, 11, 21, 13, 27, 23, 5}, {6, 20, 17, 11, 25, 10, 18, 20}};
    const int *r = rotation[(number - 1) % 2];
    nnf_threefry_mix(&x[0], &x[1], r[0]);
    nnf_threefry_mix(&x[2], &x[3], r[1]);
    nnf_threefry_mix(&x[0], &x[3], r[2]);
    nnf_threefry_mix(&x[2], &x[1], r[3]);
    nnf_threefry_mix(&x[0], &x[1], r[4]);
    nnf_threefry_mix(&x[2], &x[3], r[5]);
    nnf_threefry_mix(&x[0], &x[3], r[6]);
    nnf_threefry_mix(&x[2], &x[1], r[7]);
    x[0] += key[number % 5];
    x[1] += key[(number + 1) % 5];
    x[2] += key[(number + 2) % 5];
    x[3] += key[(number + 3) % 5] + (uint32_t)number;
}

/* Threefry-4x32 with 20 rounds. key[4] is the exclusive or of the others and 0x1BD11BDA. */
NNF_RANDOM_INLINE nnf_threefry_words nnf_threefry(const uint32_t key[5], nnf_threefry_words counter)
{
    uint32_t x[4] = {counter.word[0] + key[0], counter.word[1] + key[1], counter.word[2] + key[2], counter.word[3] + key[3]};
    nnf_threefry_four_rounds(x, key, 1);
    nnf_threefry_four_rounds(x, key, 2);
    nnf_threefry_four_rounds(x, key, 3);
    nnf_threefry_four_rounds(x, key, 4);
    nnf_threefry_four_rounds(x, key, 5);
    return (nnf_threefry_words){{x[0], x[1], x[2], x[3]}};
}

NNF_RANDOM_INLINE uint32_t nnf_threefry_last_key(const uint32_t key[4]) { return key[0] ^ key[1] ^ key[2] ^ key[3] ^ 0x1BD11BDAu; }

/* What nnf_random_get_block does. */
NNF_RANDOM_INLINE void nnf_random_block_inline(nnf_random_stream stream, uint64_t block, uint32_t out[NNF_RANDOM_BLOCK])
{
    uint32_t key[5] = {(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32), stream.purpose, stream.epoch, 0};
    key[4] = nnf_threefry_last_key(key);
    for (uint32_t j = 0; j < NNF_RANDOM_LANES; j++) {
        const nnf_threefry_words x = nnf_threefry(key, (nnf_threefry_words){{(uint32_t)block, (uint32_t)(block >> 32), j, 0}});
        out[j] = x.word[0];
        out[NNF_RANDOM_LANES + j] = x.word[1];
        out[2 * NNF_RANDOM_LANES + j] = x.word[2];
        out[3 * NNF_RANDOM_LANES + j] = x.word[3];
    }
}

#endif
