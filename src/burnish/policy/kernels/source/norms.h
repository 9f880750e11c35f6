// The residual stream and its norm. N tokens, X hidden size.
#pragma once
#include "numbers.h"

namespace {

// sum = x + y (where there is a y; else only x is read); h = sum / rms(sum) * w; keeps 1 / rms(sum).
template <class T>
SHARED void add_norm(const Sum<T>* x, const T* y, const Sum<T>* w, Sum<T> eps, Sum<T>* __restrict sum, T* h, Sum<T>* inverse, int64_t N, int64_t X) {
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

}  // namespace
