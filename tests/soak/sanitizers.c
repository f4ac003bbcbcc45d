/* sanitizers.c: faults made for the sanitizers, one a run: what says nothing of them would say nothing of ours. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int shared;
static volatile int result;

static void *add(void *argument)
{
    (void)argument;
    for (int i = 0; i < 1000; i++)
        shared++;
    return NULL;
}

static void race(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, add, NULL);
    add(NULL);
    pthread_join(thread, NULL);
}

int main(int n_arguments, char **arguments)
{
    const char *fault = n_arguments > 1 ? arguments[1] : "";
    int *numbers = malloc(100 * sizeof *numbers);
    if (numbers == NULL)
        return 0;
    int *volatile kept = numbers; /* the compiler does not know where it points */
    if (strcmp(fault, "out of bounds") == 0)
        kept[99 + n_arguments] = 1;
    else if (strcmp(fault, "uninitialised") == 0 && kept[n_arguments] > 0)
        result = 1;
    else if (strcmp(fault, "overflow") == 0)
        result = INT_MAX - 1 + n_arguments;
    else if (strcmp(fault, "race") == 0)
        race();
    if (strcmp(fault, "leaked") == 0)
        kept = numbers = NULL;
    free(numbers);
    if (strcmp(fault, "freed") == 0)
        result = kept[n_arguments];
    return 0;
}
