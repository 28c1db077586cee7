// Weights that TensorFlow and Keras wrote.
#pragma once

#include "facerec/io/tensor_file.h"

namespace facerec {

// Whether `path` names a TensorFlow checkpoint (tensorflow/core/util/tensor_bundle): its prefix `x.ckpt`, under which
// no file lies; `x.ckpt.index`; `x.ckpt.data-00000-of-00001`; the text file `checkpoint`, or a folder that has one.
bool is_tensorflow_checkpoint(const fs::path& path);

// The tensors of such a checkpoint, mapped, in one group at the top; of a folder, those of its newest one. `path` of
// the result is the index. Names are those in the index: of a Keras model the way through its layers
// ("layer_with_weights-0/layer_with_weights-3/kernel/.ATTRIBUTES/VARIABLE_VALUE"), of the optimizer's variables too.
// Texts (the object graph) are left out. Views need not be aligned.
// Throws Error naming the index or the shard: sizes, order and checksums are checked, a variable in slices is refused.
TensorFile open_tensorflow_checkpoint(const fs::path& path);

// The weights in an HDF5 file of Keras 2 (`model.save_weights("x.h5")`, `model.save("x.h5")`), in one group at the top,
// named by the layer and the weight ("resnet50/conv1_conv/kernel:0") and ordered as the file lists them. Of Keras 3's
// `x.weights.h5` the names are the ways to the data sets ("layers/conv2d/vars/0"). Float and integer types; what is
// stored in one piece is mapped, the rest unpacked.
// Throws Error naming the file: when it is damaged or no Keras file, when links lead out of it, or when it unpacks to
// more than twice its size. Filters from outside HDF5's library are never loaded.
TensorFile open_keras_file(const fs::path& path);

}  // namespace facerec
