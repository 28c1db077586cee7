// Small PyTorch files made by hand, for what torch.save does not write.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace facerec::test {

using namespace std::string_view_literals;

template <class T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Pieces of pickles.
inline std::string pickled(std::string_view text) {
  return "X" + little(static_cast<uint32_t>(text.size())) + std::string(text);
}
inline std::string pickled(int32_t value) { return "J" + little(value); }
inline std::string global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string storage(std::string_view type, std::string_view key, int32_t count, const std::string& view = "") {
  return "(" + pickled("storage"sv) + global("torch", type) + pickled(key) + pickled("cpu"sv) + pickled(count) + view +
         "tQ";
}
inline std::string tensor(const std::string& storage, int32_t offset, int32_t rows, int32_t columns) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + pickled(offset) + pickled(rows) +
         pickled(columns) + "\x86" + pickled(columns) + pickled(1) + "\x86\x89}tR";
}
inline std::string pickle_of(const std::string& content) { return "\x80\x02" + content + "."; }

// The stream that torch.save wrote before 1.6. `keys` and `storages` follow the pickle of the object.
inline std::string legacy_file(const std::string& object, const std::string& keys, const std::string& storages) {
  return pickle_of("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19") + pickle_of("M\xE9\x03") + pickle_of("}") +
         pickle_of(object) + pickle_of(keys) + storages;
}

}  // namespace facerec::test
