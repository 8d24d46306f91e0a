// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands of lapel, for the two files that declare them: those of the server's own machine, and those that talk to a server.
//
// Owns: what was parsed; one row a command: what CLI11 parsed into, and what to run when it was the one chosen.
// Promises: as command_line.h.
// Fails with: as command_line.h.
// Threads: one.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "lapel/calendars.h"
#include "lapel/camera_systems.h"
#include "lapel/command_line.h"
#include "lapel/commands.h"
#include "lapel/facts.h"
#include "lapel/file_requests.h"
#include "lapel/fleets.h"
#include "lapel/forecasts.h"
#include "lapel/imports_client.h"
#include "lapel/programs.h"
#include "lapel/remote.h"
#include "lapel/remote_client.h"
#include "lapel/shares.h"
#include "lapel/trainings.h"
#include "lapel/wiring.h"

namespace lapel::door {

inline constexpr const char* kTokenVariable = "LAPEL_TOKEN";

// The parser refuses any other value, and help and completions name these. `names`: with ", " between them.
void one_of(CLI::Option* option, std::string_view names);

class CommandLine final : public Program {
 public:
  CommandLine();
  const CLI::App& app() const override { return app_; }
  int run(int argc, char** argv) override;
  ProgramNotes notes() const override;

 private:
  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& help,
                    std::function<Result<void>()> action);
  CLI::App* group(const std::string& name, const std::string& help) { return group(app_, name, help); }
  static CLI::App* group(CLI::App& parent, const std::string& name, const std::string& help);
  void add_data(CLI::App* sub);
  void add_agency_terms(CLI::App* sub);

  // Those of the server's own machine, and those that need none: command_line.cc.
  void add_init();
  void add_serve();
  void add_catalog();
  void add_agency();
  void add_user();
  void add_provider(CLI::App& sign_in);
  void add_token();
  void add_dock();
  void add_camera_system();
  void add_camera_key();
  void add_job();
  void add_ledger();
  void add_forecast();
  void add_calendar();

  // Those that talk to a server over HTTP: remote_command_line.cc.
  CLI::App* remote_group(const char* name, const char* help);
  CLI::App* fact_list(CLI::App* in, const char* help, const char* path, std::vector<std::string> columns);
  CLI::App* fact_change(CLI::App* in, const char* name, const char* help, const char* method, const char* path);
  // An option whose value goes into the request as `member`.
  CLI::Option* say(CLI::App* sub, const char* option, const char* member, const char* help);
  void add_facts();
  // By whom, and with what they sign in for it.
  void add_signer(CLI::App* sub);
  // The same where a token may do some of it: login and password.
  std::array<CLI::Option*, 2> offer_signer(CLI::App* sub);
  // POST of a reason to `path` with the id in it, by whoever signs in for it.
  CLI::App* signed_act(CLI::App* in, const char* name, const char* help, const char* before, const char* after);
  void add_holds();
  using ProgramReport = Result<void> (*)(const RemoteOptions&, const ProgramQuery&, bool);
  CLI::App* program_report(CLI::App* in, const char* name, const char* help, ProgramReport report);
  // The form of a report, and the file that it goes into.
  void paper(CLI::App* sub);
  void add_program();
  // Those of staffing, cameras and the rotation: fleet_command_line.cc.
  CLI::App* named_change(CLI::App* in, const char* name, const char* help, const char* what, const char* before,
                         const char* after);
  CLI::App* rotation_status(CLI::App* in, const char* name);
  void add_staffing();
  void add_fleet();
  void add_rotation();
  // Those of policies and training: training_command_line.cc.
  CLI::App* policy_command(CLI::App* in, const char* name, const char* help, std::function<Result<void>()> action);
  void add_requirement(CLI::App* in, const char* what, const char* member);
  void add_policy();
  void add_training();
  void add_reading_terms(CLI::App* sub);
  void add_share();
  void add_file_request();
  void add_recording();
  // Those of imports: import_command_line.cc.
  void add_import();

  CLI::App app_;
  std::function<Result<void>()> chosen_;
  Where where_;
  std::string password_file_, dock_;
  SignInChange sign_in_;
  ProviderChange provider_;
  std::string subject_;
  NewAgency agency_;
  NewPerson person_;
  ServeOptions serve_;
  std::vector<std::string> roles_, scopes_;
  std::string expires_, reason_;
  RemoteOptions remote_;
  RecordingQuery query_;
  ReadingTerms reading_;
  RecordingChange change_;
  ShareOptions share_;
  FileRequestOptions file_request_;
  ProgramQuery program_;
  CalendarQuery calendar_;
  ForecastQuery forecast_;
  ConnectionTerms connection_;
  KeyTerms key_;
  SignInTerms signer_;
  Said said_;
  UploadTerms upload_;
  ImportTerms import_;
  std::vector<std::string> files_, ids_;
  std::string state_;
  std::string day_, zone_, place_, seed_;
  CameraTerms camera_;
  PolicyTerms policy_;
  std::int64_t days_max_ = 0;
  std::int64_t limit_ = 100;
  std::string recording_, out_, vkey_;
  bool as_json_ = false, is_draft_ = false;
};

}  // namespace lapel::door
