// SPDX-License-Identifier: Apache-2.0
#include "camera/control.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"

namespace lapel::camera {
namespace {

constexpr std::size_t kClientsMax = 16;
constexpr std::size_t kDecimalsMax = 3;
constexpr std::string_view kSocketFile = "control.sock";
constexpr int kAnswerMs = 30'000;
constexpr std::size_t kAnswerBytesMax = 64 * 1024;

Result<sockaddr_un> address_of(const os::Path& directory) {
  const std::string path = (directory / kSocketFile).native();
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  if (path.size() >= sizeof(out.sun_path)) {
    return fail(Code::kInvalid,
                fmt::format("The path of the camera's directory is too long for a socket in it, which has {} "
                            "bytes at most",
                            sizeof(out.sun_path) - 1),
                path);
  }
  std::copy(path.begin(), path.end(), out.sun_path);
  return out;
}

// Whoever speaks, and what is not yet a line.
struct Speaker {
  int descriptor = -1;
  std::string held;
  bool is_client = false;
};

}  // namespace

Result<Command> read_command(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  const std::string_view rest = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  constexpr std::array<std::pair<std::string_view, Command::What>, 7> kWords = {
      {{"activate", Command::What::kActivate},
       {"deactivate", Command::What::kDeactivate},
       {"mute", Command::What::kMute},
       {"unmute", Command::What::kUnmute},
       {"mark", Command::What::kMark},
       {"status", Command::What::kStatus},
       {"stop", Command::What::kStop}}};
  const auto found = std::find_if(kWords.begin(), kWords.end(), [&](const auto& each) { return each.first == word; });
  if (found == kWords.end()) {
    return fail(Code::kInvalid, "A command is one of activate, deactivate, mute, unmute, mark TEXT, status and stop",
                printable(word));
  }
  const bool is_mark = found->second == Command::What::kMark;
  if (!is_mark && !rest.empty()) return fail(Code::kInvalid, fmt::format("Nothing follows {}", word), printable(rest));
  if (is_mark &&
      (rest.empty() || rest.size() > limits::kFieldBytesMax || has_control_characters(rest) || !is_utf8(rest))) {
    return fail(Code::kInvalid, fmt::format("A marker has 1 to {} bytes of text on one line", limits::kFieldBytesMax));
  }
  return Command{found->second, std::string(rest), -1};
}

Result<std::deque<Timed>> read_script(std::string_view text) {
  std::deque<Timed> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const auto refuse = [&](std::string_view why) {
      return fail(Code::kInvalid, std::string(why), fmt::format("line {}", number));
    };
    const std::size_t space = line.find(' ');
    const std::string_view time = line.substr(0, space);
    const std::size_t point = time.find('.');
    const auto whole = parse_decimal(time.substr(0, point));
    std::int64_t us = 0;
    if (point != std::string_view::npos) {
      const std::string_view digits = time.substr(point + 1);
      if (digits.empty() || digits.size() > kDecimalsMax ||
          digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return refuse("A line of a script begins with seconds, at most three digits behind the point");
      }
      std::int64_t scale = 100'000;
      for (const char digit : digits) {
        us += (digit - '0') * scale;
        scale /= 10;
      }
    }
    if (space == std::string_view::npos || !whole || *whole > 10'000'000) {
      return refuse("A line of a script is SECONDS COMMAND");
    }
    us += static_cast<std::int64_t>(*whole) * 1'000'000;
    if (!out.empty() && us < out.back().us) return refuse("The lines of a script stand in the order of their times");
    auto command = read_command(line.substr(space + 1));
    if (!command) return refuse(command.error().text());
    if (out.size() >= kScriptLinesMax) return refuse(fmt::format("A script has {} lines at most", kScriptLinesMax));
    out.push_back({us, *std::move(command)});
  }
  return out;
}

struct Control::State {
  int listening = -1, stopping = -1;
  std::string path;
  std::vector<Speaker> speakers;

  ~State() {
    for (const Speaker& speaker : speakers) {
      if (speaker.is_client) ::close(speaker.descriptor);
    }
    if (listening >= 0) ::close(listening);
    if (stopping >= 0) ::close(stopping);
    if (!path.empty()) ::unlink(path.c_str());
  }

  void accept_one() {
    const int client = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    if (speakers.size() > kClientsMax) {
      ::close(client);
      return;
    }
    speakers.push_back({client, {}, true});
  }

