/* Data into and out of the arena: rows of X gathered and converted, halos, results. */
#ifndef CN_MAP_TRANSFER_INC_H
#define CN_MAP_TRANSFER_INC_H

#include "convnet.h"
#include "isa/simd.h"
#include "map/map.h"

/* IEEE half to float: shift the bits into place, scale the exponent by a product (exact). */
CN_INLINE float cn_half(uint16_t h) {
    union {
        uint32_t i;
        float f;
    } bits = {.i = (uint32_t)(h & 0x7FFF) << 13}, magic = {.i = (254 - 15) << 23};
    if ((h & 0x7C00) == 0x7C00)
        bits.i |= 0x7F800000u;
    else
        bits.f *= magic.f;
    bits.i |= (uint32_t)(h & 0x8000) << 16;
    return bits.f;
}

/* The values at x into the map that starts at dst. */
#define CN_GATHER(CONSTANT, CODE, TYPE, FLOAT)                                                     \
    static void cn_gather_##CODE(const cn_map *map, const cn_context *ctx, const char *x,          \
                                 float *dst) {                                                     \
        const int64_t h = map->h, w = map->w, c = map->c;                                          \
        const float scale = ctx->scale;                                                            \
        const int packed = ctx->x_channel == (int64_t)sizeof(TYPE) &&                              \
                           (w == 1 || ctx->x_pixel == c * (int64_t)sizeof(TYPE));                  \
        for (int64_t i = 0; i < h; i++, x += ctx->x_row, dst += map->row) {                        \
            if (packed) {                                                                          \
                float *restrict out = dst;                                                         \
                for (int64_t k = 0; k < w * c; k++) {                                              \
                    TYPE v;                                                                        \
                    memcpy(&v, x + k * (int64_t)sizeof(TYPE), sizeof v);                           \
                    out[k] = FLOAT(v) * scale;                                                     \
                }                                                                                  \
                continue;                                                                          \
            }                                                                                      \
            for (int64_t j = 0; j < w; j++)                                                        \
                for (int64_t k = 0; k < c; k++) {                                                  \
                    TYPE v;                                                                        \
                    memcpy(&v, x + j * ctx->x_pixel + k * ctx->x_channel, sizeof v);               \
                    dst[j * c + k] = FLOAT(v) * scale;                                             \
                }                                                                                  \
        }                                                                                          \
    }
CN_DTYPE_LIST(CN_GATHER)

/* Convert the row of X that starts at x into the map that starts at dst. */
static void cn_gather(const cn_map *map, const cn_context *ctx, const char *x, float *dst) {
#define CN_GATHER_ENTRY(CONSTANT, CODE, TYPE, FLOAT) [CN_##CONSTANT] = cn_gather_##CODE,
    static void (*const gather[CN_DTYPES])(const cn_map *, const cn_context *, const char *,
                                           float *) = {CN_DTYPE_LIST(CN_GATHER_ENTRY)};
    gather[ctx->x_dtype](map, ctx, x, dst);
}

/* Row y of an image of X, of the width and channels of src, converted. */
static void cn_gather_row(const cn_map *src, const cn_context *ctx, int64_t image, int64_t y,
                          float *dst) {
    const cn_map row = {.h = 1, .w = src->w, .c = src->c};
    cn_gather(&row, ctx, ctx->x + image * ctx->x_sample + y * ctx->x_row, dst);
}

static void input(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    for (int64_t s = t->s0; s < t->s1; s++)
        cn_gather(&op->dst, ctx, ctx->x + cn_row(ctx, t, s) * ctx->x_sample,
                  cn_map_at(t, &op->dst, s));
}

static void halo(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const cn_map *m = &op->dst;
    const int64_t line = m->w * m->c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *at = t->arena + m->start + s * m->sample, *end = at + m->sample;
        float *map = cn_map_at(t, m, s);
        for (int64_t y = 0; y < m->h; y++, map += m->row) {
            memset(at, 0, (size_t)(map - at) * sizeof(float));
            at = map + line;
        }
        memset(at, 0, (size_t)(end - at) * sizeof(float));
    }
}

static void output(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t row = op->src.w * op->src.c, size = op->src.h * row;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            memcpy(ctx->out + (t->first + s) * size + y * row, cn_line(t, &op->src, s, y),
                   (size_t)row * sizeof(float));
}

static void gradient_in(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_map *g = &op->grad_src;
    const int64_t row = g->w * g->c, size = g->h * row;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < g->h; y++)
            memcpy(cn_line(t, g, s, y), ctx->grad + s * size + y * row,
                   (size_t)row * sizeof(float));
}

static void gradient_out(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_map *g = &op->grad_dst;
    const int64_t row = g->w * g->c, size = g->h * row;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < g->h; y++)
            for (int64_t k = 0; k < row; k++)
                ctx->out[s * size + y * row + k] = cn_line(t, g, s, y)[k] * ctx->scale;
}

#endif
