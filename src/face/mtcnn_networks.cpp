#include "face/mtcnn_networks.h"

namespace facerec::mtcnn {
namespace {

using torch::Tensor;

// Channels that are missing to the next multiple of 16: channels of zeros between the layers cost less than the pooling
// and PReLU of 10 or 28, for which there is no vector code.
int64_t to_full_vector(int64_t channels) { return (16 - channels % 16) % 16; }

// Two publications of the same weights: facenet-pytorch's conv1, dense4, dense5_1 are features.conv1, features.conv4
// and conv5_1 at face.evoLVe.
class Reader {
 public:
  Reader(DetectorWeights& weights, torch::Device device)
      : weights_(weights), device_(device), evolve_(weights.has("features.conv1.weight")) {}

  Layer conv(int number, int64_t in, int64_t out, int64_t kernel) {
    const std::string name = "conv" + std::to_string(number);
    const Tensor weight = take(body(name) + ".weight", {out, in, kernel, kernel});
    const int64_t more_in = number == 1 ? 0 : to_full_vector(in), more = to_full_vector(out);
    const auto padded = [more](const Tensor& values) { return torch::constant_pad_nd(values, {0, more}); };
    return {
        torch::constant_pad_nd(weight, {0, 0, 0, 0, 0, more_in, 0, more}).contiguous(torch::MemoryFormat::ChannelsLast),
        padded(take(body(name) + ".bias", {out})),
        padded(take(body("prelu" + std::to_string(number)) + ".weight", {out}))};
  }

  // Over images of side × side. The columns lie by column, row, channel at facenet-pytorch, by channel, column, row at
  // face.evoLVe.
  Layer dense(int number, int64_t side, int64_t channels, int64_t out) {
    const std::string name = body((evolve_ ? "conv" : "dense") + std::to_string(number));
    const Tensor weight = take(name + ".weight", {out, side * side * channels});
    const Tensor by_row = evolve_ ? weight.view({out, channels, side, side}).permute({0, 3, 2, 1})
                                  : weight.view({out, side, side, channels}).permute({0, 2, 1, 3});
    return {by_row.reshape({out, -1}).contiguous(), take(name + ".bias", {out}),
            take(body("prelu" + std::to_string(number)) + ".weight", {out})};
  }

  // The outputs as one layer: `number`_1 (2 numbers: no face, face), _2 (4), _3 (10). `kernel`: of PNet's convolution.
  Layer head(const std::string& number, int64_t in, int outputs, bool convolution) {
    const std::string name = (evolve_ || convolution ? "conv" : "dense") + number + "_";
    std::vector<Tensor> weights, biases;
    for (int i = 1; i <= outputs; ++i) {
      const int64_t out = std::array<int64_t, 3>{2, 4, 10}[static_cast<size_t>(i - 1)];
      std::vector<int64_t> shape{out, in};
      if (convolution) shape.insert(shape.end(), {1, 1});
      weights.push_back(take(name + std::to_string(i) + ".weight", shape));
      biases.push_back(take(name + std::to_string(i) + ".bias", {out}));
    }
    return {torch::cat(weights), torch::cat(biases), {}};
  }

 private:
  std::string body(const std::string& name) const { return (evolve_ ? "features." : "") + name; }
  Tensor take(const std::string& key, const std::vector<int64_t>& shape) {
    return weights_.take(key, shape).to(device_);
  }

  DetectorWeights& weights_;
  torch::Device device_;
  bool evolve_;
};

Tensor convolve(const Tensor& x, const Layer& layer) {
  return torch::prelu(torch::conv2d(x, layer.weight, layer.bias), layer.slope);
}

// The maximum of `kernel` × `kernel` pixels, fewer at the far edges, into one pixel of the output.
void pool_pixel(const float* from, int64_t row_length, int64_t channels, int64_t rows, int64_t columns, float* to) {
  std::copy_n(from, channels, to);
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      const float* pixel = from + y * row_length + x * channels;
      for (int64_t c = 0; c < channels; ++c) to[c] = std::max(to[c], pixel[c]);
    }
  }
}

