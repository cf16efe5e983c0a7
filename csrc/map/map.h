/* Addresses of maps and of their rows, and the rows of X that samples come from. */
#ifndef CN_MAP_MAP_H
#define CN_MAP_MAP_H

#include "convnet.h"
#include "isa/simd.h"

CN_INLINE float *cn_map_at(const cn_task *t, const cn_map *map, int64_t sample) {
    return t->arena + map->offset + sample * map->sample;
}

CN_INLINE float *cn_line(const cn_task *t, const cn_map *map, int64_t sample, int64_t y) {
    return cn_map_at(t, map, sample) + y * map->row;
}

/* Row of X that a sample of the arena comes from. */
CN_INLINE int64_t cn_row(const cn_context *ctx, const cn_task *t, int64_t sample) {
    return ctx->rows ? ctx->rows[t->first + sample] : t->first + sample;
}

/* Key of a sample's random numbers. */
CN_INLINE int64_t cn_sample_id(const cn_context *ctx, const cn_task *t, int64_t sample) {
    return ctx->sample_ids ? ctx->sample_ids[t->first + sample] : cn_row(ctx, t, sample);
}

CN_INLINE void cn_add_floats(float *restrict sum, const float *restrict x, int64_t n) {
    for (int64_t i = 0; i < n; i++) sum[i] += x[i];
}

#endif
