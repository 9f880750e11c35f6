// What a decoder does beside its matrix products, fused and vectorised: norms, rotations, gates, decode attention, draws.
// A plain C interface, loaded with ctypes; `plain.py` says the same in torch. One thread; no state; sums in a fixed order.
//
// T is the type of activations (double, float, bf16), A that of sums and of the residual stream (double for double, else
// float). N tokens, X hidden size, H query heads, K key/value heads, D head size, I width of the gated layer, V vocabulary.
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
#if defined(__AMX_BF16__) && defined(__AVX512BF16__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#define HAS_TILES
#endif
#if defined(__AVX512BF16__)
#define HAS_NARROW
#endif

namespace {

struct bf16 {
  uint16_t bits;
};
template <class T> using Sum = std::conditional_t<std::is_same_v<T, double>, double, float>;
template <class T> constexpr int PAIR = std::is_same_v<T, bf16> ? 2 : 1;  // tokens or dims that one product takes at once
constexpr int LANES = 16;                                                 // tokens of a block of keys
constexpr int PADDED = 32;                                                // to a multiple of as many tokens are prompts laid out

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

template <class A> struct LaneType;
template <> struct LaneType<float> { typedef float type __attribute__((vector_size(64))); };
template <> struct LaneType<double> { typedef double type __attribute__((vector_size(128))); };
template <class A> using Lane = typename LaneType<A>::type;  // 16 of them

// 16 numbers; of two that stand paired, the one at `which`.
inline Lane<double> lanes(const double* p, int) {
  Lane<double> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline Lane<float> lanes(const float* p, int) {
  Lane<float> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline Lane<float> lanes(const bf16* p, int which) {
  typedef uint32_t words __attribute__((vector_size(64)));
  words u;
  std::memcpy(&u, p, sizeof u);
  u = which ? u & 0xffff0000u : u << 16;
  Lane<float> v;
  std::memcpy(&v, &u, sizeof v);
  return v;
}

#if defined(HAS_NARROW)
inline __m512i words_of(const bf16* p) { return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
inline __m512 lanes_of(const bf16* p) { return _mm512_castsi512_ps(_mm512_slli_epi32(words_of(p), 16)); }
#endif

#if defined(HAS_NARROW)
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
  Lane<A> tops = {};
  tops += A(-INFINITY);
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const Lane<A> v = lanes(x + i, 0);
    tops = v > tops ? v : tops;
  }
  A top = -INFINITY;
  for (int l = 0; l < LANES; l++) top = tops[l] > top ? tops[l] : top;
  for (; i < n; i++) top = x[i] > top ? x[i] : top;
  return top;
}

// ---- the residual stream and its norm -----------------------------------------------------------------------------

constexpr int64_t BUFFER = 512;  // numbers on their way to becoming activations; no head is larger

// sum = x + y (where there is a y; else only x is read); h = sum / rms(sum) * w; keeps 1 / rms(sum).
template <class T>
void add_norm(const Sum<T>* x, const T* y, const Sum<T>* w, Sum<T> eps, Sum<T>* __restrict sum, T* h, Sum<T>* inverse, int64_t N, int64_t X) {
  using A = Sum<T>;
  for (int64_t n = 0; n < N; n++, x += X, h += X) {
    A square = 0;
    const A* row = x;
    if (y) {
      for (int64_t i = 0; i < X; i++) {
        A v = x[i] + get(y[i]);
        sum[i] = v;
        square += v * v;
      }
      row = sum;
      y += X, sum += X;
    } else {
      for (int64_t i = 0; i < X; i++) square += x[i] * x[i];
    }
    A r = A(1) / std::sqrt(square / A(X) + eps);
    inverse[n] = r;
    for (int64_t from = 0; from < X; from += BUFFER) {
      const int64_t size = std::min(BUFFER, X - from);
      A t[BUFFER];
      for (int64_t i = 0; i < size; i++) t[i] = row[from + i] * r * w[from + i];
      narrow(h + from, t, size);
    }
  }
}

// From dh, the gradient at the norm's output, what is added to dx; and to dw, where it is asked for. `narrowed`, where it is
// asked for, becomes dx in the type of activations.
template <class T>
void add_norm_backward(const T* dh, const Sum<T>* x, const Sum<T>* w, const Sum<T>* inverse, Sum<T>* __restrict dx, Sum<T>* __restrict dw,
                       T* narrowed, int64_t N, int64_t X) {
  using A = Sum<T>;
  for (int64_t n = 0; n < N; n++, dh += X, x += X, dx += X) {
    A r = inverse[n], dot = 0;
    for (int64_t i = 0; i < X; i++) dot += get(dh[i]) * w[i] * x[i];
    A scale = dot * r * r * r / A(X);
    if (dw)
      for (int64_t i = 0; i < X; i++) dw[i] += get(dh[i]) * x[i] * r;
    for (int64_t i = 0; i < X; i++) dx[i] += get(dh[i]) * w[i] * r - x[i] * scale;
    if (narrowed) {
      narrow(narrowed, dx, X);
      narrowed += X;
    }
  }
}

// ---- heads: norm over a head where the model has it, then rotation by position ------------------------------------

template <class T> void turn_head(const T* x, const Sum<T>* w, const Sum<T>* cosine, const Sum<T>* sine, Sum<T> eps, T* y, int64_t D) {
  using A = Sum<T>;
  A t[BUFFER], turned[BUFFER];
  if (w) {
    A square = 0;
    for (int64_t i = 0; i < D; i++) {
      A v = get(x[i]);
      square += v * v;
    }
    A r = A(1) / std::sqrt(square / A(D) + eps);
    for (int64_t i = 0; i < D; i++) t[i] = get(x[i]) * r * w[i];
  } else {
    for (int64_t i = 0; i < D; i++) t[i] = get(x[i]);
  }
  int64_t half = D / 2;
  for (int64_t i = 0; i < half; i++) turned[i] = t[i] * cosine[i] - t[half + i] * sine[i];
  for (int64_t i = 0; i < half; i++) turned[half + i] = t[half + i] * cosine[i] + t[i] * sine[i];
  narrow(y, turned, D);
}

// qkv [N, (H + 2K) D] into q [N, H, D], k and v [N, K, D].
template <class T>
void turn(const T* qkv, const Sum<T>* wq, const Sum<T>* wk, const Sum<T>* cosine, const Sum<T>* sine, const int64_t* position, Sum<T> eps,
          T* q, T* k, T* v, int64_t N, int64_t H, int64_t K, int64_t D) {
  for (int64_t n = 0; n < N; n++) {
    const Sum<T>*c = cosine + position[n] * (D / 2), *s = sine + position[n] * (D / 2);
    for (int64_t h = 0; h < H; h++, qkv += D, q += D) turn_head<T>(qkv, wq, c, s, eps, q, D);
    for (int64_t h = 0; h < K; h++, qkv += D, k += D) turn_head<T>(qkv, wk, c, s, eps, k, D);
    std::memcpy(v, qkv, sizeof(T) * K * D);
    qkv += K * D, v += K * D;
  }
}

template <class T>
void turn_head_backward(const T* dy, const T* x, const Sum<T>* w, const Sum<T>* cosine, const Sum<T>* sine, Sum<T> eps, T* dx, Sum<T>* dw, int64_t D) {
  using A = Sum<T>;
  A t[BUFFER];
  int64_t half = D / 2;
  for (int64_t i = 0; i < half; i++) t[i] = get(dy[i]) * cosine[i] + get(dy[half + i]) * sine[i];
  for (int64_t i = 0; i < half; i++) t[half + i] = get(dy[half + i]) * cosine[i] - get(dy[i]) * sine[i];
  if (!w) return narrow(dx, t, D);
  A square = 0, dot = 0;
  for (int64_t i = 0; i < D; i++) {
    A v = get(x[i]);
    square += v * v;
    dot += t[i] * w[i] * v;
  }
  A r = A(1) / std::sqrt(square / A(D) + eps), scale = dot * r * r * r / A(D);
  if (dw)
    for (int64_t i = 0; i < D; i++) dw[i] += t[i] * get(x[i]) * r;
  for (int64_t i = 0; i < D; i++) t[i] = t[i] * w[i] * r - get(x[i]) * scale;
  narrow(dx, t, D);
}

template <class T>
void turn_backward(const T* dq, const T* dk, const T* dv, const T* qkv, const Sum<T>* wq, const Sum<T>* wk, const Sum<T>* cosine, const Sum<T>* sine,
                   const int64_t* position, Sum<T> eps, T* dqkv, Sum<T>* dwq, Sum<T>* dwk, int64_t N, int64_t H, int64_t K, int64_t D) {
  for (int64_t n = 0; n < N; n++) {
    const Sum<T>*c = cosine + position[n] * (D / 2), *s = sine + position[n] * (D / 2);
    for (int64_t h = 0; h < H; h++, qkv += D, dqkv += D, dq += D) turn_head_backward<T>(dq, qkv, wq, c, s, eps, dqkv, dwq, D);
    for (int64_t h = 0; h < K; h++, qkv += D, dqkv += D, dk += D) turn_head_backward<T>(dk, qkv, wk, c, s, eps, dqkv, dwk, D);
    std::memcpy(dqkv, dv, sizeof(T) * K * D);
    qkv += K * D, dqkv += K * D, dv += K * D;
  }
}

// ---- the gated layer: gate and up side by side, [N, 2I] ------------------------------------------------------------

template <class T> void gate(const T* __restrict both, T* __restrict out, int64_t N, int64_t I) {
  using A = Sum<T>;
  for (int64_t n = 0; n < N; n++, both += 2 * I, out += I) {
    int64_t i = 0;
#if defined(HAS_NARROW)
    if constexpr (std::is_same_v<T, bf16>)
      for (; i + LANES <= I; i += LANES) {
        const __m512 g = lanes_of(both + i), gated = _mm512_mul_ps(_mm512_mul_ps(g, sigmoid(g)), lanes_of(both + I + i));
        put_lanes(out + i, gated);
      }
#endif
    for (; i < I; i++) {
      A g = get(both[i]);
      put(out + i, g / (A(1) + exponential(-g)) * get(both[I + i]));
    }
  }
}

// The way back, in place: `both` becomes its gradient, and `dout` the gate's output.
template <class T> void gate_backward(T* dout, T* both, int64_t N, int64_t I) {
  using A = Sum<T>;
  for (int64_t n = 0; n < N; n++, dout += I, both += 2 * I) {
    int64_t i = 0;
#if defined(HAS_NARROW)
    if constexpr (std::is_same_v<T, bf16>)
      for (; i + LANES <= I; i += LANES) {
        const __m512 g = lanes_of(both + i), u = lanes_of(both + I + i), d = lanes_of(dout + i), s = sigmoid(g), gs = _mm512_mul_ps(g, s);
        const __m512 slope = _mm512_fmadd_ps(gs, _mm512_sub_ps(_mm512_set1_ps(1.f), s), s);
        put_lanes(both + i, _mm512_mul_ps(_mm512_mul_ps(d, u), slope));
        put_lanes(both + I + i, _mm512_mul_ps(d, gs));
        put_lanes(dout + i, _mm512_mul_ps(gs, u));
      }
#endif
    for (; i < I; i++) {
      const A g = get(both[i]), u = get(both[I + i]), d = get(dout[i]), s = A(1) / (A(1) + exponential(-g)), gs = g * s;
      put(both + i, d * u * (s + gs * (A(1) - s)));
      put(both + I + i, d * gs);
      put(dout + i, gs * u);
    }
  }
}

// ---- attention of rows that go on by a token or a few --------------------------------------------------------------

// Keys lie in blocks of 16 tokens, [T / 16][D / P][16][P]; values in [T / P][D][P]; P = 2 for bf16, else 1.
template <class T> inline int64_t key_place(int64_t t, int64_t d, int64_t D) {
  constexpr int P = PAIR<T>;
  return (t / LANES) * LANES * D + (d / P) * LANES * P + (t % LANES) * P + d % P;
}
template <class T> inline int64_t value_place(int64_t t, int64_t d, int64_t D) {
  constexpr int P = PAIR<T>;
  return (t / P) * D * P + d * P + t % P;
}

template <class T> void store(const T* k, const T* v, T* keys, T* values, int64_t t, int64_t D) {
  for (int64_t d = 0; d < D; d++) keys[key_place<T>(t, d, D)] = k[d];
  for (int64_t d = 0; d < D; d++) values[value_place<T>(t, d, D)] = v[d];
}

// score[i][t] = q_i . k_t, for B whole blocks; the keys at a distance of `next` are fetched meanwhile.
template <class T, int G, int B> void score_blocks(const T* q, const T* keys, int64_t D, Sum<T>* score, int64_t width, int64_t next) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
#if defined(__AVX512BF16__)
  if constexpr (std::is_same_v<T, bf16>) {
    const int32_t* query = reinterpret_cast<const int32_t*>(q);
    __m512 sum[G][B];
    for (int i = 0; i < G; i++)
      for (int b = 0; b < B; b++) sum[i][b] = _mm512_setzero_ps();
    for (int64_t j = 0; j < D / 2; j++) {
      __m512bh key[B];
      for (int b = 0; b < B; b++) {
        const bf16* place = keys + b * LANES * D + j * 2 * LANES;
        key[b] = (__m512bh)_mm512_loadu_si512(place);
        __builtin_prefetch(place + next);
      }
      for (int i = 0; i < G; i++) {
        const __m512bh both = (__m512bh)_mm512_set1_epi32(query[i * (D / 2) + j]);
        for (int b = 0; b < B; b++) sum[i][b] = _mm512_dpbf16_ps(sum[i][b], key[b], both);
      }
    }
    for (int i = 0; i < G; i++)
      for (int b = 0; b < B; b++) _mm512_storeu_ps(score + i * width + b * LANES, sum[i][b]);
    return;
  }
#endif
  Lane<A> sum[G][B] = {};
  for (int64_t j = 0; j < D / P; j++)
    for (int p = 0; p < P; p++)
      for (int b = 0; b < B; b++) {
        const Lane<A> key = lanes(keys + b * LANES * D + j * LANES * P, p);
        for (int i = 0; i < G; i++) sum[i][b] += key * get(q[i * D + j * P + p]);
      }
  for (int i = 0; i < G; i++)
    for (int b = 0; b < B; b++) std::memcpy(score + i * width + b * LANES, &sum[i][b], sizeof sum[i][b]);
}

template <class T, int G> void scores(const T* q, const T* keys, int64_t blocks, int64_t D, Sum<T>* score, int64_t width, int64_t next) {
  int64_t b = 0;
  for (; b + 4 <= blocks; b += 4) score_blocks<T, G, 4>(q, keys + b * LANES * D, D, score + b * LANES, width, next);
  for (; b < blocks; b++) score_blocks<T, G, 1>(q, keys + b * LANES * D, D, score + b * LANES, width, next);
}

// out_i += sum over t of weight[i][t] v_t, for 16 X dimensions; weights beyond the last token are 0, values are finite.
template <class T, int G, int X>
void gather_part(const T* weight, int64_t width, const T* values, int64_t tokens, int64_t D, Sum<T>* out, int64_t next) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
#if defined(__AVX512BF16__)
  if constexpr (std::is_same_v<T, bf16>) {
    __m512 sum[G][X];
    for (int i = 0; i < G; i++)
      for (int x = 0; x < X; x++) sum[i][x] = _mm512_loadu_ps(out + i * D + x * LANES);
    for (int64_t t = 0; t < tokens; t += 2) {
      __m512bh value[X];
      for (int x = 0; x < X; x++) {
        const bf16* place = values + t * D + x * 2 * LANES;
        value[x] = (__m512bh)_mm512_loadu_si512(place);
        __builtin_prefetch(place + next);
      }
      for (int i = 0; i < G; i++) {
        int32_t both;
        std::memcpy(&both, weight + i * width + t, 4);
        const __m512bh w = (__m512bh)_mm512_set1_epi32(both);
        for (int x = 0; x < X; x++) sum[i][x] = _mm512_dpbf16_ps(sum[i][x], value[x], w);
      }
    }
    for (int i = 0; i < G; i++)
      for (int x = 0; x < X; x++) _mm512_storeu_ps(out + i * D + x * LANES, sum[i][x]);
    return;
  }
#endif
  Lane<A> sum[G][X];
  for (int i = 0; i < G; i++)
    for (int x = 0; x < X; x++) std::memcpy(&sum[i][x], out + i * D + x * LANES, sizeof sum[i][x]);
  for (int64_t t = 0; t < tokens; t += P)
    for (int p = 0; p < P; p++)
      for (int x = 0; x < X; x++) {
        const Lane<A> value = lanes(values + t * D + x * LANES * P, p);
        for (int i = 0; i < G; i++) sum[i][x] += value * get(weight[i * width + t + p]);
      }
  for (int i = 0; i < G; i++)
    for (int x = 0; x < X; x++) std::memcpy(out + i * D + x * LANES, &sum[i][x], sizeof sum[i][x]);
}

