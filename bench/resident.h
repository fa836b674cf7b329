// How much memory this process has.
#ifndef SHADOWTUTOR_BENCH_RESIDENT_H_
#define SHADOWTUTOR_BENCH_RESIDENT_H_

namespace shadowtutor::bench {

/// Megabytes (2^20 bytes) of resident memory: "VmRSS" now, "VmHWM" at the most so far.
double Resident(const char* which);
/// From now on, "VmHWM" is the most since now.
void ForgetPeak();

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_RESIDENT_H_
