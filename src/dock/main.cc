// SPDX-License-Identifier: Apache-2.0
// lapel-dock: takes footage off cameras and hands it to the server. Data on stdout, talk on stderr.
//
// Exit: 0 everything found is receipted · 1 failure · 2 usage · 3 not enrolled, or no such folder · 4 the server
// refuses this dock · 5 conflict · 6 a receipt or the server's key does not verify · 7 network · 130 stopped.
#include <functional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "dock/item.h"
#include "dock/offload.h"
#include "dock/state.h"
#include "os/stop_signals.h"

namespace {

using namespace lapel;

constexpr int kExitUsage = 2;
constexpr int kExitStopped = 130;

int end_with(const Error& error) {
  fmt::print(stderr, "lapel-dock: {}\n", printable(error.text()));
  fmt::print(stderr, "            {}\n", error.problem->remedy);
  return exit_code(error.code());
}

int run_enroll(const dock::EnrollOptions& options) {
  const auto disk = os::real_disk();
  const auto identity = dock::enroll(*disk, options);
  if (!identity) return end_with(identity.error());
  fmt::print(stderr, "Enrolled as {} of {}. Trusts receipts by this key only:\n", printable(identity->name),
             printable(identity->agency));
  fmt::print("{}\n", identity->ledger.text());
  return 0;
}

int run_offload(const os::Path& directory, dock::OffloadOptions options, dock::Voice voice) {
  os::StopSignals signals;
  const auto disk = os::real_disk();
  const RealClock clock;
  const auto state = dock::State::open(*disk, directory);
  if (!state) return end_with(state.error());
  const auto spool = dock::Spool::open(*disk, directory, (*state)->spool_key());
  if (!spool) return end_with(spool.error());
  dock::Report report(voice, clock);
  dock::Offload offload(*disk, **state, **spool, report, clock, std::move(options));
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

}  // namespace

int main(int argc, char** argv) {
  // Keys, copies and receipts are the dock's alone, whatever the shell's umask.
  umask(0077);
  CLI::App app("Lapel: takes footage off cameras and hands it to the server", "lapel-dock");
  app.require_subcommand(1);

  std::string state, ca_file, camera, serial;
  dock::EnrollOptions enrollment;
  bool allows_plain = false;
  CLI::App* enroll = app.add_subcommand("enroll", "Become a dock, with a code from lapel dock enroll");
  enroll->add_option("--server", enrollment.server, "The server's address")->required()->type_name("URL");
  enroll->add_option("--code", enrollment.code, "The enrollment code")->required()->type_name("CODE");
  enroll->add_option("--state", state, "Where the dock keeps its keys, spool and receipts")
      ->required()
      ->type_name("DIR");
  enroll->add_option("--ca", ca_file, "Certificates to trust instead of the system's, PEM")->type_name("FILE");
  enroll->add_flag("--plain-http", allows_plain,
                   "Speak http:// also to other machines: only where the network itself is private");

  dock::OffloadOptions options;
  bool is_once = false, erases = false, is_json = false;
  CLI::App* run = app.add_subcommand("run", "Offload the camera mounted at a folder");
  run->add_option("--state", state, "The enrolled dock's directory")->required()->type_name("DIR");
  run->add_option("--camera", camera, "The mounted camera's folder")->required()->type_name("DIR");
  run->add_flag("--once", is_once, "End when everything found is receipted; otherwise keep watching");
  run->add_flag("--erase", erases, "Remove each file from the camera once its receipt is verified and kept");
  run->add_option("--device", serial, "The camera's serial, where the camera does not say")->type_name("SERIAL");
  run->add_option("--spool-max", options.spool_bytes_max, "Bytes that copies may take")
      ->capture_default_str()
      ->type_name("BYTES");
  run->add_option("--parallel", options.senders, "Files sent at once")
      ->capture_default_str()
      ->check(CLI::Range(1, dock::kSendersMax));
  run->add_flag("--json", is_json, "Print JSON lines");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (enroll->parsed()) {
    enrollment.directory = state;
    if (allows_plain) enrollment.plain_http = http::PlainHttp::kAnywhere;
    if (!ca_file.empty()) enrollment.ca_file = std::filesystem::absolute(ca_file);
    return run_enroll(enrollment);
  }
  options.camera = camera;
  options.mode = is_once ? dock::Mode::kOnce : dock::Mode::kWatch;
  options.afterwards = erases ? dock::Afterwards::kErase : dock::Afterwards::kLeave;
  if (!serial.empty()) options.serial = serial;
  const dock::Voice voice = is_json                   ? dock::Voice::kJson
                            : ::isatty(STDERR_FILENO) ? dock::Voice::kTerminal
                                                      : dock::Voice::kLines;
  return run_offload(state, std::move(options), voice);
}
