// Attention of packed sequences that share their beginnings. H query heads, K key/value heads, D head size.
#pragma once
#include "products.h"

namespace {

constexpr int64_t QUERIES = 32;  // of a block; tokens of a segment are padded to as many

// Segments of tokens, each after its parent: a token looks at all of its ancestors' tokens and at its own segment's up to
// itself. The first `remembered` tokens have no queries.
struct Tree {
  const int32_t *first, *count, *parent;
  int64_t segments, remembered;

  int64_t padded(int64_t s) const { return (count[s] + QUERIES - 1) / QUERIES * QUERIES; }
};

// One key/value head's keys or values, padded segment by segment, as rows [tokens][D] or, turned, as [D][tokens].
template <class T> struct Laid {
  std::vector<int64_t> start;  // of each segment, in padded tokens
  Numbers<T> rows, turned;

  Laid(const Tree& tree, int64_t D, bool with_rows, bool with_turned) : start(tree.segments + 1) {
    for (int64_t s = 0; s < tree.segments; s++) start[s + 1] = start[s] + tree.padded(s);
    if (with_rows) rows.assign(start[tree.segments] * D, T{});
    if (with_turned) turned.assign(start[tree.segments] * D, T{});
  }
  void fill(const Tree& tree, const T* x, int64_t stride, int64_t D) {
    for (int64_t s = 0; s < tree.segments; s++) {
      const T* from = x + tree.first[s] * stride;
      const int64_t padded = tree.padded(s);
      if (!rows.empty())
        for (int64_t t = 0; t < tree.count[s]; t++) std::memcpy(rows.data() + (start[s] + t) * D, from + t * stride, D * sizeof(T));
      if (!turned.empty()) turn_columns(from, stride, tree.count[s], padded, D, turned.data() + start[s] * D);
    }
  }
};

// A segment that a block of queries looks at, and how many of its padded tokens.
struct Seen {
  int64_t segment, tokens;
};

std::vector<Seen> seen_by(const Tree& tree, int64_t s, int64_t from) {
  std::vector<Seen> found;
  for (int64_t a = s; a >= 0; a = tree.parent[a]) found.insert(found.begin(), Seen{a, a == s ? from + QUERIES : tree.padded(a)});
  return found;
}

// Whether a token of a seen segment is hidden from a query of the block that begins at `from` of segment s.
template <class A> void hide(A* score, const Tree& tree, Seen seen, int64_t s, int64_t from, A value) {
  for (int64_t t = tree.count[seen.segment]; t < seen.tokens; t++)
    for (int64_t q = 0; q < QUERIES; q++) score[t * QUERIES + q] = value;
  if (seen.segment == s)
    for (int64_t t = from; t < seen.tokens; t++)
      for (int64_t q = 0; q < t - from; q++) score[t * QUERIES + q] = value;
}

template <class A> inline void put_pair(double* out, const A* one, const A*, int64_t q) { out[q] = one[q]; }
template <class A> inline void put_pair(float* out, const A* one, const A*, int64_t q) { out[q] = one[q]; }
inline void put_pair(bf16* out, const float* one, const float* two, int64_t q) { put(out + 2 * q, one[q]), put(out + 2 * q + 1, two[q]); }
// A block's numbers for one token, or those for two paired.
template <class T, class A> inline void put_pairs(T* out, const A* one, const A* two) {
#if defined(HAS_NARROW)
  if constexpr (std::is_same_v<T, bf16>) {
    for (int64_t q = 0; q < QUERIES; q += LANES) {
      const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(one + q)));
      const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(two + q)));
      _mm512_storeu_si512(out + 2 * q, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
    return;
  }
#endif
  for (int64_t q = 0; q < QUERIES; q++) put_pair(out, one, two, q);
}
// A block's columns, [D][QUERIES], as so many rows of activations, each times its factor.
template <class T> void put_columns(const Sum<T>* columns, const Sum<T>* factor, int64_t rows, int64_t D, T* out, int64_t stride) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<Sum<T>, float>)
    if (D % LANES == 0) {
      for (int64_t i = 0; i < rows; i += LANES)
        for (int64_t d = 0; d < D; d += LANES) {
          __m512i block[LANES];
          for (int l = 0; l < LANES; l++) block[l] = _mm512_castps_si512(_mm512_mul_ps(_mm512_loadu_ps(columns + (d + l) * QUERIES + i), _mm512_loadu_ps(factor + i)));
          transpose(block);
          for (int64_t l = 0; l < LANES && i + l < rows; l++) narrow(out + (i + l) * stride + d, reinterpret_cast<const float*>(block + l), LANES);
        }
      return;
    }
#endif
  for (int64_t i = 0; i < rows; i++)
    for (int64_t d = 0; d < D; d++) put(out + i * stride + d, columns[d * QUERIES + i] * factor[i]);
}

