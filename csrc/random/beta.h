/* Symmetric beta distribution, from two uniform numbers u and v in (0, 1), without rejection.
 *
 * Student's t with 2 alpha degrees of freedom is t = sqrt(2 alpha (u^(-1 / alpha) - 1)) cos(2 pi v) (Bailey, "Polar
 * generation of random variates with the t-distribution", Mathematics of Computation 62, 1994), and
 * (1 + t / sqrt(2 alpha + t^2)) / 2 is Beta(alpha, alpha) (Devroye, "Random variate generation in one line of code",
 * Winter Simulation Conference 1996). With q = u^(1 / alpha), c = cos(2 pi v) and d = q + c^2 (1 - q):
 *
 *   t / sqrt(2 alpha + t^2) = c sqrt((1 - q) / d) = r,   1 - r^2 = q / d,   (1 - |r|) / 2 = q / (2 d (1 + |r|))
 *
 * The last form keeps its relative accuracy where alpha is small and q close to 0; 1 - q = -expm1(log(u) / alpha) keeps
 * it where alpha is large and q close to 1.
 */
#ifndef CN_BETA_H
#define CN_BETA_H

#include <math.h>

#define CN_TWO_PI 6.283185307179586

static inline double cn_symmetric_beta(double alpha, double u, double v) {
    const double log_q = log(u) / alpha, q = exp(log_q), rest = -expm1(log_q);
    const double c = cos(CN_TWO_PI * v), d = q + c * c * rest;
    const double r = fabs(c) * sqrt(rest / d), small = 0.5 * q / (d * (1.0 + r));
    return c < 0.0 ? small : 1.0 - small;
}

#endif
