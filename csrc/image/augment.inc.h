/* Augmentation: rows of X into the arena, each changed at random.
 *
 * The transforms that move pixels are composed to one affine map from output to input coordinates, and the
 * image, converted to float32 in scratch, is resampled by it once (resample.inc.h); where the map is the identity
 * the row goes straight into the arena. Then the transforms that change values act in their order.
 *
 * Coordinates are pixels (down, right) from the image's center, ((h - 1) / 2, (w - 1) / 2). Transform t takes
 * output point p to input point A_t p + b_t; with u uniform in (0, 1) and r in (-1, 1), v and h being its numbers:
 *
 *   flip        A = diag(+-1, +-1), -1 with probability v, h     b = 0
 *   rotation    A = (cos a, sin a; -sin a, cos a), a = r v       b = 0     counter-clockwise where a > 0
 *   shift       A = 1                                            b = -(r v, r' h)    down, right where r > 0
 *   crop        A = 1                                            b = whole numbers, -v..v, -h..h
 *   zoom        A = (1 + r v) 1                                  b = 0     out where r > 0
 *   stretch     A = diag(1 + r v, 1 + r' h)                      b = 0
 *   resized     A = diag(h' / h, w' / w), b to the center of a window of h' x w' pixels, see cn_resized
 *
 * Of several the first is applied to the image first: its map is the last that a point goes through.
 *
 *   contrast    y = x + r v (x - mean), mean over the pixels of each channel
 *   brightness  y = x + r v
 *   saturation  y = g + (1 + r v) (x - g), g = 0.299 red + 0.587 green + 0.114 blue of the pixel
 *   hue         of red, green and blue in HSV, turned by r v of the circle, see cn_hue
 *   cutout      y = 0 in the v x h pixels around a pixel drawn from all, where they lie in the image
 *
 * Random numbers: draws.inc.h.
 */
#ifndef CN_IMAGE_AUGMENT_INC_H
#define CN_IMAGE_AUGMENT_INC_H

#include "convnet.h"
#include "image/box.h"
#include "image/draws.inc.h"
#include "image/layout.h"
#include "image/resample.inc.h"
#include "map/transfer.inc.h"

/* Output to input, m = m o (a p + b). */
static void cn_compose(double m[2][3], double a00, double a01, double a10, double a11, double b0,
                       double b1) {
    for (int i = 0; i < 2; i++) {
        const double p = m[i][0], q = m[i][1];
        m[i][0] = p * a00 + q * a10;
        m[i][1] = p * a01 + q * a11;
        m[i][2] += p * b0 + q * b1;
    }
}

/* A window of random size and place, resampled to the size of the image (Szegedy et al., 2015), as torchvision's
 * RandomResizedCrop draws it: its share of the area uniform in v..h, the logarithm of its width / height uniform in
 * p..q, its sides rounded to whole pixels. After ten windows that are too large: the largest one in the middle whose
 * ratio is in that range. Output pixel i of n is at (i + 1/2) n' / n - 1/2 of the n' pixels of the window. */
static void cn_resized(const cn_map *map, const cn_transform *f, const cn_context *ctx, int64_t id,
                       int64_t number, double m[2][3]) {
    const double height = (double)map->h, width = (double)map->w, ratio = width / height;
    const double least = exp(f->p), most = exp(f->q);
    double h = ratio < least ? rint(width / least) : height;
    double w = ratio > most ? rint(height * most) : width;
    h = h > 1 ? h : 1;
    w = w > 1 ? w : 1;
    double top = floor((height - h) / 2), left = floor((width - w) / 2);
    for (uint32_t attempt = 0; attempt < 10; attempt++) {
        const cn_draw u = cn_draws(ctx, id, number, attempt);
        const double area = cn_uniform(u.first, f->v, f->h) * height * width;
        const double shape = exp(cn_uniform(u.second, f->p, f->q));
        const double down = rint(sqrt(area / shape)), across = rint(sqrt(area * shape));
        if (!(down >= 1 && down <= height && across >= 1 && across <= width)) continue;
        h = down;
        w = across;
        top = floor(u.third * (height - h + 1));
        left = floor(u.fourth * (width - w + 1));
        break;
    }
    cn_compose(m, h / height, 0, 0, w / width, top + 0.5 * (h - height), left + 0.5 * (w - width));
}

