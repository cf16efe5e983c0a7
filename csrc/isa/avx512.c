/* AVX-512 F, VL, BW and DQ. */
#include "isa/table.inc.h"

CN_TABLE(cn_kernels_avx512, "avx512");
