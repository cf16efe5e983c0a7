/* 128-bit vectors: SSE2 or NEON, whichever every processor of the target has. */
#include "isa/table.inc.h"

CN_TABLE(cn_kernels_baseline, "baseline");