template <class T, int G> void gather(const T* weight, int64_t width, const T* values, int64_t tokens, int64_t D, Sum<T>* out, int64_t next) {
  constexpr int P = PAIR<T>;
  int64_t d = 0;
  for (; d + 4 * LANES <= D; d += 4 * LANES) gather_part<T, G, 4>(weight, width, values + d * P, tokens, D, out + d, next);
  for (; d + LANES <= D; d += LANES) gather_part<T, G, 1>(weight, width, values + d * P, tokens, D, out + d, next);
  for (; d < D; d++)
    for (int64_t t = 0; t < tokens; t++)
      for (int i = 0; i < G; i++) out[i * D + d] += get(weight[i * width + t]) * get(values[value_place<T>(t, d, D)]);
}

// Softmax of scores, -inf where there is no token: the unnormalised weights as T, and 1 / their sum.
template <class T> Sum<T> weigh(const Sum<T>* score, T* weight, int64_t width) {
  using A = Sum<T>;
  A top = largest(score, width), total = 0;
  for (int64_t j = 0; j < width; j++) {
    A e = exponential(score[j] - top);
    put(weight + j, e);
    total += e;
  }
  return A(1) / total;
}

template <class T> struct Rows {
  const T *const *prefix_keys, *const *prefix_values;  // per row and key/value head group: the shared prompt's layer, or null
  const int32_t* prefix;                               // its tokens
  T *keys, *values;                                    // own slots: [R][K][S] tokens
  int64_t slots;                                       // S, a multiple of 16
};

