#include "model/prelu.h"

#include <ATen/Parallel.h>

#include <bit>

namespace facerec {
namespace {

using torch::Tensor;
using torch::autograd::variable_list;

#define FACEREC_INLINE inline __attribute__((always_inline))

// bf16 as its bits: the compiler turns these into vectors, and c10's conversions not.
struct Bf16 {
  uint16_t bits;
};

FACEREC_INLINE float value_of(float x) { return x; }
FACEREC_INLINE float value_of(Bf16 x) { return std::bit_cast<float>(uint32_t{x.bits} << 16); }

FACEREC_INLINE void put(float value, float& to) { to = value; }
FACEREC_INLINE void put(float value, Bf16& to) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const uint32_t is_nan = (bits & 0x7fffffff) > 0x7f800000 ? ~0U : 0U;
  to.bits = static_cast<uint16_t>((nearest & ~is_nan) | (0x7fc0 & is_nan));
}

// Below, what is multiplied is chosen, and not the product, and everything is loaded before it is compared: only that
// does the compiler make vectors of.

// One image: its pixels and channels in the order of the memory.
template <class T>
struct Slice {
  const T* x;
  const T* gradient;
  T* result;
  const float* slopes;
  float* slope_gradients;  // [channels]
  int64_t channels, pixels;
};

template <class T>
FACEREC_INLINE void channels_last_body(const Slice<T>& s) {
  const int64_t channels = s.channels;
  const float* __restrict slopes = s.slopes;
  float* __restrict sums = s.slope_gradients;
  for (int64_t pixel = 0; pixel < s.pixels; ++pixel) {
    const T* __restrict x = s.x + pixel * channels;
    const T* __restrict gradient = s.gradient + pixel * channels;
    T* __restrict result = s.result + pixel * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const float in = value_of(x[c]), g = value_of(gradient[c]), slope = slopes[c];
      put(g * (in > 0 ? 1.0F : slope), result[c]);
      sums[c] += g * (in > 0 ? 0.0F : in);
    }
  }
}

constexpr int64_t lanes = 16;  // partial sums of a channel

template <class T>
FACEREC_INLINE void channels_first_body(const Slice<T>& s) {
  for (int64_t c = 0; c < s.channels; ++c) {
    const T* x = s.x + c * s.pixels;
    const T* gradient = s.gradient + c * s.pixels;
    T* result = s.result + c * s.pixels;
    const float slope = s.slopes[c];
    float sums[lanes] = {};
    auto one = [&](int64_t i, int64_t lane) __attribute__((always_inline)) {
      const float in = value_of(x[i]), g = value_of(gradient[i]);
      put(g * (in > 0 ? 1.0F : slope), result[i]);
      sums[lane] += g * (in > 0 ? 0.0F : in);
    };
    const int64_t whole = s.pixels / lanes * lanes;
    for (int64_t i = 0; i < whole; i += lanes) {
#pragma GCC ivdep
      for (int64_t lane = 0; lane < lanes; ++lane) one(i + lane, lane);
    }
    for (int64_t i = whole; i < s.pixels; ++i) one(i, i - whole);
    for (const float sum : sums) s.slope_gradients[c] += sum;
  }
}

template <class T>
FACEREC_INLINE void body(const Slice<T>& slice, bool channels_last) {
  channels_last ? channels_last_body(slice) : channels_first_body(slice);
}

#if defined(__x86_64__)
template <class T>
__attribute__((target("avx512f,avx512bw,avx512vl"))) void with_avx512(const Slice<T>& slice, bool channels_last) {
  body(slice, channels_last);
}
template <class T>
__attribute__((target("avx2,fma"))) void with_avx2(const Slice<T>& slice, bool channels_last) {
  body(slice, channels_last);
}
#endif

template <class T>
void plain(const Slice<T>& slice, bool channels_last) {
  body(slice, channels_last);
}

template <class T>
auto kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) return with_avx512<T>;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return with_avx2<T>;
#endif
  return plain<T>;
}

// Images are summed up in their order, whatever the number of threads.
template <class T>
variable_list backward_of(const Tensor& x, const Tensor& slopes, const Tensor& gradient, bool channels_last) {
  const Tensor result = torch::empty_like(x), sums = torch::zeros({x.size(0), x.size(1)}, slopes.options());
  const int64_t channels = x.size(1), pixels = x.size(2) * x.size(3), size = channels * pixels;
  const auto run = kernel<T>();
  at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      run({static_cast<const T*>(x.const_data_ptr()) + i * size,
           static_cast<const T*>(gradient.const_data_ptr()) + i * size, static_cast<T*>(result.data_ptr()) + i * size,
           slopes.const_data_ptr<float>(), sums.data_ptr<float>() + i * channels, channels, pixels},
          channels_last);
    }
  });
  return {result, sums.sum(0)};
}

class PReluFunction : public torch::autograd::Function<PReluFunction> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& slopes) {
    context->save_for_backward({x, slopes});
    return torch::prelu(x, slopes.to(x.scalar_type()));
  }

  static variable_list backward(torch::autograd::AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const bool channels_last = !saved[0].is_contiguous() && saved[0].is_contiguous(torch::MemoryFormat::ChannelsLast);
    const auto format = channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
    const Tensor x = saved[0].contiguous(format), gradient = gradients[0].contiguous(format);
    const Tensor slopes = saved[1].contiguous();
    return x.scalar_type() == torch::kFloat32 ? backward_of<float>(x, slopes, gradient, channels_last)
                                              : backward_of<Bf16>(x, slopes, gradient, channels_last);
  }
};

}  // namespace

Tensor channel_prelu(const Tensor& x, const Tensor& slopes) {
  const bool has_kernel = x.is_cpu() && x.dim() == 4 && slopes.scalar_type() == torch::kFloat32 &&
                          (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16);
  if (has_kernel && torch::GradMode::is_enabled()) return PReluFunction::apply(x, slopes);
  return torch::prelu(x, slopes.to(x.scalar_type()));
}

}  // namespace facerec
