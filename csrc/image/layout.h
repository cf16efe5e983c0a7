/* Scratch memory of augmentation and resizing. */
#ifndef CN_IMAGE_LAYOUT_H
#define CN_IMAGE_LAYOUT_H

#include "sizes.h"

/* Floats of an image, behind it the zeros of one pixel and of a load of four channels. */
static inline int64_t cn_image_floats(const cn_map *map) {
    return cn_aligned(map->h * map->w * map->c + map->c + 4);
}

/* Values that contrast takes at a time: whole pixels, 64 values or more. */
static inline int64_t cn_contrast_chunk(int64_t c) { return cn_blocks(64, c) * c; }

/* The image and the taps of a row; then sums and means of contrast. */
static inline int64_t cn_augment_scratch(const cn_maps_params *op) {
    return cn_max(cn_image_floats(&op->dst) + 6 * cn_aligned(op->dst.w),
                  2 * cn_contrast_chunk(op->dst.c));
}

/* The partner's image, and what augmenting it takes. */
static inline int64_t cn_mix_scratch(const cn_maps_params *op) {
    return cn_image_floats(&op->dst) + cn_augment_scratch(op);
}

/* Floats of the table of an axis with m outputs. */
static inline int64_t cn_axis_floats(int64_t m, int64_t taps) {
    return cn_aligned(2 * m) + cn_aligned(m * taps);
}

/* The sum of rows; a row. */
static inline int64_t cn_resize_scratch(const cn_resize_params *op) {
    return 2 * cn_aligned(op->src.w * op->src.c + 1);
}

#endif
