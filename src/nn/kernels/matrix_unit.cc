#include "nn/kernels/matrix_unit.h"

#include <atomic>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace shadowtutor::nn {
namespace {

std::atomic<bool> in_use{false};

#if defined(__x86_64__) && defined(__linux__)

bool Find() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kOsSavesRegisters = 1u << 27;  // leaf 1, ecx: OSXSAVE
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & kOsSavesRegisters)) return false;
  constexpr unsigned kTilesOfBfloat16 = 1u << 22 | 1u << 24;  // leaf 7, edx: AMX-BF16, AMX-TILE
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & kTilesOfBfloat16) != kTilesOfBfloat16) {
    return false;
  }
  constexpr unsigned kWords = 1u << 30, kVectors = 1u << 16;  // ebx: AVX512BW, AVX512F
  if (!(b & kWords) || !(b & kVectors)) return false;
  constexpr unsigned kBfloat16 = 1u << 5;  // leaf 7.1, eax: AVX512-BF16
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & kBfloat16)) return false;
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kSaved = 3u << 17 | 7u << 5;  // what the system saves: tiles, AVX-512
  if ((low & kSaved) != kSaved) return false;
  // The tiles are so large that Linux wants to be asked for them (since 5.16).
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

#else

bool Find() { return false; }

#endif

}  // namespace

bool MatrixUnitPresent() {
  static const bool present = Find();
  return present;
}

void UseMatrixUnit(bool use) { in_use = use; }

bool HasMatrixUnit() { return in_use.load(std::memory_order_relaxed); }

}  // namespace shadowtutor::nn
