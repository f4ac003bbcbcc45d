/* status.c: the sentences of status.h's list. */
#include "base/status.h"

#include <stddef.h>

const char *nnf_status_message(nnf_status status)
{
    static const char *const message[] = {
#define NNF_ROW(name, sentence) [NNF_STATUS_##name] = sentence,
        NNF_STATUS_LIST(NNF_ROW)
#undef NNF_ROW
    };
    const size_t i = (size_t)status;
    return i < sizeof message / sizeof *message ? message[i] : "an unknown status";
}
