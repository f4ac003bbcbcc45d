/* status.h: what a call can report. One row is the code, its name and its sentence. */
#ifndef NNF_BASE_STATUS_H
#define NNF_BASE_STATUS_H

#define NNF_STATUS_LIST(ROW)                                              \
    ROW(OK, "success")                                                    \
    ROW(INVALID_ARGUMENT, "an argument is outside its contract")          \
    ROW(OUT_OF_MEMORY, "not enough memory")                               \
    ROW(NOT_FINITE, "the loss of a batch is NaN or infinite")             \
    ROW(LABEL_OUT_OF_RANGE, "a class label is outside [0, n_outputs)")    \
    ROW(STOPPED, "stopped on request")                                    \
    ROW(UNKNOWN_ISA, "NNFAST_ISA names no instruction set of this build") \
    ROW(UNSUPPORTED_ISA, "NNFAST_ISA names an instruction set that this CPU lacks")

typedef enum nnf_status {
#define NNF_ROW(name, message) NNF_STATUS_##name,
    NNF_STATUS_LIST(NNF_ROW)
#undef NNF_ROW
} nnf_status;

/* A static English sentence, without a full stop. */
const char *nnf_status_message(nnf_status status);

#endif
