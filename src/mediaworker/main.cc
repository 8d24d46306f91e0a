// SPDX-License-Identifier: Apache-2.0
// lapel-media: one job on one file, between descriptors it was born with, inside a sandbox it cannot do
// without. docs/formats/media_worker.md says how it is talked to.
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "mediaworker/command_line.h"
#include "mediaworker/footage.h"
#include "mediaworker/sandbox.h"
#include "protocol/media.h"

namespace lapel::mediaworker {
namespace {

using protocol::MediaExit;

// Past destructors and exit handlers, which may want calls that are refused by now.
[[noreturn]] void leave(MediaExit code) {
  _exit(static_cast<int>(code));
}

void write_line(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) leave(MediaExit::kUsage);  // whoever asked no longer listens
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void say_no_sandbox(int descriptor, const Error& error) {
  write_line(descriptor, to_json(Json::Object{{"v", protocol::kMediaVersion}, {"reason", error.text()}}) + "\n");
  leave(MediaExit::kNoSandbox);
}

[[noreturn]] void self_test() {
  const auto sandbox = enter_sandbox();
  if (!sandbox) say_no_sandbox(STDOUT_FILENO, sandbox.error());
  write_line(
      STDOUT_FILENO,
      to_json(Json::Object{{"v", protocol::kMediaVersion}, {"landlock", sandbox->landlock_abi}, {"seccomp", true}}) +
          "\n");
  leave(MediaExit::kDone);
}

std::string read_request() {
  std::string text;
  std::array<char, 512> buffer;
  for (;;) {
    const ssize_t got = read(protocol::kMediaRequest, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || text.size() > protocol::kMediaRequestBytesMax) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

[[noreturn]] void work(Errand errand) {
  struct stat input {};
  const bool born_right = fstat(protocol::kMediaInput, &input) == 0 && S_ISREG(input.st_mode) &&
                          (fcntl(protocol::kMediaInput, F_GETFL) & O_ACCMODE) == O_RDONLY &&
                          fcntl(protocol::kMediaRequest, F_GETFD) >= 0 && fcntl(protocol::kMediaResult, F_GETFD) >= 0;
  if (!born_right) {
    std::fputs("lapel-media is started by the server, with its descriptors (docs/formats/media_worker.md).\n", stderr);
    leave(MediaExit::kUsage);
  }
  if (const auto sandbox = enter_sandbox(errand); !sandbox) say_no_sandbox(protocol::kMediaResult, sandbox.error());

  // From here on, bytes from outside.
  const auto request = protocol::parse_media_request(read_request());
  const bool is_rendition = request && request->job == protocol::MediaJob::kRendition;
  if (!request || is_rendition != (errand == Errand::kRendition)) leave(MediaExit::kBadRequest);
  const auto result = run(*request, {protocol::kMediaInput, input.st_size}, protocol::kMediaOutput);
  if (!result) leave(MediaExit::kNoOutput);
  write_line(protocol::kMediaResult, protocol::to_text(*result));
  leave(MediaExit::kDone);
}

}  // namespace
}  // namespace lapel::mediaworker

int main(int argc, char** argv) {
  lapel::mediaworker::prepare_libraries();
  // The server gives no flag but for a rendition: then nothing is parsed.
  using lapel::mediaworker::Task;
  switch (argc == 1 ? Task::kWork : lapel::mediaworker::CommandLine().parse(argc, argv)) {
    case Task::kWork:
      lapel::mediaworker::work(lapel::mediaworker::Errand::kLook);
    case Task::kRender:
      lapel::mediaworker::work(lapel::mediaworker::Errand::kRendition);
    case Task::kSelfTest:
      lapel::mediaworker::self_test();
    case Task::kHelp:
      return static_cast<int>(lapel::protocol::MediaExit::kDone);
    case Task::kRefuse:
      break;
  }
  return static_cast<int>(lapel::protocol::MediaExit::kUsage);
}
