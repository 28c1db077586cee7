// What the subcommands' files share.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>

#include "facerec/config/node.h"
#include "tools/verbs.h"

namespace facerec {

// Sets up a subcommand's arguments and returns what runs once they are parsed; it returns the exit code.
using RunVerb = std::function<int(const CommonOptions&)>;

RunVerb set_up_synth(CLI::App& app);
RunVerb set_up_train(CLI::App& app);
RunVerb set_up_finetune(CLI::App& app);
RunVerb set_up_eval(CLI::App& app);
RunVerb set_up_info(CLI::App& app);
RunVerb set_up_export(CLI::App& app);
RunVerb set_up_pack(CLI::App& app);
RunVerb set_up_align(CLI::App& app);
RunVerb set_up_runs(CLI::App& app);
RunVerb set_up_models(CLI::App& app);
RunVerb set_up_verify(CLI::App& app);
RunVerb set_up_calibrate(CLI::App& app);
RunVerb set_up_identify(CLI::App& app);
RunVerb set_up_embed(CLI::App& app);
RunVerb set_up_enroll(CLI::App& app);
RunVerb set_up_bench(CLI::App& app);
RunVerb set_up_doctor(CLI::App& app);
RunVerb set_up_completion(CLI::App& app);
RunVerb set_up_manual(CLI::App& app);

// --arch, --publisher and --preprocess, for every verb that opens a model.
void add_model_options(CLI::App& app, ModelOptions& options);

// --engine, --precision, --device and --threads, for every verb that computes embeddings; the defaults are those that
// `options` holds.
void add_engine_options(CLI::App& app, EngineOptions& options);

// --label, --where, --root and the columns of a CSV file, for every verb that opens a data set.
void add_data_set_options(CLI::App& app, DataSetOptions& options);

struct TrainConfiguration {
  Node root;  // tells where each value is from: see located()
  TrainConfig config;
  std::vector<std::string> translation;  // of another program's file: what became of each key
  ExpectedData expected;
};

// A value of the command line, taken as it is written; `argument`: how messages call it.
Node argument_node(const std::string& value, const std::string& argument);

// The file, ours or arcface-tf2's, with the values of --set and the paths of --data in place. Throws a usage Error when
// --data would replace entries that say more than a path. `flags`: keys with the values of flags that are short for
// --set.
TrainConfiguration read_train_config(const std::string& file, const std::vector<std::string>& assignments,
                                     const std::vector<std::string>& data,
                                     const std::vector<std::pair<std::string, Node>>& flags = {});

// What an error rate that can be asked for is: above 0, for which there is no threshold, and up to 0.5.
CLI::Validator error_rate();

// --faces, --align and the like, for every verb that looks for faces in pictures. `choices` of --faces: the first is
// the default.
void add_face_options(CLI::App& app, FaceOptions& options, const std::vector<std::string>& choices);

// --nproc, for the verbs that train; 0: not given.
void add_nproc(CLI::App& app, int64_t& nproc);

// Runs this command in `nproc` processes, before anything is loaded, and returns their exit code; nothing for one
// process, which is to go on by itself. `device` as configured. Throws a usage Error in a process that torchrun or srun
// started among others.
std::optional<int> run_processes(int64_t nproc, const std::string& device);

// Opens libfacerec.so, on first use. Throws Error when it cannot be opened.
const Verbs& library();

}  // namespace facerec
