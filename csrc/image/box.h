/* Rectangles of an image, for cutout and cutmix. */
#ifndef CN_IMAGE_BOX_H
#define CN_IMAGE_BOX_H

#include "isa/simd.h"

/* A rectangle of an image: rows [top, bottom) and columns [left, right). */
typedef struct {
    int64_t top, bottom, left, right;
} cn_box;

/* The rectangle of h x w pixels around the pixel that `down` and `across`, in (0, 1), draw from all; it is cut at the
 * edges of the image. */
CN_INLINE cn_box cn_box_around(double down, double across, int64_t h, int64_t w, int64_t height,
                               int64_t width) {
    const int64_t top = (int64_t)(down * (double)height) - h / 2,
                  left = (int64_t)(across * (double)width) - w / 2;
    return (cn_box){
        .top = top > 0 ? top : 0,
        .bottom = top + h < height ? top + h : height,
        .left = left > 0 ? left : 0,
        .right = left + w < width ? left + w : width,
    };
}

#endif
