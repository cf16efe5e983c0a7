/* Probabilities from the outputs of a net for one sample, in double:
 *
 *   softmax   p[k] = e^(z[k] - max z) / sum of e^(z[j] - max z)
 *   binary    p = (1 - s, s) with s = 1 / (1 + e^-z), of the only output z
 *   sigmoid   p[k] = 1 / (1 + e^-z[k])
 *
 * The exponential stands here because libm's last bit differs from machine to machine. Predictions and exported nets
 * include this file, so they agree to the bit.
 */
#ifndef CN_LOSS_PROBABILITIES_H
#define CN_LOSS_PROBABILITIES_H

#include <stdint.h>
#include <string.h>

/* 2^k for a normal double. */
static inline double cn_power_of_two(int64_t k) {
    const uint64_t bits = (uint64_t)(k + 1023) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* e^x for x <= 0 by 2^n e^r, |r| <= ln 2 / 2, with the series of e^r up to r^13 / 13!; 1 ulp. The power of two is applied
 * in two steps, because a result below the normal doubles is rounded only once that way. */
static inline double cn_exp_double(double x) {
    static const double series[] = {1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0,
                                    1.0 / 3628800.0,    1.0 / 362880.0,    1.0 / 40320.0,
                                    1.0 / 5040.0,       1.0 / 720.0,       1.0 / 120.0,
                                    1.0 / 24.0,         1.0 / 6.0,         0.5};
    if (x < -745.2) return 0.0;
    if (x != x) return x;
    const double shifter = 6755399441055744.0; /* 1.5 * 2^52 rounds to an integer */
    const double n = (x * 1.4426950408889634 + shifter) - shifter;
    const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double p = series[0];
    for (int i = 1; i < 12; i++) p = p * r + series[i];
    p = 1.0 + (r + r * r * p);
    const int64_t k = (int64_t)n, half = k / 2;
    return p * cn_power_of_two(half) * cn_power_of_two(k - half);
}

/* p[0..n) from z[0..n). */
static inline void cn_softmax_probabilities(const float *z, int64_t n, double *p) {
    double top = (double)z[0], total = 0.0;
    for (int64_t k = 1; k < n; k++) top = (double)z[k] > top ? (double)z[k] : top;
    for (int64_t k = 0; k < n; k++) {
        p[k] = cn_exp_double((double)z[k] - top);
        total += p[k];
    }
    for (int64_t k = 0; k < n; k++) p[k] /= total;
}

/* The probability of the less likely class, e / (1 + e), and 1 / (1 + e), with e = e^-|z|. */
static inline void cn_binary_probabilities(const float *z, double *p) {
    const double logit = (double)*z, e = cn_exp_double(logit > 0.0 ? -logit : logit);
    p[logit > 0.0] = 1.0 / (1.0 + e);
    p[!(logit > 0.0)] = e / (1.0 + e);
}

/* p[0..n) from z[0..n). */
static inline void cn_sigmoid_probabilities(const float *z, int64_t n, double *p) {
    for (int64_t k = 0; k < n; k++) {
        const double logit = (double)z[k], e = cn_exp_double(logit > 0.0 ? -logit : logit);
        p[k] = logit > 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
    }
}

#endif
