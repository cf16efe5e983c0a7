/* AVX2 with fused multiply-add. */
#include "isa/table.inc.h"

CN_TABLE(cn_kernels_avx2, "avx2");
