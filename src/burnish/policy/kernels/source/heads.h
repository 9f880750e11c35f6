// Heads: norm over a head where the model has it, then rotation by position. N tokens, H query heads, K key/value heads, D head
// size.
#pragma once
#include "numbers.h"

namespace {

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
SHARED void turn(const T* qkv, const Sum<T>* wq, const Sum<T>* wk, const Sum<T>* cosine, const Sum<T>* sine, const int64_t* position, Sum<T> eps,
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

}  // namespace
