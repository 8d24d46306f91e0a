// SPDX-License-Identifier: Apache-2.0
#include "camera/command_line.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "camera/camera.h"
#include "camera/control.h"
#include "camera/state.h"
#include "os/stop_signals.h"

namespace lapel::camera {
namespace {

constexpr int kExitUsage = 2;
constexpr std::size_t kScriptBytesMax = 64 << 20;

int end_with(const Error& error) {
  fmt::print(stderr, "lapel-camera: {}\n", printable(error.text()));
  return exit_code(error.code());
}

struct Events {
  std::int64_t count = 0, seconds = 60, gap_s = 5;
};

// Activated and deactivated so many times; then it is over.
std::deque<Timed> script_of(const Events& events) {
  std::deque<Timed> out;
  std::int64_t us = 0;
  for (std::int64_t i = 0; i < events.count; ++i) {
    us += events.gap_s * 1'000'000;
    out.push_back({us, {Command::What::kActivate, {}, -1}});
    us += events.seconds * 1'000'000;
    out.push_back({us, {Command::What::kDeactivate, {}, -1}});
  }
  return out;
}

int run_record(Options options) {
  os::StopSignals signals;
  const auto disk = os::real_disk();
  auto camera = Camera::open(*disk, std::move(options));
  if (!camera) return end_with(camera.error());
  signals.on_stop([&camera] { (*camera)->stop(); });
  const auto done = (*camera)->run();
  signals.end();
  return done ? 0 : end_with(done.error());
}

class CommandLine final : public Program {
 public:
  CommandLine() : app_("Lapel: an open body camera in software", "lapel-camera") {
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help of every command");

    init_ = app_.add_subcommand("init", "Make a camera: its key, once and for all; prints the public key");
    init_->add_option("--state", state_, "Where the camera keeps its key")->required()->type_name("DIR");
    init_->add_option("--serial", serial_, "What the camera is called")->required()->type_name("SERIAL");

    record_ = app_.add_subcommand("record", "Be a camera, until it is told to stop");
    record_->add_option("--state", state_, "The camera's directory, of init")->required()->type_name("DIR");
    record_->add_option("--out", card_, "The card: a folder that lapel-dock takes as a mounted camera")
        ->required()
        ->type_name("DIR");
    record_->add_option("--video", options_.source.video, "Pictures: test, file:PATH or v4l2:DEVICE")
        ->capture_default_str()
        ->type_name("SOURCE");
    record_->add_option("--audio", options_.source.audio, "Sound: test, file (that of --video), alsa:DEVICE or none")
        ->capture_default_str()
        ->type_name("SOURCE");
    record_->add_option("--codec", options_.encoding.codec, "How pictures are encoded")
        ->capture_default_str()
        ->check(CLI::IsMember({"h264", "h265"}))
        ->type_name("CODEC");
    record_->add_option("--size", size_, "Of the pictures, in pixels; else that of a file, or 1280x720")
        ->type_name("WIDTHxHEIGHT");
    const auto number = [&](const char* name, auto& value, const char* help, auto low, auto high, const char* unit) {
      record_->add_option(name, value, help)->capture_default_str()->check(CLI::Range(low, high))->type_name(unit);
    };
    number("--rate", options_.source.rate, "Pictures a second, of the test scene and of devices", 1, 60, "COUNT");
    number("--bitrate", options_.encoding.kbit_s, "Of the pictures, in kbit a second", 100, 50'000, "KBIT");
    number("--pre-event", options_.pre_event_s,
           "How long before activation a recording begins, without sound; kept in memory", std::int64_t{0},
           kPreEventMaxS, "SECONDS");
    number("--post-event", options_.post_event_s, "How long it goes on after deactivation", std::int64_t{0},
           kPostEventMaxS, "SECONDS");
    record_->add_option("--gnss", options_.gnss, "Positions: none, nmea:PATH or gpsd:HOST:PORT")
        ->capture_default_str()
        ->type_name("RECEIVER");
    number("--beat", options_.beat_s, "The longest silence of the camera's log", std::int64_t{1}, std::int64_t{3'600},
           "SECONDS");
    record_->add_option("--speed", speed_, "real, or fast: as fast as the machine can, with simulated times")
        ->capture_default_str()
        ->check(CLI::IsMember({"real", "fast"}))
        ->type_name("SPEED");
    record_->add_option("--script", script_file_, "Commands with their times: lines SECONDS COMMAND")
        ->type_name("FILE");
    number("--events", events_.count, "Activate so many times, then stop", std::int64_t{0}, std::int64_t{100'000},
           "COUNT");
    number("--event-seconds", events_.seconds, "How long each of --events is", std::int64_t{1}, std::int64_t{86'400},
           "SECONDS");
    number("--event-gap", events_.gap_s, "How long before each of --events", std::int64_t{0}, std::int64_t{86'400},
           "SECONDS");
    record_->add_option("--for", for_s_, "Stop after so long")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}))
        ->type_name("SECONDS");

    const auto command = [&](const char* word, const char* help) {
      CLI::App* out = app_.add_subcommand(word, help);
      out->add_option("--state", state_, "The directory of the camera that is told")->required()->type_name("DIR");
      told_.push_back(out);
      return out;
    };
    command("activate", "Begin a recording, with the seconds before it");
    command("deactivate", "End it");
    command("mute", "Hear nothing until unmute");
    command("unmute", "Hear again");
    command("mark", "Put a marker into the camera's log")
        ->add_option("TEXT", text_, "What it says")
        ->required()
        ->type_name("TEXT");
    command("status", "Print what the camera is doing, as JSON");
    command("stop", "End what is recorded and switch the camera off");
  }

  const CLI::App& app() const override { return app_; }

  int run(int argc, char** argv) override {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : kExitUsage;
    }
    std::signal(SIGPIPE, SIG_IGN);
    const auto disk = os::real_disk();
    if (init_->parsed()) {
      const auto key = init_state(*disk, state_, serial_);
      if (!key) return end_with(key.error());
      fmt::print("{}\n", hex(*key));
      return 0;
    }
    if (!record_->parsed()) return tell_camera();
    options_.directory = state_;
    options_.card = card_;
    if (speed_ == "fast") options_.speed = Speed::kFast;
    if (auto ready = read_size(); !ready) return end_with(ready.error());
    if (auto ready = read_times(*disk); !ready) return end_with(ready.error());
    return run_record(std::move(options_));
  }

  ProgramNotes notes() const override;

 private:
  int tell_camera() {
    for (const CLI::App* command : told_) {
      if (!command->parsed()) continue;
      const auto answer = tell(state_, command->get_name() + (text_.empty() ? "" : " " + text_));
      if (!answer) return end_with(answer.error());
      if (*answer != "ok") fmt::print("{}\n", *answer);
    }
    return 0;
  }

  Result<void> read_size() {
    if (size_.empty()) return {};
    const std::size_t cross = size_.find('x');
    const auto width = parse_decimal(std::string_view(size_).substr(0, cross));
    const auto height =
        cross == std::string::npos ? std::nullopt : parse_decimal(std::string_view(size_).substr(cross + 1));
    if (!width || !height || *width > 10'000 || *height > 10'000) {
      return fail(Code::kInvalid, "--size is WIDTHxHEIGHT", printable(size_));
    }
    options_.source.width = static_cast<int>(*width);
    options_.source.height = static_cast<int>(*height);
    return {};
  }

  Result<void> read_times(os::Disk& disk) {
    if (!script_file_.empty() && events_.count > 0) {
      return fail(Code::kInvalid, "--script and --events do not go together");
    }
    if (!script_file_.empty()) {
      const Bytes text = TRY(os::read_file(disk, script_file_, kScriptBytesMax));
      options_.script = TRY(read_script(as_text(text)));
    }
    if (events_.count > 0) {
      options_.script = script_of(events_);
      if (for_s_ == 0) {
        const std::int64_t end_us = options_.script.back().us + options_.post_event_s * 1'000'000;
        options_.script.push_back({end_us + 1'000'000, {Command::What::kStop, {}, -1}});
      }
    }
    if (for_s_ > 0) {
      const Timed stop{for_s_ * 1'000'000, {Command::What::kStop, {}, -1}};
      const auto after = std::find_if(options_.script.begin(), options_.script.end(),
                                      [&](const Timed& timed) { return timed.us > stop.us; });
      options_.script.insert(after, stop);
    }
    return {};
  }

  CLI::App app_;
  CLI::App *init_ = nullptr, *record_ = nullptr;
  std::vector<CLI::App*> told_;
  std::string state_, card_, serial_, size_, speed_ = "real", script_file_, text_;
  Options options_;
  Events events_;
  std::int64_t for_s_ = 0;
};

ProgramNotes CommandLine::notes() const {
  return {
      "an open body camera in software",
      "Sees through V4L2 and ALSA devices, a file or a test scene; keeps the seconds before an event in memory, "
      "without sound; records on "
      "activation; and signs each second of footage, picture and sound, with a key of its own. What it does, it writes "
      "into a "
      "log that is signed as well, so that of any time somebody can say whether it was on and recording. lapel-dock "
      "takes its "
      "card as that of any camera; lapel-verify --camera-key verifies both.\n\n"
      "A camera is told what to do by the commands beside record, by the same words as lines on its standard input, or "
      "by a script.",
      {
          {0, "it ended as it was told to"},
          {1, "a failure"},
          {2, "the command line or what was given is not valid"},
          {3, "there is no camera in this directory"},
          {5, "the camera is in another state than the command needs, or in use; a directory that has one already"},
          {6, "what the camera keeps of itself is damaged"},
          {7, "a source, a device or the camera that is told does not answer"},
      },
      {},
      {"lapel-dock", "lapel-verify"},
  };
}

}  // namespace

std::unique_ptr<Program> command_line() {
  return std::make_unique<CommandLine>();
}

}  // namespace lapel::camera
