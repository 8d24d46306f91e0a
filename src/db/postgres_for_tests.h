// SPDX-License-Identifier: Apache-2.0
#pragma once
// A PostgreSQL server of a test program's own: made in a scratch directory, on loopback, gone with the program.
//
// Owns: PostgresForTests, one a program, started at its first use; databases in it by the dozen.
// Promises: the server that answers is ours (its port is in its own log) and syncs what it commits. As root it is run
//   by the user postgres, since initdb refuses root.
// Fails with: CHECK; a test that wants PostgreSQL and has none has failed.
// Threads: any; one at a time.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "os/process.h"

namespace lapel::db {

class PostgresForTests {
 public:
  static PostgresForTests& instance() {
    static PostgresForTests server;
    return server;
  }
  ~PostgresForTests() {
    // Nothing of it is kept: a last checkpoint would sync every file of every test's database, for a minute and more.
    stop("immediate");
    std::filesystem::remove_all(directory_);
  }
  PostgresForTests(const PostgresForTests&) = delete;
  PostgresForTests& operator=(const PostgresForTests&) = delete;

  std::string url(const std::string& database) const {
    return fmt::format("postgresql://lapel@127.0.0.1:{}/{}", port_, database);
  }
  // An empty one, made as docs/formats/sql.md wants it, or a copy of one that nobody is connected to; more words for createdb where
  // it shall be another.
  std::string make_database(const std::string& of = "template0", const std::vector<std::string>& more = {}) {
    std::string name = fmt::format("t{}", ++databases_);
    std::vector<std::string> words = {"-h", "127.0.0.1", "-p", std::to_string(port_), "-U", "lapel", "-T", of};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(name);
    run("createdb", words);
    return url(name);
  }
  // One statement by the server's own client, beside whoever else is connected.
  void sql(const std::string& url, const std::string& statement) {
    run("psql", {"-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement});
  }

  // -m immediate is what a kill is: no checkpoint, and recovery at the next start.
  void stop(const std::string& mode) {
    if (!is_running_) return;
    run_as_owner("pg_ctl", {"stop", "-D", data(), "-m", mode, "-w", "-t", "60"});
    is_running_ = false;
  }
  void start(const std::vector<std::string>& settings = {}) {
    CHECK(!is_running_);
    std::string options = fmt::format("-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories=", port_);
    options += " -c max_connections=200 -c shared_buffers=16MB -c logging_collector=off";
    for (const std::string& setting : settings) options += " -c " + setting;
    run_as_owner("pg_ctl", {"start", "-D", data(), "-l", data() + "/log", "-w", "-t", "60", "-o", options});
    is_running_ = true;
  }
  // From its next start on: a standby reads the log of another server, and can be read itself. There is none to follow.
  void make_standby(bool is_standby) {
    CHECK(!is_running_);
    const std::filesystem::path mark = directory_ / "data/standby.signal";
    if (is_standby) {
      std::ofstream(mark, std::ios::binary);
    } else {
      std::filesystem::remove(mark);
    }
  }

 private:
  PostgresForTests() {
    std::string name = (std::filesystem::temp_directory_path() / "lapel-postgres-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
    if (::geteuid() == 0) {
      const passwd* owner = ::getpwnam("postgres");
      CHECK(owner != nullptr);
      owner_ = {"--reuid=postgres", "--regid=postgres", "--clear-groups"};
      CHECK(::chown(directory_.c_str(), owner->pw_uid, owner->pw_gid) == 0);
    }
    run_as_owner("initdb", {"-D", data(), "--locale=C", "--encoding=UTF8", "-A", "trust", "-U", "lapel", "--no-sync",
                            "--no-instructions"});
    // Between finding a free port and its use another program may take it: then the next one is tried.
    port_ = free_port();
    start();
  }

  std::string data() const { return directory_ / "data"; }

  static std::string program(std::string_view name) {
    for (const char* place : {"/usr/lib/postgresql/15/bin", "/usr/local/pgsql/bin", "/usr/bin"}) {
      const std::filesystem::path path = std::filesystem::path(place) / name;
      if (std::filesystem::exists(path)) return path;
    }
    fmt::print(stderr, "There is no {} here (Debian: postgresql-15).\n", name);
    CHECK(false);
  }

  static int free_port() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    CHECK(listener >= 0 && ::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
    CHECK(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    ::close(listener);
    return ntohs(address.sin_port);
  }

  static void run(std::string_view name, std::vector<std::string> words) { spawn(program(name), std::move(words)); }
  void run_as_owner(std::string_view name, std::vector<std::string> words) const {
    if (owner_.empty()) return run(name, std::move(words));
    std::vector<std::string> all = owner_;
    all.push_back(program(name));
    all.insert(all.end(), words.begin(), words.end());
    spawn("/usr/bin/setpriv", std::move(all));
  }
  static void spawn(const std::string& path, std::vector<std::string> words) {
    const auto process = os::real_process();
    os::SpawnOptions options{.program = path, .arguments = std::move(words)};
    options.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
    options.descriptors = {os::kNoDescriptor, os::kNoDescriptor, STDERR_FILENO};
    auto child = process->spawn(options);
    if (!child) fmt::print(stderr, "{}\n", child.error().text());
    CHECK(child.has_value());
    const auto exit = (*child)->wait_for_ms(120'000);
    if (!exit || *exit != os::Exit{}) fmt::print(stderr, "{} failed\n", path);
    CHECK(exit && *exit == os::Exit{});
  }

  std::filesystem::path directory_;
  std::vector<std::string> owner_;
  int port_ = 0;
  int databases_ = 0;
  bool is_running_ = false;
};

}  // namespace lapel::db
