// Losses on logits and on embeddings. All are scalars in fp32 (float64 for float64 inputs), outside autocast, and
// finite with finite gradients for finite logits and for embeddings of any norm up to 1e15, zero included.
//
// metric losses, with d the Euclidean distance (not squared), over samples whose label is not −1:
//
//     triplet            mean over anchors of max(0, d_ap − d_an + margin), or of log(1 + exp(d_ap − d_an)), with the
//                        farthest of the anchor's own and the nearest other (batch-hard, Hermans et al. 2017,
//                        1703.07737)
//     triplet_semi_hard  mean over all pairs of an anchor and a positive of max(0, d_ap − d_an + margin), with the
//                        nearest negative that is farther than the positive (Schroff et al. 2015, 1503.03832), else
//                        the farthest negative, as TensorFlow Addons' triplet_semihard_loss; one beyond the margin
//                        costs nothing
//     center             mean of ½‖f − c_y‖² (Wen et al. 2016). In training mode, after each loss, every centre of the
//                        batch moves by center_lr·Σ(f − c) / (1 + n), n its samples there; they start at 0
//     supcon             mean over anchors of the mean over positives p of −log(exp(z·z_p/T) / Σ_others exp(z·z_a/T)),
//                        z of unit length (L_out of Khosla et al. 2020, 2004.11362)
#pragma once

#include <torch/torch.h>

#include <memory>

#include "facerec/dist/world.h"
#include "facerec/model/config.h"

namespace facerec {

// The weighted loss of logits [N,C] with labels int64 [N] of 0 … C−1, or −1 for samples that do not count. With L the
// cross entropy, label smoothing included: focal is the mean of (1 − e^−L)^γ·L (Lin et al. 2017, 1708.02002, without
// α); focal_batch has the mean for L, as face.evoLVe. Where processes hold the classes by shares, each gives its own
// logits of the same rows and labels that count its classes, and gets the loss of all with the gradient of its part.
torch::Tensor classification_loss(const ClassificationLossConfig& config, const torch::Tensor& logits,
                                  const torch::Tensor& labels, const World& world = World());

// A loss on raw embeddings [N,E] with labels int64 [N]. What it keeps from step to step are buffers, which checkpoints
// hold.
class MetricLoss : public torch::nn::Module {
 public:
  // Not weighted. In training mode a state moves on. Without anything that it could judge (for all but center: two
  // samples of one label, and for triplets a third of another) it is 0 with gradients of 0.
  virtual torch::Tensor loss(const torch::Tensor& embeddings, const torch::Tensor& labels) = 0;
};

// Throws a usage Error for an unknown name, and for a key of another loss that is not its default; `place` is where the
// configuration has it.
std::shared_ptr<MetricLoss> make_metric_loss(const MetricLossConfig& config, int64_t classes, int64_t embedding_size,
                                             const std::string& place = "loss.metric");

// Distillation; no gradient reaches the teacher. Embedding form: mean of 1 − cosine between the rows of student and
// teacher [N,E]. Logit form (Hinton et al. 2015, 1503.02531): T² · KL(softmax(teacher/T) ‖ softmax(student/T)), mean
// over the rows of [N,C].
torch::Tensor embedding_distillation(const torch::Tensor& student, const torch::Tensor& teacher);
torch::Tensor logit_distillation(const torch::Tensor& student, const torch::Tensor& teacher, double temperature);

}  // namespace facerec
