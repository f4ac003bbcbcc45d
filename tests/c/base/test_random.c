/* test_random.c: the published answers of Threefry, and what shuffles and uniform numbers promise. */
#include "base/random.h"
#include "base/random_block.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* From the known answers (kat_vectors) of Random123, the authors' own library: counter, key, result. */
static void test_known_answers(void)
{
    static const uint32_t answer[3][3][4] = {
        {{0, 0, 0, 0}, {0, 0, 0, 0}, {0x9c6ca96a, 0xe17eae66, 0xfc10ecd4, 0x5256a7d8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0x2a881696, 0x57012287, 0xf6c7446e, 0xa16a6732}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89},
         {0x59cd1dbb, 0xb8879579, 0x86b5d00c, 0xac8b6d84}},
    };
    for (int i = 0; i < 3; i++) {
        nnf_threefry_words words = {0};
        uint32_t key[5];
        memcpy(key, answer[i][1], sizeof answer[i][1]);
        key[4] = nnf_threefry_last_key(key);
        nnf_threefry_add(&words, answer[i][0]);
        nnf_threefry(key, &words);
        for (int w = 0; w < 4; w++)
            for (int b = 0; b < NNF_RANDOM_BLOCKS; b++)
                CHECK(words.word[w][b] == answer[i][2][w]);
    }
}

/* Number w * 16 + j of a block is word w of lane j; four blocks follow each other in a group. */
static void test_group_layout(void)
{
    const nnf_random_stream stream = {0x0123456789abcdef, 2 | 7 << 8, 11};
    const uint64_t group = 0x1122334455667788;
    uint32_t key[5] = {0x89abcdef, 0x01234567, 2 | 7 << 8, 11, 0};
    uint32_t out[NNF_RANDOM_GROUP];
    key[4] = nnf_threefry_last_key(key);
    nnf_random_get_group(stream, group, out);
    for (uint32_t b = 0; b < NNF_RANDOM_BLOCKS; b++)
        for (uint32_t j = 0; j < 16; j++) {
            nnf_threefry_words words = {0};
            nnf_threefry_add(&words, (const uint32_t[4]){0x5599de20 + b, 0x4488cd11, j, 0});
            nnf_threefry(key, &words);
            for (uint32_t w = 0; w < 4; w++)
                CHECK(out[b * NNF_RANDOM_BLOCK + w * 16 + j] == words.word[w][0]);
        }
}

static void test_streams_differ(void)
{
    const nnf_random_stream base = {1, 1, 1};
    const nnf_random_stream other[] = {{2, 1, 1}, {1 + (1ull << 32), 1, 1}, {1, 2, 1}, {1, 1, 2}};
    uint32_t a[NNF_RANDOM_GROUP], b[NNF_RANDOM_GROUP];
    nnf_random_get_group(base, 0, a);
    for (int i = 0; i < 4; i++) {
        nnf_random_get_group(other[i], 0, b);
        CHECK(memcmp(a, b, sizeof a) != 0);
    }
}

static void test_shuffle_is_permutation(void)
{
    static const uint32_t size[] = {0, 1, 2, 3, 63, 64, 65, 1000, 60000};
    for (size_t s = 0; s < sizeof size / sizeof *size; s++) {
        const uint32_t n = size[s];
        uint32_t *order = malloc((n + 1) * sizeof *order);
        unsigned char *seen = calloc(n + 1, 1);
        uint32_t n_seen = 0;
        order[n] = 12345;
        nnf_random_shuffle((nnf_random_stream){5, NNF_RANDOM_SHUFFLE, n}, n, order);
        for (uint32_t i = 0; i < n; i++)
            n_seen += order[i] < n && !seen[order[i]]++;
        CHECK(n_seen == n);
        CHECK(order[n] == 12345);
        free(order);
        free(seen);
    }
}

/* All 24 orders of 4 in equal shares: chi-squared with 23 degrees of freedom is below 50 but once in 1000 streams. */
static void test_shuffle_is_fair(void)
{
    enum { N_SHUFFLES = 24000 };
    int count[256] = {0};
    for (uint32_t i = 0; i < N_SHUFFLES; i++) {
        uint32_t order[4];
        nnf_random_shuffle((nnf_random_stream){9, NNF_RANDOM_SHUFFLE, i}, 4, order);
        count[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
    }
    int n_orders = 0;
    double chi_squared = 0;
    for (int i = 0; i < 256; i++) {
        n_orders += count[i] > 0;
        chi_squared += count[i] > 0 ? (count[i] - 1000.0) * (count[i] - 1000.0) / 1000.0 : 0;
    }
    CHECK(n_orders == 24);
    CHECK(chi_squared < 50);
}

static void test_uniform(void)
{
    enum { N = 10001 };
    static double x[N];
    const nnf_random_stream stream = {3, NNF_RANDOM_INITIALIZE, 0};
    uint32_t bits[NNF_RANDOM_GROUP];
    double sum = 0, sum_of_squares = 0;
    nnf_random_uniform(stream, N, x);
    for (int i = 0; i < N; i++) {
        CHECK(x[i] > 0 && x[i] < 1);
        sum += x[i];
        sum_of_squares += x[i] * x[i];
    }
    CHECK(sum / N > 0.49 && sum / N < 0.51);
    CHECK(sum_of_squares / N > 0.32 && sum_of_squares / N < 0.347);
    nnf_random_get_group(stream, 1, bits);
    CHECK(x[129] == ((double)(((uint64_t)bits[2] << 32 | bits[3]) >> 12) + 0.5) / 0x1p52);
}

/* The numbers decide every bit of a training: they may never change. */
static void test_order_is_pinned(void)
{
    uint32_t order[8];
    static const uint32_t expected[8] = {0, 5, 2, 3, 4, 6, 1, 7};
    nnf_random_shuffle((nnf_random_stream){42, NNF_RANDOM_SHUFFLE, 0}, 8, order);
    CHECK(memcmp(order, expected, sizeof order) == 0);
}

int main(void)
{
    test_known_answers();
    test_group_layout();
    test_streams_differ();
    test_shuffle_is_permutation();
    test_shuffle_is_fair();
    test_uniform();
    test_order_is_pinned();
    return check_finish();
}
