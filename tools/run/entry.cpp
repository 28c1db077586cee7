#include <c10/util/Exception.h>

#include "facerec/core/error.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

// LibTorch's exceptions end here: their text without the C++ stack.
template <class Verb, int (*run)(const Verb&, const CommonOptions&)>
int guarded(const Verb& verb, const CommonOptions& common) {
  set_up_log(common);
  try {
    return run(verb, common);
  } catch (const c10::OutOfMemoryError& error) {
    throw Error("the device is out of memory").hint("a smaller batch size needs less");
  } catch (const c10::Error& error) {
    throw Error(std::string("LibTorch: ") + error.what_without_backtrace());
  }
}

}  // namespace
}  // namespace facerec

extern "C" const facerec::Verbs* facerec_verbs() {
  using namespace facerec;
  static const Verbs verbs{
      .synth = guarded<SynthVerb, run_synth>,
      .train = guarded<TrainVerb, run_train>,
      .eval = guarded<EvalVerb, run_eval>,
      .info = guarded<InfoVerb, run_info>,
      .export_model = guarded<ExportVerb, run_export>,
      .pack = guarded<PackVerb, run_pack>,
      .align = guarded<AlignVerb, run_align>,
      .models = guarded<ModelsVerb, run_models>,
      .runs = guarded<RunsVerb, run_runs>,
      .embed = guarded<EmbedVerb, run_embed>,
      .identify = guarded<IdentifyVerb, run_identify>,
      .verify = guarded<VerifyVerb, run_verify>,
      .calibrate = guarded<CalibrateVerb, run_calibrate>,
      .enroll = guarded<EnrollVerb, run_enroll>,
      .bench = guarded<BenchVerb, run_bench>,
      .doctor = guarded<DoctorVerb, run_doctor>,
  };
  return &verbs;
}
