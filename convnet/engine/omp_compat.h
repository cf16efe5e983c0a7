/* The few OpenMP calls that the engine makes, and what they answer in a build without OpenMP. */
#ifndef CN_OMP_COMPAT_H
#define CN_OMP_COMPAT_H

#ifdef _OPENMP
#include <omp.h>
#define CN_OPENMP _OPENMP
#else
#define CN_OPENMP 0
static inline int omp_get_max_threads(void) { return 1; }
static inline int omp_get_thread_num(void) { return 0; }
#endif

#endif
