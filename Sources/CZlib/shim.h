// zlib, with the one call that is a macro.
#ifndef CLOUDBILL_CZLIB_SHIM_H
#define CLOUDBILL_CZLIB_SHIM_H

#include <zlib.h>

// Window bits above 15 ask for gzip's header and trailer (RFC 1952).
static inline int cz_begin_gzip(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
