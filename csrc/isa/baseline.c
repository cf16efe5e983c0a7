/* 128-bit vectors: SSE2 or NEON, whichever every processor of the target has. */
#define CN_ISA baseline
#include "isa/table.inc.h"
