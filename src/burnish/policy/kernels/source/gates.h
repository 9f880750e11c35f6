// The gated layer: gate and up side by side, [N, 2I].
#pragma once
#include "numbers.h"

namespace {

template <class T> SHARED void gate(const T* __restrict both, T* __restrict out, int64_t N, int64_t I) {
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

}  // namespace
