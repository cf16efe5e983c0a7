"""Resampling of an image: area averages for shrinking, linear interpolation for enlarging.

An axis of n outputs over the interval [lo, hi) of the input has windows of s = (hi - lo) / n pixels. If s >= 1,
output i is the mean over [lo + i s, lo + (i + 1) s), in which each pixel counts by the part that lies inside. If s < 1,
output i interpolates linearly between pixel centers at lo + (i + 1/2) s; the outermost pixels extend beyond the edge.
Both axes together are a weighted mean: summed in float32, rows first, in a fixed order, and rounded once.
"""

from libc.math cimport ceil, floor
from libc.stdlib cimport free, malloc


def resample(const unsigned char[:, :, ::1] image, interval_y, interval_x, unsigned char[:, :, ::1] out):
    """Write a region of an image into another image, without the GIL.

    Parameters
    ----------
    image : uint8 of shape (h, w, c)
        An image with at least one pixel.
    interval_y, interval_x : (float, float)
        The region: begin and end in pixels, 0 <= begin < end <= h or w.
    out : uint8 of shape (height, width, c)
        Receives the pixels.
    """
    cdef double y0 = interval_y[0], y1 = interval_y[1], x0 = interval_x[0], x1 = interval_x[1]
    cdef Py_ssize_t height = image.shape[0], width = image.shape[1]
    cdef bint done
    if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width and image.shape[2] == out.shape[2]):
        raise ValueError(
            f"region {interval_y}, {interval_x} is not inside {height} x {width} pixels, or channels differ"
        )
    if not out.shape[0] or not out.shape[1] or not out.shape[2]:
        return
    with nogil:
        done = _resample(image, y0, y1, x0, x1, out)
    if not done:
        raise MemoryError("resample")


cdef struct Axis:
    Py_ssize_t taps  # largest number of input pixels of an output
    Py_ssize_t *first  # (n,): first input pixel of each output
    Py_ssize_t *count  # (n,): number of input pixels of each output
    float *weights  # (n, taps)


cdef bint _resample(
    const unsigned char[:, :, ::1] image, double y0, double y1, double x0, double x1, unsigned char[:, :, ::1] out
) noexcept nogil:
    cdef Py_ssize_t height = out.shape[0], width = out.shape[1], channels = image.shape[2]
    cdef Py_ssize_t left, right, length, i, j, k, c
    cdef float *line = NULL
    cdef float weight
    cdef const unsigned char *src
    cdef const float *pixel
    cdef Axis rows, columns
    cdef bint done = False
    cdef bint has_rows = _axis(&rows, y0, y1, image.shape[0], height)
    cdef bint has_columns = _axis(&columns, x0, x1, image.shape[1], width)
    if has_rows and has_columns:
        left = columns.first[0]
        right = columns.first[width - 1] + columns.count[width - 1]
        length = (right - left) * channels
        line = <float *> malloc(length * sizeof(float))
    if line != NULL:
        for i in range(height):
            for k in range(rows.count[i]):
                weight = rows.weights[i * rows.taps + k]
                src = &image[rows.first[i] + k, left, 0]
                if k == 0:
                    for j in range(length):
                        line[j] = weight * src[j]
                else:
                    for j in range(length):
                        line[j] += weight * src[j]
            for j in range(width):
                pixel = line + (columns.first[j] - left) * channels
                if channels == 3:
                    _three(pixel, columns.weights + j * columns.taps, columns.count[j], &out[i, j, 0])
                else:
                    for c in range(channels):
                        out[i, j, c] = _one(
                            pixel + c, channels, columns.weights + j * columns.taps, columns.count[j]
                        )
        done = True
    free(line)
    _release(&rows)
    _release(&columns)
    return done


cdef inline void _three(const float *src, const float *weights, Py_ssize_t count, unsigned char *dst) noexcept nogil:
    """One output pixel of three channels."""
    cdef float a = 0, b = 0, c = 0
    cdef Py_ssize_t k
    for k in range(count):
        a += weights[k] * src[3 * k]
        b += weights[k] * src[3 * k + 1]
        c += weights[k] * src[3 * k + 2]
    dst[0] = _round(a)
    dst[1] = _round(b)
    dst[2] = _round(c)


cdef inline unsigned char _one(
    const float *src, Py_ssize_t step, const float *weights, Py_ssize_t count
) noexcept nogil:
    cdef float total = 0
    cdef Py_ssize_t k
    for k in range(count):
        total += weights[k] * src[k * step]
    return _round(total)


cdef inline unsigned char _round(float value) noexcept nogil:
    """Round halves up. float32 sums of weights may exceed 1 by some eps, so values are limited to 255."""
    return <unsigned char> min(value + <float> 0.5, <float> 255)


cdef bint _axis(Axis *axis, double lo, double hi, Py_ssize_t size, Py_ssize_t n) noexcept nogil:
    """Fill the windows of an axis; return False if memory ran out."""
    cdef double s = (hi - lo) / n, a, b
    cdef Py_ssize_t i, k, first, last
    axis.taps = <Py_ssize_t> ceil(s) + 2
    axis.first = <Py_ssize_t *> malloc(n * sizeof(Py_ssize_t))
    axis.count = <Py_ssize_t *> malloc(n * sizeof(Py_ssize_t))
    axis.weights = <float *> malloc(n * axis.taps * sizeof(float))
    if axis.first == NULL or axis.count == NULL or axis.weights == NULL:
        return False
    for i in range(n):
        if s >= 1:
            a = lo + i * s
            b = min(lo + (i + 1) * s, hi)
            first = min(<Py_ssize_t> floor(a), size - 1)
            last = max(first, min(<Py_ssize_t> ceil(b), size) - 1)
            last = min(last, first + axis.taps - 1)
            for k in range(first, last + 1):
                axis.weights[i * axis.taps + k - first] = <float> (max(0.0, min(b, k + 1.0) - max(a, <double> k)) / s)
        else:
            a = min(max(lo + (i + 0.5) * s - 0.5, 0.0), <double> (size - 1))
            first = <Py_ssize_t> floor(a)
            last = min(first + 1, size - 1)
            axis.weights[i * axis.taps] = <float> (1 - (a - first))
            axis.weights[i * axis.taps + 1] = <float> (a - first)
        axis.first[i] = first
        axis.count[i] = last - first + 1
    return True


cdef void _release(Axis *axis) noexcept nogil:
    free(axis.first)
    free(axis.count)
    free(axis.weights)
