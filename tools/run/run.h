// The verbs, on the library's side.
#pragma once

#include "tools/verbs.h"

namespace facerec {

int run_synth(const SynthVerb& verb, const CommonOptions& common);
int run_train(const TrainVerb& verb, const CommonOptions& common);  // and finetune
int run_eval(const EvalVerb& verb, const CommonOptions& common);
int run_info(const InfoVerb& verb, const CommonOptions& common);
int run_pack(const PackVerb& verb, const CommonOptions& common);
int run_align(const AlignVerb& verb, const CommonOptions& common);
int run_info_config(const InfoVerb& verb, const CommonOptions& common);
int run_info_dataset(const InfoVerb& verb, const CommonOptions& common);
int run_info_gallery(const fs::path& path, const CommonOptions& common);
int run_export(const ExportVerb& verb, const CommonOptions& common);
int run_export_evolve(const ExportVerb& verb, const CommonOptions& common);  // --layout face.evolve
int run_enroll(const EnrollVerb& verb, const CommonOptions& common);
int run_bench(const BenchVerb& verb, const CommonOptions& common);
int run_doctor(const DoctorVerb& verb, const CommonOptions& common);
int run_runs(const RunsVerb& verb, const CommonOptions& common);
int run_models(const ModelsVerb& verb, const CommonOptions& common);
int run_verify(const VerifyVerb& verb, const CommonOptions& common);
int run_calibrate(const CalibrateVerb& verb, const CommonOptions& common);
int run_identify(const IdentifyVerb& verb, const CommonOptions& common);
int run_embed(const EmbedVerb& verb, const CommonOptions& common);

// "2/8". Throws a usage Error for what is no such text.
Shard parse_shard(const std::string& text);

}  // namespace facerec
