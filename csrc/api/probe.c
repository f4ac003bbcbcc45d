/* probe.c: what the machine can do at most, measured now: clocks and neighbours change it from minute to minute. */
#include "api/core.h"
#include "base/clock.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "base/team.h"
#include "nnfast.h"

static const int N_TRIES = 12;
static const double TRY_SECONDS = 0.01;
static const size_t BYTES_TO_READ = (size_t)256 << 20; /* beyond the caches of most machines */

typedef struct probe {
    const nnf_kernels *kernels;
    int64_t n_rounds; /* of multiply-adds; 0: read memory instead */
    const void *memory;
    volatile double result; /* of the first member: what nobody reads need not be computed */
    double seconds;
    int n_members;
} probe;

static double get_seconds(void) { return 1e-9 * (double)nnf_clock_get(); }

static double work(const probe *job, const nnf_member *member)
{
    if (job->n_rounds > 0)
        return job->kernels->probe_multiply_adds(job->n_rounds, 0.5, 1);
    int64_t begin, end;
    nnf_team_share(member, (int64_t)(BYTES_TO_READ / NNF_ALIGNMENT), &begin, &end);
    const ptrdiff_t n = (ptrdiff_t)(end - begin) * NNF_ALIGNMENT / (ptrdiff_t)nnf_dtype_size(job->kernels->dtype);
    return job->kernels->probe_read(n, (const char *)job->memory + begin * NNF_ALIGNMENT);
}

static void time_member(nnf_member *member, void *argument)
{
    probe *job = argument;
    nnf_team_barrier(member);
    const double start = get_seconds();
    const double result = work(job, member);
    nnf_team_barrier(member);
    if (member->index == 0) {
        job->result = result;
        job->seconds = get_seconds() - start;
        job->n_members = member->size;
    }
}

/* Of some tries the shortest, in seconds. */
static double time_best(probe *job, int n_threads, int n_tries)
{
    double best = 0;
    for (int i = 0; i < n_tries; i++) {
        nnf_team_run(n_threads, time_member, job);
        best = i == 0 || job->seconds < best ? job->seconds : best;
    }
    return best;
}

nnf_status nnf_core_measure_peak(nnf_dtype dtype, int n_threads, double *billions_a_second)
{
    if (!nnf_is_compute_dtype(dtype) || n_threads < 1)
        return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_float_state caller = nnf_float_state_enter();
    probe job = {.kernels = nnf_core_get_kernels(dtype), .n_rounds = 1000};
    while (time_best(&job, n_threads, 1) < TRY_SECONDS)
        job.n_rounds *= 2;
    const double seconds = time_best(&job, n_threads, N_TRIES);
    const double operations = 2.0 * job.kernels->probe_chains * job.kernels->vector_length * (double)job.n_rounds;
    *billions_a_second = operations * job.n_members / seconds / 1e9;
    nnf_float_state_set(caller);
    return NNF_STATUS_OK;
}

nnf_status nnf_core_measure_bandwidth(int n_threads, double *billions_a_second)
{
    if (n_threads < 1)
        return NNF_STATUS_INVALID_ARGUMENT;
    void *memory = nnf_memory_create(BYTES_TO_READ);
    if (!memory)
        return NNF_STATUS_OUT_OF_MEMORY;
    const nnf_float_state caller = nnf_float_state_enter();
    probe job = {.kernels = nnf_core_get_kernels(NNF_F32), .memory = memory};
    *billions_a_second = (double)BYTES_TO_READ / time_best(&job, n_threads, N_TRIES) / 1e9;
    nnf_float_state_set(caller);
    nnf_memory_free(memory);
    return NNF_STATUS_OK;
}
