// SPDX-License-Identifier: Apache-2.0
// The commands of imports from other evidence systems, which talk to a server over HTTP.
#include <string>

#include "lapel/command_line_declared.h"

namespace lapel::door {

void CommandLine::add_import() {
  CLI::App* import = remote_group("import", "Exports of other evidence systems, brought in over HTTP");
  CLI::App* profiles = command(*import, "profiles", "The systems whose exports can be read, and how far that was tried",
                               [this] { return door::run_import_profiles(remote_, as_json_); });
  profiles->add_flag("--json", as_json_, "Print JSON");

  CLI::App* run = command(*import, "run", "Bring in an export: a folder or a ZIP archive",
                          [this] { return door::run_import(remote_, import_, as_json_); });
  run->add_option("PATH", import_.path, "The folder or the ZIP archive")->required();
  CLI::Option* profile =
      run->add_option("--profile", import_.profile, "How it is read, as lapel import profiles names it");
  CLI::Option* mapping =
      run->add_option("--mapping", import_.mapping, "A mapping of your own, as docs/formats/import_mapping.md has it")
          ->type_name("FILE");
  CLI::Option* id = run->add_option("--import", import_.import, "Go on with the import of this id");
  profile->excludes(mapping);
  id->excludes(profile)->excludes(mapping);
  run->add_option("--title", import_.title, "What it is called; as the folder, when left out");
  run->add_option("--zone", import_.zone, "Where its clocks stood, as in America/New_York, for times without a zone");
  run->add_flag("--dry-run", import_.is_dry_run,
                "Send the vendor's own documents alone, and say what would come of it");
  run->add_flag("--keep-open", import_.keeps_open, "Do not close it once all is sent");
  run->add_flag("--json", as_json_, "Print JSON");
  run->footer(
      "Cut off, it goes on where it stood with --import and the id that it printed first. The exit\n"
      "code is 6 where a file is another than the vendor's inventory has it.");

  CLI::App* list = command(*import, "list", "The imports, the newest first",
                           [this] { return door::run_import_list(remote_, as_json_); });
  list->add_flag("--json", as_json_, "Print JSON, one line each");
  CLI::App* show = command(*import, "show", "How one stands, and what its inventory left to be said",
                           [this] { return door::run_import_show(remote_, import_, as_json_); });
  CLI::App* close = command(*import, "close", "Reconcile one, on record: nothing comes in by it any more",
                            [this] { return door::run_import_close(remote_, import_, as_json_); });
  CLI::App* report = command(*import, "report", "Every file of one, line by line, into a file",
                             [this] { return door::run_import_report(remote_, import_); });
  for (CLI::App* sub : {show, close, report}) {
    sub->add_option("ID", import_.import, "The import, as lapel import list names it")->required();
    if (sub != report) sub->add_flag("--json", as_json_, "Print JSON");
  }
  close->add_flag("--leave-unsent", import_.leaves_unsent, "Although files of the export were not sent");
  close->add_option("--reason", import_.reason, "Why they stay out; it goes on record");
  report->add_option("--out", import_.out, "The file")->required()->type_name("FILE");
  one_of(report->add_option("--form", import_.form, "Its form")->capture_default_str(), "csv, json");
  CLI::App* settle = command(*import, "settle", "Say why a recording differs from the vendor's inventory",
                             [this] { return door::run_import_settle(remote_, recording_, reason_); });
  settle->add_option("RECORDING", recording_, "Its id")->required();
  settle->add_option("--reason", reason_, "Why; it goes on record")->required();
  settle->footer("Until then it is pending, and opens for records alone.");
}

}  // namespace lapel::door
