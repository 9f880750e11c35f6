// Numbers and vectors of them: their types, how they are read, rounded and laid side by side.
//
// T is the type of activations (double, float, bf16), A that of sums and of the residual stream (double for double, else
// float).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif
#if defined(__AVX512BF16__)
#define HAS_NARROW
#endif

// One function for all who call it: a copy made for one of them might sum in another order, and round otherwise.
#if defined(__GNUC__) && !defined(__clang__)
#define SHARED __attribute__((noinline, noclone))
#else
#define SHARED __attribute__((noinline))
#endif

namespace {

struct bf16 {
  uint16_t bits;
};
template <class T> using Sum = std::conditional_t<std::is_same_v<T, double>, double, float>;
template <class T> constexpr int PAIR = std::is_same_v<T, bf16> ? 2 : 1;  // tokens or dims that one product takes at once
constexpr int LANES = 16;                                                 // tokens of a block of keys, columns of a block of a product

inline int64_t padded_to(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }
// Numbers that begin at a cache line: a tile's rows each lie in one line then, and not in two, which takes three times as long.
template <class T> struct Aligned {
  using value_type = T;
  static constexpr std::align_val_t LINE{64};
  Aligned() = default;
  template <class U> Aligned(const Aligned<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), LINE)); }
  void deallocate(T* p, size_t) { ::operator delete(p, LINE); }
  template <class U> bool operator==(const Aligned<U>&) const { return true; }
  template <class U> bool operator!=(const Aligned<U>&) const { return false; }
};
template <class T> using Numbers = std::vector<T, Aligned<T>>;
template <class T> T* grown(Numbers<T>& room, int64_t size) {
  if (int64_t(room.size()) < size) room.resize(size);
  return room.data();
}

inline double get(double x) { return x; }
inline float get(float x) { return x; }
inline float get(bf16 x) {
  uint32_t u = uint32_t(x.bits) << 16;
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}
inline void put(double* p, double x) { *p = x; }
inline void put(float* p, float x) { *p = x; }
inline void put(bf16* p, float x) {  // to the nearest, ties to even
  uint32_t u;
  std::memcpy(&u, &x, 4);
  p->bits = uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

// A vector as this processor has them, and its registers for them: the compiler keeps larger ones in memory.
#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64, REGISTERS = 32;
#elif defined(__AVX__)
constexpr int VECTOR_BYTES = 32, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16, REGISTERS = 32;
#else
constexpr int VECTOR_BYTES = 16, REGISTERS = 16;
#endif
template <class A> struct VectorType { typedef A type __attribute__((vector_size(VECTOR_BYTES))); };
template <class A> using Vector = typename VectorType<A>::type;
template <class A> constexpr int WIDTH = VECTOR_BYTES / sizeof(A);  // numbers of a vector
template <class A> constexpr int VECTORS = LANES / WIDTH<A>;        // of a block of 16

// A vector of numbers; of two that stand paired, the one at `which`.
inline Vector<double> vector_at(const double* p, int) {
  Vector<double> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline Vector<float> vector_at(const float* p, int) {
  Vector<float> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline Vector<float> vector_at(const bf16* p, int which) {
  typedef uint32_t words __attribute__((vector_size(VECTOR_BYTES)));
  words u;
  std::memcpy(&u, p, sizeof u);
  u = which ? u & 0xffff0000u : u << 16;
  Vector<float> v;
  std::memcpy(&v, &u, sizeof v);
  return v;
}

#if defined(HAS_NARROW)
inline __m512i words_of(const bf16* p) { return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
inline __m512 lanes_of(const bf16* p) { return _mm512_castsi512_ps(_mm512_slli_epi32(words_of(p), 16)); }
inline void put_lanes(bf16* p, __m512 x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)_mm512_cvtneps_pbh(x)); }
#endif

// Numbers of the sums' type as activations.
template <class T> inline void narrow(T* out, const Sum<T>* in, int64_t n) {
  int64_t i = 0;
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>)
    for (; i + LANES <= n; i += LANES) put_lanes(out + i, _mm512_loadu_ps(in + i));
#endif
  for (; i < n; i++) put(out + i, in[i]);
}

template <class A> constexpr A LOWEST = A(-1e30);

inline double exponential(double x) { return std::exp(x); }
inline float exponential(float x) {  // Cephes' polynomial, 2e-7 relative; 0 below -87
  float y = x < -87.f ? -87.f : x > 88.f ? 88.f : x;
  float n = std::nearbyint(y * 1.44269504f);
  float r = y - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.f;
  uint32_t u = uint32_t(int32_t(n) + 127) << 23;
  float s;
  std::memcpy(&s, &u, 4);
  return x < -87.f ? 0.f : p * s;
}

#if defined(__AVX512F__)
// exp, 2e-7 relative; 0 below -87. No more than 0 is asked for.
inline __m512 exponentials(__m512 x) {
  const __m512 t = _mm512_mul_ps(x, _mm512_set1_ps(1.44269504f));
  const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x));
  __m512 p = _mm512_set1_ps(1.9875691500e-4f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
  p = _mm512_fmadd_ps(_mm512_mul_ps(p, r), r, _mm512_add_ps(r, _mm512_set1_ps(1.f)));
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.f), _CMP_GE_OQ), p, n);
}

// 16 rows of 16 words become columns.
inline void transpose(__m512i* r) {
  __m512i t[16];
  for (int i = 0; i < 8; i++) t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]), t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
    }
  for (int j = 0; j < 4; j++) {
    const __m512i even = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88), even_after = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88);
    const __m512i odd = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xdd), odd_after = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xdd);
    t[j] = _mm512_shuffle_i32x4(even, even_after, 0x88), t[8 + j] = _mm512_shuffle_i32x4(even, even_after, 0xdd);
    t[4 + j] = _mm512_shuffle_i32x4(odd, odd_after, 0x88), t[12 + j] = _mm512_shuffle_i32x4(odd, odd_after, 0xdd);
  }
  for (int i = 0; i < 16; i++) r[i] = t[i];
}
#endif

#if defined(HAS_NARROW)
// 1 / (1 + exp(-x)) to 1e-4 relative, where bf16 keeps 4e-3.
inline __m512 sigmoid(__m512 x) {
  const __m512 t = _mm512_mul_ps(x, _mm512_set1_ps(-1.44269504f));
  const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = _mm512_sub_ps(t, n);
  __m512 p = _mm512_set1_ps(1.3333558e-3f);  // 2^r: Taylor's terms, r within half
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.6181291e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.5504109e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.4022651e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.9314718e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.f));
  return _mm512_rcp14_ps(_mm512_add_ps(_mm512_scalef_ps(p, n), _mm512_set1_ps(1.f)));
}
#endif

// The largest of n numbers; -inf of none.
template <class A> A largest(const A* x, int64_t n) {
  Vector<A> tops = {};
  tops += A(-INFINITY);
  int64_t i = 0;
  for (; i + WIDTH<A> <= n; i += WIDTH<A>) {
    const Vector<A> v = vector_at(x + i, 0);
    tops = v > tops ? v : tops;
  }
  A top = -INFINITY;
  for (int l = 0; l < WIDTH<A>; l++) top = tops[l] > top ? tops[l] : top;
  for (; i < n; i++) top = x[i] > top ? x[i] : top;
  return top;
}

constexpr int64_t BUFFER = 512;  // numbers on their way to becoming activations; no head is larger

}  // namespace
