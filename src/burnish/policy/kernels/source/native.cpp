// What a decoder does beside its matrix products, fused and vectorised: norms, rotations, gates, decode attention, draws.
// A plain C interface, loaded with ctypes; `plain.py` says the same in torch. Threads share rows, columns or heads; sums have a fixed order.
//
// Types are those of `numbers.h`. N tokens, X hidden size, H query heads, K key/value heads, D head size, I width of the gated layer, V vocabulary.
#include "draws.h"
#include "gates.h"
#include "heads.h"
#include "layers.h"
#include "norms.h"
#include "outer.h"
#include "panels.h"
#include "parts.h"
#include "scores.h"
#include "slots.h"
#include "tree.h"

extern "C" {
int threads_now() { return threads(); }
int has_tiles() { return Tiles::are_there(); }
int has_pairs() {
#if defined(HAS_NARROW)
  return 1;
#else
  return 0;
#endif
}
}

namespace {

template <class P> P* moved(P* p, int64_t n) { return p ? p + n : p; }
constexpr int64_t ROWS_EACH = 8;  // fewer rows than these go through all layers together, and threads share columns

// The first token of the row that follows token n's before: threads share rows, not tokens, which look at those before them.
inline int64_t row_at(const int32_t* row, int64_t n, int64_t N) {
  while (n > 0 && n < N && row[n] == row[n - 1]) n++;
  return n;
}
// act(the first, how many) of tokens, whole rows of them.
template <class Do> void in_rows(const int32_t* row, int64_t N, const Do& act) {
  in_parts(N, ENOUGH, [&](int64_t n, int64_t count, int) {
    const int64_t first = row_at(row, n, N), end = row_at(row, n + count, N);
    if (first < end) act(first, end - first);
  });
}

}  // namespace

