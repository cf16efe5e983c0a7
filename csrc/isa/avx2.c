/* AVX2 with fused multiply-add. */
#define CN_ISA avx2
#include "isa/table.inc.h"
