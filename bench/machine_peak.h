// Measures the most that the machine can do, in the same run as what is compared with it.
#ifndef SHADOWTUTOR_BENCH_MACHINE_PEAK_H_
#define SHADOWTUTOR_BENCH_MACHINE_PEAK_H_

namespace shadowtutor::bench {

/// Multiply-adds per second of `threads` threads that do nothing else, on the instruction set that
/// the engine uses: the best of several short runs.
double MultiplyAddPeak(int threads);

/// Bytes read and written per second by `threads` threads that scale floats from one array into
/// another, where the arrays are as large as the network's activations (so they lie in the last
/// cache): the best of several short runs.
double StreamPeak(int threads);

/// Measures the peaks several times and keeps the best. A machine that is shared with others
/// reaches its peak only now and then, so call Sample often.
class PeakMeter {
 public:
  explicit PeakMeter(int threads) : threads_(threads) {}
  /// Measures once more, about 0.2 s.
  void Sample();
  double multiply_adds() const { return multiply_adds_; }  // per second
  double bytes() const { return bytes_; }                  // per second

 private:
  int threads_;
  double multiply_adds_ = 0, bytes_ = 0;
};

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_MACHINE_PEAK_H_
