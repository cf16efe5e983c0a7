/* Random numbers of augmentation: a function of (seed, epoch, sample id, number of the transform), of Philox streams
 * that no layer's dropout has. */
#ifndef CN_IMAGE_DRAWS_INC_H
#define CN_IMAGE_DRAWS_INC_H

#include "convnet.h"
#include "isa/simd.h"
#include "random/philox.h"

/* Added to a transform's number, so that its key differs from every layer's. */
#define CN_AUGMENT_KEY ((uint64_t)1 << 32)

typedef struct {
    double first, second, third, fourth; /* in (0, 1) */
} cn_draw;

/* Block `block` of the random numbers of transform `number`. */
static cn_draw cn_draws(const cn_context *ctx, int64_t id, int64_t number, uint32_t block) {
    const uint64_t key =
        (uint64_t)ctx->seed + (CN_AUGMENT_KEY + (uint64_t)number) * 0x9E3779B97F4A7C15u;
    const double word = 4294967296.0;
    uint32_t c0, c1, c2, c3;
    cn_philox(1, block, (uint32_t)id, (uint32_t)((uint64_t)id >> 32), (uint32_t)ctx->epoch, key,
              &c0, &c1, &c2, &c3);
    return (cn_draw){((double)c0 + 0.5) / word, ((double)c1 + 0.5) / word,
                     ((double)c2 + 0.5) / word, ((double)c3 + 0.5) / word};
}

CN_INLINE double cn_signed(double u) { return 2.0 * u - 1.0; }

/* u of the way from a to b. */
CN_INLINE double cn_uniform(double u, double a, double b) { return a + u * (b - a); }

/* One of n numbers from 0 on. */
CN_INLINE int64_t cn_number(double u, int64_t n) { return (int64_t)(u * (double)n); }

#endif
