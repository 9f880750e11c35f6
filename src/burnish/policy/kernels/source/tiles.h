// The processor's tiles, and products of small matrices in them.
#pragma once
#include "numbers.h"
#if defined(__AMX_BF16__) && defined(HAS_NARROW) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#define HAS_TILES
#endif

namespace {

#if defined(HAS_TILES)
// The intrinsics do not say that they read memory: what was written before is there once this has been passed.
inline void written() { __asm__ volatile("" ::: "memory"); }

// The processor's tile registers, all of them 16 rows of 64 bytes; what somebody else had set comes back at the end.
class Tiles {
 public:
  static bool are_there() {
    static const bool granted = syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* XTILEDATA */) == 0;
    return granted;
  }
  Tiles() {
    if (!are_there()) return;
    _tile_storeconfig(before);
    alignas(64) uint8_t config[64] = {1};
    for (int t = 0; t < 8; t++) config[16 + 2 * t] = 64, config[48 + t] = 16;
    written();
    _tile_loadconfig(config);
  }
  ~Tiles() {
    if (!are_there()) return;
    if (before[0]) _tile_loadconfig(before);
    else _tile_release();
  }

 private:
  alignas(64) uint8_t before[64] = {};
};

// R rows and C columns of tiles at a time.
template <int R, int C>
void tile_product(const bf16* a, int64_t lda, const bf16* b, int64_t N, float* c, int64_t ldc, int64_t K, bool add) {
  if (add) {
    _tile_loadd(0, c, ldc * 4);
    if (C > 1) _tile_loadd(1, c + 16, ldc * 4);
    if (R > 1) _tile_loadd(2, c + 16 * ldc, ldc * 4);
    if (R > 1 && C > 1) _tile_loadd(3, c + 16 * ldc + 16, ldc * 4);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t k = 0; k < K; k += 32) {
    _tile_loadd(4, a + k, lda * 2);
    _tile_loadd(6, b + k * N, N * 4);
    _tile_dpbf16ps(0, 4, 6);
    if (C > 1) {
      _tile_loadd(7, b + k * N + 32, N * 4);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (R > 1) {
      _tile_loadd(5, a + 16 * lda + k, lda * 2);
      _tile_dpbf16ps(2, 5, 6);
      if (C > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, c, ldc * 4);
  if (C > 1) _tile_stored(1, c + 16, ldc * 4);
  if (R > 1) _tile_stored(2, c + 16 * ldc, ldc * 4);
  if (R > 1 && C > 1) _tile_stored(3, c + 16 * ldc + 16, ldc * 4);
}

void tiled(const bf16* a, int64_t lda, const bf16* b, int64_t N, float* c, int64_t ldc, int64_t M, int64_t K, bool add) {
  written();
  for (int64_t m = 0; m < M; m += 32)
    for (int64_t n = 0; n < N; n += 32) {
      const bf16 *rows = a + m * lda, *columns = b + n * 2;
      float* out = c + m * ldc + n;
      const bool tall = M - m > 16, wide = N - n > 16;
      if (tall && wide) tile_product<2, 2>(rows, lda, columns, N, out, ldc, K, add);
      else if (tall) tile_product<2, 1>(rows, lda, columns, N, out, ldc, K, add);
      else if (wide) tile_product<1, 2>(rows, lda, columns, N, out, ldc, K, add);
      else tile_product<1, 1>(rows, lda, columns, N, out, ldc, K, add);
    }
}
#else
struct Tiles {
  Tiles() {}
  static bool are_there() { return false; }
};
#endif

}  // namespace
