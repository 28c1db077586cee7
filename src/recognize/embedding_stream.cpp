#include "recognize/embedding_stream.h"

#include "facerec/core/error.h"

namespace facerec {
namespace {

LoaderOptions loader_options(const Preprocess& input, const EmbedOptions& options) {
  LoaderOptions loading;
  loading.width = input.width;
  loading.height = input.height;
  loading.batch_size = options.batch_size;
  loading.workers = options.threads;
  loading.drop_last = false;
  loading.keep_broken = true;
  loading.epochs = 1;
  return loading;
}

}  // namespace

EmbeddingStream::EmbeddingStream(Engine& engine, const std::shared_ptr<const Dataset>& images,
                                 const EmbedOptions& options, int64_t first, int64_t end)
    : engine_(engine), images_(images), options_(options), next_(first), end_(end) {
  if (!has_next()) return;
  loader_ = std::make_unique<Loader>(images, sequential_sampler(end), loader_options(engine.spec().preprocess, options),
                                     LoaderPosition{0, first / options.batch_size});
}

const EmbeddedBatch& EmbeddingStream::next() {
  Batch batch = loader_->next();
  if (options_.strict && !batch.broken.empty()) {
    const BrokenImage& broken = batch.broken.front();
    throw Error(broken.reason).file(images_->name(broken.index));
  }
  batch_.first = next_;
  batch_.size = batch.size();
  embed(batch);
  batch_.broken = std::move(batch.broken);
  next_ += batch_.size;
  loader_->give_back(std::move(batch));
  return batch_;
}

void EmbeddingStream::embed(Batch& batch) {
  const ModelSpec& spec = engine_.spec();
  const auto values = static_cast<size_t>(batch.size() * spec.embedding_size);
  batch_.original.resize(values);
  engine_.embed(batch.pixels, batch.size(), batch_.original);
  if (!options_.flip) return;
  // The rows of all images, one below the other.
  mirror(batch.pixels.data(), spec.preprocess.width, static_cast<int>(batch.size()) * spec.preprocess.height);
  batch_.flipped.resize(values);
  engine_.embed(batch.pixels, batch.size(), batch_.flipped);
}

}  // namespace facerec
