// Matrices laid out in the order in which a product reads them. N rows, I inputs, O outputs, both multiples of 32.
#pragma once
#include "parts.h"
#include "products.h"

namespace {

// W [O][I], or, transposed, [I][O], as blocks of 16 outputs: [O / 16][I / P][16][P].
template <class T> void lay_panels(const T* w, bool transposed, T* out, int64_t O, int64_t I) {
  constexpr int P = PAIR<T>;
  const int64_t across = transposed ? 1 : I, along = transposed ? O : 1;
  for (int64_t o = 0; o < O; o += LANES)
    for (int64_t i = 0; i < I; i += P)
      for (int64_t l = 0; l < LANES; l++)
        for (int64_t p = 0; p < P; p++) *out++ = w[(o + l) * across + (i + p) * along];
}

// R rows of x times C blocks of W. Where results go is fetched first: a processor waits for the lines that it writes, too.
template <class T, int R, int C> void panel_product(const T* x, const T* w, const T* bias, T* out, int64_t stride, int64_t I) {
  alignas(64) Sum<T> sum[R][C * LANES];
  for (int r = 0; r < R; r++) {
    __builtin_prefetch(out + r * stride, 1);
    for (int c = 0; c < C * LANES; c++) sum[r][c] = bias ? get(bias[c]) : 0;
  }
  vector_product<T, R, C>(x, I, w, LANES, LANES * I, sum[0], C * LANES, I, true);
  for (int r = 0; r < R; r++) narrow<T>(out + r * stride, sum[r], C * LANES);
}

// So many columns at a time that their numbers stay in the cache while rows pass them; and so many rows that theirs stay in the
// next one while columns do. `out` has `stride` columns, of which these are O.
template <class T, int C>
void through_blocks(const T* x, const T* w, const T* bias, T* out, int64_t stride, int64_t N, int64_t I, int64_t O) {
  const int64_t tall = 1024, wide = std::max<int64_t>((int64_t(1) << 17) / int64_t(I * sizeof(T)) / 32 * 32, 32);
  for (int64_t first = 0; first < N; first += tall)
    for (int64_t from = 0; from < O; from += wide)
      by_rows<std::min(8, HELD<Sum<T>> / C)>(std::min(tall, N - first), [&](auto R, int64_t r) {
        const int64_t n = first + r;
        for (int64_t o = from; o < std::min(O, from + wide); o += C * LANES)
          panel_product<T, R.value, C>(x + n * I, w + o * I, bias ? bias + o : nullptr, out + n * stride + o, stride, I);
      });
}

// Few rows take two blocks at a time: a sum waits for the one before it, and there must be others meanwhile.
template <class T> void through_some(const T* x, const T* w, const T* bias, T* out, int64_t stride, int64_t N, int64_t I, int64_t O) {
  if (2 * N <= HELD<Sum<T>>) through_blocks<T, 2>(x, w, bias, out, stride, N, I, O);
  else through_blocks<T, BLOCKS<Sum<T>>>(x, w, bias, out, stride, N, I, O);
}

#if defined(HAS_NARROW)
// bf16 in tiles or by pairs.

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

// W [O][I], or, transposed, [I][O], as the tiles that are read one after the other: [O / 32][I / 32][2][16][16][2], pairs
// of inputs innermost.
void lay_panels(const bf16* w, bool transposed, bf16* out, int64_t O, int64_t I) {
  for (int64_t o = 0; o < O; o += 32)
    for (int64_t i = 0; i < I; i += 32)
      for (int64_t c = o; c < o + 32; c += 16, out += 512) {
        if (transposed) lay_inputs(w + i * O + c, O, out);
        else lay_outputs(w + c * I + i, I, out);
      }
}

// Rows of sums of 32 columns, and the bias, as activations.
inline void put_sums(const float (*sum)[32], const bf16* bias, bf16* out, int64_t rows, int64_t stride) {
  const __m512 low = bias ? lanes_of(bias) : _mm512_setzero_ps(), high = bias ? lanes_of(bias + 16) : _mm512_setzero_ps();
  for (int64_t r = 0; r < rows; r++) {
    const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_add_ps(_mm512_load_ps(sum[r] + 16), high), _mm512_add_ps(_mm512_load_ps(sum[r]), low));
    _mm512_storeu_si512(out + r * stride, (__m512i)both);
  }
}

