/* Which sample another one is mixed with, and how: what the images (mix.inc.h) and the targets (loss/loss.inc.h) of a
 * batch have in common.
 *
 * The partner j of sample i is any sample of the batch, itself included. With several of them in the list, one of
 * these is drawn for each sample:
 *
 *   mixup    x = l x_i + (1 - l) x_j, l from Beta(v, v)                                      (Zhang et al., 2018)
 *   cutmix   x = x_j in a rectangle, x_i elsewhere; l = 1 - its share of the pixels           (Yun et al., 2019)
 *            its sides are those of the image, h x p, times sqrt(1 - a), a from Beta(v, v), rounded down; it lies
 *            around a pixel drawn from all and is cut at the edges
 *
 * Target and weight are those of both samples: weight = l w_i + (1 - l) w_j, target = (l w_i y_i + (1 - l) w_j y_j)
 * / weight. Random numbers are keyed by sample i and the number of the first of these transforms in the list: partner,
 * choice, the two of Beta; then the pixel. They are drawn again wherever they are needed.
 */
#ifndef CN_IMAGE_MIXING_INC_H
#define CN_IMAGE_MIXING_INC_H

#include "convnet.h"
#include "image/box.h"
#include "image/draws.inc.h"
#include "map/map.h"
#include "random/beta.h"

typedef struct {
    int64_t partner; /* sample of the arena, or beyond it; the sample's own: it stays as it is */
    double share;    /* l */
    int cuts;        /* whether it is cutmix */
    cn_box box;      /* cutmix: what is the partner's */
} cn_mix;

static cn_mix cn_mix_of(const cn_context *ctx, const cn_task *t, int64_t s) {
    int64_t first = -1, count = 0;
    for (int64_t k = ctx->n_transforms - 1; k >= 0; k--)
        if (ctx->transforms[k].kind >= CN_MIXUP) {
            first = k;
            count++;
        }
    cn_mix mix = {.partner = s, .share = 1.0};
    if (!count) return mix;
    const int64_t id = cn_sample_id(ctx, t, s);
    const cn_draw u = cn_draws(ctx, id, first, 0);
    mix.partner = cn_number(u.first, ctx->n) - t->first;
    int64_t left = cn_number(u.second, count), chosen = first;
    while (left > 0) left -= ctx->transforms[++chosen].kind >= CN_MIXUP;
    const cn_transform *f = &ctx->transforms[chosen];
    mix.share = cn_symmetric_beta(f->v, u.third, u.fourth);
    mix.cuts = f->kind == CN_CUTMIX;
    if (mix.cuts) {
        const double side = sqrt(1.0 - mix.share);
        const int64_t height = (int64_t)f->h, width = (int64_t)f->p;
        const cn_draw pixel = cn_draws(ctx, id, first, 1);
        mix.box = cn_box_around(pixel.first, pixel.second, (int64_t)(side * f->h),
                                (int64_t)(side * f->p), height, width);
        const int64_t pixels = (mix.box.bottom - mix.box.top) * (mix.box.right - mix.box.left);
        mix.share = 1.0 - (double)pixels / (f->h * f->p);
    }
    return mix;
}

#endif
