/* functions.inc.h: the rows of cases.inc.h as the program takes them: the kernel's function, the reference, domain and range. */

static const real parameter_value = 1; /* of every activation */

#define ARRAY(name, call)                                       \
    static void name##_array(const real *from, real *to, int n) \
    {                                                           \
        const vec parameter = v_splat(parameter_value);         \
        (void)parameter;                                        \
        for (int i = 0; i < n; i += VL) {                       \
            const vec x = v_load(from + i);                     \
            v_store(to + i, call);                              \
        }                                                       \
    }
#define NNF_ROW(name, ...) ARRAY(name, v_##name(x))
MATHEMATICS_LIST(NNF_ROW)
#undef NNF_ROW
#define NNF_ROW(name, ...) ARRAY(name, name(x, parameter))
ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW

typedef struct function_case {
    const char *name;
    void (*array)(const real *from, real *to, int n);
    void (*reference)(const inputs *all, const real *result, wide *to);
    real low, high, least, largest;
    int monotone;
} function_case;

static const function_case cases[] = {
#define NNF_ROW(name, formula, ...) {#name, name##_array, name##_reference, __VA_ARGS__},
    MATHEMATICS_LIST(NNF_ROW) ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
};
