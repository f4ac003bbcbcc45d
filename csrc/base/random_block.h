/* random_block.h: a group of blocks of random numbers, as text to be inlined and vectorised for the includer's ISA.
 *
 * The key is (seed low, seed high, purpose, epoch). A block is 16 counters (block low, block high, lane, 0) and takes
 * all four words of each: word w of lane j is number w * 16 + j of the block. The 16 lanes are 16 turns of
 * one loop whose body has no branch: one AVX-512 register a word, two of AVX2, four of SSE2 or NEON. Each step of a counter waits for
 * the one before: the blocks of a group go side by side, which takes little more than half the time. */
#ifndef NNF_BASE_RANDOM_BLOCK_H
#define NNF_BASE_RANDOM_BLOCK_H

#include "base/random.h"

enum { NNF_RANDOM_LANES = NNF_RANDOM_BLOCK / 4, NNF_RANDOM_BLOCKS = NNF_RANDOM_GROUP / NNF_RANDOM_BLOCK };

#define NNF_RANDOM_INLINE static inline __attribute__((always_inline, unused))

/* One counter of each block. */
typedef struct nnf_threefry_words {
    uint32_t word[4][NNF_RANDOM_BLOCKS];
} nnf_threefry_words;

NNF_RANDOM_INLINE void nnf_threefry_mix(uint32_t a[NNF_RANDOM_BLOCKS], uint32_t b[NNF_RANDOM_BLOCKS], int rotation)
{
    for (int i = 0; i < NNF_RANDOM_BLOCKS; i++) {
        a[i] += b[i];
        b[i] = (b[i] << rotation | b[i] >> (32 - rotation)) ^ a[i];
    }
}

NNF_RANDOM_INLINE void nnf_threefry_add(nnf_threefry_words *x, const uint32_t word[4])
{
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < NNF_RANDOM_BLOCKS; i++)
            x->word[w][i] += word[w];
}

/* Four rounds and the injection of the key that follows them, the number-th. The rotations of Threefry-4x32 repeat every
 * eight rounds. */
NNF_RANDOM_INLINE void nnf_threefry_four_rounds(nnf_threefry_words *words, const uint32_t key[5], int number)
{
    static const int rotation[2][8] = {{10, 26, 11, 21, 13, 27, 23, 5}, {6, 20, 17, 11, 25, 10, 18, 20}};
    const int *r = rotation[(number - 1) % 2];
    uint32_t (*x)[NNF_RANDOM_BLOCKS] = words->word;
    nnf_threefry_mix(x[0], x[1], r[0]);
    nnf_threefry_mix(x[2], x[3], r[1]);
    nnf_threefry_mix(x[0], x[3], r[2]);
    nnf_threefry_mix(x[2], x[1], r[3]);
    nnf_threefry_mix(x[0], x[1], r[4]);
    nnf_threefry_mix(x[2], x[3], r[5]);
    nnf_threefry_mix(x[0], x[3], r[6]);
    nnf_threefry_mix(x[2], x[1], r[7]);
    nnf_threefry_add(words, (const uint32_t[4]){key[number % 5], key[(number + 1) % 5], key[(number + 2) % 5],
                                                key[(number + 3) % 5] + (uint32_t)number});
}

/* Threefry-4x32 with 20 rounds, from counters to numbers. key[4] is the exclusive or of the others and 0x1BD11BDA. */
NNF_RANDOM_INLINE void nnf_threefry(const uint32_t key[5], nnf_threefry_words *words)
{
    nnf_threefry_add(words, key);
    nnf_threefry_four_rounds(words, key, 1);
    nnf_threefry_four_rounds(words, key, 2);
    nnf_threefry_four_rounds(words, key, 3);
    nnf_threefry_four_rounds(words, key, 4);
    nnf_threefry_four_rounds(words, key, 5);
}

NNF_RANDOM_INLINE uint32_t nnf_threefry_last_key(const uint32_t key[4]) { return key[0] ^ key[1] ^ key[2] ^ key[3] ^ 0x1BD11BDAu; }

NNF_RANDOM_INLINE nnf_threefry_words nnf_random_count(uint64_t group, uint32_t lane)
{
    nnf_threefry_words counter = {0};
    for (uint32_t i = 0; i < NNF_RANDOM_BLOCKS; i++) {
        const uint64_t block = group * NNF_RANDOM_BLOCKS + i;
        counter.word[0][i] = (uint32_t)block;
        counter.word[1][i] = (uint32_t)(block >> 32);
        counter.word[2][i] = lane;
    }
    return counter;
}

/* What nnf_random_get_group does. */
NNF_RANDOM_INLINE void nnf_random_group_inline(nnf_random_stream stream, uint64_t group, uint32_t out[NNF_RANDOM_GROUP])
{
    uint32_t key[5] = {(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32), stream.purpose, stream.epoch, 0};
    key[4] = nnf_threefry_last_key(key);
    for (uint32_t j = 0; j < NNF_RANDOM_LANES; j++) {
        nnf_threefry_words x = nnf_random_count(group, j);
        nnf_threefry(key, &x);
        for (int i = 0; i < NNF_RANDOM_BLOCKS; i++)
            for (int w = 0; w < 4; w++)
                out[i * NNF_RANDOM_BLOCK + w * NNF_RANDOM_LANES + (int)j] = x.word[w][i];
    }
}

#endif
