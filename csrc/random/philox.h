/* Philox4x32-10: counter-based random numbers (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011). Four 32-bit numbers are a function of a 128-bit counter and a 64-bit key, so a mask can be computed again
 * wherever it is needed, on any thread. */
#ifndef CN_PHILOX_H
#define CN_PHILOX_H

#include <stdint.h>

/* The four words of counters (first + i, b1, b2, b3) for i < n, each word an array. */
static inline void cn_philox(int n, uint32_t first, uint32_t b1, uint32_t b2, uint32_t b3,
                             uint64_t key, uint32_t *restrict c0, uint32_t *restrict c1,
                             uint32_t *restrict c2, uint32_t *restrict c3) {
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int i = 0; i < n; i++) {
        c0[i] = first + (uint32_t)i;
        c1[i] = b1;
        c2[i] = b2;
        c3[i] = b3;
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < n; i++) {
            const uint64_t p0 = (uint64_t)0xD2511F53u * c0[i], p1 = (uint64_t)0xCD9E8D57u * c2[i];
            c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
            c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
            c1[i] = (uint32_t)p1;
            c3[i] = (uint32_t)p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

#endif