  // False: it says no more.
  bool hear(Speaker& speaker, std::vector<Command>& out) {
    std::array<char, 1'024> buffer;
    const ssize_t got = ::read(speaker.descriptor, buffer.data(), buffer.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    if (got == 0) return false;
    speaker.held.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end; (end = speaker.held.find('\n')) != std::string::npos;) {
      const std::string line = speaker.held.substr(0, end);
      speaker.held.erase(0, end + 1);
      if (line.empty()) continue;
      auto command = read_command(line);
      if (command) {
        command->client = speaker.is_client ? speaker.descriptor : -1;
        out.push_back(*std::move(command));
      } else if (speaker.is_client) {
        say(speaker.descriptor, "error " + command.error().text());
      } else {
        fmt::print(stderr, "lapel-camera: {}\n", command.error().text());
      }
    }
    return speaker.held.size() <= kCommandBytesMax;
  }

  static void say(int client, std::string_view line) {
    const std::string text = std::string(line) + "\n";
    // A client that does not listen misses its answer.
    (void)::send(client, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
};

Control::Control(std::unique_ptr<State> state) : state_(std::move(state)) {}
Control::~Control() = default;

Result<std::unique_ptr<Control>> Control::open(const os::Path& directory) {
  auto state = std::make_unique<State>();
  const sockaddr_un address = TRY(address_of(directory));
  const auto refuse = [&](std::string_view call) { return fail(os::system_error(address.sun_path, call, errno)); };
  state->stopping = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  state->listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (state->listening < 0 || state->stopping < 0) return refuse("socket");
  // One that a camera left that was killed: this one holds the lock of the directory.
  ::unlink(address.sun_path);
  if (::bind(state->listening, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return refuse("bind");
  state->path = address.sun_path;
  if (::chmod(address.sun_path, 0600) != 0 || ::listen(state->listening, kClientsMax) != 0) return refuse("listen");
  state->speakers.push_back({STDIN_FILENO, {}, false});
  return std::unique_ptr<Control>(new Control(std::move(state)));
}

std::vector<Command> Control::wait(std::int64_t us, int other) {
  State& state = *state_;
  std::vector<pollfd> asked = {
      {state.stopping, POLLIN, 0}, {state.listening, POLLIN, 0}, {other, POLLIN, 0}};  // poll leaves out what is -1
  for (const Speaker& speaker : state.speakers) asked.push_back({speaker.descriptor, POLLIN, 0});
  const timespec patience{us / 1'000'000, us % 1'000'000 * 1000};
  std::vector<Command> out;
  if (::ppoll(asked.data(), asked.size(), &patience, nullptr) <= 0) return out;
  if (asked[0].revents != 0) {
    eventfd_t count = 0;
    ::eventfd_read(state.stopping, &count);
    out.push_back({Command::What::kStop, {}, -1});
  }
  std::vector<Speaker> staying;
  for (std::size_t i = 0; i < state.speakers.size(); ++i) {
    Speaker& speaker = state.speakers[i];
    if (asked[3 + i].revents == 0 || state.hear(speaker, out)) {
      staying.push_back(std::move(speaker));
    } else if (speaker.is_client) {
      // Its descriptor may be a new client's before its command is answered: so it gets no answer.
      for (Command& command : out) {
        if (command.client == speaker.descriptor) command.client = -1;
      }
      ::close(speaker.descriptor);
    }
  }
  state.speakers = std::move(staying);
  if (asked[1].revents != 0) state.accept_one();
  return out;
}

void Control::answer(const Command& command, std::string_view line) {
  if (command.client >= 0) State::say(command.client, line);
}

void Control::stop() {
  (void)::eventfd_write(state_->stopping, 1);
}

Result<std::string> tell(const os::Path& directory, std::string_view line) {
  TRY(read_command(line));
  const sockaddr_un address = TRY(address_of(directory));
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(os::system_error(directory, "socket", errno));
  const auto close = [](const int* descriptor) { ::close(*descriptor); };
  const std::unique_ptr<const int, decltype(close)> owner(&socket, close);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return fail(Code::kUnavailable, "No camera is recording with this directory", directory.native());
  }
  const std::string text = std::string(line) + "\n";
  if (::send(socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
    return fail(Code::kUnavailable, "The camera does not listen", directory.native());
  }
  std::string answer;
  while (answer.find('\n') == std::string::npos && answer.size() < kAnswerBytesMax) {
    pollfd asked{socket, POLLIN, 0};
    std::array<char, 4'096> buffer;
    const ssize_t got = ::poll(&asked, 1, kAnswerMs) > 0 ? ::read(socket, buffer.data(), buffer.size()) : 0;
    if (got <= 0) return fail(Code::kUnavailable, "The camera does not answer", directory.native());
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  answer.resize(answer.find('\n') == std::string::npos ? answer.size() : answer.find('\n'));
  if (answer.starts_with("error ")) return fail(Code::kConflict, answer.substr(6));
  return answer;
}

}  // namespace lapel::camera
