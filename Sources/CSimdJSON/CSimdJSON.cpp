#include "CSimdJSON.h"

#include <simdjson.h>

#include <cstring>
#include <string_view>
#include <vector>

using namespace simdjson;

struct cj_parser {
  ondemand::parser parser;
  std::vector<char> input;
  std::vector<cj_token> tokens;
  size_t maximum_depth = 0;
};

namespace {

constexpr const char *too_deep = "nested too deeply";
// What is kept between documents; one large document must not hold its memory for ever.
constexpr size_t kept_bytes = 256 * 1024;

// The number grammar of RFC 8259; simdjson's own parser would refuse integers beyond 64 bits that decimals may well hold.
bool is_number(std::string_view text) {
  size_t index = 0;
  auto digits = [&] {
    size_t start = index;
    while (index < text.size() && text[index] >= '0' && text[index] <= '9') ++index;
    return index - start;
  };
  if (index < text.size() && text[index] == '-') ++index;
  if (index < text.size() && text[index] == '0') {
    ++index;
  } else if (digits() == 0) {
    return false;
  }
  if (index < text.size() && text[index] == '.') {
    ++index;
    if (digits() == 0) return false;
  }
  if (index < text.size() && (text[index] == 'e' || text[index] == 'E')) {
    ++index;
    if (index < text.size() && (text[index] == '+' || text[index] == '-')) ++index;
    if (digits() == 0) return false;
  }
  return index == text.size();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

class Walk {
 public:
  explicit Walk(cj_parser &parser) : parser_(parser) {}

  // Answers NULL or what is wrong.
  template <typename Value>
  const char *value(Value &&value, size_t depth) {
    if (depth > parser_.maximum_depth) return too_deep;
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error_message(error);
    switch (type) {
      case ondemand::json_type::object: return object(value, depth);
      case ondemand::json_type::array: return array(value, depth);
      case ondemand::json_type::string: {
        std::string_view text;
        if (auto error = value.get_string().get(text)) return error_message(error);
        add(CJ_STRING, text);
        return nullptr;
      }
      case ondemand::json_type::number: {
        std::string_view text;
        if (auto error = raw(value, text)) return error_message(error);
        text = trimmed(text);
        if (!is_number(text)) return "a number is not valid";
        // Looked at only to move on; whether it fits a machine number does not matter here.
        if (auto error = consume(value)) return error_message(error);
        add(CJ_NUMBER, text);
        return nullptr;
      }
      case ondemand::json_type::boolean: {
        bool flag;
        if (auto error = value.get_bool().get(flag)) return error_message(error);
        add(flag ? CJ_TRUE : CJ_FALSE, {});
        return nullptr;
      }
      default: {
        bool null;
        if (auto error = simdjson_result<bool>(value.is_null()).get(null)) return error_message(error);
        if (!null) return "a literal is not valid";
        add(CJ_NULL, {});
        return nullptr;
      }
    }
  }

 private:
  template <typename Value>
  static error_code raw(Value &value, std::string_view &text) {
    return simdjson_result<std::string_view>(value.raw_json_token()).get(text);
  }

  template <typename Value>
  static error_code consume(Value &value) {
    double ignored;
    auto error = value.get_double().get(ignored);
    return error == NUMBER_ERROR || error == NUMBER_OUT_OF_RANGE ? SUCCESS : error;
  }

  template <typename Value>
  const char *object(Value &value, size_t depth) {
    size_t index = add(CJ_OBJECT, {});
    ondemand::object members;
    if (auto error = value.get_object().get(members)) return error_message(error);
    for (auto member : members) {
      ondemand::field field;
      if (auto error = std::move(member).get(field)) return error_message(error);
      std::string_view key;
      if (auto error = field.unescaped_key().get(key)) return error_message(error);
      add(CJ_STRING, key);
      if (auto problem = this->value(field.value(), depth + 1)) return problem;
      ++parser_.tokens[index].count;
    }
    parser_.tokens[index].end = uint32_t(parser_.tokens.size());
    return nullptr;
  }

  template <typename Value>
  const char *array(Value &value, size_t depth) {
    size_t index = add(CJ_ARRAY, {});
    ondemand::array elements;
    if (auto error = value.get_array().get(elements)) return error_message(error);
    for (auto element : elements) {
      ondemand::value inner;
      if (auto error = std::move(element).get(inner)) return error_message(error);
      if (auto problem = this->value(inner, depth + 1)) return problem;
      ++parser_.tokens[index].count;
    }
    parser_.tokens[index].end = uint32_t(parser_.tokens.size());
    return nullptr;
  }

  size_t add(cj_type type, std::string_view text) {
    size_t index = parser_.tokens.size();
    parser_.tokens.push_back({text.data(), uint32_t(text.size()), 0, uint32_t(index + 1), uint8_t(type)});
    return index;
  }

  cj_parser &parser_;
};

}  // namespace

extern "C" {

cj_parser *cj_parser_create(void) { return new (std::nothrow) cj_parser; }

void cj_parser_destroy(cj_parser *parser) { delete parser; }

const char *cj_parse(cj_parser *parser, const void *bytes, size_t length, size_t maximum_depth) {
  try {
    parser->tokens.clear();
    parser->maximum_depth = maximum_depth;
    if (length + SIMDJSON_PADDING > UINT32_MAX) return "longer than 4 GiB";
    if (parser->input.capacity() > kept_bytes && length < kept_bytes / 2) std::vector<char>().swap(parser->input);
    parser->input.resize(length + SIMDJSON_PADDING);
    if (length > 0) std::memcpy(parser->input.data(), bytes, length);
    std::memset(parser->input.data() + length, ' ', SIMDJSON_PADDING);
    if (auto error = parser->parser.allocate(length + 1, maximum_depth + 2)) return error_message(error);
    ondemand::document document;
    if (auto error = parser->parser.iterate(parser->input.data(), length, length + SIMDJSON_PADDING).get(document)) return error_message(error);
    if (auto problem = Walk(*parser).value(document, 1)) return problem;
    const char *rest;
    if (!document.current_location().get(rest)) return "something follows the document";
    return nullptr;
  } catch (const std::bad_alloc &) {
    return "out of memory";
  }
}

const cj_token *cj_tokens(const cj_parser *parser) { return parser->tokens.data(); }

size_t cj_token_count(const cj_parser *parser) { return parser->tokens.size(); }
}