// k and v [E, K, D] into a prompt's own layout, [K][E padded to 32]; or into the first slots of a row.
template <class T> void lay(const T* k, const T* v, T* keys, T* values, int64_t E, int64_t K, int64_t D, int64_t slots) {
  for (int64_t h = 0; h < K; h++)
    for (int64_t e = 0; e < E; e++) store<T>(k + (e * K + h) * D, v + (e * K + h) * D, keys + h * slots * D, values + h * slots * D, e, D);
}

// ---- products of small matrices ----------------------------------------------------------------------------------------

#if defined(HAS_TILES)
// The processor's tile registers, all of them 16 rows of 64 bytes; what somebody else had set comes back at the end.
class Tiles {
 public:
  static bool are_there() {
    static const bool granted = syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* XTILEDATA */) == 0;
    return granted;
  }
  Tiles() {
    if (!are_there()) return;
    _tile_storeconfig(before);
    alignas(64) uint8_t config[64] = {1};
    for (int t = 0; t < 8; t++) config[16 + 2 * t] = 64, config[48 + t] = 16;
    __asm__ volatile("" ::: "memory");  // the intrinsic says that it reads no more than the first bytes
    _tile_loadconfig(config);
  }
  ~Tiles() {
    if (!are_there()) return;
    if (before[0]) _tile_loadconfig(before);
    else _tile_release();
  }

 private:
  alignas(64) uint8_t before[64] = {};
};

