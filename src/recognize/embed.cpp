#include "facerec/recognize/embed.h"

#include <algorithm>
#include <set>

#include "facerec/data/loader.h"

namespace facerec {
namespace {

std::vector<int64_t> indices_of(const std::vector<BadInput>& bad, const Dataset& images) {
  std::set<std::string> names;
  for (const BadInput& input : bad) names.insert(input.name);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < images.size() && !names.empty(); ++i) {
    if (names.contains(images.name(i))) indices.push_back(i);
  }
  return indices;
}

}  // namespace

ImageEmbeddings embed_images(Engine& engine, const std::shared_ptr<const Dataset>& images, const EmbedOptions& options,
                             const std::function<void(int64_t)>& progress) {
  LoaderOptions loader_options;
  loader_options.width = engine.spec().preprocess.width;
  loader_options.height = engine.spec().preprocess.height;
  loader_options.batch_size = options.batch_size;
  loader_options.workers = options.threads;
  loader_options.flip = 0;
  loader_options.drop_last = false;
  loader_options.strict = options.strict;
  loader_options.epochs = 1;
  Loader loader(images, sequential_sampler(images->size()), loader_options);

  ImageEmbeddings result;
  result.dimension = static_cast<size_t>(engine.spec().embedding_size);
  const auto count = static_cast<size_t>(images->size());
  result.original.resize(count * result.dimension);
  if (options.flip) result.flipped.resize(result.original.size());
  for (size_t done = 0; done < count;) {
    Batch batch = loader.next();
    const auto n = static_cast<size_t>(batch.size());
    auto rows = [&](std::vector<float>& all) {
      return std::span(all).subspan(done * result.dimension, n * result.dimension);
    };
    engine.embed(batch.pixels, batch.size(), rows(result.original));
    if (options.flip) {
      // The rows of all images, one below the other.
      mirror(batch.pixels.data(), loader_options.width, static_cast<int>(batch.size()) * loader_options.height);
      engine.embed(batch.pixels, batch.size(), rows(result.flipped));
    }
    loader.give_back(std::move(batch));
    done += n;
    if (progress) progress(static_cast<int64_t>(done));
  }
  result.broken = indices_of(loader.bad_inputs(), *images);
  return result;
}

}  // namespace facerec
