/* MixUp and CutMix: each sample of the batch, augmented, is mixed with another one, whose image is augmented in scratch
 * as in its own place, so that no sample waits for another. See mixing.inc.h. */
#ifndef CN_IMAGE_MIX_INC_H
#define CN_IMAGE_MIX_INC_H

#include "convnet.h"
#include "image/augment.inc.h"
#include "image/layout.h"
#include "image/mixing.inc.h"

/* y = x + share (y - x) */
CN_INLINE void cn_blend(float *restrict y, const float *restrict x, float share, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = CN_FMA(share, y[i] - x[i], x[i]);
}

static void mix(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_map *map = &op->dst;
    cn_map packed = *map;
    packed.row = map->w * map->c;
    float *other = t->scratch, *room = other + cn_image_floats(map);
    for (int64_t s = t->s0; s < t->s1; s++) {
        const cn_mix m = cn_mix_of(ctx, t, s);
        if (m.partner == s || m.share == 1.0) continue;
        cn_augment_image(&packed, ctx, t, m.partner, room, other);
        if (m.cuts) {
            const int64_t left = m.box.left * map->c, cut = m.box.right * map->c - left;
            for (int64_t i = m.box.top; i < m.box.bottom; i++)
                memcpy(cn_line(t, map, s, i) + left, other + i * packed.row + left,
                       (size_t)cut * sizeof(float));
        } else
            for (int64_t i = 0; i < map->h; i++)
                cn_blend(cn_line(t, map, s, i), other + i * packed.row, (float)m.share, packed.row);
    }
}

#endif
