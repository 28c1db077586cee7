#include "fuzz/seeds_of_files.h"

#include <onnx/onnx_pb.h>

#include "facerec/gallery/gallery.h"
#include "facerec/gallery/index.h"
#include "facerec/image/image.h"
#include "fuzz/people.h"
#include "support/exif.h"

namespace {

using namespace facerec;

void write_galleries(const fs::path& corpus) {
  for (const char* name : {"gallery", "index", "matrix"}) fs::create_directories(corpus / name);
  write_people(corpus / "matrix/people");
  write_index(corpus / "index/two", TemplateMatrix(corpus / "matrix/people"), {.lists = 2, .threads = 1});
  Gallery gallery =
      Gallery::open_or_create(corpus / "gallery/people", {.identity = "i", .architecture = "mbf", .dimension = 2});
  const float rows[3][2] = {{1, 0}, {0, -1}, {0.6F, 0.8F}};
  const char* names[] = {"a", "b", "b"};
  for (size_t i = 0; i < 3; ++i) {
    const EnrolledImage image{
        .source = "x.jpg", .sha256 = std::string(64, static_cast<char>('a' + i)), .embedding = rows[i]};
    gallery.add(names[i], {&image, 1});
  }
}

void write_images(const fs::path& folder) {
  fs::create_directories(folder);
  Image image(24, 16);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i * 7);
  const auto write = [&](const char* name, const std::vector<std::byte>& bytes) {
    write_file(folder / name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  write("png", encode_png(image));
  std::vector<std::byte> jpeg = encode_jpeg(image, 60);
  write("jpeg", jpeg);
  const std::vector<std::byte> exif = test::exif_segment(6);
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  write("turned", jpeg);
}

void write_onnx(const fs::path& folder) {
  fs::create_directories(folder);
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("someone");
  model.add_opset_import()->set_version(17);
  onnx::StringStringEntryProto* entry = model.add_metadata_props();
  entry->set_key("k");
  entry->set_value("v");
  onnx::GraphProto* graph = model.mutable_graph();
  for (onnx::ValueInfoProto* value : {graph->add_input(), graph->add_output()}) {
    value->set_name("x");
    auto* tensor = value->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto::FLOAT);
    tensor->mutable_shape()->add_dim()->set_dim_param("batch");
    tensor->mutable_shape()->add_dim()->set_dim_value(2);
  }
  for (const char* name : {"Sub_0", "Mul_1"}) graph->add_node()->set_name(name);
  for (const int type : {onnx::TensorProto::FLOAT, onnx::TensorProto::INT8, onnx::TensorProto::FLOAT16}) {
    onnx::TensorProto* tensor = graph->add_initializer();
    tensor->set_name("w" + std::to_string(type));
    tensor->set_data_type(type);
    tensor->add_dims(2);
    if (type == onnx::TensorProto::FLOAT) {
      tensor->set_raw_data("\0\0\x80\x3F\0\0\0\x40", 8);
    } else {
      for (const int number : {1, 2}) tensor->add_int32_data(number);
    }
  }
  write_file(folder / "small", model.SerializeAsString());
}

}  // namespace

void write_files(const fs::path& corpus) {
  write_galleries(corpus);
  write_images(corpus / "images");
  write_onnx(corpus / "onnx");
  const fs::path keras = fs::path(FACEREC_SOURCE_DIR) / "tests/golden/keras";
  fs::create_directories(corpus / "tensorflow");
  for (const char* name : {"types", "sliced"}) {
    fs::copy_file(keras / (std::string(name) + ".ckpt.index"), corpus / "tensorflow" / name,
                  fs::copy_options::overwrite_existing);
  }
}
