// The memory layout of activations in the kernels: blocks of 16 channels, [C/16][H+2][W+2][16]
// floats. The border of one pixel (the halo) is always zero, so convolutions need no code for
// padding. Concatenating channels means placing blocks one after the other. Logits have a layout of
// their own, one plane per class.
#ifndef SHADOWTUTOR_NN_KERNELS_TENSOR_H_
#define SHADOWTUTOR_NN_KERNELS_TENSOR_H_

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace shadowtutor::nn {

inline constexpr int kBlock = 16;  // channels per block

/// The number of blocks for so many channels.
constexpr int Blocks(int channels) { return (channels + kBlock - 1) / kBlock; }

/// A view of activations that it does not own. A copy refers to the same floats.
struct View {
  float* data = nullptr;  // the first float of the halo
  int channels = 0;
  int height = 0;
  int width = 0;

  size_t row() const { return static_cast<size_t>(width + 2) * kBlock; }
  size_t plane() const { return row() * static_cast<size_t>(height + 2); }
  int blocks() const { return Blocks(channels); }
  /// The 16 floats of a pixel in a block. In the halo, y is -1 or height, x is -1 or width.
  float* at(int block, int y, int x) const {
    return data + static_cast<size_t>(block) * plane() +
           static_cast<ptrdiff_t>(y + 1) * static_cast<ptrdiff_t>(row()) +
           static_cast<ptrdiff_t>(x + 1) * kBlock;
  }
  /// `count` channels from `first` on. `first` is a multiple of 16, and so is `count` unless it
  /// ends with the last channel.
  View Channels(int first, int count) const {
    return {data + static_cast<size_t>(first / kBlock) * plane(), count, height, width};
  }
};

/// Owns floats that begin at a cache line (64 bytes) and are zero at first.
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

/// Activations that own their floats.
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

/// Planar logits: [class][row][stride] floats, with room past each row's end. Does not own them.
struct LogitPlanes {
  float* data = nullptr;
  int classes = 0, height = 0, width = 0;
  size_t stride() const { return (static_cast<size_t>(width) + 15) / 16 * 16 + 16; }
  size_t plane() const { return stride() * static_cast<size_t>(height); }
  size_t floats() const { return plane() * static_cast<size_t>(classes); }
  float* row(int c, int y) const {
    return data + static_cast<size_t>(c) * plane() + static_cast<size_t>(y) * stride();
  }
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TENSOR_H_
