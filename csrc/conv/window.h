/* Window arithmetic of convolutions: which values an output reads, and in the data gradient an input.
 *
 * In the data gradient the input pixels fall into sh * sw phases (i + pt mod sh, j + pl mod sw); all pixels of a phase
 * read the same taps, and the gradient by the map lies in scratch with a halo of zeros, so that no tap needs a check.
 */
#ifndef CN_CONV_WINDOW_H
#define CN_CONV_WINDOW_H

#include "conv/layout.h"
#include "isa/simd.h"

/* Runs of values that one output pixel reads: run s starts seg[s] floats after the pixel's first
 * value. A kernel row of an undilated, ungrouped convolution is one run of kw * c. The weights of run 0 are row `first` of
 * the packed matrix, which has `rows` rows. */
typedef struct {
    int64_t *seg;
    int64_t nseg, klen, first, rows;
} cn_taps;

/* Pixels of samples x rows x columns, where they are read and where they are written. */
typedef struct {
    const float *x;
    float *y;
    int64_t samples, rows, columns;
    int64_t x_sample, x_row, x_pixel, y_sample, y_row, y_pixel;
} cn_grid;

static cn_taps cn_forward_taps(const cn_conv_params *op, int64_t *seg) {
    const int64_t c = op->src.c;
    cn_taps taps = {.seg = seg};
    if (op->groups == 1 && op->dw == 1) {
        for (int64_t r = 0; r < op->kh; r++) seg[taps.nseg++] = r * op->dh * op->src.row;
        taps.klen = op->kw * c;
    } else {
        for (int64_t r = 0; r < op->kh; r++)
            for (int64_t q = 0; q < op->kw; q++)
                seg[taps.nseg++] = r * op->dh * op->src.row + q * op->dw * c;
        taps.klen = c / op->groups;
    }
    taps.rows = taps.nseg * taps.klen;
    return taps;
}

/* Address in src of the first value that the window of output pixel (0, 0) reads. */
CN_INLINE const float *cn_window_origin(const cn_conv_params *op, const float *arena,
                                        int64_t sample) {
    return arena + op->src.offset + sample * op->src.sample - op->pt * op->src.row -
           op->pl * op->src.c;
}

CN_INLINE int64_t cn_modulo(int64_t a, int64_t m) { return (a % m + m) % m; }

/* Whether tap (r, q) belongs to phase (a, b) of the data gradient. */
CN_INLINE int cn_in_phase(const cn_conv_params *op, int64_t r, int64_t q, int64_t a, int64_t b) {
    return r * op->dh % op->sh == a && q * op->dw % op->sw == b;
}

/* Taps of phase (a, b) of the data gradient, as offsets into grad_preact; taps go down the rows and, in a row,
 * from the last to the first, so that those of an undilated convolution with stride 1 are one run. */
static cn_taps cn_phase_taps(const cn_conv_params *op, int64_t grad_preact_row, int64_t a,
                             int64_t b, int64_t *seg) {
    const int64_t oc = op->dst.c;
    const int joined = op->groups == 1 && op->sw == 1 && op->dw == 1;
    cn_taps taps = {.seg = seg, .klen = (joined ? op->kw : 1) * oc / op->groups};
    for (int64_t r = 0; r < op->kh; r++) {
        if (r * op->dh % op->sh != a) continue;
        for (int64_t q = op->kw - 1; q >= 0; q--) {
            if (q * op->dw % op->sw != b) continue;
            seg[taps.nseg++] =
                -(r * op->dh - a) / op->sh * grad_preact_row - (q * op->dw - b) / op->sw * oc;
            if (joined) break;
        }
    }
    taps.rows = taps.nseg * taps.klen;
    return taps;
}

/* The input pixels of phase (a, b), none or more: what each reads first, in the gradient by the map, and where its own
 * gradient goes. */
static cn_grid cn_phase_grid(const cn_conv_params *op, const cn_preact_layout *z,
                             const float *grad_preact, float *grad, int64_t a, int64_t b) {
    const int64_t i0 = cn_modulo(a - op->pt, op->sh), j0 = cn_modulo(b - op->pl, op->sw);
    const int64_t y = z->top + (i0 + op->pt - a) / op->sh, x = z->left + (j0 + op->pl - b) / op->sw;
    return (cn_grid){.x = grad_preact + y * z->row + x * op->dst.c,
                     .y = grad + i0 * op->grad_src.row + j0 * op->src.c,
                     .rows = cn_max(0, cn_blocks(op->src.h - i0, op->sh)),
                     .columns = cn_max(0, cn_blocks(op->src.w - j0, op->sw)),
                     .x_sample = z->sample,
                     .x_row = z->row,
                     .x_pixel = op->dst.c,
                     .y_sample = op->grad_src.sample,
                     .y_row = op->sh * op->grad_src.row,
                     .y_pixel = op->sw * op->src.c};
}

#endif
