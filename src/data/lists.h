// Training sets that are a text file with the paths of images: `path label` a line, or CSV.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/data/problems.h"

namespace facerec {

// .txt and .lst; .csv and .tsv.
bool is_list(const fs::path& path);

// Of those, whether it is a table with a first row of names: .csv and .tsv; what stands between its fields.
bool is_table(const fs::path& list);
char table_delimiter(const fs::path& table);

// The column of a table that is called one of `names`, in any case; columns.size() when none is.
size_t column_called(const std::vector<std::string>& columns, std::initializer_list<const char*> names);

// The column of a table that holds the images: `wanted`, else the first that is called as open_list() says. Throws a
// usage Error that lists the columns.
size_t image_column(const fs::path& table, const std::vector<std::string>& columns, const std::string& wanted);

// Relative paths are below `root` when it is given and has the first of them, else beside the list. Throws a usage
// Error naming file and line for a line of another form; images that are absent, or no images by their extension, are
// problems.
//
// List: the label is the last word; InsightFace's .lst (1, tab, path, tab, label) and im2rec's (key, tab, label, tab,
// path) are told by their three fields. A label is a whole number from 0; classes are in the order of the numbers, and
// have no names. CSV (RFC 4180) with a first row of names: the columns that `columns` names, else the first called
// file, file_name, filename, path, image, image_path or img_path, and identity, face_id, person, subject, label, class
// or id, in any case; any text is an identity; classes are numbers first, by their value, then the others in byte
// order.
std::shared_ptr<Dataset> open_list(const fs::path& list, const fs::path& root, const ColumnsConfig& columns,
                                   Problems& problems);

}  // namespace facerec
