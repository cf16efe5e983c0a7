/* Plain C, the reference for the other tables: compiled without vectorisation. */
#define CN_ISA_SCALAR
#include "isa/table.inc.h"

CN_TABLE(cn_kernels_scalar, "scalar");
