#include <charconv>

#include "io/pickle_machine.h"

namespace facerec::pickle {

bool Machine::number(uint8_t op) {
  switch (op) {
    case 'N': push(none); return true;
    case 0x88: push(yes); return true;
    case 0x89: push(no); return true;
    case 'K': push_number(Kind::integer, static_cast<int64_t>(little(1))); return true;
    case 'M': push_number(Kind::integer, static_cast<int64_t>(little(2))); return true;
    case 'J': push_number(Kind::integer, static_cast<int32_t>(little(4))); return true;
    case 0x8A: long_integer(take(little(1))); return true;
    case 0x8B: long_integer(take(little(4))); return true;  // a negative length is a huge one
    case 'I': {
      const std::string_view digits = line();
      if (digits == "00" || digits == "01") {
        push(digits == "01" ? yes : no);
      } else {
        text_integer(digits);
      }
      return true;
    }
    case 'L': {
      std::string_view digits = line();
      if (digits.ends_with('L')) digits.remove_suffix(1);
      text_integer(digits);
      return true;
    }
    case 'G': push_number(Kind::real, static_cast<int64_t>(__builtin_bswap64(little(8)))); return true;
    case 'F': {
      const std::string_view digits = line();
      double value = 0;
      const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
      if (error != std::errc() || end != digits.end()) fail("a number is not one");
      push_number(Kind::real, std::bit_cast<int64_t>(value));
      return true;
    }
    default: return false;
  }
}

void Machine::text_integer(std::string_view digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
  if (error != std::errc() || end != digits.end()) fail("an integer is not one, or beyond 64 bits");
  push_number(Kind::integer, value);
}

void Machine::long_integer(std::string_view bytes) {
  if (bytes.size() > sizeof(int64_t)) return push_text(Kind::big, bytes);
  const bool negative = !bytes.empty() && static_cast<int8_t>(bytes.back()) < 0;
  int64_t value = negative ? -1 : 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  push_number(Kind::integer, value);
}

bool Machine::string(uint8_t op) {
  switch (op) {
    case 'X': push_text(Kind::text, take(little(4))); return true;
    case 0x8C: push_text(Kind::text, take(little(1))); return true;
    case 0x8D: push_text(Kind::text, take(little(8))); return true;
    case 'T':
    case 'B': push_text(Kind::bytes, take(little(4))); return true;
    case 'U':
    case 'C': push_text(Kind::bytes, take(little(1))); return true;
    case 0x8E:
    case 0x96: push_text(Kind::bytes, take(little(8))); return true;
    case 'S': quoted(line()); return true;
    case 'V': {
      const std::string_view text = line();
      if (text.find('\\') != std::string_view::npos) fail("a text of protocol 0 has an escape");
      push_text(Kind::text, text);
      return true;
    }
    default: return false;
  }
}

// A str as Python 2's repr writes it.
void Machine::quoted(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back() || (text[0] != '\'' && text[0] != '"'))
    fail("a text has no quotes");
  text = text.substr(1, text.size() - 2);
  std::string& result = tree_.strings_.emplace_back();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    constexpr std::string_view names = "nrt\\'\"", meanings = "\n\r\t\\'\"";
    const char name = ++i < text.size() ? text[i] : '\0';
    uint8_t code = 0;
    if (const size_t known = names.find(name); known != std::string_view::npos) {
      result += meanings[known];
    } else if (name == 'x' && text.size() - i > 2 &&
               std::from_chars(&text[i + 1], &text[i] + 3, code, 16).ptr == &text[i] + 3) {
      result += static_cast<char>(code);
      i += 2;
    } else {
      fail("a text has an unknown escape");
    }
  }
  push_text(Kind::bytes, result);
}

}  // namespace facerec::pickle
