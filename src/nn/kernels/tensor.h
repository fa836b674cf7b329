// Activations as the kernels see them: blocks of 16 channels, [C/16][H+2][W+2][16] floats with a
// halo of one pixel that stays zero. Padding is thereby free, and concatenating channels is laying
// blocks one after the other.
#ifndef SHADOWTUTOR_NN_KERNELS_TENSOR_H_
#define SHADOWTUTOR_NN_KERNELS_TENSOR_H_

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace shadowtutor::nn {

inline constexpr int kBlock = 16;  // channels that lie side by side

/// Rounds up to whole blocks.
constexpr int Blocks(int channels) { return (channels + kBlock - 1) / kBlock; }

/// Somebody else's activations. Copies are views of the same floats.
struct View {
  float* data = nullptr;  // the halo's first float
  int channels = 0;
  int height = 0;
  int width = 0;

  size_t row() const { return static_cast<size_t>(width + 2) * kBlock; }
  size_t plane() const { return row() * static_cast<size_t>(height + 2); }
  int blocks() const { return Blocks(channels); }
  /// The 16 floats of a pixel; y and x may be -1 and height or width (the halo).
  float* at(int block, int y, int x) const {
    return data + static_cast<size_t>(block) * plane() +
           static_cast<ptrdiff_t>(y + 1) * static_cast<ptrdiff_t>(row()) +
           static_cast<ptrdiff_t>(x + 1) * kBlock;
  }
  /// `count` channels from `first` on; both multiples of 16 (count may be the last, partial block).
  View Channels(int first, int count) const {
    return {data + static_cast<size_t>(first / kBlock) * plane(), count, height, width};
  }
};

/// Zeroed floats at a cache line's boundary, freed with their owner.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t floats) : size_(floats) {
    const size_t bytes = (floats * sizeof(float) + 127) / 64 * 64;
    data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, bytes);
  }
  float* data() const { return data_.get(); }
  size_t size() const { return size_; }
  float& operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(float* floats) const { std::free(floats); }
  };
  std::unique_ptr<float, Free> data_;
  size_t size_ = 0;
};

/// Activations of our own.
class Tensor {
 public:
  Tensor() = default;
  Tensor(int channels, int height, int width) : view_{nullptr, channels, height, width} {
    buffer_ = Buffer(view_.plane() * static_cast<size_t>(view_.blocks()));
    view_.data = buffer_.data();
  }
  const View& view() const { return view_; }
  operator const View&() const { return view_; }  // NOLINT: a Tensor is a View

 private:
  Buffer buffer_;
  View view_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TENSOR_H_
