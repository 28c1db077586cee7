// Another program that uses the library: consumer MODEL IMAGE prints the embedding's size and length.
#include <facerec/core/files.h>
#include <facerec/image/image.h>
#include <facerec/infer/engine.h>

#include <cmath>
#include <iostream>
#include <numeric>

int main(int, char** argv) {
  const auto engine = facerec::open_engine(argv[1], {.threads = 1});
  const auto& [width, height] = std::pair(engine->spec().preprocess.width, engine->spec().preprocess.height);
  const facerec::Image face = facerec::resize(facerec::decode_image(facerec::read_file(argv[2])), width, height);
  std::vector<float> out(static_cast<size_t>(engine->spec().embedding_size));
  engine->embed(face.rgb, 1, out);
  std::cout << out.size() << " " << std::sqrt(std::inner_product(out.begin(), out.end(), out.begin(), 0.0)) << "\n";
}
