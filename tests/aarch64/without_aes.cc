// Loaded before the C library (LD_PRELOAD) by scripts/test-aarch64. Makes the processor report that
// it has no AES instructions, like a Raspberry Pi 4's.
#include <sys/auxv.h>

#include <cerrno>
#include <cstdio>

extern "C" unsigned long getauxval(unsigned long type) {
  unsigned long value = 0;
  // The kernel's own table: pairs of type and value.
  std::FILE* file = std::fopen("/proc/self/auxv", "rb");
  if (!file) return 0;
  unsigned long entry[2];
  while (std::fread(entry, sizeof(entry), 1, file) == 1) {
    if (entry[0] == type) value = entry[1];
  }
  std::fclose(file);
  return type == AT_HWCAP ? value & ~static_cast<unsigned long>(HWCAP_AES) : value;
}
