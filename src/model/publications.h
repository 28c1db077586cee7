// Who publishes weights of which architecture, and what one must know to use them.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/model/recognise.h"

namespace facerec {

struct Publication {
  const char* name;   // for --publisher
  const char* title;  // as its people write it
  std::initializer_list<const char*> architectures;
  const char* preprocess;  // see parse_preprocess()
  bool unit_length;        // its forward() brings embeddings to length 1
  const char* terms;
  const char* flip = "flip_sum";  // how it evaluates: flip_sum | flip_concat | no_flip
  // What its files show and others' do not; "": nothing.
  const char* prefix = "";                        // of every key
  std::initializer_list<const char*> files = {};  // parts of their names, in lower case
};

std::span<const Publication> publications();

// Whether `publisher` is one of those that publish this architecture.
bool publishes(const std::string& publisher, const std::string& architecture);

// Throws a usage Error when `options` ask for another architecture or publisher than a file of facerec's own states.
void check_own(const ModelSpec& spec, const ModelOptions& options, const fs::path& file);

// The preprocessing of the first that publishes it, for parse_preprocess(); "rgb" where nobody does.
std::string published_way(const std::string& architecture);

// Whose a file of this architecture is: who `options` name, else whom the prefix of its keys or its name shows, else
// the first that publishes it, with a warning where others would be used in another way. nullptr: nobody publishes it.
// Throws a usage Error when who `options` name does not.
const Publication* publication_of(const std::string& architecture, const ModelOptions& options,
                                  const std::string& prefix, const fs::path& file, std::vector<std::string>& warnings);

}  // namespace facerec
