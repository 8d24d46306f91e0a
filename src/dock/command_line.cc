// SPDX-License-Identifier: Apache-2.0
#include "dock/command_line.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "dock/item.h"
#include "dock/offload.h"
#include "dock/state.h"
#include "os/stop_signals.h"

namespace lapel::dock {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitStopped = 130;

int end_with(const Error& error) {
  fmt::print(stderr, "lapel-dock: {}\n", printable(error.text()));
  fmt::print(stderr, "            {}\n", error.problem->remedy);
  return exit_code(error.code());
}

int run_enroll(const EnrollOptions& options) {
  const auto disk = os::real_disk();
  const auto identity = enroll(*disk, options);
  if (!identity) return end_with(identity.error());
  fmt::print(stderr, "Enrolled as {} of {}. Trusts receipts by this key only:\n", printable(identity->name),
             printable(identity->agency));
  fmt::print("{}\n", identity->ledger.text());
  return 0;
}

// Beside this program, as it is installed: bin/../share/lapel/devices.
os::Path installed_profiles() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / ".." / "share" / "lapel" / "devices";
}

// One that cannot be read is told, and is no reason to leave footage where it is.
std::vector<Profile> read_profiles(os::Disk& disk, const os::Path& folder) {
  std::vector<Profile> out;
  auto names = disk.list(folder);
  if (!names) {
    fmt::print(stderr, "lapel-dock: cameras are not recognized: {}\n", printable(names.error().text()));
    return out;
  }
  for (const std::string& name : *names) {
    if (!name.ends_with(".json")) continue;
    const auto text = os::read_file(disk, folder / name, kProfileBytesMax);
    auto profile = text ? Profile::parse(as_text(*text)) : Result<Profile>(fail(text.error()));
    if (profile) {
      out.push_back(*std::move(profile));
    } else {
      fmt::print(stderr, "lapel-dock: {}: {}\n", printable(name), printable(profile.error().text()));
    }
  }
  return out;
}

int run_offload(const os::Path& directory, const os::Path& profiles, OffloadOptions options, Voice voice) {
  os::StopSignals signals;
  const auto disk = os::real_disk();
  options.profiles = read_profiles(*disk, profiles.empty() ? installed_profiles() : profiles);
  const RealClock clock;
  const auto state = State::open(*disk, directory);
  if (!state) return end_with(state.error());
  const auto spool =
      Spool::open(*disk, directory, {(*state)->spool_key(), (*state)->agency_key(), (*state)->identity().dock});
  if (!spool) return end_with(spool.error());
  Report report(voice, clock);
  Offload offload(*disk, **state, **spool, report, clock, std::move(options));
  signals.on_stop([&offload] { offload.stop(); });
  const auto done = offload.run();
  signals.end();
  const bool was_stopped = offload.is_stopped();
  report.say("done", done ? "Everything found is receipted." : "Not everything found is receipted.",
             {{"complete", done.has_value()},
              {"waiting", (*spool)->waiting().size()},
              {"reason", done ? Json() : Json(done.error().text())}});
  if (done) return 0;
  return was_stopped ? kExitStopped : end_with(done.error());
}

class CommandLine final : public Program {
 public:
  CommandLine() : app_("Lapel: takes footage off cameras and hands it to the server", "lapel-dock") {
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help of every command");

    enroll_ = app_.add_subcommand("enroll", "Become a dock, with a code from lapel dock enroll");
    enroll_->add_option("--server", enrollment_.server, "The server's address")->required()->type_name("URL");
    enroll_->add_option("--code", enrollment_.code, "The enrollment code")->required()->type_name("CODE");
    enroll_->add_option("--state", state_, "Where the dock keeps its keys, spool and receipts")
        ->required()
        ->type_name("DIR");
    enroll_->add_option("--ca", ca_file_, "Certificates to trust instead of the system's, PEM")->type_name("FILE");
    enroll_->add_flag("--plain-http", allows_plain_,
                      "Speak http:// also to other machines: only where the network itself is private");

    CLI::App* run = app_.add_subcommand("run", "Offload cameras mounted at folders");
    run->add_option("--state", state_, "The enrolled dock's directory")->required()->type_name("DIR");
    run->add_option("--camera", cameras_, "A mounted camera's folder; again for each further camera")->type_name("DIR");
    run->add_option("--cameras", cameras_folder_, "A folder in which each folder is a camera's, as they come and go")
        ->type_name("DIR");
    run->add_flag("--once", is_once_, "End when everything found is receipted; otherwise keep watching");
    run->add_flag("--erase", erases_, "Remove each file from the camera once its receipt is verified and kept");
    run->add_option("--device", serial_, "The camera's serial, where the one camera does not say")->type_name("SERIAL");
    run->add_option("--zone", zone_, "The zone that the cameras' clocks are set to, or UTC; unknown without it")
        ->type_name("ZONE");
    run->add_option("--profiles", profiles_, "Device profiles instead of the installed ones")->type_name("DIR");
    run->add_option("--spool-max", options_.spool_bytes_max, "Bytes that copies may take")
        ->capture_default_str()
        ->type_name("BYTES");
    run->add_option("--parallel", options_.senders, "Files sent at once")
        ->capture_default_str()
        ->check(CLI::Range(1, kSendersMax))
        ->type_name("COUNT");
    run->add_flag("--json", is_json_, "Print JSON lines");
  }

