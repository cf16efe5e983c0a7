/* Includes the file CN_TEMPLATE for vectors of each width of CN_WIDTHS (isa/simd.h). */
#if CN_LANES >= 16
#define VW 16
#include "isa/template.h"
#endif
#if CN_LANES >= 8
#define VW 8
#include "isa/template.h"
#endif
#if CN_LANES >= 4
#define VW 4
#include "isa/template.h"
#endif
#define VW 1
#include "isa/template.h"
#undef CN_TEMPLATE
