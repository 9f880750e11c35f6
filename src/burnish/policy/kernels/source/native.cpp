// What a decoder does beside its matrix products, fused and vectorised: norms, rotations, gates, decode attention, draws.
// A plain C interface, loaded with ctypes; `plain.py` says the same in torch. One thread a call; sums in a fixed order.
//
// Types are those of `numbers.h`. N tokens, X hidden size, H query heads, K key/value heads, D head size, I width of the gated layer, V vocabulary.
#include "draws.h"
#include "gates.h"
#include "heads.h"
#include "layers.h"
#include "norms.h"
#include "outer.h"
#include "panels.h"
#include "scores.h"
#include "slots.h"
#include "tree.h"

extern "C" {
int has_tiles() { return Tiles::are_there(); }
int has_pairs() {
#if defined(HAS_NARROW)
  return 1;
#else
  return 0;
#endif
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
  void lay_panels_##name(const T* w, int transposed, T* out, int64_t O, int64_t I) { lay_panels(w, transposed, out, O, I); }                        \
  void through_panels_##name(const T* x, const T* w, const T* bias, T* out, int64_t N, int64_t I, int64_t O) {                                      \
    through_panels(x, w, bias, out, N, I, O);                                                                                                       \
  }                                                                                                                                                \
  void through_layers_##name(const Layer<T>* layers, const Sizes* sizes, const Places<T>* places, const S* c, const S* s, const S* last_norm,       \
                             double eps, double scale, S* x, T* hidden, int64_t N) {                                                               \
    through_layers<T>(layers, *sizes, *places, c, s, last_norm, S(eps), scale, x, hidden, N);                                                       \
  }                                                                                                                                                \
  void add_outer_##name(const T* dout, int64_t stride, const T* x, S* gradient, int64_t N, int64_t O, int64_t I) {                                  \
    add_outer(dout, stride, x, gradient, N, O, I);                                                                                                  \
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