// R rows and C columns of tiles at a time.
template <int R, int C>
void tile_product(const bf16* a, int64_t lda, const bf16* b, int64_t N, float* c, int64_t ldc, int64_t K, bool add) {
  if (add) {
    _tile_loadd(0, c, ldc * 4);
    if (C > 1) _tile_loadd(1, c + 16, ldc * 4);
    if (R > 1) _tile_loadd(2, c + 16 * ldc, ldc * 4);
    if (R > 1 && C > 1) _tile_loadd(3, c + 16 * ldc + 16, ldc * 4);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t k = 0; k < K; k += 32) {
    _tile_loadd(4, a + k, lda * 2);
    _tile_loadd(6, b + k * N, N * 4);
    _tile_dpbf16ps(0, 4, 6);
    if (C > 1) {
      _tile_loadd(7, b + k * N + 32, N * 4);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (R > 1) {
      _tile_loadd(5, a + 16 * lda + k, lda * 2);
      _tile_dpbf16ps(2, 5, 6);
      if (C > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, c, ldc * 4);
  if (C > 1) _tile_stored(1, c + 16, ldc * 4);
  if (R > 1) _tile_stored(2, c + 16 * ldc, ldc * 4);
  if (R > 1 && C > 1) _tile_stored(3, c + 16 * ldc + 16, ldc * 4);
}

void tiled(const bf16* a, int64_t lda, const bf16* b, int64_t N, float* c, int64_t ldc, int64_t M, int64_t K, bool add) {
  for (int64_t m = 0; m < M; m += 32)
    for (int64_t n = 0; n < N; n += 32) {
      const bf16 *rows = a + m * lda, *columns = b + n * 2;
      float* out = c + m * ldc + n;
      const bool tall = M - m > 16, wide = N - n > 16;
      if (tall && wide) tile_product<2, 2>(rows, lda, columns, N, out, ldc, K, add);
      else if (tall) tile_product<2, 1>(rows, lda, columns, N, out, ldc, K, add);
      else if (wide) tile_product<1, 2>(rows, lda, columns, N, out, ldc, K, add);
      else tile_product<1, 1>(rows, lda, columns, N, out, ldc, K, add);
    }
}

// One right tile of W [O][I], whose rows are the outputs: [16 pairs of inputs][16 outputs][2].
inline void lay_outputs(const bf16* w, int64_t I, bf16* tile) {
  __m512i block[LANES];
  for (int r = 0; r < LANES; r++) block[r] = _mm512_loadu_si512(w + r * I);
  transpose(block);
  for (int r = 0; r < LANES; r++) _mm512_storeu_si512(tile + r * 32, block[r]);
}
// One right tile of W [I][O], whose rows are the inputs.
inline void lay_inputs(const bf16* w, int64_t O, bf16* tile) {
  for (int r = 0; r < LANES; r++)
    _mm512_storeu_si512(tile + r * 32, _mm512_or_si512(words_of(w + 2 * r * O), _mm512_slli_epi32(words_of(w + (2 * r + 1) * O), 16)));
}

// W [O][I], or, transposed, [I][O], as the tiles that `panel` reads one after the other: [O / 32][I / 32][2][16][16][2], pairs
// of inputs innermost.
void lay_panels(const bf16* w, bool transposed, bf16* out, int64_t O, int64_t I) {
  for (int64_t o = 0; o < O; o += 32)
    for (int64_t i = 0; i < I; i += 32)
      for (int64_t c = o; c < o + 32; c += 16, out += 512) {
        if (transposed) lay_inputs(w + i * O + c, O, out);
        else lay_outputs(w + c * I + i, I, out);
      }
}

// 16 R rows of x times 32 columns of W.
template <int R> void panel(const bf16* x, const bf16* w, const bf16* bias, bf16* out, int64_t rows, int64_t I, int64_t O) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  const bf16* below = x + 16 * I;
  for (int64_t i = 0; i < I; i += 32, w += 1024) {
    _tile_loadd(4, x + i, I * 2);
    _tile_loadd(6, w, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, w + 512, 64);
    _tile_dpbf16ps(1, 4, 7);
    if (R > 1) {
      _tile_loadd(5, below + i, I * 2);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  alignas(64) float sum[16 * R][32];
  _tile_stored(0, sum[0], 128);
  _tile_stored(1, sum[0] + 16, 128);
  if (R > 1) {
    _tile_stored(2, sum[16 * (R - 1)], 128);
    _tile_stored(3, sum[16 * (R - 1)] + 16, 128);
  }
  const __m512 low = bias ? lanes_of(bias) : _mm512_setzero_ps(), high = bias ? lanes_of(bias + 16) : _mm512_setzero_ps();
  const auto store = [&](int64_t r) {
    const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_add_ps(_mm512_load_ps(sum[r] + 16), high), _mm512_add_ps(_mm512_load_ps(sum[r]), low));
    _mm512_storeu_si512(out + r * O, (__m512i)both);
  };
  if (rows == 16 * R)  // so that the compiler knows how many
    for (int64_t r = 0; r < 16 * R; r++) store(r);
  else
    for (int64_t r = 0; r < rows; r++) store(r);
}

// The last rows of x, where they fill no tile, with rows of nothing behind them.
const bf16* rest_of(const bf16* x, int64_t N, int64_t I) {
  static thread_local Numbers<bf16> room;
  const int64_t rows = N % 32;
  if (rows % 16 == 0) return nullptr;
  bf16* rest = grown(room, 32 * I);
  std::memcpy(rest, x + (N - rows) * I, rows * I * sizeof(bf16));
  std::memset(rest + rows * I, 0, (32 - rows) * I * sizeof(bf16));
  return rest;
}

// x [N][I] through W in panels and its bias (may be null): [N][O]. Each row's sums are the same whatever stands beside it.
void through_panels(const bf16* x, const bf16* w, const bf16* bias, bf16* out, int64_t N, int64_t I, int64_t O) {
  Tiles tiles;
  const bf16* rest = rest_of(x, N, I);
  for (int64_t n = 0; n < N; n += 32) {
    const int64_t rows = std::min<int64_t>(32, N - n);
    const bf16* from = rows % 16 ? rest : x + n * I;
    for (int64_t o = 0; o < O; o += 32) {
      const bf16* mine = bias ? bias + o : nullptr;
      if (rows > 16) panel<2>(from, w + o * I, mine, out + n * O + o, rows, I, O);
      else panel<1>(from, w + o * I, mine, out + n * O + o, rows, I, O);
    }
  }
}
#else
struct Tiles {
  Tiles() {}
  static bool are_there() { return false; }
};
void lay_panels(const bf16*, bool, bf16*, int64_t, int64_t) {}
void through_panels(const bf16*, const bf16*, const bf16*, bf16*, int64_t, int64_t, int64_t) {}
#endif

// R rows and 16 C columns at a time, in vectors.
template <class T, int R, int C>
void vector_product(const T* a, int64_t lda, const T* b, int64_t N, Sum<T>* c, int64_t ldc, int64_t K, bool add) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>) {
    __m512 total[R][C];
    for (int r = 0; r < R; r++)
      for (int x = 0; x < C; x++) total[r][x] = add ? _mm512_loadu_ps(c + r * ldc + x * LANES) : _mm512_setzero_ps();
    for (int64_t k = 0; k < K; k += 2) {
      __m512bh column[C];
      for (int x = 0; x < C; x++) column[x] = (__m512bh)_mm512_loadu_si512(b + k * N + x * LANES * 2);
      for (int r = 0; r < R; r++) {
        int32_t both;
        std::memcpy(&both, a + r * lda + k, 4);
        const __m512bh w = (__m512bh)_mm512_set1_epi32(both);
        for (int x = 0; x < C; x++) total[r][x] = _mm512_dpbf16_ps(total[r][x], column[x], w);
      }
    }
    for (int r = 0; r < R; r++)
      for (int x = 0; x < C; x++) _mm512_storeu_ps(c + r * ldc + x * LANES, total[r][x]);
    return;
  }
#endif
  Lane<A> sum[R][C];
  for (int r = 0; r < R; r++)
    for (int x = 0; x < C; x++) {
      if (add) std::memcpy(&sum[r][x], c + r * ldc + x * LANES, sizeof sum[r][x]);
      else sum[r][x] = Lane<A>{};
    }
  for (int64_t k = 0; k < K; k += P)
    for (int p = 0; p < P; p++) {
      Lane<A> column[C];
      for (int x = 0; x < C; x++) column[x] = lanes(b + k * N + x * LANES * P, p);
      for (int r = 0; r < R; r++) {
        const A w = get(a[r * lda + k + p]);
        for (int x = 0; x < C; x++) sum[r][x] += column[x] * w;
      }
    }
  for (int r = 0; r < R; r++)
    for (int x = 0; x < C; x++) std::memcpy(c + r * ldc + x * LANES, &sum[r][x], sizeof sum[r][x]);
}

// C [M][N], row by row, = or += A [M][K] times B, which lies as [K / P][N][P]. M and N are multiples of 16, K of P.
template <class T>
void multiply(const T* a, int64_t lda, const T* b, int64_t N, Sum<T>* c, int64_t ldc, int64_t M, int64_t K, bool add) {
#if defined(HAS_TILES)
  if constexpr (std::is_same_v<T, bf16>) {
    if (K % 32 == 0 && Tiles::are_there()) return tiled(a, lda, b, N, c, ldc, M, K, add);
  }
#endif
  for (int64_t m = 0; m < M; m += 8)
    for (int64_t n = 0; n < N; n += 2 * LANES) {
      const T *rows = a + m * lda, *columns = b + n * PAIR<T>;
      if (N - n > LANES) vector_product<T, 8, 2>(rows, lda, columns, N, c + m * ldc + n, ldc, K, add);
      else vector_product<T, 8, 1>(rows, lda, columns, N, c + m * ldc + n, ldc, K, add);
    }
}

#if defined(HAS_TILES)
// 32 tokens' numbers for 32 columns as two left tiles, [16 columns][32 tokens], or as two right ones, [16 pairs of tokens]
// [16 columns][2]. The next tokens' are fetched meanwhile.
template <bool LEFT> inline void lay_tile(const bf16* rows, int64_t stride, int64_t count, bf16* one, bf16* two) {
  const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  __m512i low[LANES], high[LANES];  // of every eight columns, the first four and the others
  for (int l = 0; l < LANES; l++) {
    const bf16* row = rows + 2 * l * stride;
    const __m512i even = 2 * l < count ? _mm512_loadu_si512(row) : _mm512_setzero_si512();
    const __m512i odd = 2 * l + 1 < count ? _mm512_loadu_si512(row + stride) : _mm512_setzero_si512();
    _mm_prefetch(row + 32 * stride, _MM_HINT_T0);
    _mm_prefetch(row + 33 * stride, _MM_HINT_T0);
    low[l] = _mm512_unpacklo_epi16(even, odd), high[l] = _mm512_unpackhi_epi16(even, odd);
  }
  if (LEFT) {
    transpose(low), transpose(high);
    for (int l = 0; l < LANES; l++) {
      const int row = l % 8 / 4 * 8 + l % 4;
      bf16* tile = l < 8 ? one : two;
      _mm512_storeu_si512(tile + row * 32, low[l]);
      _mm512_storeu_si512(tile + (row + 4) * 32, high[l]);
    }
  } else {
    for (int l = 0; l < LANES; l++) {
      _mm512_storeu_si512(one + l * 32, _mm512_permutex2var_epi64(low[l], first, high[l]));
      _mm512_storeu_si512(two + l * 32, _mm512_permutex2var_epi64(low[l], second, high[l]));
    }
  }
}
// Columns of so many tokens as tiles: those of 16 columns one after the other, then the next 16's.
template <bool LEFT> void lay_tiles(const bf16* rows, int64_t stride, int64_t tokens, int64_t blocks, int64_t columns, bf16* out) {
  for (int64_t t = 0; t < blocks; t++)  // a row's columns together: rows lie pages apart
    for (int64_t i = 0; i < columns; i += 32) {
      bf16* tile = out + (i / 16 * blocks + t) * 512;
      lay_tile<LEFT>(rows + t * 32 * stride + i, stride, tokens - t * 32, tile, tile + blocks * 512);
    }
}

// gradient [O][I] += dout^T x over N tokens; O and I are multiples of 32.
void add_outer_in_tiles(const bf16* dout, int64_t stride, const bf16* x, float* gradient, int64_t N, int64_t O, int64_t I) {
  const Tiles tiles;
  const int64_t chunk = 256;  // tokens whose tiles stay in the cache
  const int64_t wide = std::min<int64_t>(std::max<int64_t>((int64_t(1) << 17) / I / 32 * 32, 32), 256);  // rows of the gradient that do
  static thread_local Numbers<bf16> left_room, right_room;
  bf16 *left = grown(left_room, chunk * wide), *right = grown(right_room, padded_to(N, 32) * I);
  for (int64_t n = 0; n < N; n += chunk) {
    const int64_t tokens = std::min(chunk, N - n);
    lay_tiles<false>(x + n * I, I, tokens, (tokens + 31) / 32, I, right + n * I);
  }
  for (int64_t from = 0; from < O; from += wide) {
    const int64_t rows = std::min(wide, O - from);
    for (int64_t n = 0; n < N; n += chunk) {
      const int64_t tokens = std::min(chunk, N - n), blocks = (tokens + 31) / 32;
      lay_tiles<true>(dout + n * stride + from, stride, tokens, blocks, rows, left);
      for (int64_t o = 0; o < rows; o += 32)
        for (int64_t i = 0; i < I; i += 32) {
          float* c = gradient + (from + o) * I + i;
          const bf16 *a = left + o * blocks * 32, *b = right + n * I + i * blocks * 32;
          _tile_loadd(0, c, I * 4);
          _tile_loadd(1, c + 16, I * 4);
          _tile_loadd(2, c + 16 * I, I * 4);
          _tile_loadd(3, c + 16 * I + 16, I * 4);
          for (int64_t t = 0; t < blocks; t++, a += 512, b += 512) {
            _tile_loadd(4, a, 64);
            _tile_loadd(6, b, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, b + blocks * 512, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, a + blocks * 512, 64);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
          }
          _tile_stored(0, c, I * 4);
          _tile_stored(1, c + 16, I * 4);
          _tile_stored(2, c + 16 * I, I * 4);
          _tile_stored(3, c + 16 * I + 16, I * 4);
        }
    }
  }
}
#endif

// Rows side by side, as `multiply` wants its right factor: [rows / P][width][P].
template <class T> void interleave(const T* rows, int64_t stride, int64_t count, int64_t padded, int64_t width, T* out) {
  constexpr int P = PAIR<T>;
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>)
    if (width % LANES == 0) {
      for (int64_t r = 0; r < padded; r += 2)
        for (int64_t i = 0; i < width; i += LANES) {
          const __m512i one = r < count ? words_of(rows + r * stride + i) : _mm512_setzero_si512();
          const __m512i two = r + 1 < count ? words_of(rows + (r + 1) * stride + i) : _mm512_setzero_si512();
          _mm512_storeu_si512(out + r * width + 2 * i, _mm512_or_si512(one, _mm512_slli_epi32(two, 16)));
        }
      return;
    }
#endif
  for (int64_t r = 0; r < padded; r++)
    for (int64_t i = 0; i < width; i++) out[(r / P) * width * P + i * P + r % P] = r < count ? rows[r * stride + i] : T{};
}
// Columns side by side, [width / P][padded][P]: the transposed of `rows` as a right factor.
template <class T> void interleave_columns(const T* rows, int64_t stride, int64_t count, int64_t padded, int64_t width, T* out) {
  constexpr int P = PAIR<T>;
  struct Pair {
    T x[P];
  };
  Pair* pairs = reinterpret_cast<Pair*>(out);
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>)
    if (width % 32 == 0 && padded % LANES == 0) {
      for (int64_t r = 0; r < padded; r += LANES)
        for (int64_t i = 0; i < width / 2; i += LANES) {
          __m512i block[LANES];
          for (int l = 0; l < LANES; l++)
            block[l] = r + l < count ? _mm512_loadu_si512(rows + (r + l) * stride + 2 * i) : _mm512_setzero_si512();
          transpose(block);
          for (int l = 0; l < LANES; l++) _mm512_storeu_si512(pairs + (i + l) * padded + r, block[l]);
        }
      return;
    }
#endif
  for (int64_t i = 0; i < width / P; i++) {
    for (int64_t r = 0; r < count; r++) std::memcpy(pairs + i * padded + r, rows + r * stride + i * P, sizeof(Pair));
    for (int64_t r = count; r < padded; r++) pairs[i * padded + r] = Pair{};
  }
}

