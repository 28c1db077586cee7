#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "tools/train_arguments.h"

namespace facerec {
namespace {

struct Arguments {
  TrainArguments train;
  int64_t nproc = 0;
  BenchVerb verb;
};

void add_train(CLI::App& app, Arguments& args) {
  CLI::App* train = app.add_subcommand("train", "the steps of a training: speed, time by part, memory, share of peak");
  train->fallthrough();  // --json
  add_train_arguments(*train, args.train);
  train->add_option("--steps", args.verb.steps, "steps that are measured")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  train->add_option("--warmup", args.verb.warmup, "steps before them")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  train
      ->add_option("--classes", args.verb.classes, "identities, where data.train names no data: pixels are then random")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 40))
      ->capture_default_str();
  add_nproc(*train, args.nproc);
  train->add_flag("--find-batch-size", args.verb.find_batch_size,
                  "try sizes up to the largest that fits into memory, and measure with that");
  train->footer("Example:\n  facerec bench train configs/train/my.yaml --set train.precision=bf16 --classes 10000");
}

}  // namespace

RunVerb set_up_bench(CLI::App& app) {
  auto args = std::make_shared<Arguments>();
  app.require_subcommand(1);
  add_train(app, *args);
  app.footer("Example:\n  facerec bench train configs/train/my.yaml --data faces/train --find-batch-size");
  return [args](const CommonOptions& common) {
    const Node root = read_train_arguments(args->train, args->verb.train);
    if (const auto code = run_processes(args->nproc, args->verb.train.config.run.device)) return *code;
    try {
      return library().bench(args->verb, common);
    } catch (const Error& error) {
      throw located(error, root);
    }
  };
}

}  // namespace facerec
