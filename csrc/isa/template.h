/* Includes the file CN_TEMPLATE once, for blocks of NV vectors of VW floats. */
#include "isa/vector.h"
#include CN_TEMPLATE
#include "isa/vector_end.h"