/* The map of all transforms that move pixels, in pixels from pixel (0, 0). Returns whether it moves any pixel. */
static int cn_drawn_map(const cn_map *map, const cn_context *ctx, int64_t row, double m[2][3]) {
    static const double identity[2][3] = {{1, 0, 0}, {0, 1, 0}};
    const double down = 0.5 * (double)(map->h - 1), right = 0.5 * (double)(map->w - 1);
    memcpy(m, identity, sizeof identity);
    for (int64_t t = 0; t < ctx->n_transforms; t++) {
        const cn_transform *f = &ctx->transforms[t];
        if (f->kind >= CN_CONTRAST) continue;
        const cn_draw u = cn_draws(ctx, row, t, 0);
        const double v = f->v * cn_signed(u.first), h = f->h * cn_signed(u.second);
        switch (f->kind) {
        case CN_FLIP:
            cn_compose(m, u.first < f->v ? -1 : 1, 0, 0, u.second < f->h ? -1 : 1, 0, 0);
            break;
        case CN_ROTATION:
            cn_compose(m, cos(v), sin(v), -sin(v), cos(v), 0, 0);
            break;
        case CN_SHIFT:
            cn_compose(m, 1, 0, 0, 1, -v, -h);
            break;
        case CN_CROP:
            cn_compose(m, 1, 0, 0, 1, floor(u.first * (2 * f->v + 1)) - f->v,
                       floor(u.second * (2 * f->h + 1)) - f->h);
            break;
        case CN_ZOOM:
            cn_compose(m, 1 + v, 0, 0, 1 + v, 0, 0);
            break;
        case CN_STRETCH:
            cn_compose(m, 1 + v, 0, 0, 1 + h, 0, 0);
            break;
        default: /* CN_RESIZED */
            cn_resized(map, f, ctx, row, t, m);
        }
    }
    int moved = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) moved |= m[i][j] != identity[i][j];
    if (!moved) return 0;
    m[0][2] += down - m[0][0] * down - m[0][1] * right;
    m[1][2] += right - m[1][0] * down - m[1][1] * right;
    return 1;
}

/* x + gain (x - mean) of each channel. room: scratch for the sums and means of a chunk of pixels. */
static void cn_contrast(const cn_map *map, double gain, float *room, float *x) {
    const int64_t c = map->c, n = map->w * c, chunk = cn_contrast_chunk(c);
    const float factor = (float)(1.0 + gain);
    float *restrict sums = room, *restrict shifts = room + chunk;
    memset(sums, 0, (size_t)chunk * sizeof(float));
    for (int64_t i = 0; i < map->h; i++)
        for (int64_t j = 0; j < n; j += chunk) {
            const float *restrict from = x + i * map->row + j;
            const int64_t m = n - j < chunk ? n - j : chunk;
            for (int64_t k = 0; k < m; k++) sums[k] += from[k];
        }
    for (int64_t k = 0; k < c; k++) {
        double sum = 0;
        for (int64_t j = k; j < chunk; j += c) sum += (double)sums[j];
        const double mean = sum / (double)(map->h * map->w);
        for (int64_t j = k; j < chunk; j += c) shifts[j] = (float)(-gain * mean);
    }
    for (int64_t i = 0; i < map->h; i++)
        for (int64_t j = 0; j < n; j += chunk) {
            float *restrict y = x + i * map->row + j;
            const int64_t m = n - j < chunk ? n - j : chunk;
            for (int64_t k = 0; k < m; k++) y[k] = CN_FMA(factor, y[k], shifts[k]);
        }
}

static void cn_brightness(const cn_map *map, float delta, float *x) {
    for (int64_t i = 0; i < map->h; i++) {
        float *restrict y = x + i * map->row;
        for (int64_t k = 0; k < map->w * map->c; k++) y[k] += delta;
    }
}

static void cn_saturation(const cn_map *map, float factor, float *x) {
    for (int64_t i = 0; i < map->h; i++) {
        float *restrict y = x + i * map->row;
        for (int64_t j = 0; j < map->w; j++, y += 3) {
            const float gray = CN_FMA(0.299f, y[0], CN_FMA(0.587f, y[1], 0.114f * y[2]));
            for (int k = 0; k < 3; k++) y[k] = CN_FMA(factor, y[k] - gray, gray);
        }
    }
}

/* A channel of a pixel whose largest value is `top`, with a range of `chroma`, at k sixths of the color circle,
 * -3 <= k < 18. */
