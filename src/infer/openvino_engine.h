// Graphs on OpenVINO's CPU plugin. Free of LibTorch.
#pragma once

#include <memory>
#include <openvino/core/any.hpp>
#include <openvino/core/except.hpp>
#include <openvino/core/layout.hpp>
#include <openvino/core/model.hpp>
#include <string>

#include "facerec/core/error.h"
#include "facerec/infer/engine.h"

namespace facerec {

struct OpenVinoNetwork {
  std::shared_ptr<ov::Model> graph;
  ModelSpec spec;
  std::string identity;
  fs::path file = {};  // for errors; "": none
  size_t output = 0;   // of the graph: the embeddings
  int64_t batch = 0;   // that the graph is made for; 0: any
};

// Prepares the graph, whose input is images of the network in this layout, for 8-bit RGB images [N,H,W,3]: they are
// ordered and normalised as the spec says, or left as they are where the graph itself takes 8-bit pixels.
void take_pixels(OpenVinoNetwork& network, const ov::Layout& layout);

// The network, its graph prepared by take_pixels(), on as many threads as the options say, in `precision`: fp32 | bf16.
std::unique_ptr<Engine> openvino_engine(const OpenVinoNetwork& network, const std::string& precision, int threads);

// What every graph is compiled with, for `precision` fp32 | bf16. threads 0: the cores available.
ov::AnyMap openvino_settings(const std::string& precision, int threads);

Error openvino_error(const fs::path& file, const char* what, const ov::Exception& failure);

}  // namespace facerec