// A token's unnormalised weights for a block of queries, added to their totals.
template <class A> void weigh_row(const A* __restrict score, const A* __restrict top, A scale, A* __restrict e, A* __restrict total) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<A, float>) {
    for (int64_t i = 0; i < QUERIES; i += LANES) {
      const __m512 x = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(score + i), _mm512_loadu_ps(top + i)), _mm512_set1_ps(scale)), y = exponentials(x);
      _mm512_storeu_ps(e + i, y);
      _mm512_storeu_ps(total + i, _mm512_add_ps(_mm512_loadu_ps(total + i), y));
    }
    return;
  }
#endif
  for (int64_t i = 0; i < QUERIES; i++) e[i] = exponential((score[i] - top[i]) * scale);
  for (int64_t i = 0; i < QUERIES; i++) total[i] += e[i];
}

// From a token's scores and the gradients at its weights: the weights, and the gradients at the scores.
template <class A>
void slopes(const A* __restrict score, const A* __restrict dweight, const A* __restrict log_sum, const A* __restrict dot, A scale, A* __restrict w,
            A* __restrict ds) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<A, float>) {
    for (int64_t i = 0; i < QUERIES; i += LANES) {
      const __m512 e = exponentials(_mm512_fmsub_ps(_mm512_loadu_ps(score + i), _mm512_set1_ps(scale), _mm512_loadu_ps(log_sum + i)));
      const __m512 slope = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(dweight + i), _mm512_loadu_ps(dot + i)), _mm512_set1_ps(scale));
      _mm512_storeu_ps(w + i, e);
      _mm512_storeu_ps(ds + i, _mm512_mul_ps(e, slope));
    }
    return;
  }
#endif
  for (int64_t i = 0; i < QUERIES; i++) {
    w[i] = exponential(score[i] * scale - log_sum[i]);
    ds[i] = w[i] * (dweight[i] - dot[i]) * scale;
  }
}

// Of so many key/value heads from the first on.
template <class T>
void tree_attend(const T* q, const T* k, const T* v, const Tree& tree, T* out, Sum<T>* log_sum, int64_t H, int64_t K, int64_t D, Sum<T> scale,
                 int64_t first_head, int64_t heads) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
  const Tiles tiles;
  Laid<T> keys(tree, D, true, false), values(tree, D, false, true);
  Numbers<T> query(D * QUERIES), weight;
  Numbers<A> score, gathered(D * QUERIES);
  for (int64_t h = first_head; h < first_head + heads; h++) {
    keys.fill(tree, k + h * D, K * D, D);
    values.fill(tree, v + h * D, K * D, D);
    for (int64_t s = 0; s < tree.segments; s++) {
      if (tree.first[s] < tree.remembered) continue;
      for (int64_t from = 0; from < tree.count[s]; from += QUERIES) {
        const std::vector<Seen> chain = seen_by(tree, s, from);
        const int64_t rows = tree.count[s] - from < QUERIES ? tree.count[s] - from : QUERIES;
        int64_t tokens = 0;
        for (const Seen& seen : chain) tokens += seen.tokens;
        if (int64_t(score.size()) < tokens * QUERIES) score.resize(tokens * QUERIES), weight.resize(tokens * QUERIES);
        for (int64_t g = h * (H / K); g < (h + 1) * (H / K); g++) {
          const int64_t at = (tree.first[s] - tree.remembered + from) * H + g;
          interleave_columns(q + at * D, H * D, rows, QUERIES, D, query.data());
          A *next = score.data(), top[QUERIES], total[QUERIES] = {};
          for (const Seen& seen : chain) {
            multiply<T>(keys.rows.data() + keys.start[seen.segment] * D, D, query.data(), QUERIES, next, QUERIES, seen.tokens, D, false);
            hide<A>(next, tree, seen, s, from, A(-INFINITY));
            next += seen.tokens * QUERIES;
          }
          for (int64_t i = 0; i < QUERIES; i += WIDTH<A>) {
            Vector<A> tops = vector_at(score.data() + i, 0);
            for (int64_t t = 1; t < tokens; t++) {
              const Vector<A> v = vector_at(score.data() + t * QUERIES + i, 0);
              tops = v > tops ? v : tops;
            }
            std::memcpy(top + i, &tops, sizeof tops);
          }
          for (int64_t t = 0; t < tokens; t += P) {
            A e[P][QUERIES];
            for (int p = 0; p < P; p++)
              weigh_row<A>(score.data() + (t + p) * QUERIES, top, scale, e[p], total);
            put_pairs(weight.data() + t * QUERIES, e[0], e[P - 1]);
          }
          int64_t before = 0;
          for (const Seen& seen : chain) {
            multiply<T>(values.turned.data() + values.start[seen.segment] * D, tree.padded(seen.segment), weight.data() + before * QUERIES, QUERIES,
                        gathered.data(), QUERIES, D, seen.tokens, before > 0);
            before += seen.tokens;
          }
          A inverse[QUERIES];
          for (int64_t i = 0; i < QUERIES; i++) inverse[i] = A(1) / total[i];
          put_columns<T>(gathered.data(), inverse, rows, D, out + at * D, H * D);
          for (int64_t i = 0; i < rows; i++) log_sum[at + i * H] = top[i] * scale + std::log(total[i]);
        }
      }
    }
  }
}

