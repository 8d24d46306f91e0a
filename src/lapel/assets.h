// SPDX-License-Identifier: Apache-2.0
#pragma once
// The staff web app, as `npm run build` left it, and the headers that keep every page to itself.
//
// Owns: the files of one directory, read into memory at start; the routes / , /assets/… and the app's own pages.
// Promises: nothing outside the directory's two levels is served, and nothing is looked for on disk after start. Files
//   with a hash in their names are cached for good, index.html never without asking. Every answer of the server says
//   that pages of others may not frame, embed or script it.
// Fails with: kNotFound (no such directory, or no index.html in it), kTooLarge.
// Threads: open once; the routes keep what they need.

#include <memory>
#include <string>

#include "base/result.h"
#include "http/server.h"
#include "os/disk.h"

namespace lapel::door {

inline constexpr std::size_t kAssetBytesMax = 4 << 20;
inline constexpr std::size_t kAssetsMax = 256;

class Assets {
 public:
  static Result<std::unique_ptr<Assets>> open(os::Disk& disk, const os::Path& directory);
  ~Assets();
  void register_routes(http::Router& router) const;

 private:
  struct Impl;
  explicit Assets(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

// Where what is installed with the program stands: ../share/lapel, seen from it. Empty when that cannot be told.
os::Path installed_share();

}  // namespace lapel::door
