// Log-probs of given tokens, and the way back. P tokens, V vocabulary.
#pragma once
#include "choices.h"

namespace {

// Of softmax(logits / T) over the allowed ids: its log-sum, the target's log-prob, the entropy in nats.
// `choice` says which row of bits holds for a token; -1: everything is allowed.
template <class T>
void score(const T* logits, const uint32_t* bits, const int32_t* choice, const Sum<T>* temperature, const int64_t* target, Sum<T>* log_sum,
           Sum<T>* logp, Sum<T>* entropy, int64_t P, int64_t V) {
  using A = Sum<T>;
  const int64_t words = (V + 31) / 32;
  Numbers<A> kept(V);
  for (int64_t p = 0; p < P; p++, logits += V) {
    const A cold = A(1) / temperature[p];
    for (int64_t i = 0; i < V; i++) kept[i] = get(logits[i]) * cold;
    if (choice[p] >= 0) forbid(kept.data(), bits + choice[p] * words, V);
    const A peak = largest(kept.data(), V);
    A total = 0, weighed = 0;
    for (int64_t i = 0; i < V; i++) {
      const A s = kept[i] - peak, e = exponential(s);
      total += e;
      weighed += e * (s > LOWEST<A> ? s : LOWEST<A>);  // 0 * -inf would be no number
    }
    const A log_total = std::log(total);
    log_sum[p] = peak + log_total;
    logp[p] = kept[target[p]] - log_sum[p];
    entropy[p] = log_total - weighed / total;
  }
}

// logits become the gradient: slope (of the loss by the target's log-prob) times (target - softmax) / T.
template <class T>
void score_backward(T* logits, const uint32_t* bits, const int32_t* choice, const Sum<T>* temperature, const int64_t* target,
                    const Sum<T>* log_sum, const Sum<T>* slope, int64_t P, int64_t V) {
  using A = Sum<T>;
  const int64_t words = (V + 31) / 32;
  Numbers<A> kept(V);
  for (int64_t p = 0; p < P; p++, logits += V) {
    const A cold = A(1) / temperature[p], by = -slope[p] * cold, sum = log_sum[p];
    for (int64_t i = 0; i < V; i++) kept[i] = get(logits[i]) * cold - sum;
    if (choice[p] >= 0) forbid(kept.data(), bits + choice[p] * words, V);
    const A own = slope[p] * cold * (A(1) - exponential(kept[target[p]]));
    for (int64_t i = 0; i < V; i++) put(logits + i, by * exponential(kept[i]));
    put(logits + target[p], own);
  }
}

}  // namespace
