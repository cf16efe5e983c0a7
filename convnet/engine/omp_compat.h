/* The few OpenMP calls of the engine, their replacements in a build without OpenMP, and forks. */
#ifndef CN_OMP_COMPAT_H
#define CN_OMP_COMPAT_H

#ifdef _OPENMP
#include <omp.h>
#include <pthread.h>
#define CN_OPENMP _OPENMP
/* In libgomp since GCC 9, which still announces OpenMP 4.5. */
#if _OPENMP >= 201811 || (!defined(__clang__) && __GNUC__ >= 9)
#define CN_PAUSE 1
#else
#define CN_PAUSE 0
#endif

/* A forked child has the forking thread only, but libgomp still counts on the threads of the parent: the
 * child's first region would wait for them forever. So the parent releases its threads just before it forks.
 * They belong to the thread that started the regions; those of other threads are lost in the child. If the
 * release fails (inside a region, or without the function), the child runs on one thread. */
static __thread int cn_pause_failed = 0; /* threads may fork at once */
static __thread int cn_serial = 0;

static void cn_before_fork(void) {
#if CN_PAUSE
    cn_pause_failed = omp_pause_resource_all(omp_pause_soft) != 0;
#else
    cn_pause_failed = 1;
#endif
}

static void cn_in_child(void) { cn_serial |= cn_pause_failed; }

static int cn_watch_forks(void) { return pthread_atfork(cn_before_fork, NULL, cn_in_child); }
#else
#define CN_OPENMP 0
static const int cn_serial = 1;
static inline int omp_get_max_threads(void) { return 1; }
static int cn_watch_forks(void) { return 0; }
#endif

/* Threads to run when n are wanted. */
static inline int cn_threads(int n) { return cn_serial || n < 1 ? 1 : n; }

#endif
