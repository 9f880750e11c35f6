// Products of small matrices, and how their factors are laid out.
#pragma once
#include "tiles.h"

namespace {

// How many blocks of 16 sums the registers hold, beside what is multiplied; and how many of its rows and blocks
// `multiply` takes at a time.
template <class A> constexpr int HELD = (REGISTERS - 4) / VECTORS<A>;
template <class A> constexpr int BLOCKS = VECTORS<A> == 1 ? 2 : 1;
template <class A> constexpr int ROWS = std::min(8, HELD<A> / BLOCKS<A>);

// So many rows at a time, and at last those that are left: act(how many, as a constant; the first).
template <int MOST, class Do> void by_rows(int64_t count, const Do& act, int64_t first = 0) {
  for (; first + MOST <= count; first += MOST) act(std::integral_constant<int, MOST>(), first);
  if constexpr (MOST > 1)
    if (first < count) by_rows<MOST - 1>(count, act, first);
}

// R rows and C blocks of 16 columns at a time, in vectors: C = or += A B. B lies as [K / P][N][P]; its blocks begin `step` numbers
// one after the other. With FETCH what lies at a distance of `next` from B is fetched meanwhile. A's rows lie `lda` apart, and P
// numbers of a row `along` from the next P. Unrolled by command: GCC would keep the sums in memory otherwise.
template <class T, int R, int C, bool FETCH = false>
void vector_product(const T* a, int64_t lda, const T* b, int64_t N, int64_t step, Sum<T>* c, int64_t ldc, int64_t K, bool add, int64_t next = 0,
                    int64_t along = PAIR<T>) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>) {
    __m512 total[R][C];
    for (int r = 0; r < R; r++)
      for (int x = 0; x < C; x++) total[r][x] = add ? _mm512_loadu_ps(c + r * ldc + x * LANES) : _mm512_setzero_ps();
    for (int64_t k = 0; k < K; k += 2) {
      __m512bh column[C];
      for (int x = 0; x < C; x++) {
        const bf16* place = b + k * N + x * step;
        column[x] = (__m512bh)_mm512_loadu_si512(place);
        if (FETCH) __builtin_prefetch(place + next);
      }
      for (int r = 0; r < R; r++) {
        int32_t both;
        std::memcpy(&both, a + r * lda + k / P * along, 4);
        const __m512bh w = (__m512bh)_mm512_set1_epi32(both);
        for (int x = 0; x < C; x++) total[r][x] = _mm512_dpbf16_ps(total[r][x], column[x], w);
      }
    }
    for (int r = 0; r < R; r++)
      for (int x = 0; x < C; x++) _mm512_storeu_ps(c + r * ldc + x * LANES, total[r][x]);
    return;
  }
#endif
  constexpr int V = VECTORS<A>, W = C * V;
  Vector<A> sum[R][W];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 16
    for (int x = 0; x < W; x++) sum[r][x] = add ? vector_at(c + r * ldc + x * WIDTH<A>, 0) : Vector<A>{};
  for (int64_t k = 0; k < K; k += P)
#pragma GCC unroll 2
    for (int p = 0; p < P; p++) {
      Vector<A> column[W];
#pragma GCC unroll 16
      for (int x = 0; x < W; x++) {
        const T* place = b + k * N + x / V * step + x % V * WIDTH<A> * P;
        column[x] = vector_at(place, p);
        if (FETCH && x % V == 0 && p == 0) __builtin_prefetch(place + next);
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        const A w = get(a[r * lda + k / P * along + p]);
#pragma GCC unroll 16
        for (int x = 0; x < W; x++) sum[r][x] += column[x] * w;
      }
    }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 16
    for (int x = 0; x < W; x++) std::memcpy(c + r * ldc + x * WIDTH<A>, &sum[r][x], sizeof sum[r][x]);
}

// C [M][N], row by row, = or += A [M][K] times B, which lies as [K / P][N][P]. M and N are multiples of 16, K of P.
template <class T>
void multiply(const T* a, int64_t lda, const T* b, int64_t N, Sum<T>* c, int64_t ldc, int64_t M, int64_t K, bool add) {
#if defined(HAS_TILES)
  if constexpr (std::is_same_v<T, bf16>) {
    if (K % 32 == 0 && Tiles::are_there()) return tiled(a, lda, b, N, c, ldc, M, K, add);
  }
#endif
  using A = Sum<T>;
  constexpr int WIDE = BLOCKS<A> * LANES;
  for (int64_t first = 0; first < M; first += LANES)
    by_rows<ROWS<A>>(LANES, [&](auto R, int64_t m) {
      const T* rows = a + (first + m) * lda;
      A* sums = c + (first + m) * ldc;
      for (int64_t n = 0; n < N; n += WIDE) {
        const T* columns = b + n * PAIR<T>;
        if (N - n >= WIDE) vector_product<T, R.value, BLOCKS<A>>(rows, lda, columns, N, LANES * PAIR<T>, sums + n, ldc, K, add);
        else vector_product<T, R.value, 1>(rows, lda, columns, N, 0, sums + n, ldc, K, add);
      }
    });
}

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

}  // namespace
