/* Bugs of a kernel that the sanitizers have to find. */
#include <stdint.h>

/* Fills values[0 .. n). */
static void fill(float *values, int64_t n) {
    for (int64_t i = 0; i < n; i++) values[i] = 1.0f;
}

static int32_t add(int32_t a, int32_t b) { return a + b; }
