// SPDX-License-Identifier: Apache-2.0
// expected: could not convert 'path' from 'const std::string'
// Foreign text becomes an id only by parse(), which may say no.
#include <string>

#include "base/ids.h"

namespace lapel {
std::optional<UploadId> upload_of(const std::string& path) {
#ifdef WRONG
  return path;
#else
  return UploadId::parse(path);
#endif
}
}  // namespace lapel
