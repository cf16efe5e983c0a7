/* Which table of kernels this process uses. */
#include "convnet.h"

#include <stdlib.h>
#include <string.h>

#define CN_TABLE(ISA) extern const cn_kernels cn_kernels_##ISA;
CN_ISA_LIST(CN_TABLE)
#undef CN_TABLE

#define CN_NUMBER(ISA) CN_ISA_##ISA,
enum { CN_ISA_LIST(CN_NUMBER) CN_ISAS };
#undef CN_NUMBER

#define CN_NAME(ISA) #ISA,
static const char *const names[] = {CN_ISA_LIST(CN_NAME)};
#undef CN_NAME

int cn_isa_count(void) { return CN_ISAS; }

const char *cn_isa_name(int isa) { return isa >= 0 && isa < CN_ISAS ? names[isa] : NULL; }

const cn_kernels *cn_isa_kernels(int isa) {
    switch (isa) {
    case CN_ISA_scalar:
        return &cn_kernels_scalar;
    case CN_ISA_baseline:
        return &cn_kernels_baseline;
#if defined(__x86_64__)
    case CN_ISA_avx2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &cn_kernels_avx2
                                                                               : NULL;
    case CN_ISA_avx512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
                   ? &cn_kernels_avx512
                   : NULL;
#endif
    default:
        return NULL;
    }
}

int cn_isa_default(void) {
    const char *cap = getenv("CONVNET_ISA");
    int best = CN_ISAS - 1;
    if (cap && *cap) {
        while (best >= 0 && strcmp(cap, names[best]) != 0) best--;
        if (best < 0) return -1;
    }
    while (cn_isa_kernels(best) == NULL) best--;
    return best;
}
