/* AVX-512 F, VL, BW and DQ. */
#define CN_ISA avx512
#include "isa/table.inc.h"