// MaxPool2d(kernel, stride 2, ceil_mode). LibTorch's also tells where each maximum was, at several times the price.
Tensor pool(const Tensor& x, int64_t kernel) {
  if (!x.is_cpu()) return torch::max_pool2d(x, kernel, 2, 0, 1, true);
  const Tensor from = x.contiguous(torch::MemoryFormat::ChannelsLast);
  const int64_t channels = from.size(1), height = from.size(2), width = from.size(3);
  const int64_t rows = (height - kernel + 1) / 2 + 1, columns = (width - kernel + 1) / 2 + 1;
  Tensor pooled = torch::empty({from.size(0), channels, rows, columns},
                               from.options().memory_format(torch::MemoryFormat::ChannelsLast));
  const auto* source = from.const_data_ptr<float>();
  auto* target = pooled.data_ptr<float>();
  at::parallel_for(0, from.size(0) * rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t y = 2 * (line % rows);
      const float* first = source + (line / rows * height + y) * width * channels;
      for (int64_t column = 0; column < columns; ++column) {
        const int64_t at = 2 * column;
        pool_pixel(first + at * channels, width * channels, channels, std::min(kernel, height - y),
                   std::min(kernel, width - at), target + (line * columns + column) * channels);
      }
    }
  });
  return pooled;
}

// By row, column, channel.
Tensor flat(const Tensor& x) { return x.permute({0, 2, 3, 1}).reshape({x.size(0), -1}); }

Output split(const Tensor& y) {
  Output output{torch::softmax(y.narrow(1, 0, 2), 1).select(1, 1), y.narrow(1, 2, 4), {}};
  if (y.size(1) == 16) output.landmarks = y.narrow(1, 6, 10);
  return output;
}

Output decide(const Tensor& x, const Layer& dense, const Layer& head) {
  const Tensor features = torch::prelu(torch::linear(flat(x), dense.weight, dense.bias), dense.slope);
  return split(torch::linear(features, head.weight, head.bias));
}

}  // namespace

PNet::PNet(DetectorWeights weights, torch::Device device) {
  Reader read(weights, device);
  conv_ = {read.conv(1, 3, 10, 3), read.conv(2, 10, 16, 3), read.conv(3, 16, 32, 3)};
  head_ = read.head("4", 32, 2, true);
  weights.expect_all_taken();
}

Output PNet::forward(const Tensor& x) const {
  const Tensor features = convolve(convolve(pool(convolve(x, conv_[0]), 2), conv_[1]), conv_[2]);
  return split(torch::conv2d(features, head_.weight, head_.bias));
}

RNet::RNet(DetectorWeights weights, torch::Device device) {
  Reader read(weights, device);
  conv_ = {read.conv(1, 3, 28, 3), read.conv(2, 28, 48, 3), read.conv(3, 48, 64, 2)};
  dense_ = read.dense(4, 3, 64, 128);
  head_ = read.head("5", 128, 2, false);
  weights.expect_all_taken();
}

Output RNet::forward(const Tensor& x) const {
  const Tensor features = convolve(pool(convolve(pool(convolve(x, conv_[0]), 3), conv_[1]), 3), conv_[2]);
  return decide(features, dense_, head_);
}

ONet::ONet(DetectorWeights weights, torch::Device device) {
  Reader read(weights, device);
  conv_ = {read.conv(1, 3, 32, 3), read.conv(2, 32, 64, 3), read.conv(3, 64, 64, 3), read.conv(4, 64, 128, 2)};
  dense_ = read.dense(5, 3, 128, 256);
  head_ = read.head("6", 256, 3, false);
  weights.expect_all_taken();
}

Output ONet::forward(const Tensor& x) const {
  const Tensor first = pool(convolve(pool(convolve(x, conv_[0]), 3), conv_[1]), 3);
  return decide(convolve(pool(convolve(first, conv_[2]), 2), conv_[3]), dense_, head_);
}

}  // namespace facerec::mtcnn