// ---- attention of rows, continued ------------------------------------------------------------------------------------------

// A prompt meets the queries of all its rows together, as many as fill a tile.
#if defined(HAS_TILES)
// score [16][width] = 16 queries [16][D] times keys.
inline void tile_scores(const bf16* q, const bf16* keys, int64_t tokens, int64_t D, float* score, int64_t width) {
  for (int64_t t = 0; t < tokens; t += LANES, keys += LANES * D) {
    _tile_zero(0);
    for (int64_t d = 0; d < D; d += 32) {
      _tile_loadd(4, q + d, D * 2);
      _tile_loadd(6, keys + d * LANES, 64);
      _tile_dpbf16ps(0, 4, 6);
    }
    _tile_stored(0, score + t, width * 4);
  }
}

// out [16][D] = weights [16][tokens] times values.
inline void tile_gather(const bf16* weight, int64_t width, const bf16* values, int64_t tokens, int64_t D, float* out) {
  for (int64_t d = 0; d < D; d += 32) {
    _tile_zero(0);
    _tile_zero(1);
    for (int64_t t = 0; t < tokens; t += 32) {
      _tile_loadd(4, weight + t, width * 2);
      _tile_loadd(6, values + t * D + d * 2, D * 4);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, values + t * D + d * 2 + 32, D * 4);
      _tile_dpbf16ps(1, 4, 7);
    }
    _tile_stored(0, out + d, D * 4);
    _tile_stored(1, out + d + 16, D * 4);
  }
}
#endif

// Up to four queries of a token at a time: act(how many, as a constant; the first).
template <class Do> void by_four(int64_t group, const Do& act) {
  for (int64_t g = 0; g < group; g += 4) {
    if (group - g >= 4) act(std::integral_constant<int, 4>(), g);
    else if (group - g == 3) act(std::integral_constant<int, 3>(), g);
    else if (group - g == 2) act(std::integral_constant<int, 2>(), g);
    else act(std::integral_constant<int, 1>(), g);
  }
}

// Kept from pass to pass.
template <class T> struct Room {
  Numbers<T> query, weight;
  Numbers<Sum<T>> score, sum, at_prompt;
};

// One pass of tokens, row by row. Every token has `group` lines of each array: its queries for one key/value head, their
// scores and weights (of the prompt, then of the row's own slots), and their sums.
template <class T> struct Pass {
  using A = Sum<T>;
  const int32_t *row_N, *slot_N;
  const Rows<T>& rows;
  int64_t N, K, D, group, prompt = 0, width = 0;
  bool in_tiles = false;
  T *query, *weight;
  A *score, *sum, *at_prompt;

  Pass(const int32_t* row, const int32_t* slot, const Rows<T>& all, int64_t n, int64_t h, int64_t k, int64_t d)
      : row_N(row), slot_N(slot), rows(all), N(n), K(k), D(d), group(h / k) {
    for (int64_t i = 0; i < N; i++) {
      prompt = std::max(prompt, padded_to(rows.prefix[row_N[i]], PADDED));
      width = std::max(width, padded_to(slot_N[i] + 1, LANES));
    }
    width = prompt + padded_to(width, PADDED);  // so that every line of weights begins at a cache line
    const int64_t lines = N * group + LANES;  // the last tile may begin at the last token
    static thread_local Room<T> room;
    query = grown(room.query, lines * D), weight = grown(room.weight, lines * width);
    score = grown(room.score, lines * width), sum = grown(room.sum, lines * D), at_prompt = grown(room.at_prompt, LANES * D);
    if constexpr (std::is_same_v<T, bf16>) in_tiles = D % 32 == 0 && group <= LANES && Tiles::are_there();
  }

  // Runs of tokens whose rows share a prompt: act(first, end, the prompt's tokens as they are laid out).
  template <class Do> void for_prompts(const Do& act) {
    const int64_t most = in_tiles ? LANES / group : 1;
    for (int64_t n = 0, end; n < N; n = end) {
      for (end = n + 1; end < N && end - n < most && rows.prefix_keys[row_N[end]] == rows.prefix_keys[row_N[n]];) end++;
      if (rows.prefix[row_N[n]]) act(n, end, padded_to(rows.prefix[row_N[n]], PADDED));
    }
  }

  // What a tile says of lines behind its run is nonsense, and is written over or hidden when their own turn comes.
  void score_prompts(int64_t h) {
    for_prompts([&](int64_t n, int64_t, int64_t tokens) {
      const T* keys = rows.prefix_keys[row_N[n]] + h * tokens * D;
      const int64_t line = n * group;
#if defined(HAS_TILES)
      if constexpr (std::is_same_v<T, bf16>)
        if (in_tiles) return tile_scores(&query[line * D], keys, tokens, D, &score[line * width], width);
#endif
      by_four(group, [&](auto G, int64_t g) { scores<T, G.value>(&query[(line + g) * D], keys, tokens / LANES, D, &score[(line + g) * width], width, 0); });
    });
  }

  void gather_prompts(int64_t h) {
    for_prompts([&](int64_t n, int64_t end, int64_t tokens) {
      const T* values = rows.prefix_values[row_N[n]] + h * tokens * D;
      const int64_t line = n * group;
#if defined(HAS_TILES)
      if constexpr (std::is_same_v<T, bf16>)
        if (in_tiles) {
          tile_gather(&weight[line * width], width, values, tokens, D, at_prompt);
          for (int64_t i = 0; i < (end - n) * group * D; i++) sum[line * D + i] += at_prompt[i];
          return;
        }
#endif
      by_four(group, [&](auto G, int64_t g) { gather<T, G.value>(&weight[(line + g) * width], width, values, tokens, D, &sum[(line + g) * D], 0); });
    });
  }

  // A row's own slots, of which the next row's are fetched meanwhile.
  void attend_own(int64_t h) {
    for (int64_t n = 0; n < N; n++) {
      const int64_t place = (row_N[n] * K + h) * rows.slots * D, own = slot_N[n] + 1, padded = padded_to(own, LANES), line = n * group;
      const int64_t next = n + 1 < N ? (row_N[n + 1] - row_N[n]) * K * rows.slots * D : 0;
      by_four(group, [&](auto G, int64_t g) {
        const int64_t at = line + g;
        scores<T, G.value>(&query[at * D], rows.keys + place, padded / LANES, D, &score[at * width + prompt], width, next);
        for (int64_t i = at; i < at + G.value; i++) {
          A* mine = &score[i * width];
          for (int64_t j = rows.prefix[row_N[n]]; j < prompt; j++) mine[j] = -INFINITY;
          for (int64_t j = prompt + own; j < prompt + padded; j++) mine[j] = -INFINITY;
          mine[0] = weigh<T>(mine, &weight[i * width], prompt + padded);
        }
        std::fill_n(&sum[at * D], G.value * D, A(0));
        gather<T, G.value>(&weight[at * width + prompt], width, rows.values + place, padded, D, &sum[at * D], next);
      });
    }
  }
};

// Each token is stored at its slot, then looks at its row's prompt and at the slots up to its own.
template <class T>
void attend(const T* q, const T* k, const T* v, const int32_t* row_N, const int32_t* slot_N, const T* const* prefix_keys,
            const T* const* prefix_values, const int32_t* prefix, T* keys, T* values, int64_t slots, T* out, int64_t N, int64_t H, int64_t K,
            int64_t D, double scale) {
  const Rows<T> rows{prefix_keys, prefix_values, prefix, keys, values, slots};
  Pass<T> pass(row_N, slot_N, rows, N, H, K, D);
  const int64_t group = pass.group;
  Tiles tiles;
  for (int64_t h = 0; h < K; h++) {
    for (int64_t n = 0; n < N; n++) {
      const int64_t place = (row_N[n] * K + h) * slots * D;
      store<T>(k + (n * K + h) * D, v + (n * K + h) * D, keys + place, values + place, slot_N[n], D);
      for (int64_t i = 0; i < group * D; i++) put(&pass.query[n * group * D + i], get(q[(n * H + h * group) * D + i]) * Sum<T>(scale));
    }
    pass.score_prompts(h);
    pass.attend_own(h);
    pass.gather_prompts(h);
    for (int64_t n = 0; n < N; n++)
      for (int64_t g = 0; g < group; g++) {
        const int64_t line = n * group + g;
        for (int64_t d = 0; d < D; d++) put(out + (n * H + h * group + g) * D + d, pass.sum[line * D + d] * pass.score[line * pass.width]);
      }
  }
}

// ---- attention of packed sequences that share their beginnings -----------------------------------------------------------

