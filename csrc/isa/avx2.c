/* AVX2 with fused multiply-add. */
#include "../kernels.inc.h"

CN_TABLE(cn_kernels_avx2, "avx2");