#define FOR(T, S, name)                                                                                                                              \
  extern "C" {                                                                                                                                       \
  void add_norm_##name(const S* x, const T* y, const S* w, double eps, S* sum, T* h, S* inverse, int64_t N, int64_t X) {                             \
    in_parts(N, X, [&](int64_t n, int64_t count, int) {                                                                                              \
      add_norm<T>(x + n * X, moved(y, n * X), w, S(eps), sum + n * X, h + n * X, inverse + n, count, X);                                             \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void add_norm_backward_##name(const T* dh, const S* x, const S* w, const S* inverse, S* dx, S* dw, T* narrow, int64_t N, int64_t X) {              \
    PartSums<S> sums(dw, X);                                                                                                                         \
    in_parts(N, X, [&](int64_t n, int64_t count, int part) {                                                                                         \
      add_norm_backward<T>(dh + n * X, x + n * X, w, inverse + n, dx + n * X, sums.of(part), moved(narrow, n * X), count, X);                        \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void turn_##name(const T* qkv, const S* wq, const S* wk, const S* c, const S* s, const int64_t* position, double eps, T* q, T* k, T* v,            \
                   int64_t N, int64_t H, int64_t K, int64_t D) {                                                                                     \
    const int64_t all = (H + 2 * K) * D;                                                                                                             \
    in_parts(N, all, [&](int64_t n, int64_t count, int) {                                                                                            \
      turn<T>(qkv + n * all, wq, wk, c, s, position + n, S(eps), q + n * H * D, k + n * K * D, v + n * K * D, count, H, K, D);                       \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void turn_backward_##name(const T* dq, const T* dk, const T* dv, const T* qkv, const S* wq, const S* wk, const S* c, const S* s,                   \
                            const int64_t* position, double eps, T* dqkv, S* dwq, S* dwk, int64_t N, int64_t H, int64_t K, int64_t D) {              \
    const int64_t all = (H + 2 * K) * D;                                                                                                             \
    PartSums<S> query(dwq, D), key(dwk, D);                                                                                                          \
    in_parts(N, all, [&](int64_t n, int64_t count, int part) {                                                                                       \
      turn_backward<T>(dq + n * H * D, dk + n * K * D, dv + n * K * D, qkv + n * all, wq, wk, c, s, position + n, S(eps), dqkv + n * all,            \
                       query.of(part), key.of(part), count, H, K, D);                                                                                \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void gate_##name(const T* both, T* out, int64_t N, int64_t I) {                                                                                    \
    in_parts(N, I, [&](int64_t n, int64_t count, int) { gate<T>(both + n * 2 * I, out + n * I, count, I); });                                        \
  }                                                                                                                                                  \
  void gate_backward_##name(T* dout, T* both, int64_t N, int64_t I) {                                                                                \
    in_parts(N, I, [&](int64_t n, int64_t count, int) { gate_backward<T>(dout + n * I, both + n * 2 * I, count, I); });                              \
  }                                                                                                                                                  \
  void attend_##name(const T* q, const T* k, const T* v, const int32_t* row, const int32_t* slot, const T* const* pk, const T* const* pv,            \
                     const int32_t* prefix, T* keys, T* values, int64_t slots, T* out, int64_t N, int64_t H, int64_t K, int64_t D, double scale) {   \
    in_rows(row, N, [&](int64_t n, int64_t count) {                                                                                                  \
      attend<T>(q + n * H * D, k + n * K * D, v + n * K * D, row + n, slot + n, pk, pv, prefix, keys, values, slots, out + n * H * D, count, H, K, D,\
                scale);                                                                                                                              \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void lay_##name(const T* k, const T* v, T* keys, T* values, int64_t E, int64_t K, int64_t D, int64_t slots) {                                      \
    lay<T>(k, v, keys, values, E, K, D, slots);                                                                                                      \
  }                                                                                                                                                  \
  void tree_attend_##name(const T* q, const T* k, const T* v, const int32_t* first, const int32_t* count, const int32_t* parent, int64_t segments,   \
                          int64_t remembered, T* out, S* log_sum, int64_t H, int64_t K, int64_t D, double scale) {                                   \
    const Tree tree{first, count, parent, segments, remembered};                                                                                     \
    in_parts(K, ENOUGH, [&](int64_t h, int64_t heads, int) { tree_attend<T>(q, k, v, tree, out, log_sum, H, K, D, S(scale), h, heads); });           \
  }                                                                                                                                                  \
  void tree_attend_backward_##name(const T* dout, const T* q, const T* k, const T* v, const T* out, const S* log_sum, const int32_t* first,          \
                                   const int32_t* count, const int32_t* parent, int64_t segments, int64_t remembered, T* dq, T* dk, T* dv,           \
                                   int64_t H, int64_t K, int64_t D, double scale) {                                                                  \
    const Tree tree{first, count, parent, segments, remembered};                                                                                     \
    in_parts(K, ENOUGH, [&](int64_t h, int64_t heads, int) {                                                                                         \
      tree_attend_backward<T>(dout, q, k, v, out, log_sum, tree, dq, dk, dv, H, K, D, S(scale), h, heads);                                           \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void lay_panels_##name(const T* w, int transposed, T* out, int64_t O, int64_t I) { lay_panels(w, transposed, out, O, I); }                         \
  void through_panels_##name(const T* x, const T* w, const T* bias, T* out, int64_t N, int64_t I, int64_t O) {                                       \
    through_panels(x, w, bias, out, N, I, O);                                                                                                        \
  }                                                                                                                                                  \
  void through_layers_##name(const Layer<T>* layers, const Sizes* sizes, const Places<T>* places, const S* c, const S* s, const S* last_norm,        \
                             double eps, double scale, S* x, T* hidden, int64_t N) {                                                                 \
    const int64_t X = sizes->hidden;                                                                                                                 \
    const auto some = [&](int64_t n, int64_t count) {                                                                                                \
      through_layers<T>(layers, *sizes, places->from(n), c, s, last_norm, S(eps), scale, x + n * X, hidden + n * X, count);                          \
    };                                                                                                                                               \
    if (N >= ROWS_EACH * threads()) in_rows(places->row_N, N, some);                                                                                 \
    else some(0, N);                                                                                                                                 \
  }                                                                                                                                                  \
  void add_outer_##name(const T* dout, int64_t stride, const T* x, S* gradient, int64_t N, int64_t O, int64_t I) {                                   \
    add_outer(dout, stride, x, gradient, N, O, I);                                                                                                   \
  }                                                                                                                                                  \
  void draw_##name(const T* logits, const uint32_t* bits, const int32_t* choice, const S* temperature, const double* uniform, int64_t* id,           \
                   S* logp, S* mass, int64_t R, int64_t V) {                                                                                         \
    in_parts(R, V, [&](int64_t r, int64_t count, int) {                                                                                              \
      draw<T>(logits + r * V, bits, choice + r, temperature + r, uniform + r, id + r, logp + r, mass + r, count, V);                                 \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void score_##name(const T* logits, const uint32_t* bits, const int32_t* choice, const S* temperature, const int64_t* target, S* log_sum,           \
                    S* logp, S* entropy, int64_t P, int64_t V) {                                                                                     \
    in_parts(P, V, [&](int64_t p, int64_t count, int) {                                                                                              \
      score<T>(logits + p * V, bits, choice + p, temperature + p, target + p, log_sum + p, logp + p, entropy + p, count, V);                         \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  void score_backward_##name(T* logits, const uint32_t* bits, const int32_t* choice, const S* temperature, const int64_t* target,                    \
                             const S* log_sum, const S* slope, int64_t P, int64_t V) {                                                               \
    in_parts(P, V, [&](int64_t p, int64_t count, int) {                                                                                              \
      score_backward<T>(logits + p * V, bits, choice + p, temperature + p, target + p, log_sum + p, slope + p, count, V);                            \
    });                                                                                                                                              \
  }                                                                                                                                                  \
  }

FOR(double, double, f64)
FOR(float, float, f32)
FOR(bf16, float, bf16)
