/* Resampling of one image by an affine map, bilinear.
 *
 * The image x (h, w, c) is continued over the whole plane of integer pixels by its fill mode:
 *
 *   nearest   a a a | a b c d | d d d        reflect   c b a | a b c d | d c b
 *   constant  0 0 0 | a b c d | 0 0 0        wrap      b c d | a b c d | a b c
 *
 * and, between its pixels, bilinearly. Output pixel (i, j) is that plane at
 *
 *   (u, v) = (m[0][0] i + m[0][1] j + m[0][2],  m[1][0] i + m[1][1] j + m[1][2]).
 *
 * A row is computed in two loops without branches: where the four taps of each pixel lie and how far the
 * point is from them; then the three interpolations of each channel. Those are a + f (b - a), so that whole
 * pixels and even images come out exactly. Outside, "constant" taps a pixel of zeros behind the image.
 */
#ifndef CN_IMAGE_RESAMPLE_INC_H
#define CN_IMAGE_RESAMPLE_INC_H

#include "convnet.h"
#include "isa/simd.h"
#include "sizes.h"

/* The bound of coordinates: beyond it, not every integer is a float. */
#define CN_FARTHEST 16777216.0

/* Where the taps of a row's pixels lie, in floats from the image's start: (u, v), (u, v+1), (u+1, v),
 * (u+1, v+1), rounded down; and the fractions of u and v. */
typedef struct {
    int32_t *tap[4];
    float *fu, *fv;
} cn_corners;

CN_INLINE int32_t cn_floor(float x) {
    const int32_t i = (int32_t)x;
    return i - ((float)i > x);
}

/* x clamped to -bound..bound; a NaN becomes bound. */
CN_INLINE double cn_clamp(double x, double bound) {
    const double below = x < bound ? x : bound;
    return below > -bound ? below : -bound;
}

/* i modulo n, for |i| up to CN_FARTHEST. */
CN_INLINE int32_t cn_folded(int32_t i, int32_t n) { return i - n * cn_floor((float)i / (float)n); }

/* The pixel of an axis of n pixels that stands for pixel i; always one of them. */
CN_INLINE int32_t cn_within(const int64_t fill, int32_t i, int32_t n) {
    if (fill == CN_REFLECT) {
        i = cn_folded(i, 2 * n);
        i = i < n ? i : 2 * n - 1 - i;
    } else if (fill == CN_WRAP)
        i = cn_folded(i, n);
    i = i > 0 ? i : 0;
    return i < n - 1 ? i : n - 1;
}

CN_INLINE void cn_place(const int64_t fill, const cn_map *map, double m[2][3], int64_t row,
                        int32_t *restrict t0, int32_t *restrict t1, int32_t *restrict t2,
                        int32_t *restrict t3, float *restrict fu, float *restrict fv) {
    const int32_t h = (int32_t)map->h, w = (int32_t)map->w, c = (int32_t)map->c;
    const int32_t step = w * c, zero = h * step;
    const float u0 = (float)(m[0][0] * (double)row + m[0][2]), du = (float)m[0][1];
    const float v0 = (float)(m[1][0] * (double)row + m[1][2]), dv = (float)m[1][1];
    for (int32_t j = 0; j < w; j++) {
        const float u = CN_FMA(du, (float)j, u0), v = CN_FMA(dv, (float)j, v0);
        const int32_t i0 = cn_floor(u), j0 = cn_floor(v);
        const int32_t up = cn_within(fill, i0, h) * step, down = cn_within(fill, i0 + 1, h) * step;
        const int32_t left = cn_within(fill, j0, w) * c, right = cn_within(fill, j0 + 1, w) * c;
        fu[j] = u - (float)i0;
        fv[j] = v - (float)j0;
        if (fill == CN_CONSTANT) {
            const int is_up = (i0 >= 0) & (i0 < h), is_down = (i0 >= -1) & (i0 < h - 1);
            const int is_left = (j0 >= 0) & (j0 < w), is_right = (j0 >= -1) & (j0 < w - 1);
            t0[j] = is_up & is_left ? up + left : zero;
            t1[j] = is_up & is_right ? up + right : zero;
            t2[j] = is_down & is_left ? down + left : zero;
            t3[j] = is_down & is_right ? down + right : zero;
        } else {
            t0[j] = up + left;
            t1[j] = up + right;
            t2[j] = down + left;
            t3[j] = down + right;
        }
    }
}

/* Each fill mode has its own function: GCC forgets `restrict` in inlined functions and would not vectorize the
 * loop. */
