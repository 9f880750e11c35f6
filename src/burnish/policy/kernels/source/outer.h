// A weight's gradient. N tokens, O outputs, I inputs, both multiples of 32.
#pragma once
#include "parts.h"
#include "products.h"

namespace {

// gradient [O][I] += dout^T x; `stride`, `across` and `along` lie between the rows of dout, x and the gradient. Some tokens and outputs
// at a time: dout's columns as many as are multiplied together side by side, [tokens / P][R][P], x in panels. Both are laid out a
// few tokens at a time, whose lines the nearest cache holds meanwhile.
template <class T>
void add_some(const T* dout, int64_t stride, const T* x, int64_t across, Sum<T>* gradient, int64_t along, int64_t N, int64_t O, int64_t I) {
  constexpr int P = PAIR<T>, R = ROWS<Sum<T>>;
  const int64_t chunk = 256, wide = 32 * R, few = 16;
  static thread_local Numbers<T> left_room, right_room;
  T *left = grown(left_room, chunk * wide), *right = grown(right_room, chunk * I);
  for (int64_t n = 0; n < N; n += chunk, dout += chunk * stride, x += chunk * across) {
    const int64_t tokens = std::min(chunk, N - n), padded = padded_to(tokens, P);
    for (int64_t first = 0; first < padded; first += few)
      for (int64_t i = 0; i < I; i += LANES)
        for (int64_t t = first; t < std::min(first + few, padded); t++)
          for (int64_t l = 0; l < LANES; l++) right[i * padded + t / P * LANES * P + l * P + t % P] = t < tokens ? x[t * across + i + l] : T{};
    for (int64_t from = 0; from < O; from += wide) {
      const int64_t columns = std::min(wide, O - from);
      for (int64_t first = 0; first < padded; first += few)
        by_rows<R>(columns, [&](auto C, int64_t c) {
          for (int64_t t = first; t < std::min(first + few, padded); t++)
            for (int64_t r = 0; r < C.value; r++)
              left[c * padded + t / P * C.value * P + r * P + t % P] = t < tokens ? dout[t * stride + from + c + r] : T{};
        });
      for (int64_t i = 0; i < I; i += LANES)
        by_rows<R>(columns, [&](auto C, int64_t c) {
          Sum<T>* place = gradient + (from + c) * along + i;
          for (int64_t r = 0; r < C.value; r++) __builtin_prefetch(place + r * along, 1);
          alignas(64) Sum<T> sum[C.value][LANES];
          vector_product<T, C.value, 1>(left + c * padded, P, right + i * padded, LANES, 0, sum[0], LANES, padded, false, 0, C.value * P);
          for (int64_t r = 0; r < C.value; r++)
            for (int64_t l = 0; l < LANES; l++) place[r * along + l] += sum[r][l];
        });
    }
  }
}

// The same; threads share the gradient's rows or columns, of which there are more, so that each lays out the less.
template <class T> void add_outer(const T* dout, int64_t stride, const T* x, Sum<T>* gradient, int64_t N, int64_t O, int64_t I) {
  if (O >= I)
    return in_parts(O / 32, N * I, [&](int64_t block, int64_t count, int) {
      add_some(dout + 32 * block, stride, x, I, gradient + 32 * block * I, I, N, 32 * count, I);
    });
  in_parts(I / 32, N * O, [&](int64_t block, int64_t count, int) {
    add_some(dout, stride, x + 32 * block, I, gradient + 32 * block, I, N, O, 32 * count);
  });
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

void add_outer_in_tiles(const bf16* dout, int64_t stride, const bf16* x, float* gradient, int64_t N, int64_t O, int64_t I) {
  const Tiles tiles;
  const int64_t chunk = 256;  // tokens whose tiles stay in the cache
  const int64_t wide = std::min<int64_t>(std::max<int64_t>((int64_t(1) << 17) / I / 32 * 32, 32), 256);  // rows of the gradient that do
  static thread_local Numbers<bf16> left_room, kept;
  const int64_t size = padded_to(N, 32) * I;
  Numbers<bf16> large;  // what is no longer worth keeping for the next call
  bf16 *left = grown(left_room, chunk * wide), *right = grown(size > int64_t(1) << 23 ? large : kept, size);
  for (int64_t n = 0; n < N; n += chunk) {
    const int64_t tokens = std::min(chunk, N - n);
    lay_tiles<false>(x + n * I, I, tokens, (tokens + 31) / 32, I, right + n * I);
  }
  for (int64_t from = 0; from < O; from += wide) {
    const int64_t rows = std::min(wide, O - from);
    for (int64_t n = 0; n < N; n += chunk) {
      const int64_t tokens = std::min(chunk, N - n), blocks = (tokens + 31) / 32;
      lay_tiles<true>(dout + n * stride + from, stride, tokens, blocks, rows, left);
      written();
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

#if defined(HAS_NARROW)
// In tiles where there are some, else by pairs.
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
#endif

}  // namespace
