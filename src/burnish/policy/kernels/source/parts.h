// Work in parts, one for each thread: as many threads as torch has set for the one that calls, whose OpenMP this is.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>
#if defined(_OPENMP)
#include <omp.h>
#endif

namespace {

constexpr int64_t ENOUGH = 1 << 14;  // numbers: worth a thread

inline int threads() {
#if defined(_OPENMP)
  return omp_in_parallel() ? 1 : omp_get_max_threads();
#else
  return 1;
#endif
}

// act(the first, how many, which part) of `count` items of so many numbers each; all at once where there are too few for a second
// thread.
template <class Do> void in_parts(int64_t count, int64_t numbers, const Do& act) {
#if defined(_OPENMP)
  const int64_t most = std::max<int64_t>(std::min(count, count * numbers / ENOUGH), 1);
  const int parts = int(std::min<int64_t>(threads(), most));
  if (parts > 1) {
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (int part = 0; part < parts; part++) {
      const int64_t first = count * part / parts;
      act(first, count * (part + 1) / parts - first, part);
    }
    return;
  }
#endif
  act(int64_t(0), count, 0);
}

// Sums that every part adds to: the first in their place, the others aside, and at last all in order. There may be none.
template <class A> class PartSums {
 public:
  PartSums(A* sums, int64_t count) : first(sums), n(count), others(sums ? (threads() - 1) * count : 0) {}
  A* of(int part) { return part && first ? &others[(part - 1) * n] : first; }
  ~PartSums() {
    for (size_t i = 0; i < others.size(); i++) first[i % n] += others[i];
  }

 private:
  A* first;
  int64_t n;
  std::vector<A> others;
};

}  // namespace
