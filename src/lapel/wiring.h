// SPDX-License-Identifier: Apache-2.0
#pragma once
// The server: every room's routes on one router over one installation. The one place that knows every room.
//
// Owns: the order in which the server comes up and goes down.
// Promises: prints "listening on …" once it can answer; on SIGTERM or SIGINT finishes what is in flight and returns. What
//   Rooms registers is what api/openapi.yaml describes, no more and no less; the web app's pages come on top.
// Fails with: what the installation and the sockets fail with.
// Threads: run_serve() from main.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/server.h"
#include "lapel/installation.h"
#include "os/disk.h"

namespace lapel::door {

struct ServeOptions {
  Where where;
  std::string listen = "127.0.0.1:8080";
  std::string public_url;                    // as others reach it; empty: as it listens
  std::vector<std::string> trusted_proxies;  // CIDR
  std::string tls_certificate, tls_key;      // PEM files; both or neither
  std::string media_worker;                  // the program lapel-media; empty: the one beside this program
  std::string web;  // directory of the built web app; empty: the installed one, if there is one
};
Result<void> run_serve(const ServeOptions& options);

// Everything behind the routes, over one data directory that is locked for it.
class Rooms {
 public:
  static Result<std::unique_ptr<Rooms>> open(const ServeOptions& options);
  ~Rooms();
  // All routes but the web app's. They refer to this, which must outlive them.
  void register_routes(http::Router& router);
  os::Disk& disk();
  // Of the link by which the first administrator is made; nullopt where there is one, and after the first call.
  std::optional<std::string> take_setup_secret();

 private:
  struct Impl;
  explicit Rooms(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapel::door
