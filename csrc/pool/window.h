/* Max-pooling of windows, for every width of vectors. */
#ifndef CN_POOL_WINDOW_H
#define CN_POOL_WINDOW_H

#include "isa/simd.h"
#include "sizes.h"

#define CN_TEMPLATE "pool/window.inc.h"
#include "isa/each_width.h"

#endif
