#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <map>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/text.h"
#include "facerec/data/named_pairs.h"
#include "facerec/data/pairs.h"
#include "facerec/io/csv.h"
#include "facerec/recognize/embed_pictures.h"
#include "tools/run/log.h"
#include "tools/run/run.h"
#include "tools/run/stopped.h"
#include "tools/run/verify.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

struct ListedPair {
  size_t a, b;               // numbers of pictures
  std::optional<bool> same;  // as the list says
};

// Picture files under the names that a list gives them, each once, in the order of the list.
class PictureFiles final : public Dataset {
 public:
  explicit PictureFiles(fs::path root) : root_(std::move(root)) {}

  size_t number_of(const std::string& name) {
    const auto [entry, is_new] = numbers_.try_emplace(name, names_.size());
    if (is_new) names_.push_back(name);
    return entry->second;
  }

  int64_t size() const override { return static_cast<int64_t>(names_.size()); }
  int64_t classes() const override { return 1; }
  int64_t label(int64_t) const override { return 0; }
  std::string name(int64_t index) const override { return names_[static_cast<size_t>(index)]; }
  Sample read(int64_t index) const override { return {read_file(root_ / name(index)), {}}; }

 private:
  fs::path root_;
  std::vector<std::string> names_;
  std::map<std::string, size_t> numbers_;
};

struct PairList {
  std::shared_ptr<const Dataset> pictures;
  std::vector<ListedPair> pairs;
};

PairList read_named(const VerifyVerb& verb) {
  auto pictures = std::make_shared<PictureFiles>(verb.root);
  PairList list;
  read_named_pairs(verb.pairs, [&](const NamedPair& pair) {
    list.pairs.push_back({.a = pictures->number_of(pair.a), .b = pictures->number_of(pair.b), .same = pair.label});
  });
  if (list.pairs.empty()) throw Error::usage("holds no pairs").file(verb.pairs);
  list.pictures = pictures;
  return list;
}

PairList read_list(const VerifyVerb& verb) {
  if (!is_lfw_list(verb.pairs)) return read_named(verb);
  const PairSet set = open_pairs(verb.root.empty() ? "." : verb.root, verb.pairs, "");
  PairList list{.pictures = set.images, .pairs = {}};
  for (const Pair& pair : set.pairs) list.pairs.push_back({.a = pair.a, .b = pair.b, .same = pair.same});
  return list;
}

// One of the two forms of --out, or CSV on standard output, or nothing but what --json prints.
class Rows {
 public:
  Rows(const VerifyVerb& verb, bool json) {
    const std::string extension = lower(fs::path(verb.out).extension().string());
    if (!verb.out.empty() && extension != ".csv" && extension != ".jsonl") {
      throw Error::usage("'" + extension + "' is no form of results").file(verb.out).hint(".csv or .jsonl");
    }
    if (fs::exists(verb.out) && !verb.force) {
      throw Error::usage("exists already").file(verb.out).hint("--force replaces it");
    }
    if (!verb.out.empty()) file_.emplace(verb.out);
    lines_ = extension == ".jsonl";
    kept_ = verb.out.empty() && json;
    if (!lines_ && !kept_) write("a,b,cosine,squared_l2,decision,expected,error\n");
  }

  void add(Json row) {
    if (kept_) {
      rows_.push_back(std::move(row));
    } else {
      write(lines_ ? to_json_text(row) + "\n" : csv_line(row));
    }
  }

  // The rows that --json prints.
  Json finish() {
    if (file_) {
      file_->write(buffer_);
      file_->commit();
    }
    return kept_ ? std::move(rows_) : Json();
  }

 private:
  static std::string csv_line(const Json& row) {
    std::string line;
    for (const auto& [key, value] : row.items()) {
      const std::string field = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump();
      line += fmt::format("{}{}", line.empty() ? "" : ",", csv_field(field));
    }
    return line + "\n";
  }

  void write(const std::string& text) {
    constexpr size_t buffered = size_t{1} << 20;
    if (!file_) {
      print(text);
    } else if ((buffer_ += text).size() >= buffered) {
      file_->write(buffer_);
      buffer_.clear();
    }
  }

  std::optional<AtomicFile> file_;
  bool lines_ = false, kept_ = false;
  std::string buffer_;
  Json rows_ = Json::array();
};

struct Counts {
  int64_t same = 0, different = 0, failed = 0;
  int64_t genuine = 0, impostor = 0, false_matches = 0, false_non_matches = 0;  // of labelled pairs that are decided
};

// Decides the pairs in their order, as soon as their pictures are embedded.
class PairVerifier {
 public:
  PairVerifier(const PairList& list, const std::optional<Decision>& decision, Rows& rows)
      : list_(list), decision_(decision), rows_(rows) {}