// R rows of x times 32 columns of W, by vectors of pairs.
template <int R> void pairs_panel(const bf16* x, const bf16* w, const bf16* bias, bf16* out, int64_t stride, int64_t I) {
  alignas(64) float sum[R][32];
  for (int64_t i = 0; i < I; i += 32) vector_product<bf16, R, 2>(x + i, I, w + i * 32, LANES, 512, sum[0], 32, 32, i > 0);
  put_sums(sum, bias, out, R, stride);
}

void through_panels_in_pairs(const bf16* x, const bf16* w, const bf16* bias, bf16* out, int64_t stride, int64_t N, int64_t I, int64_t O) {
  for (int64_t o = 0; o < O; o += 32, w += 32 * I) {
    const bf16* mine = bias ? bias + o : nullptr;
    int64_t n = 0;
    for (; n + 8 <= N; n += 8) pairs_panel<8>(x + n * I, w, mine, out + n * stride + o, stride, I);
    for (; n + 2 <= N; n += 2) pairs_panel<2>(x + n * I, w, mine, out + n * stride + o, stride, I);
    if (n < N) pairs_panel<1>(x + n * I, w, mine, out + n * stride + o, stride, I);
  }
}
#endif

#if defined(HAS_TILES)
// 16 R rows of x times 32 columns of W.
template <int R> void panel(const bf16* x, const bf16* w, const bf16* bias, bf16* out, int64_t stride, int64_t rows, int64_t I) {
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
  if (rows == 16 * R) put_sums(sum, bias, out, 16 * R, stride);  // so that the compiler knows how many
  else put_sums(sum, bias, out, rows, stride);
}

// The last rows of x, where the last of them fill no tile, with rows of nothing behind them.
const bf16* rest_of(const bf16* x, int64_t N, int64_t I) {
  static thread_local Numbers<bf16> room;
  const int64_t rows = N % 32;
  if (rows % 16 == 0) return nullptr;
  bf16* rest = grown(room, 32 * I);
  std::memcpy(rest, x + (N - rows) * I, rows * I * sizeof(bf16));
  std::memset(rest + rows * I, 0, (32 - rows) * I * sizeof(bf16));
  return rest;
}

void through_panels_in_tiles(const bf16* x, const bf16* w, const bf16* bias, bf16* out, int64_t stride, int64_t N, int64_t I, int64_t O) {
  Tiles tiles;
  const bf16* rest = rest_of(x, N, I);
  written();
  for (int64_t n = 0; n < N; n += 32) {
    const int64_t rows = std::min<int64_t>(32, N - n);
    const bf16* from = rows % 16 ? rest : x + n * I;
    for (int64_t o = 0; o < O; o += 32) {
      const bf16* mine = bias ? bias + o : nullptr;
      if (rows > 16) panel<2>(from, w + o * I, mine, out + n * stride + o, stride, rows, I);
      else panel<1>(from, w + o * I, mine, out + n * stride + o, stride, rows, I);
    }
  }
}
#endif

#if defined(HAS_NARROW)
void through_some(const bf16* x, const bf16* w, const bf16* bias, bf16* out, int64_t stride, int64_t N, int64_t I, int64_t O) {
#if defined(HAS_TILES)
  if (Tiles::are_there()) return through_panels_in_tiles(x, w, bias, out, stride, N, I, O);
#endif
  through_panels_in_pairs(x, w, bias, out, stride, N, I, O);
}
#endif

// x [N][I] through W in panels and its bias (may be null): [N][O]. Each row's sums are the same whatever stands beside it. Threads
// share what there is more of, rows or columns, so that each reads the less.
template <class T> void through_panels(const T* x, const T* w, const T* bias, T* out, int64_t N, int64_t I, int64_t O) {
  if (N >= O)
    return in_parts(N, I * O / 32, [&](int64_t n, int64_t count, int) { through_some(x + n * I, w, bias, out + n * O, O, count, I, O); });
  in_parts(O / 32, N * I, [&](int64_t block, int64_t count, int) {
    const int64_t o = 32 * block;
    through_some(x, w + o * I, bias ? bias + o : nullptr, out + o, O, N, I, 32 * count);
  });
}

}  // namespace
