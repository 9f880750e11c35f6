// Drawing a token. R rows, V vocabulary.
#pragma once
#include "choices.h"

namespace {

constexpr int64_t STRIDE = 256;

// Per row: the inverse of the cumulative distribution softmax(logits / T) over the allowed ids, in id order, at `uniform`;
// its log-prob; the probability of all allowed ids before masking. T = 0 takes the likeliest, with its log-prob at T = 1.
template <class T>
void draw(const T* logits, const uint32_t* bits, const int32_t* choice, const Sum<T>* temperature, const double* uniform, int64_t* id, Sum<T>* logp, Sum<T>* mass,
          int64_t R, int64_t V) {
  using A = Sum<T>;
  const int64_t words = (V + 31) / 32, blocks = (V + STRIDE - 1) / STRIDE;
  Numbers<A> scaled(V), part(blocks), kept(V);
  for (int64_t r = 0; r < R; r++, logits += V) {
    const bool greedy = temperature[r] == 0;
    const A cold = greedy ? A(1) : A(1) / temperature[r];
    A all = 0, total = 0;
    for (int64_t i = 0; i < V; i++) scaled[i] = kept[i] = get(logits[i]) * cold;
    if (choice[r] >= 0) forbid(kept.data(), bits + choice[r] * words, V);
    const A top = largest(scaled.data(), V), peak = largest(kept.data(), V);
    for (int64_t i = 0; i < V; i++) all += exponential(scaled[i] - top);
    for (int64_t b = 0; b < blocks; b++) {
      const int64_t end = (b + 1) * STRIDE < V ? (b + 1) * STRIDE : V;
      A sum = 0;
      for (int64_t i = b * STRIDE; i < end; i++) sum += exponential(kept[i] - peak);
      part[b] = sum;
      total += sum;
    }
    int64_t chosen = -1;
    if (greedy) {
      for (int64_t i = 0; i < V && chosen < 0; i++)
        if (kept[i] == peak) chosen = i;
    } else {
      A left = A(uniform[r]) * total;
      int64_t b = 0;
      while (b < blocks - 1 && left >= part[b]) left -= part[b++];
      for (; b >= 0 && chosen < 0; b--) {
        const int64_t end = (b + 1) * STRIDE < V ? (b + 1) * STRIDE : V;
        for (int64_t i = b * STRIDE; i < end; i++) {
          A e = exponential(kept[i] - peak);
          if (e <= 0) continue;
          chosen = i;
          if (left < e) break;
          left -= e;
        }
      }
    }
    const A log_total = std::log(total);
    if (!std::isfinite(total)) chosen = -1;
    id[r] = chosen;
    logp[r] = chosen < 0 ? A(NAN) : kept[chosen] - peak - log_total;
    const A share = std::exp(peak + log_total - top - std::log(all));
    mass[r] = share > 1 ? A(1) : share;
  }
}

}  // namespace
