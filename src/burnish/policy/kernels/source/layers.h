// All layers at a go, for tokens of rows that go on: for few tokens, calling kernel by kernel takes as long as computing.
#pragma once
#include "gates.h"
#include "heads.h"
#include "norms.h"
#include "panels.h"
#include "slots.h"

namespace {

// A layer by address; matrices in panels. Null where there is no such bias or norm.
template <class T> struct Layer {
  const Sum<T> *attention_norm, *query_norm, *key_norm, *gate_norm;
  const T *qkv, *qkv_bias, *output, *output_bias, *gate_up, *gate_up_bias, *down, *down_bias;
};

struct Sizes {
  int64_t layers, hidden, heads, kv_heads, head, gated;
};

// Where a token stands, and the rows' slots, layer by layer.
template <class T> struct Places {
  const int64_t* position_N;
  const int32_t *row_N, *slot_N, *prefix_R;
  const T *const *prefix_keys_LR, *const *prefix_values_LR;
  T *const *keys_L, *const *values_L;
  int64_t rows, slots;

  Places from(int64_t n) const {  // without the first n tokens
    Places other = *this;
    other.position_N += n, other.row_N += n, other.slot_N += n;
    return other;
  }
};

// x [N][X], the residual stream, is used up; `hidden` becomes what the last norm makes of it.
template <class T>
void through_layers(const Layer<T>* layers, const Sizes& size, const Places<T>& at, const Sum<T>* cosine, const Sum<T>* sine, const Sum<T>* last_norm,
                    Sum<T> eps, double scale, Sum<T>* x, T* hidden, int64_t N) {
  const auto [L, X, H, K, D, I] = size;
  static thread_local Numbers<T> narrow_room;
  static thread_local Numbers<Sum<T>> wide_room;
  const int64_t heads = (H + 2 * K) * D, widths[] = {X, heads, H * D, K * D, K * D, H * D, X, 2 * I, I};
  int64_t all = 0;
  for (const int64_t width : widths) all += padded_to(N * width, 32);
  T *next = grown(narrow_room, all), *room[9];
  for (int i = 0; i < 9; i++) room[i] = next, next += padded_to(N * widths[i], 32);
  const auto [h, qkv, q, k, v, gathered, y, both, gated] = room;
  Sum<T> *other = grown(wide_room, N * X + N), *inverse = other + N * X;
  for (int64_t l = 0; l < L; l++) {
    const Layer<T>& layer = layers[l];
    add_norm<T>(x, l ? y : nullptr, layer.attention_norm, eps, other, h, inverse, N, X);
    if (l) std::swap(x, other);
    through_panels(h, layer.qkv, layer.qkv_bias, qkv, N, X, heads);
    turn<T>(qkv, layer.query_norm, layer.key_norm, cosine, sine, at.position_N, eps, q, k, v, N, H, K, D);
    attend<T>(q, k, v, at.row_N, at.slot_N, at.prefix_keys_LR + l * at.rows, at.prefix_values_LR + l * at.rows, at.prefix_R, at.keys_L[l],
                 at.values_L[l], at.slots, gathered, N, H, K, D, scale);
    through_panels(gathered, layer.output, layer.output_bias, y, N, H * D, X);
    add_norm<T>(x, y, layer.gate_norm, eps, other, h, inverse, N, X);
    std::swap(x, other);
    through_panels(h, layer.gate_up, layer.gate_up_bias, both, N, X, 2 * I);
    gate<T>(both, gated, N, I);
    through_panels(gated, layer.down, layer.down_bias, y, N, I, X);
  }
  add_norm<T>(x, y, last_norm, eps, other, hidden, inverse, N, X);
}

}  // namespace