// Rows as columns, [width][padded]; what is beyond `count` is left alone or becomes 0.
template <class T> void turn_columns(const T* rows, int64_t stride, int64_t count, int64_t padded, int64_t width, T* out) {
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>)
    if (width % LANES == 0 && padded % 32 == 0) {
      for (int64_t t = 0; t < padded; t += 32)
        for (int64_t i = 0; i < width; i += LANES) {
          __m512i block[LANES];
          for (int l = 0; l < LANES; l++) {
            const int64_t at = t + 2 * l;
            const __m512i one = at < count ? words_of(rows + at * stride + i) : _mm512_setzero_si512();
            const __m512i two = at + 1 < count ? words_of(rows + (at + 1) * stride + i) : _mm512_setzero_si512();
            block[l] = _mm512_or_si512(one, _mm512_slli_epi32(two, 16));
          }
          transpose(block);
          for (int l = 0; l < LANES; l++) _mm512_storeu_si512(out + (i + l) * padded + t, block[l]);
        }
      return;
    }
#endif
  for (int64_t t = 0; t < count; t++)
    for (int64_t i = 0; i < width; i++) out[i * padded + t] = rows[t * stride + i];
}

// As `add_outer_in_tiles`, by vectors of pairs.
void add_outer(const bf16* dout, int64_t stride, const bf16* x, float* gradient, int64_t N, int64_t O, int64_t I) {
#if defined(HAS_TILES)
  if (Tiles::are_there()) return add_outer_in_tiles(dout, stride, x, gradient, N, O, I);
#endif
  const int64_t chunk = 256, wide = 256;
  Numbers<bf16> left(chunk * wide), right(chunk * I);
  for (int64_t n = 0; n < N; n += chunk, dout += chunk * stride, x += chunk * I) {
    const int64_t tokens = std::min(chunk, N - n), padded = padded_to(tokens, 32);
    interleave(x, I, tokens, padded, I, right.data());
    for (int64_t o = 0; o < O; o += wide) {
      const int64_t columns = std::min(wide, O - o);
      turn_columns(dout + o, stride, tokens, padded, columns, left.data());
      multiply(left.data(), padded, right.data(), I, gradient + o * I, I, columns, padded, true);
    }
  }
}

constexpr int64_t QUERIES = 32;  // of a block; tokens of a segment are padded to as many

// Segments of tokens, each after its parent: a token looks at all of its ancestors' tokens and at its own segment's up to
// itself. The first `remembered` tokens have no queries.
struct Tree {
  const int32_t *first, *count, *parent;
  int64_t segments, remembered;

  int64_t padded(int64_t s) const { return (count[s] + QUERIES - 1) / QUERIES * QUERIES; }
};

// One key/value head's keys or values, padded segment by segment, as rows [tokens][D] or, turned, as [D][tokens].
template <class T> struct Laid {
  std::vector<int64_t> start;  // of each segment, in padded tokens
  Numbers<T> rows, turned;

  Laid(const Tree& tree, int64_t D, bool with_rows, bool with_turned) : start(tree.segments + 1) {
    for (int64_t s = 0; s < tree.segments; s++) start[s + 1] = start[s] + tree.padded(s);
    if (with_rows) rows.assign(start[tree.segments] * D, T{});
    if (with_turned) turned.assign(start[tree.segments] * D, T{});
  }
  void fill(const Tree& tree, const T* x, int64_t stride, int64_t D) {
    for (int64_t s = 0; s < tree.segments; s++) {
      const T* from = x + tree.first[s] * stride;
      const int64_t padded = tree.padded(s);
      if (!rows.empty())
        for (int64_t t = 0; t < tree.count[s]; t++) std::memcpy(rows.data() + (start[s] + t) * D, from + t * stride, D * sizeof(T));
      if (!turned.empty()) turn_columns(from, stride, tree.count[s], padded, D, turned.data() + start[s] * D);
    }
  }
};

// A segment that a block of queries looks at, and how many of its padded tokens.
struct Seen {
  int64_t segment, tokens;
};

std::vector<Seen> seen_by(const Tree& tree, int64_t s, int64_t from) {
  std::vector<Seen> found;
  for (int64_t a = s; a >= 0; a = tree.parent[a]) found.insert(found.begin(), Seen{a, a == s ? from + QUERIES : tree.padded(a)});
  return found;
}

// Whether a token of a seen segment is hidden from a query of the block that begins at `from` of segment s.
template <class A> void hide(A* score, const Tree& tree, Seen seen, int64_t s, int64_t from, A value) {
  for (int64_t t = tree.count[seen.segment]; t < seen.tokens; t++)
    for (int64_t q = 0; q < QUERIES; q++) score[t * QUERIES + q] = value;
  if (seen.segment == s)
    for (int64_t t = from; t < seen.tokens; t++)
      for (int64_t q = 0; q < t - from; q++) score[t * QUERIES + q] = value;
}

template <class A> inline void put_pair(double* out, const A* one, const A*, int64_t q) { out[q] = one[q]; }
template <class A> inline void put_pair(float* out, const A* one, const A*, int64_t q) { out[q] = one[q]; }
inline void put_pair(bf16* out, const float* one, const float* two, int64_t q) { put(out + 2 * q, one[q]), put(out + 2 * q + 1, two[q]); }
// A block's numbers for one token, or those for two paired.
template <class T, class A> inline void put_pairs(T* out, const A* one, const A* two) {
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>) {
    for (int64_t q = 0; q < QUERIES; q += LANES) {
      const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(one + q)));
      const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(two + q)));
      _mm512_storeu_si512(out + 2 * q, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
    return;
  }
#endif
  for (int64_t q = 0; q < QUERIES; q++) put_pair(out, one, two, q);
}
// A block's columns, [D][QUERIES], as so many rows of activations, each times its factor.
template <class T> void put_columns(const Sum<T>* columns, const Sum<T>* factor, int64_t rows, int64_t D, T* out, int64_t stride) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<Sum<T>, float>)
    if (D % LANES == 0) {
      for (int64_t i = 0; i < rows; i += LANES)
        for (int64_t d = 0; d < D; d += LANES) {
          __m512i block[LANES];
          for (int l = 0; l < LANES; l++) block[l] = _mm512_castps_si512(_mm512_mul_ps(_mm512_loadu_ps(columns + (d + l) * QUERIES + i), _mm512_loadu_ps(factor + i)));
          transpose(block);
          for (int64_t l = 0; l < LANES && i + l < rows; l++) narrow(out + (i + l) * stride + d, reinterpret_cast<const float*>(block + l), LANES);
        }
      return;
    }
#endif
  for (int64_t i = 0; i < rows; i++)
    for (int64_t d = 0; d < D; d++) put(out + i * stride + d, columns[d * QUERIES + i] * factor[i]);
}

// A token's unnormalised weights for a block of queries, added to their totals.
template <class A> void weigh_row(const A* __restrict score, const A* __restrict top, A scale, A* __restrict e, A* __restrict total) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<A, float>) {
    for (int64_t i = 0; i < QUERIES; i += LANES) {
      const __m512 x = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(score + i), _mm512_loadu_ps(top + i)), _mm512_set1_ps(scale)), y = exponentials(x);
      _mm512_storeu_ps(e + i, y);
      _mm512_storeu_ps(total + i, _mm512_add_ps(_mm512_loadu_ps(total + i), y));
    }
    return;
  }
#endif
  for (int64_t i = 0; i < QUERIES; i++) e[i] = exponential((score[i] - top[i]) * scale);
  for (int64_t i = 0; i < QUERIES; i++) total[i] += e[i];
}

// From a token's scores and the gradients at its weights: the weights, and the gradients at the scores.
template <class A>
void slopes(const A* __restrict score, const A* __restrict dweight, const A* __restrict log_sum, const A* __restrict dot, A scale, A* __restrict w,
            A* __restrict ds) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<A, float>) {
    for (int64_t i = 0; i < QUERIES; i += LANES) {
      const __m512 e = exponentials(_mm512_fmsub_ps(_mm512_loadu_ps(score + i), _mm512_set1_ps(scale), _mm512_loadu_ps(log_sum + i)));
      const __m512 slope = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(dweight + i), _mm512_loadu_ps(dot + i)), _mm512_set1_ps(scale));
      _mm512_storeu_ps(w + i, e);
      _mm512_storeu_ps(ds + i, _mm512_mul_ps(e, slope));
    }
    return;
  }
#endif
  for (int64_t i = 0; i < QUERIES; i++) {
    w[i] = exponential(score[i] * scale - log_sum[i]);
    ds[i] = w[i] * (dweight[i] - dot[i]) * scale;
  }
}