template <class T>
void tree_attend_backward(const T* dout, const T* q, const T* k, const T* v, const T* out, const Sum<T>* log_sum, const Tree& tree, T* dq, T* dk,
                          T* dv, int64_t H, int64_t K, int64_t D, Sum<T> scale, int64_t first_head, int64_t heads) {
  using A = Sum<T>;
  constexpr int P = PAIR<T>;
  const Tiles tiles;
  Laid<T> keys(tree, D, true, true), values(tree, D, true, false);
  const int64_t all = keys.start[tree.segments];
  Numbers<T> query(D * QUERIES), query_rows(D * QUERIES), slope(D * QUERIES), slope_rows(D * QUERIES), weight, dscore, dscore_pairs;
  Numbers<A> score, dweight, dkeys(all * D), dvalues(all * D), dquery(D * QUERIES);
  A ones[QUERIES];
  std::fill(ones, ones + QUERIES, A(1));
  for (int64_t h = first_head; h < first_head + heads; h++) {
    keys.fill(tree, k + h * D, K * D, D);
    values.fill(tree, v + h * D, K * D, D);
    std::fill(dkeys.begin(), dkeys.end(), A(0));
    std::fill(dvalues.begin(), dvalues.end(), A(0));
    for (int64_t s = 0; s < tree.segments; s++) {
      if (tree.first[s] < tree.remembered) continue;
      for (int64_t from = 0; from < tree.count[s]; from += QUERIES) {
        const int64_t rows = tree.count[s] - from < QUERIES ? tree.count[s] - from : QUERIES;
        for (int64_t g = h * (H / K); g < (h + 1) * (H / K); g++) {
          const int64_t at = (tree.first[s] - tree.remembered + from) * H + g;
          interleave_columns(q + at * D, H * D, rows, QUERIES, D, query.data());
          interleave(q + at * D, H * D, rows, QUERIES, D, query_rows.data());
          interleave_columns(dout + at * D, H * D, rows, QUERIES, D, slope.data());
          interleave(dout + at * D, H * D, rows, QUERIES, D, slope_rows.data());
          A dot[QUERIES] = {}, sum[QUERIES];
          for (int64_t i = 0; i < QUERIES; i++) sum[i] = i < rows ? log_sum[at + i * H] : A(INFINITY);
          for (int64_t i = 0; i < rows; i++) {
            A total = 0;
            for (int64_t d = 0; d < D; d++) total += get(dout[(at + i * H) * D + d]) * get(out[(at + i * H) * D + d]);
            dot[i] = total;
          }
          bool more = false;
          for (const Seen& seen : seen_by(tree, s, from)) {
            const int64_t start = keys.start[seen.segment], size = seen.tokens * QUERIES;
            if (int64_t(score.size()) < size) score.resize(size), dweight.resize(size), weight.resize(size), dscore.resize(size), dscore_pairs.resize(size);
            multiply<T>(keys.rows.data() + start * D, D, query.data(), QUERIES, score.data(), QUERIES, seen.tokens, D, false);
            multiply<T>(values.rows.data() + start * D, D, slope.data(), QUERIES, dweight.data(), QUERIES, seen.tokens, D, false);
            hide<A>(score.data(), tree, seen, s, from, A(-INFINITY));
            for (int64_t t = 0; t < seen.tokens; t += P) {
              A ds[P][QUERIES];
              for (int p = 0; p < P; p++) {
                const int64_t row = (t + p) * QUERIES;
                A w[QUERIES];
                slopes<A>(&score[row], &dweight[row], sum, dot, scale, w, ds[p]);
                narrow(&weight[row], w, QUERIES);
                narrow(&dscore[row], ds[p], QUERIES);
              }
              put_pairs(dscore_pairs.data() + t * QUERIES, ds[0], ds[P - 1]);
            }
            multiply<T>(weight.data(), QUERIES, slope_rows.data(), D, dvalues.data() + start * D, D, seen.tokens, QUERIES, true);
            multiply<T>(dscore.data(), QUERIES, query_rows.data(), D, dkeys.data() + start * D, D, seen.tokens, QUERIES, true);
            multiply<T>(keys.turned.data() + start * D, tree.padded(seen.segment), dscore_pairs.data(), QUERIES, dquery.data(), QUERIES, D, seen.tokens,
                        more);
            more = true;
          }
          put_columns<T>(dquery.data(), ones, rows, D, dq + at * D, H * D);
        }
      }
    }
    for (int64_t s = 0; s < tree.segments; s++)
      for (int64_t t = 0; t < tree.count[s]; t++) {
        const int64_t from = (keys.start[s] + t) * D, to = ((tree.first[s] + t) * K + h) * D;
        narrow(dk + to, dkeys.data() + from, D);
        narrow(dv + to, dvalues.data() + from, D);
      }
  }
}

}  // namespace
