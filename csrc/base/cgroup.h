/* cgroup.h: Linux control groups: the part of the machine's time that this process may use. */
#ifndef NNF_BASE_CGROUP_H
#define NNF_BASE_CGROUP_H

/* The least quota of CPU time, in cores and rounded up, of this process's groups and all groups above them that are in
 * sight, cgroup v1 and v2. INT_MAX if there is none, or where there are no control groups. root is put before every path
 * that is opened: "" is the machine, a folder holds a picture of one for tests. */
int nnf_cgroup_count_cores(const char *root);

#endif