CN_INLINE float cn_hue_channel(float top, float chroma, float k) {
    k = k < 0.0f ? k + 6.0f : k;
    k = k >= 12.0f ? k - 12.0f : k;
    k = k >= 6.0f ? k - 6.0f : k;
    const float back = 4.0f - k, near = k < back ? k : back, part = near < 1.0f ? near : 1.0f;
    return top - chroma * (part > 0.0f ? part : 0.0f);
}

/* With V the largest of red, green and blue, V - C the smallest, and the hue H in sixths of the circle,
 *
 *   H = (green - blue) / C,  2 + (blue - red) / C  or  4 + (red - green) / C    where red, green or blue is V
 *   y = V - C max(0, min(k, 4 - k, 1)),  k = (n + H + 6 turn) mod 6,  n = 5, 3, 1 for red, green, blue:
 *
 * HSV and back. V and C do not change, so values may have any range. */
static void cn_hue(const cn_map *map, float turn, float *x) {
    const float sixths = 6.0f * turn;
    for (int64_t i = 0; i < map->h; i++) {
        float *restrict y = x + i * map->row;
        for (int64_t j = 0; j < map->w; j++, y += 3) {
            const float r = y[0], g = y[1], b = y[2];
            const float most = r > g ? r : g, least = r < g ? r : g;
            const float top = most > b ? most : b, chroma = top - (least < b ? least : b);
            const float from = r == top ? g - b : g == top ? b - r : r - g;
            const float sector = r == top ? 0.0f : g == top ? 2.0f : 4.0f;
            const float hue = sector + sixths + from / (chroma > 0.0f ? chroma : 1.0f);
            const float nan =
                0.0f * r + 0.0f * g + 0.0f * b; /* 0, or NaN where a value is not finite */
            y[0] = cn_hue_channel(top, chroma, hue + 5.0f) + nan;
            y[1] = cn_hue_channel(top, chroma, hue + 3.0f) + nan;
            y[2] = cn_hue_channel(top, chroma, hue + 1.0f) + nan;
        }
    }
}

static void cn_cutout(const cn_map *map, const cn_transform *f, cn_draw u, float *x) {
    const cn_box box =
        cn_box_around(u.first, u.second, (int64_t)f->v, (int64_t)f->h, map->h, map->w);
    for (int64_t i = box.top; i < box.bottom; i++)
        memset(x + i * map->row + box.left * map->c, 0,
               (size_t)((box.right - box.left) * map->c) * sizeof(float));
}

/* The image of sample s, augmented, into the map that starts at y. room: scratch. */
static void cn_augment_image(const cn_map *map, const cn_context *ctx, const cn_task *t, int64_t s,
                             float *room, float *y) {
    const int64_t image = cn_image_floats(map), id = cn_sample_id(ctx, t, s);
    const char *x = ctx->x + cn_row(ctx, t, s) * ctx->x_sample;
    cn_map packed = *map;
    packed.row = map->w * map->c;
    double m[2][3];
    if (cn_drawn_map(map, ctx, id, m)) {
        cn_gather(&packed, ctx, x, room);
        memset(room + map->h * packed.row, 0,
               (size_t)(image - map->h * packed.row) * sizeof(float));
        cn_resample(ctx->fill, m, map, room, room + image, y);
    } else
        cn_gather(map, ctx, x, y);
    for (int64_t k = 0; k < ctx->n_transforms; k++) {
        const cn_transform *f = &ctx->transforms[k];
        if (f->kind < CN_CONTRAST || f->kind >= CN_MIXUP) continue;
        const cn_draw u = cn_draws(ctx, id, k, 0);
        const double amount = f->v * cn_signed(u.first);
        switch (f->kind) {
        case CN_CONTRAST:
            cn_contrast(map, amount, room, y);
            break;
        case CN_BRIGHTNESS:
            cn_brightness(map, (float)amount, y);
            break;
        case CN_SATURATION:
            cn_saturation(map, (float)(1.0 + amount), y);
            break;
        case CN_HUE:
            cn_hue(map, (float)amount, y);
            break;
        default: /* CN_CUTOUT */
            cn_cutout(map, f, u, y);
        }
    }
}

static void augment(const cn_maps_params *op, const cn_context *ctx, const cn_task *t) {
    for (int64_t s = t->s0; s < t->s1; s++)
        cn_augment_image(&op->dst, ctx, t, s, t->scratch, cn_map_at(t, &op->dst, s));
}

#endif
