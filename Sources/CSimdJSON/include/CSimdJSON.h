#pragma once
// simdjson behind a plain C face: a document becomes a flat list of tokens. No logic beyond that.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cj_type {
  CJ_NULL,
  CJ_FALSE,
  CJ_TRUE,
  CJ_NUMBER,  // text: the literal as it was written
  CJ_STRING,  // text: unescaped, may hold U+0000
  CJ_OBJECT,  // count: members; each is a CJ_STRING token and the tokens of its value
  CJ_ARRAY,   // count: elements
} cj_type;

typedef struct cj_token {
  const char *text;
  uint32_t length;
  uint32_t count;
  // Index of the first token after this value.
  uint32_t end;
  uint8_t type;
} cj_token;

typedef struct cj_parser cj_parser;

cj_parser *cj_parser_create(void);
void cj_parser_destroy(cj_parser *parser);

/// Parses a document; UTF-8, numbers and nesting are checked. Answers NULL, or what is wrong (a constant text). The tokens and their
/// texts live until the next call.
const char *cj_parse(cj_parser *parser, const void *bytes, size_t length, size_t maximum_depth);
const cj_token *cj_tokens(const cj_parser *parser);
size_t cj_token_count(const cj_parser *parser);

#ifdef __cplusplus
}
#endif
