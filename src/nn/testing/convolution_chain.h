// Successive convolutions in plain loops, for the differential cases of the network's ends.
#ifndef SHADOWTUTOR_NN_TESTING_CONVOLUTION_CHAIN_H_
#define SHADOWTUTOR_NN_TESTING_CONVOLUTION_CHAIN_H_

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "nn/testing/differential.h"

namespace shadowtutor::nn::differential {

// Successive convolutions with nothing in between, and their gradients. Given magnitudes instead of
// values, it computes the sums of absolute terms.
struct Chain {
  struct Layer {
    reference::ConvShape shape;
    std::vector<double> weight, bias;
  };

  const DoubleTensor& Forward(DoubleTensor x) {
    activations.clear();
    activations.push_back(std::move(x));
    for (const Layer& layer : layers) {
      activations.push_back(
          reference::Conv<double>(activations.back(), layer.weight, layer.bias, layer.shape));
    }
    return activations.back();
  }
  // The gradients of each layer; `x` of the first one is the gradient with respect to the input.
  std::vector<reference::ConvGradients<double>> Backward(const DoubleTensor& dy) const {
    std::vector<reference::ConvGradients<double>> gradients(layers.size());
    for (size_t i = layers.size(); i-- > 0;) {
      const DoubleTensor& g = i + 1 < layers.size() ? gradients[i + 1].x : dy;
      gradients[i] =
          reference::ConvBackward<double>(activations[i], layers[i].weight, g, layers[i].shape);
    }
    return gradients;
  }
  Chain Magnitude() const {
    Chain chain = *this;
    for (Layer& layer : chain.layers) {
      layer.weight = Magnitudes(layer.weight);
      layer.bias = Magnitudes(layer.bias);
    }
    return chain;
  }

  std::vector<Layer> layers;
  std::vector<DoubleTensor> activations;
};

inline Chain::Layer DrawLayer(Draw& draw, const reference::ConvShape& s) {
  const auto weights = static_cast<size_t>(s.out * s.in * s.kernel_h * s.kernel_w);
  return {s, draw.Values(weights), draw.Values(static_cast<size_t>(s.out))};
}

// Memory for the gradients of one layer.
struct LayerGradients {
  std::vector<float> weight, bias;
  explicit LayerGradients(const Chain::Layer& layer)
      : weight(layer.weight.size(), NAN), bias(layer.bias.size(), NAN) {}
  void CompareTo(const std::string& name, const reference::ConvGradients<double>& expected,
                 const reference::ConvGradients<double>& magnitudes, Outcome& outcome) const {
    outcome.Compare((name + "'s weights' gradient").c_str(), weight, expected.weight,
                    magnitudes.weight);
    outcome.Compare((name + "'s bias's gradient").c_str(), bias, expected.bias, magnitudes.bias);
  }
};

}  // namespace shadowtutor::nn::differential

#endif  // SHADOWTUTOR_NN_TESTING_CONVOLUTION_CHAIN_H_