template <class T>
void tree_attend(const T* q, const T* k, const T* v, const Tree& tree, T* out, Sum<T>* log_sum, int64_t H, int64_t K, int64_t D, Sum<T> scale) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
  const Tiles tiles;
  Laid<T> keys(tree, D, true, false), values(tree, D, false, true);
  Numbers<T> query(D * QUERIES), weight;
  Numbers<A> score, gathered(D * QUERIES);
  for (int64_t h = 0; h < K; h++) {
    keys.fill(tree, k + h * D, K * D, D);
    values.fill(tree, v + h * D, K * D, D);
    for (int64_t s = 0; s < tree.segments; s++) {
      if (tree.first[s] < tree.remembered) continue;
      for (int64_t from = 0; from < tree.count[s]; from += QUERIES) {
        const std::vector<Seen> chain = seen_by(tree, s, from);
        const int64_t rows = tree.count[s] - from < QUERIES ? tree.count[s] - from : QUERIES;
        int64_t tokens = 0;
        for (const Seen& seen : chain) tokens += seen.tokens;
        if (int64_t(score.size()) < tokens * QUERIES) score.resize(tokens * QUERIES), weight.resize(tokens * QUERIES);
        for (int64_t g = h * (H / K); g < (h + 1) * (H / K); g++) {
          const int64_t at = (tree.first[s] - tree.remembered + from) * H + g;
          interleave_columns(q + at * D, H * D, rows, QUERIES, D, query.data());
          A *next = score.data(), top[QUERIES], total[QUERIES] = {};
          for (const Seen& seen : chain) {
            multiply<T>(keys.rows.data() + keys.start[seen.segment] * D, D, query.data(), QUERIES, next, QUERIES, seen.tokens, D, false);
            hide<A>(next, tree, seen, s, from, A(-INFINITY));
            next += seen.tokens * QUERIES;
          }
          for (int64_t i = 0; i < QUERIES; i += LANES) {
            Lane<A> tops = lanes(score.data() + i, 0);
            for (int64_t t = 1; t < tokens; t++) {
              const Lane<A> v = lanes(score.data() + t * QUERIES + i, 0);
              tops = v > tops ? v : tops;
            }
            std::memcpy(top + i, &tops, sizeof tops);
          }
          for (int64_t t = 0; t < tokens; t += P) {
            A e[P][QUERIES];
            for (int p = 0; p < P; p++)
              weigh_row<A>(score.data() + (t + p) * QUERIES, top, scale, e[p], total);
            put_pairs(weight.data() + t * QUERIES, e[0], e[P - 1]);
          }
          int64_t before = 0;
          for (const Seen& seen : chain) {
            multiply<T>(values.turned.data() + values.start[seen.segment] * D, tree.padded(seen.segment), weight.data() + before * QUERIES, QUERIES,
                        gathered.data(), QUERIES, D, seen.tokens, before > 0);
            before += seen.tokens;
          }
          A inverse[QUERIES];
          for (int64_t i = 0; i < QUERIES; i++) inverse[i] = A(1) / total[i];
          put_columns<T>(gathered.data(), inverse, rows, D, out + at * D, H * D);
          for (int64_t i = 0; i < rows; i++) log_sum[at + i * H] = top[i] * scale + std::log(total[i]);
        }
      }
    }
  }
}

template <class T>
void tree_attend_backward(const T* dout, const T* q, const T* k, const T* v, const T* out, const Sum<T>* log_sum, const Tree& tree, T* dq, T* dk,
                          T* dv, int64_t H, int64_t K, int64_t D, Sum<T> scale) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
  const Tiles tiles;
  Laid<T> keys(tree, D, true, true), values(tree, D, true, false);
  const int64_t all = keys.start[tree.segments];
  Numbers<T> query(D * QUERIES), query_rows(D * QUERIES), slope(D * QUERIES), slope_rows(D * QUERIES), weight, dscore, dscore_pairs;
  Numbers<A> score, dweight, dkeys(all * D), dvalues(all * D), dquery(D * QUERIES);
  A ones[QUERIES];
  std::fill(ones, ones + QUERIES, A(1));
  for (int64_t h = 0; h < K; h++) {
    keys.fill(tree, k + h * D, K * D, D);
    values.fill(tree, v + h * D, K * D, D);
    std::fill(dkeys.begin(), dkeys.end(), A(0));
    std::fill(dvalues.begin(), dvalues.end(), A(0));
    for (int64_t s = 0; s < tree.segments; s++) {
      if (tree.first[s] < tree.remembered) continue;
      for (int64_t from = 0; from < tree.count[s]; from += QUERIES) {
        const int64_t rows = tree.count[s] - from < QUERIES ? tree.count[s] - from : QUERIES;
        for (int64_t g = h * (H / K); g < (h + 1) * (H / K); g++) {
          const int64_t at = (tree.first[s] - tree.remembered + from) * H + g;
          interleave_columns(q + at * D, H * D, rows, QUERIES, D, query.data());
          interleave(q + at * D, H * D, rows, QUERIES, D, query_rows.data());
          interleave_columns(dout + at * D, H * D, rows, QUERIES, D, slope.data());
          interleave(dout + at * D, H * D, rows, QUERIES, D, slope_rows.data());
          A dot[QUERIES] = {}, sum[QUERIES];
          for (int64_t i = 0; i < QUERIES; i++) sum[i] = i < rows ? log_sum[at + i * H] : A(INFINITY);
          for (int64_t i = 0; i < rows; i++) {
            A total = 0;
            for (int64_t d = 0; d < D; d++) total += get(dout[(at + i * H) * D + d]) * get(out[(at + i * H) * D + d]);
            dot[i] = total;
          }
          bool more = false;
          for (const Seen& seen : seen_by(tree, s, from)) {
            const int64_t start = keys.start[seen.segment], size = seen.tokens * QUERIES;
            if (int64_t(score.size()) < size) score.resize(size), dweight.resize(size), weight.resize(size), dscore.resize(size), dscore_pairs.resize(size);
            multiply<T>(keys.rows.data() + start * D, D, query.data(), QUERIES, score.data(), QUERIES, seen.tokens, D, false);
            multiply<T>(values.rows.data() + start * D, D, slope.data(), QUERIES, dweight.data(), QUERIES, seen.tokens, D, false);
            hide<A>(score.data(), tree, seen, s, from, A(-INFINITY));
            for (int64_t t = 0; t < seen.tokens; t += P) {
              A ds[P][QUERIES];
              for (int p = 0; p < P; p++) {
                const int64_t row = (t + p) * QUERIES;
                A w[QUERIES];
                slopes<A>(&score[row], &dweight[row], sum, dot, scale, w, ds[p]);
                narrow(&weight[row], w, QUERIES);
                narrow(&dscore[row], ds[p], QUERIES);
              }
              put_pairs(dscore_pairs.data() + t * QUERIES, ds[0], ds[P - 1]);
            }
            multiply<T>(weight.data(), QUERIES, slope_rows.data(), D, dvalues.data() + start * D, D, seen.tokens, QUERIES, true);
            multiply<T>(dscore.data(), QUERIES, query_rows.data(), D, dkeys.data() + start * D, D, seen.tokens, QUERIES, true);
            multiply<T>(keys.turned.data() + start * D, tree.padded(seen.segment), dscore_pairs.data(), QUERIES, dquery.data(), QUERIES, D, seen.tokens,
                        more);
            more = true;
          }
          put_columns<T>(dquery.data(), ones, rows, D, dq + at * D, H * D);
        }
      }
    }
    for (int64_t s = 0; s < tree.segments; s++)
      for (int64_t t = 0; t < tree.count[s]; t++) {
        const int64_t from = (keys.start[s] + t) * D, to = ((tree.first[s] + t) * K + h) * D;
        narrow(dk + to, dkeys.data() + from, D);
        narrow(dv + to, dvalues.data() + from, D);
      }
  }
}

// ---- drawing ---------------------------------------------------------------------------------------------------------

constexpr int64_t STRIDE = 256;

// -inf where an id's bit is not set.
template <class A> void forbid(A* x, const uint32_t* bits, int64_t V) {
  for (int64_t w = 0; w < V / 32; w++) {
    if (bits[w] == 0xffffffffu) continue;
    for (int b = 0; b < 32; b++) x[w * 32 + b] = bits[w] >> b & 1 ? x[w * 32 + b] : A(-INFINITY);
  }
  for (int64_t i = V / 32 * 32; i < V; i++) x[i] = bits[i >> 5] >> (i & 31) & 1 ? x[i] : A(-INFINITY);
}

// Per row: the inverse of the cumulative distribution softmax(logits / T) over the allowed ids, in id order, at `uniform`;
// its log-prob; the probability of all allowed ids before masking. T = 0 takes the likeliest, with its log-prob at T = 1.
template <class T>
void draw(const T* logits, const uint32_t* bits, const int32_t* choice, const Sum<T>* temperature, const double* uniform, int64_t* id, Sum<T>* logp, Sum<T>* mass,
          int64_t R, int64_t V) {
  using A = Sum<T>;
  const int64_t words = (V + 31) / 32, blocks = (V + STRIDE - 1) / STRIDE;
  Numbers<A> scaled(V), part(blocks), kept(V);
  for (int64_t r = 0; r < R; r++, logits += V) {
    const bool greedy = temperature[r] == 0;
    const A cold = greedy ? A(1) : A(1) / temperature[r];
    A all = 0, total = 0;
    for (int64_t i = 0; i < V; i++) scaled[i] = kept[i] = get(logits[i]) * cold;
    if (choice[r] >= 0) forbid(kept.data(), bits + choice[r] * words, V);
    const A top = largest(scaled.data(), V), peak = largest(kept.data(), V);
    for (int64_t i = 0; i < V; i++) all += exponential(scaled[i] - top);
    for (int64_t b = 0; b < blocks; b++) {
      const int64_t end = (b + 1) * STRIDE < V ? (b + 1) * STRIDE : V;
      A sum = 0;
      for (int64_t i = b * STRIDE; i < end; i++) sum += exponential(kept[i] - peak);
      part[b] = sum;
      total += sum;
    }
    int64_t chosen = -1;
    if (greedy) {
      for (int64_t i = 0; i < V && chosen < 0; i++)
        if (kept[i] == peak) chosen = i;
    } else {
      A left = A(uniform[r]) * total;
      int64_t b = 0;
      while (b < blocks - 1 && left >= part[b]) left -= part[b++];
      for (; b >= 0 && chosen < 0; b--) {
        const int64_t end = (b + 1) * STRIDE < V ? (b + 1) * STRIDE : V;
        for (int64_t i = b * STRIDE; i < end; i++) {
          A e = exponential(kept[i] - peak);
          if (e <= 0) continue;
          chosen = i;
          if (left < e) break;
          left -= e;
        }
      }
    }
    const A log_total = std::log(total);
    if (!std::isfinite(total)) chosen = -1;
    id[r] = chosen;
    logp[r] = chosen < 0 ? A(NAN) : kept[chosen] - peak - log_total;
    const A share = std::exp(peak + log_total - top - std::log(all));
    mass[r] = share > 1 ? A(1) : share;
  }
}

