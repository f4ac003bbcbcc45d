/* job.h: one run of a trainer, shared by its team. */
#ifndef NNF_TRAINING_JOB_H
#define NNF_TRAINING_JOB_H

#include "base/poll.h"
#include "base/team.h"
#include "training/alone.h"
#include "training/trainer.h"
#include <stdatomic.h>

/* Why a batch is not to be taken. */
typedef struct nnf_fault {
    nnf_status status; /* OK: it is */
    int layer;         /* of NOT_FINITE: see trainer.h */
} nnf_fault;

#define NNF_NO_REPORT INT64_MAX

/* Only member 0 writes what is not atomic. */
typedef struct nnf_job {
    nnf_trainer *trainer;
    const nnf_matrix *x, *y;
    const nnf_run *run;
    int64_t batch_size; /* of all batches but the last of an epoch */
    int64_t end;        /* the number of the batch behind the run's last of an epoch */
    nnf_stats *stats;   /* one an epoch */
    nnf_stats batch;    /* of the shards of the batch that are done */
    nnf_poller poller;
    nnf_passes next; /* of ahead.h */
    nnf_alone alone;
    int64_t n_alone;        /* batches that member 0 does next while the others wait; written between two meetings */
    atomic_long n_taken;    /* shards of a round, and asked for in vain; 0 between two rounds */
    _Atomic int64_t report; /* the least there was, see job.c */
} nnf_job;

/* One batch of the run. */
typedef struct nnf_batch {
    uint32_t epoch; /* of the run */
    int64_t number, n_batches;
    int64_t first, n_rows; /* positions in the epoch */
} nnf_batch;

/* By member 0: is the caller still there? If not, a fault. Cheap where it is not yet time. */
void nnf_job_ask(nnf_job *job, const nnf_batch *batch);
/* A fault, or none, of rows in the shard of that place among those between two meetings. The shards before it must be measured too:
 * the lowest with a fault counts, whoever was first. */
void nnf_job_report(nnf_job *job, ptrdiff_t place, nnf_fault fault);
/* Of all reports the one that counts; all members read the same where nobody reports between two meetings. */
nnf_fault nnf_job_get_fault(const nnf_job *job);
/* Who does what in a batch of a team of that size. */
const nnf_plan *nnf_job_get_plan(const nnf_job *job, const nnf_member *member);
/* Passes whose row 0 stands at this position of the epoch. */
nnf_passes nnf_job_get_passes(const nnf_job *job, const nnf_batch *batch, int64_t position);
/* The rows of x, or of what else has a row for each of x, of such passes. That of a single row has no order. */
nnf_source nnf_job_get_source(const nnf_job *job, const nnf_passes *passes, const nnf_matrix *matrix);
/* Each batch's sum of weights must be known before its first gradient. */
bool nnf_job_has_batch_weights(const nnf_job *job);
/* By member 0, before blocks are updated. */
void nnf_job_prepare_step(const nnf_job *job, const nnf_batch *batch);
/* Rows begin .. end - 1: from outputs to losses in values[begin ..] and gradients. The least of such faults of some rows is that of all
 * of them together, however they are parted. */
nnf_fault nnf_job_measure(const nnf_job *job, const nnf_batch *batch, const nnf_passes *passes, nnf_row_values values, ptrdiff_t begin,
                          ptrdiff_t end);
/* By member 0, while the others update: adds up the values of a shard's n_rows rows, and with the last shard counts the batch. */
void nnf_job_count(nnf_job *job, const nnf_member *member, const nnf_batch *batch, nnf_row_values values, int64_t done, ptrdiff_t n_rows);
/* What of the step needs meetings, for this member's blocks: after all of them were taken. */
void nnf_job_finish_step(nnf_job *job, nnf_member *member);
/* By member 0, when the team has met behind the updates: adds the penalty of the parameters that the batch met. */
void nnf_job_count_penalty(nnf_job *job, const nnf_batch *batch);

/* A batch, each member calling it; false if the run ends here. */
bool nnf_batch_run_together(nnf_job *job, nnf_member *member, const nnf_batch *batch);
bool nnf_batch_run_by_shards(nnf_job *job, nnf_member *member, const nnf_batch *batch);

#endif
