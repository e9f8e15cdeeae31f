// CRC-32C by the processor's own instruction: the journal checks every slot at start-up, and a table is ten times slower.
#ifndef YIKA_CRC32C_H
#define YIKA_CRC32C_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

// For processors without the instruction, and as the definition that the tests hold the other against: polynomial
// 0x1EDC6F41 reflected, RFC 3720.
static inline uint32_t yika_crc32c_by_bits(uint32_t crc, const unsigned char *bytes, size_t count) {
    while (count--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0x82F63B78U & (0U - (crc & 1)));
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2")))
static inline uint32_t yika_crc32c_by_instruction(uint32_t crc, const unsigned char *bytes, size_t count) {
    uint64_t wide = crc;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    while (count--) crc = __builtin_ia32_crc32qi(crc, *bytes++);
    return crc;
}

// Asked once: in a virtual machine CPUID costs as much as checking a hundred slots.
static inline int yika_crc32c_has_instruction(void) {
    static int answer = -1;
    if (answer < 0) {
        unsigned a, b, c, d;
        answer = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
    }
    return answer;
}
#elif defined(__aarch64__)
__attribute__((target("crc")))
static inline uint32_t yika_crc32c_by_instruction(uint32_t crc, const unsigned char *bytes, size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = __builtin_arm_crc32cd(crc, word);
    }
    while (count--) crc = __builtin_arm_crc32cb(crc, *bytes++);
    return crc;
}

static inline int yika_crc32c_has_instruction(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#else
static inline uint32_t yika_crc32c_by_instruction(uint32_t crc, const unsigned char *bytes, size_t count) {
    return yika_crc32c_by_bits(crc, bytes, count);
}

static inline int yika_crc32c_has_instruction(void) { return 0; }
#endif

static inline uint32_t yika_crc32c(const void *bytes, size_t count) {
    uint32_t crc = yika_crc32c_has_instruction() ? yika_crc32c_by_instruction(0xFFFFFFFFU, bytes, count)
                                                 : yika_crc32c_by_bits(0xFFFFFFFFU, bytes, count);
    return ~crc;
}
#endif