// ---- log-probs of given tokens, and the way back ----------------------------------------------------------------------

// Of softmax(logits / T) over the allowed ids: its log-sum, the target's log-prob, the entropy in nats.
// `choice` says which row of bits holds for a token; -1: everything is allowed.
template <class T>
void score(const T* logits, const uint32_t* bits, const int32_t* choice, const Sum<T>* temperature, const int64_t* target, Sum<T>* log_sum,
           Sum<T>* logp, Sum<T>* entropy, int64_t P, int64_t V) {
  using A = Sum<T>;
  const int64_t words = (V + 31) / 32;
  Numbers<A> kept(V);
  for (int64_t p = 0; p < P; p++, logits += V) {
    const A cold = A(1) / temperature[p];
    for (int64_t i = 0; i < V; i++) kept[i] = get(logits[i]) * cold;
    if (choice[p] >= 0) forbid(kept.data(), bits + choice[p] * words, V);
    const A peak = largest(kept.data(), V);
    A total = 0, weighed = 0;
    for (int64_t i = 0; i < V; i++) {
      const A s = kept[i] - peak, e = exponential(s);
      total += e;
      weighed += e * (s > LOWEST<A> ? s : LOWEST<A>);  // 0 * -inf would be no number
    }
    const A log_total = std::log(total);
    log_sum[p] = peak + log_total;
    logp[p] = kept[target[p]] - log_sum[p];
    entropy[p] = log_total - weighed / total;
  }
}

// logits become the gradient: slope (of the loss by the target's log-prob) times (target - softmax) / T.
template <class T>
void score_backward(T* logits, const uint32_t* bits, const int32_t* choice, const Sum<T>* temperature, const int64_t* target,
                    const Sum<T>* log_sum, const Sum<T>* slope, int64_t P, int64_t V) {
  using A = Sum<T>;
  const int64_t words = (V + 31) / 32;
  Numbers<A> kept(V);
  for (int64_t p = 0; p < P; p++, logits += V) {
    const A cold = A(1) / temperature[p], by = -slope[p] * cold, sum = log_sum[p];
    for (int64_t i = 0; i < V; i++) kept[i] = get(logits[i]) * cold - sum;
    if (choice[p] >= 0) forbid(kept.data(), bits + choice[p] * words, V);
    const A own = slope[p] * cold * (A(1) - exponential(kept[target[p]]));
    for (int64_t i = 0; i < V; i++) put(logits + i, by * exponential(kept[i]));
    put(logits + target[p], own);
  }
}

}  // namespace

extern "C" {
int has_tiles() { return Tiles::are_there(); }
int has_pairs() {
#if defined(HAS_NARROW)
  return 1;
#else
  return 0;
#endif
}
void lay_panels_bf16(const void* w, int transposed, void* out, int64_t O, int64_t I) {
  lay_panels(static_cast<const bf16*>(w), transposed, static_cast<bf16*>(out), O, I);
}
void through_panels_bf16(const void* x, const void* w, const void* bias, void* out, int64_t N, int64_t I, int64_t O) {
  through_panels(static_cast<const bf16*>(x), static_cast<const bf16*>(w), static_cast<const bf16*>(bias), static_cast<bf16*>(out), N, I, O);
}
void add_outer_bf16(const void* dout, int64_t stride, const void* x, float* gradient, int64_t N, int64_t O, int64_t I) {
  add_outer(static_cast<const bf16*>(dout), stride, static_cast<const bf16*>(x), gradient, N, O, I);
}
}

#define FOR(T, S, name)                                                                                                                            \
  extern "C" {                                                                                                                                     \
  void add_norm_##name(const S* x, const T* y, const S* w, double eps, S* sum, T* h, S* inverse, int64_t N, int64_t X) {                            \
    add_norm<T>(x, y, w, S(eps), sum, h, inverse, N, X);                                                                                            \
  }                                                                                                                                                \
  void add_norm_backward_##name(const T* dh, const S* x, const S* w, const S* inverse, S* dx, S* dw, T* narrow, int64_t N, int64_t X) {             \
    add_norm_backward<T>(dh, x, w, inverse, dx, dw, narrow, N, X);                                                                                  \
  }                                                                                                                                                \
  void turn_##name(const T* qkv, const S* wq, const S* wk, const S* c, const S* s, const int64_t* position, double eps, T* q, T* k, T* v,           \
                   int64_t N, int64_t H, int64_t K, int64_t D) {                                                                                    \
    turn<T>(qkv, wq, wk, c, s, position, S(eps), q, k, v, N, H, K, D);                                                                              \
  }                                                                                                                                                \
  void turn_backward_##name(const T* dq, const T* dk, const T* dv, const T* qkv, const S* wq, const S* wk, const S* c, const S* s,                  \
                            const int64_t* position, double eps, T* dqkv, S* dwq, S* dwk, int64_t N, int64_t H, int64_t K, int64_t D) {             \
    turn_backward<T>(dq, dk, dv, qkv, wq, wk, c, s, position, S(eps), dqkv, dwq, dwk, N, H, K, D);                                                  \
  }                                                                                                                                                \
  void gate_##name(const T* both, T* out, int64_t N, int64_t I) { gate<T>(both, out, N, I); }                                                       \
  void gate_backward_##name(T* dout, T* both, int64_t N, int64_t I) { gate_backward<T>(dout, both, N, I); }                                        \
  void attend_##name(const T* q, const T* k, const T* v, const int32_t* row, const int32_t* slot, const T* const* pk, const T* const* pv,           \
                     const int32_t* prefix, T* keys, T* values, int64_t slots, T* out, int64_t N, int64_t H, int64_t K, int64_t D, double scale) {   \
    attend<T>(q, k, v, row, slot, pk, pv, prefix, keys, values, slots, out, N, H, K, D, scale);                                                     \
  }                                                                                                                                                \
  void lay_##name(const T* k, const T* v, T* keys, T* values, int64_t E, int64_t K, int64_t D, int64_t slots) {                                     \
    lay<T>(k, v, keys, values, E, K, D, slots);                                                                                                     \
  }                                                                                                                                                \
  void tree_attend_##name(const T* q, const T* k, const T* v, const int32_t* first, const int32_t* count, const int32_t* parent, int64_t segments,    \
                          int64_t remembered, T* out, S* log_sum, int64_t H, int64_t K, int64_t D, double scale) {                                  \
    tree_attend<T>(q, k, v, Tree{first, count, parent, segments, remembered}, out, log_sum, H, K, D, S(scale));                                     \
  }                                                                                                                                                \
  void tree_attend_backward_##name(const T* dout, const T* q, const T* k, const T* v, const T* out, const S* log_sum, const int32_t* first,          \
                                   const int32_t* count, const int32_t* parent, int64_t segments, int64_t remembered, T* dq, T* dk, T* dv,          \
                                   int64_t H, int64_t K, int64_t D, double scale) {                                                                 \
    tree_attend_backward<T>(dout, q, k, v, out, log_sum, Tree{first, count, parent, segments, remembered}, dq, dk, dv, H, K, D, S(scale));           \
  }                                                                                                                                                \
  void draw_##name(const T* logits, const uint32_t* bits, const int32_t* choice, const S* temperature, const double* uniform, int64_t* id,          \
                   S* logp, S* mass, int64_t R, int64_t V) {                                                                                        \
    draw<T>(logits, bits, choice, temperature, uniform, id, logp, mass, R, V);                                                                      \
  }                                                                                                                                                \
  void score_##name(const T* logits, const uint32_t* bits, const int32_t* choice, const S* temperature, const int64_t* target, S* log_sum,          \
                    S* logp, S* entropy, int64_t P, int64_t V) {                                                                                    \
    score<T>(logits, bits, choice, temperature, target, log_sum, logp, entropy, P, V);                                                              \
  }                                                                                                                                                \
  void score_backward_##name(T* logits, const uint32_t* bits, const int32_t* choice, const S* temperature, const int64_t* target,                   \
                             const S* log_sum, const S* slope, int64_t P, int64_t V) {                                                              \
    score_backward<T>(logits, bits, choice, temperature, target, log_sum, slope, P, V);                                                             \
  }                                                                                                                                                \
  }

FOR(double, double, f64)
FOR(float, float, f32)
FOR(bf16, float, bf16)