  void take(const EmbeddedPicture& picture, const std::string& error) {
    Embedded& next = embedded_.emplace_back();
    next.error = error.empty() ? fault_of(picture) : error;
    if (next.error.empty()) next.embedding = picture.faces.front().embedding;
    for (; next_ < list_.pairs.size() && is_ready(list_.pairs[next_]); ++next_) decide(list_.pairs[next_]);
  }

  const Counts& counts() const { return counts_; }

 private:
  struct Embedded {
    std::vector<float> embedding;
    std::string error;
  };

  bool is_ready(const ListedPair& pair) const { return std::max(pair.a, pair.b) < embedded_.size(); }

  std::string error_of(size_t picture) const {
    const std::string& error = embedded_[picture].error;
    return error.empty() ? "" : fmt::format("{}: {}", name_of(picture), error);
  }

  std::string name_of(size_t picture) const { return list_.pictures->name(static_cast<int64_t>(picture)); }

  void decide(const ListedPair& pair) {
    Json row{{"a", name_of(pair.a)}, {"b", name_of(pair.b)}, {"cosine", nullptr}, {"squared_l2", nullptr},
             {"decision", nullptr},  {"expected", nullptr},  {"error", nullptr}};
    if (pair.same) row["expected"] = *pair.same ? "same" : "different";
    const std::string error = error_of(pair.a).empty() ? error_of(pair.b) : error_of(pair.a);
    if (error.empty()) {
      const double cosine = cosine_of(embedded_[pair.a].embedding, embedded_[pair.b].embedding);
      row["cosine"] = cosine;
      row["squared_l2"] = 2 - 2 * cosine;
      row["decision"] = verdict(decision_, cosine);
      if (decision_) count(pair, decision_->is_same(cosine));
    } else {
      row["error"] = error;
      ++counts_.failed;
    }
    rows_.add(std::move(row));
  }

  void count(const ListedPair& pair, bool is_same) {
    ++(is_same ? counts_.same : counts_.different);
    if (!pair.same) return;
    ++(*pair.same ? counts_.genuine : counts_.impostor);
    counts_.false_matches += is_same && !*pair.same;
    counts_.false_non_matches += !is_same && *pair.same;
  }

  const PairList& list_;
  const std::optional<Decision>& decision_;
  Rows& rows_;
  std::vector<Embedded> embedded_;
  size_t next_ = 0;
  Counts counts_;
};

Json summary_json(const VerifyVerb& verb, const PairList& list, const Counts& counts) {
  return {{"pairs", list.pairs.size()},
          {"same", counts.same},
          {"different", counts.different},
          {"failed", counts.failed},
          {"genuine", counts.genuine},
          {"impostor", counts.impostor},
          {"false_matches", counts.false_matches},
          {"false_non_matches", counts.false_non_matches},
          {"out", verb.out.empty() ? Json() : Json(verb.out)}};
}

std::string summary_text(const PairList& list, const Counts& counts, const std::optional<Decision>& decision) {
  std::string text = fmt::format("{} pairs: ", list.pairs.size());
  text += decision ? fmt::format("{} same, {} different, {} failed; {}", counts.same, counts.different, counts.failed,
                                 origin_text(*decision))
                   : fmt::format("{} failed; {}", counts.failed, no_threshold);
  if (counts.genuine + counts.impostor > 0) {
    text += fmt::format("\nof those whose answer the list knows: {} of {} false matches, {} of {} false non-matches",
                        counts.false_matches, counts.impostor, counts.false_non_matches, counts.genuine);
  }
  return text;
}

}  // namespace

int verify_pairs(const VerifyVerb& verb, FaceModel& face, const std::optional<Decision>& decision,
                 const CommonOptions& common) {
  const PairList list = read_list(verb);
  Rows rows(verb, common.json);
  PairVerifier verifier(list, decision, rows);
  try {
    Progress progress("verify", list.pictures->size(), "images");
    embed_pictures(*face.embedder, *list.pictures, verb.engine.threads,
                   [&](int64_t index, const EmbeddedPicture& picture, const std::string& error) {
                     throw_when_stopped();
                     verifier.take(picture, error);
                     progress.update(index + 1);
                   });
  } catch (const Stopped& stopped) {
    return tell_stopped(stopped, common);
  }
  const Counts& counts = verifier.counts();
  Json json = summary_json(verb, list, counts);
  json["threshold"] = to_json(decision);
  json["model"] = describe(face);
  if (Json results = rows.finish(); !results.is_null()) json["results"] = std::move(results);
  const std::string text = summary_text(list, counts, decision);
  if (verb.out.empty() && !common.json) {
    spdlog::info("{}", text);  // standard output holds the CSV
  } else {
    print_answer(common, json, text + "\n");
  }
  if (counts.failed > 0) {
    spdlog::warn("{} pairs could not be compared; `error` says why", counts.failed);
  }
  if (verb.exit_code && counts.different > 0) return exit_no;
  return counts.failed > 0 ? exit_skipped : exit_done;
}

}  // namespace facerec
