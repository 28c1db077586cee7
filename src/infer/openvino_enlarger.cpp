#include <algorithm>
#include <openvino/runtime/core.hpp>

#include "facerec/core/parallel.h"
#include "infer/enlarger.h"
#include "infer/openvino_engine.h"

namespace facerec {
namespace {

class OpenVinoEnlarger final : public Enlarger {
 public:
  OpenVinoEnlarger(const std::shared_ptr<ov::Model>& graph, fs::path file, const std::string& precision, int threads)
      : file_(std::move(file)) {
    try {
      request_ = ov::Core().compile_model(graph, "CPU", openvino_settings(precision, threads)).create_infer_request();
    } catch (const ov::Exception& failure) {
      throw openvino_error(file_, "use", failure);
    }
  }

  Planes enlarge(const Planes& image) override {
    try {
      ov::Tensor input = request_.get_input_tensor();
      input.set_shape({1, static_cast<size_t>(image.channels), static_cast<size_t>(image.height),
                       static_cast<size_t>(image.width)});
      std::copy(image.values.begin(), image.values.end(), input.data<float>());
      request_.infer();
      return planes_of(request_.get_output_tensor());
    } catch (const ov::Exception& failure) {
      throw openvino_error(file_, "compute", failure);
    }
  }

 private:
  Planes planes_of(const ov::Tensor& output) const {
    const ov::Shape& shape = output.get_shape();
    if (shape.size() != 4 || shape[0] != 1) {
      throw Error("does not give one image: " + shape.to_string()).file(text_of(file_));
    }
    Planes planes(static_cast<int>(shape[1]), static_cast<int>(shape[3]), static_cast<int>(shape[2]));
    std::copy_n(output.data<const float>(), planes.values.size(), planes.values.begin());
    return planes;
  }

  fs::path file_;
  ov::InferRequest request_;
};

}  // namespace

std::unique_ptr<Enlarger> openvino_enlarger(const std::shared_ptr<ov::Model>& graph, const fs::path& file,
                                            const std::string& precision, int threads) {
  return std::make_unique<OpenVinoEnlarger>(graph, file, precision, threads);
}

}  // namespace facerec
