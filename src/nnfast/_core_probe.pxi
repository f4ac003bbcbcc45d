# The part of _core.pyx that measures what the machine can do at most.

def measure_peak(str dtype, int n_threads):
    cdef nnf_dtype code = _DTYPES[dtype]
    cdef double rate
    cdef nnf_status status
    with nogil:
        status = nnf_core_measure_peak(code, n_threads, &rate)
    check(status)
    return rate


def measure_bandwidth(int n_threads):
    cdef double rate
    cdef nnf_status status
    with nogil:
        status = nnf_core_measure_bandwidth(n_threads, &rate)
    check(status)
    return rate
