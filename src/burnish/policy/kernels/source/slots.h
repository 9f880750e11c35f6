// Attention of rows that go on by a token or a few. N tokens, H query heads, K key/value heads, D head size.
#pragma once
#include "products.h"

namespace {

constexpr int PADDED = 32;  // to a multiple of as many tokens are prompts laid out

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

// Blocks of 16 columns that G rows meet at a time.
template <class A, int G> constexpr int AT_ONCE = HELD<A> >= 4 * G ? 4 : HELD<A> >= 2 * G ? 2 : 1;

// score[i][t] = q_i . k_t, for whole blocks of keys; those at a distance of `next` are fetched meanwhile.
template <class T, int G> void scores(const T* q, const T* keys, int64_t blocks, int64_t D, Sum<T>* score, int64_t width, int64_t next) {
  constexpr int C = AT_ONCE<Sum<T>, G>;
  int64_t b = 0;
  for (; b + C <= blocks; b += C) vector_product<T, G, C, true>(q, D, keys + b * LANES * D, LANES, LANES * D, score + b * LANES, width, D, false, next);
  for (; b < blocks; b++) vector_product<T, G, 1, true>(q, D, keys + b * LANES * D, LANES, 0, score + b * LANES, width, D, false, next);
}

// out_i += sum over t of weight[i][t] v_t; weights beyond the last token are 0, values are finite.
template <class T, int G> void gather(const T* weight, int64_t width, const T* values, int64_t tokens, int64_t D, Sum<T>* out, int64_t next) {
  constexpr int P = PAIR<T>, C = AT_ONCE<Sum<T>, G>;
  int64_t d = 0;
  for (; d + C * LANES <= D; d += C * LANES) vector_product<T, G, C, true>(weight, width, values + d * P, D, LANES * P, out + d, D, tokens, true, next);
  for (; d + LANES <= D; d += LANES) vector_product<T, G, 1, true>(weight, width, values + d * P, D, 0, out + d, D, tokens, true, next);
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

// A prompt meets the queries of all its rows together, as many as fill a tile.
#if defined(HAS_TILES)
// score [16][width] = 16 queries [16][D] times keys.
inline void tile_scores(const bf16* q, const bf16* keys, int64_t tokens, int64_t D, float* score, int64_t width) {
  written();
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
  written();
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
      by_rows<4>(group, [&](auto G, int64_t g) { scores<T, G.value>(&query[(line + g) * D], keys, tokens / LANES, D, &score[(line + g) * width], width, 0); });
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
      by_rows<4>(group, [&](auto G, int64_t g) { gather<T, G.value>(&weight[(line + g) * width], width, values, tokens, D, &sum[(line + g) * D], 0); });
    });
  }

  // A row's own slots, of which the next row's are fetched meanwhile.
  void attend_own(int64_t h) {
    for (int64_t n = 0; n < N; n++) {
      const int64_t place = (row_N[n] * K + h) * rows.slots * D, own = slot_N[n] + 1, padded = padded_to(own, LANES), line = n * group;
      const int64_t next = n + 1 < N ? (row_N[n + 1] - row_N[n]) * K * rows.slots * D : 0;
      by_rows<4>(group, [&](auto G, int64_t g) {
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
SHARED void attend(const T* q, const T* k, const T* v, const int32_t* row_N, const int32_t* slot_N, const T* const* prefix_keys,
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

}  // namespace