#define CN_PLACE(CONSTANT, NAME)                                                                   \
    static __attribute__((noinline)) void cn_place_##NAME(                                         \
        const cn_map *map, double m[2][3], int64_t row, int32_t *restrict t0,                      \
        int32_t *restrict t1, int32_t *restrict t2, int32_t *restrict t3, float *restrict fu,      \
        float *restrict fv) {                                                                      \
        cn_place(CN_##CONSTANT, map, m, row, t0, t1, t2, t3, fu, fv);                              \
    }
CN_FILL_LIST(CN_PLACE)

CN_INLINE float cn_between(float a, float b, float f) { return CN_FMA(f, b - a, a); }

/* Channels [0, c) of pixels [j, w) of a row. */
CN_INLINE void cn_sample(const float *x, const cn_corners *taps, int64_t j, int64_t w, int64_t c,
                         float *restrict y) {
    for (; j < w; j++) {
        const float *p0 = x + taps->tap[0][j], *p1 = x + taps->tap[1][j];
        const float *p2 = x + taps->tap[2][j], *p3 = x + taps->tap[3][j];
        const float fu = taps->fu[j], fv = taps->fv[j];
        for (int64_t k = 0; k < c; k++)
            y[j * c + k] =
                cn_between(cn_between(p0[k], p1[k], fv), cn_between(p2[k], p3[k], fv), fu);
    }
}

#if CN_LANES >= 4
CN_INLINE cn_v4 cn_between4(cn_v4 a, cn_v4 b, cn_v4 f) { return cn_fma4(f, b - a, a); }

/* Three channels are computed as four: the next pixel overwrites the fourth. The last pixel of a row is computed
 * alone. */
static void cn_sample3(const float *x, const cn_corners *taps, int64_t w, float *y) {
    for (int64_t j = 0; j < w - 1; j++) {
        const cn_v4 fu = cn_set4(taps->fu[j]), fv = cn_set4(taps->fv[j]);
        const cn_v4 up =
            cn_between4(cn_load4(x + taps->tap[0][j]), cn_load4(x + taps->tap[1][j]), fv);
        const cn_v4 down =
            cn_between4(cn_load4(x + taps->tap[2][j]), cn_load4(x + taps->tap[3][j]), fv);
        cn_store4(y + 3 * j, cn_between4(up, down, fu));
    }
    cn_sample(x, taps, w - 1, w, 3, y);
}
#else
static void cn_sample3(const float *x, const cn_corners *taps, int64_t w, float *y) {
    cn_sample(x, taps, 0, w, 3, y);
}
#endif

static void cn_sample1(const float *x, const cn_corners *taps, int64_t w, float *y) {
    cn_sample(x, taps, 0, w, 1, y);
}

/* y, rows map->row floats apart, from the image x, packed, with the zeros behind it that cn_image_floats
 * counts. room: for the taps of a row, six aligned lines of w values. */
static void cn_resample(int64_t fill, double m[2][3], const cn_map *map, const float *x,
                        float *room, float *y) {
    const int64_t w = map->w, c = map->c, line = cn_aligned(w);
    int32_t *const numbers = (int32_t *)room;
    const cn_corners taps = {
        .tap = {numbers, numbers + line, numbers + 2 * line, numbers + 3 * line},
        .fu = room + 4 * line,
        .fv = room + 5 * line,
    };
#define CN_PLACE_ENTRY(CONSTANT, NAME) [CN_##CONSTANT] = cn_place_##NAME,
    static void (*const place[])(const cn_map *, double[2][3], int64_t, int32_t *, int32_t *,
                                 int32_t *, int32_t *, float *,
                                 float *) = {CN_FILL_LIST(CN_PLACE_ENTRY)};
    const double part = CN_FARTHEST / 4.0;
    for (int k = 0; k < 2; k++) {
        m[k][0] = cn_clamp(m[k][0], part / (double)map->h);
        m[k][1] = cn_clamp(m[k][1], part / (double)w);
        m[k][2] = cn_clamp(m[k][2], part);
    }
    for (int64_t i = 0; i < map->h; i++, y += map->row) {
        place[fill](map, m, i, taps.tap[0], taps.tap[1], taps.tap[2], taps.tap[3], taps.fu,
                    taps.fv);
        if (c == 1)
            cn_sample1(x, &taps, w, y);
        else if (c == 3)
            cn_sample3(x, &taps, w, y);
        else
            cn_sample(x, &taps, 0, w, c, y);
    }
}

#endif
