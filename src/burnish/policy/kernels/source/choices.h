// Sets of ids, 32 to a word. V vocabulary.
#pragma once
#include "numbers.h"

namespace {

// -inf where an id's bit is not set.
template <class A> void forbid(A* x, const uint32_t* bits, int64_t V) {
  for (int64_t w = 0; w < V / 32; w++) {
    if (bits[w] == 0xffffffffu) continue;
    for (int b = 0; b < 32; b++) x[w * 32 + b] = bits[w] >> b & 1 ? x[w * 32 + b] : A(-INFINITY);
  }
  for (int64_t i = V / 32 * 32; i < V; i++) x[i] = bits[i >> 5] >> (i & 31) & 1 ? x[i] : A(-INFINITY);
}

}  // namespace
