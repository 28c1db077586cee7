// The tables of a gallery.
#pragma once

#include "facerec/gallery/gallery.h"
#include "gallery/sqlite.h"

namespace facerec {

// Makes the tables, within a transaction, unless another process was faster.
void make_gallery(const Database& database, const GalleryModel& model);

// Throws Error unless the database is a gallery of a version that is known and has its tables and nothing else.
void check_gallery(const Database& database);

// What the only row of the table `gallery` says. Throws Error when it cannot be.
GalleryModel read_model(const Database& database);
std::string read_id(const Database& database);  // 32 hexadecimal digits, of this gallery and its copies

}  // namespace facerec
