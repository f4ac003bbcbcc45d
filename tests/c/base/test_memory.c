/* test_memory.c: sizes that overflow, alignment, and the arena; and the list of statuses. */
#include "base/memory.h"
#include "base/status.h"
#include "check.h"

#include <stdint.h>
#include <string.h>

static void test_sizes(void)
{
    CHECK(nnf_size_multiply(0, SIZE_MAX) == 0);
    CHECK(nnf_size_multiply(3, 7) == 21);
    CHECK(nnf_size_multiply(SIZE_MAX, 1) == SIZE_MAX);
    CHECK(nnf_size_multiply(SIZE_MAX / 2 + 1, 2) == SIZE_MAX);
    CHECK(nnf_size_multiply((size_t)1 << 33, (size_t)1 << 33) == SIZE_MAX);
    CHECK(nnf_size_add(3, 4) == 7);
    CHECK(nnf_size_add(SIZE_MAX, 1) == SIZE_MAX);
    CHECK(nnf_round_up(0, 64) == 0);
    CHECK(nnf_round_up(1, 64) == 64);
    CHECK(nnf_round_up(64, 64) == 64);
    CHECK(nnf_round_up(10, 7) == 14);
    CHECK(nnf_round_up(SIZE_MAX - 1, 64) == SIZE_MAX);
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void test_blocks(void)
{
    for (size_t size = 1; size < 300; size += 13) {
        unsigned char *block = nnf_memory_create(size);
        CHECK(block != NULL && (uintptr_t)block % NNF_ALIGNMENT == 0 && is_zero(block, size));
        if (block != NULL)
            memset(block, 0xa5, size); /* so that a block used again is not zero by luck */
        nnf_memory_free(block);
    }
    CHECK(nnf_memory_create(0) == NULL);
    CHECK(nnf_memory_create(SIZE_MAX) == NULL);
    CHECK(nnf_memory_create(SIZE_MAX / 2 + 1) == NULL);
    nnf_memory_free(NULL);
}

static void test_arena(void)
{
    nnf_arena arena = {0};
    const size_t a = nnf_arena_plan(&arena, 1);
    const size_t b = nnf_arena_plan(&arena, 200);
    const size_t c = nnf_arena_plan(&arena, 0);
    const size_t d = nnf_arena_plan(&arena, 64);
    CHECK(a == 0 && b == 64 && c == 320 && d == 320 && arena.size == 384 && arena.base == NULL);
    CHECK(nnf_arena_create(&arena));
    CHECK((uintptr_t)arena.base % NNF_ALIGNMENT == 0 && is_zero(arena.base, arena.size));
    nnf_arena_free(&arena);
    CHECK(arena.base == NULL && arena.size == 0);
    nnf_arena_free(&arena);
}

static void test_arena_limits(void)
{
    nnf_arena arena = {0};
    CHECK(nnf_arena_create(&arena)); /* nothing planned */
    CHECK(arena.base != NULL);
    nnf_arena_free(&arena);
    nnf_arena_plan(&arena, 64);
    nnf_arena_plan(&arena, nnf_size_multiply(SIZE_MAX, 8));
    nnf_arena_plan(&arena, 64);
    CHECK(arena.size == SIZE_MAX);
    CHECK(!nnf_arena_create(&arena) && arena.base == NULL);
    CHECK(!nnf_arena_create(&arena));
    nnf_arena_free(&arena);
}

static void test_status_messages(void)
{
    CHECK(strcmp(nnf_status_message(NNF_STATUS_OK), "success") == 0);
    CHECK(strcmp(nnf_status_message(NNF_STATUS_OUT_OF_MEMORY), "not enough memory") == 0);
    CHECK(nnf_status_message((nnf_status)1000) != NULL);
}

int main(void)
{
    test_sizes();
    test_blocks();
    test_arena();
    test_arena_limits();
    test_status_messages();
    return check_finish();
}
