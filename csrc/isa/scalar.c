/* Plain C, the reference for the other tables: compiled without vectorisation. */
#define CN_ISA_SCALAR
#define CN_ISA scalar
#include "isa/table.inc.h"