  const CLI::App& app() const override { return app_; }

  int run(int argc, char** argv) override {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : kExitUsage;
    }
    if (enroll_->parsed()) {
      enrollment_.directory = state_;
      if (allows_plain_) enrollment_.plain_http = http::PlainHttp::kAnywhere;
      if (!ca_file_.empty()) enrollment_.ca_file = std::filesystem::absolute(ca_file_);
      return run_enroll(enrollment_);
    }
    if (cameras_.empty() && cameras_folder_.empty()) return usage("Name a --camera, or a folder of --cameras");
    if (!serial_.empty() && (cameras_.size() != 1 || !cameras_folder_.empty()))
      return usage("--device is for one --camera; several say who they are by their profile or by lapel-camera.json");
    if (cameras_.size() > kBaysMax) return usage(fmt::format("At most {} cameras at once", kBaysMax));
    if (!zone_.empty() && !(options_.zone = zone_ == "UTC" ? Zone{"UTC", 0, false} : parse_zone(zone_)))
      return usage(fmt::format("--zone must be UTC or one of {}", all_zone_names()));
    options_.cameras.assign(cameras_.begin(), cameras_.end());
    options_.cameras_folder = cameras_folder_;
    options_.mode = is_once_ ? Mode::kOnce : Mode::kWatch;
    options_.afterwards = erases_ ? Afterwards::kErase : Afterwards::kLeave;
    if (!serial_.empty()) options_.serial = serial_;
    const Voice voice = is_json_ ? Voice::kJson : ::isatty(STDERR_FILENO) ? Voice::kTerminal : Voice::kLines;
    return run_offload(state_, profiles_, std::move(options_), voice);
  }

  ProgramNotes notes() const override;

 private:
  static int usage(const std::string& sentence) {
    fmt::print(stderr, "lapel-dock: {}\n", sentence);
    return kExitUsage;
  }

  CLI::App app_;
  CLI::App* enroll_ = nullptr;
  std::string state_, ca_file_, cameras_folder_, serial_, zone_, profiles_;
  std::vector<std::string> cameras_;
  EnrollOptions enrollment_;
  OffloadOptions options_;
  bool allows_plain_ = false, is_once_ = false, erases_ = false, is_json_ = false;
};

ProgramNotes CommandLine::notes() const {
  return {
      "takes footage off cameras and hands it to a Lapel server",
      "A dock is enrolled once, with a code that an administrator makes with lapel dock enroll; it then trusts "
      "receipts "
      "by one ledger's key only. Every file that it finds on a camera is copied, sent, and kept until its receipt "
      "verifies on the dock itself. Only then, and only with --erase, is the file removed from the camera.",
      {
          {0, "everything found is receipted"},
          {1, "a failure, or no room"},
          {2, "the command line or what was given is not valid"},
          {3, "not enrolled, or no such folder"},
          {4, "the server refuses this dock"},
          {5, "in conflict with the present state, or in use by another"},
          {6, "a receipt or the server's key does not verify"},
          {7, "the network or the server is not available"},
          {kExitStopped, "stopped before the end"},
      },
      {},
      {"lapel", "lapel-verify"},
  };
}

}  // namespace

std::unique_ptr<Program> command_line() {
  return std::make_unique<CommandLine>();
}

}  // namespace lapel::dock
