// SPDX-License-Identifier: Apache-2.0
#include "lapel/programs.h"

#include <functional>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "http/tus_client.h"
#include "lapel/facts.h"
#include "lapel/remote_client.h"
#include "os/disk.h"

namespace lapel::door {
namespace {

constexpr std::size_t kFileBytesMax = limits::kMiB;  // as the server takes it
constexpr std::size_t kAnswerBytesMax = 128 * limits::kMiB;

std::string text_of(const Json* value) {
  if (!value || value->is_null()) return "-";
  if (const std::string* text = value->string()) return text->empty() ? "-" : printable(*text);
  if (const Json::Array* both = value->array(); both && both->size() == 2) {
    return fmt::format("{} to {}", to_json((*both)[0]), to_json((*both)[1]));
  }
  return to_json(*value);
}

bool is(const Json& item, std::string_view name) {
  const Json* value = item.find(name);
  return value && value->boolean() && *value->boolean();
}

// The members of a list; nothing where there is none.
const Json::Array& list_of(const Json& item, std::string_view name) {
  static const Json::Array kNone;
  const Json* value = item.find(name);
  return value && value->array() ? *value->array() : kNone;
}

// "~185000.00 (assumed)"
std::string marked(const Json& item, std::string_view member = "value") {
  const std::string text = text_of(item.find(member));
  return fmt::format("{}{}{}", is(item, "approximate") && text != "-" ? "~" : "", text,
                     is(item, "assumption") ? " (assumed)" : "");
}

// ", or 2022-10-26 by another account"
std::string beside(const Json& item) {
  std::string out;
  for (const Json& other : list_of(item, "beside")) {
    const Json* amount = other.find("amount");
    out += fmt::format("; by another account {}", text_of(amount ? amount : &other));
  }
  return out;
}

void print_head(const Json& report) {
  const std::string* follows = report.find_string("follows");
  const std::string* embargoed = report.find_string("embargoed");
  fmt::print("As of {}, by the day that {}{}\n", text_of(report.find("as_of")),
             follows && *follows == "ledger" ? "each statement was sealed" : "each statement was recorded",
             embargoed && *embargoed == "included" ? ". WITH WHAT IS UNDER EMBARGO" : "");
  const std::string* privileged = report.find_string("privileged");
  if (privileged && *privileged == "included") fmt::print("PRIVILEGED NOTES ARE IN IT: not to be handed out\n");
}

void print_payments(const Json& costs) {
  if (text_of(costs.find("contract")) == "-") return;
  fmt::print("{}, {}\n", text_of(costs.find("contract")), text_of(costs.find("vendor")));
  const Json::Array& lines = list_of(costs, "lines");
  std::size_t place = 0;
  for (const Json& payment : list_of(costs, "payments")) {
    const bool is_grant_about = place < lines.size() && is(lines[place], "grant_approximate");
    ++place;
    const auto mark = [&](std::string_view name, bool is_about) {
      const std::string text = text_of(payment.find(name));
      return fmt::format("{}{}", is_about && text != "-" ? "~" : "", text);
    };
    const bool is_about = is(payment, "approximate");
    fmt::print("  payment {:<3} {:>14}  grant {:>13}  city {:>13}\n", text_of(payment.find("n")),
               mark("amount", is_about), mark("grant", is_grant_about), mark("city", is_about));
  }
  fmt::print("  grant left after the payments that it covers whole: {}\n", text_of(costs.find("grant_residual")));
  const Json* total = costs.find("total");
  fmt::print("  total: {}{}\n", total ? marked(*total, "amount") : "-",
             is(costs, "total_assumption") ? " (rests on an assumption)" : "");
}

void print_rounds(const Json& report) {
  for (const Json& round : list_of(report, "rounds")) {
    fmt::print("{}, {}: awarded {}, to {} departments\n", text_of(round.find("round")), text_of(round.find("title")),
               text_of(round.find("awarded")), text_of(round.find("departments")));
    for (const Json& award : list_of(round, "awards")) {
      const Json* amount = award.find("award");
      fmt::print("  {:>13}  {}{}\n", amount ? marked(*amount, "amount") : "-", text_of(award.find("recipient")),
                 beside(award));
    }
    const Json* sum = round.find("sum");
    fmt::print("  {:>13}  these awards together\n", sum && sum->object() ? marked(*sum, "amount") : "-");
    const Json* apart = round.find("disagreement");
    if (!apart || !apart->object()) continue;
    const std::string* by = apart->find_string("by");
    fmt::print("  {:>13}  by the other accounts: {} apart, {}\n", text_of(apart->find("sum")),
               text_of(apart->find("apart")),
               by && *by == "rounding" ? "by rounding alone" : "and not by rounding alone");
  }
}

void print_status(const Json& status) {
  for (const Json& title : list_of(status, "titles")) fmt::print("{}\n", text_of(&title));
  for (const Json& item : list_of(status, "strength")) {
    fmt::print("  {:<22} {}{}\n", text_of(item.find("subject")), marked(item), beside(item));
  }
  for (const Json& item : list_of(status, "milestones")) {
    fmt::print("  {:<10}  {}{}\n", marked(item, "on"), text_of(item.find("title")), beside(item));
  }
  const auto print = [&](std::string_view list, std::string_view title,
                         const std::function<std::string(const Json&)>& more) {
    if (list_of(status, list).empty()) return;
    fmt::print("{}\n", title);
    for (const Json& item : list_of(status, list)) {
      fmt::print("  {} {}: {}{}\n", text_of(item.find("subject")), text_of(item.find("field")), marked(item),
                 more(item));
    }
  };
  print("contradictions", "Told otherwise by somebody:", beside);
  print("corrections", "Corrected since it was first said:", [](const Json&) { return std::string(); });
  print("assumptions", "Assumed, where nobody has said it:", [](const Json& item) {
    return fmt::format(": {}", text_of(item.find("reason")));
  });
}

void print_report(const Json& report) {
  for (const Json& subject : list_of(report, "subjects")) {
    fmt::print("{}\n", text_of(subject.find("subject")));
    for (const Json& field : list_of(subject, "fields")) {
      for (const Json& said : list_of(field, "statements")) {
        const Json source = said.find("source") ? *said.find("source") : Json();
        const Json* recorded_on = said.find("recorded_on");
        const std::string* status = said.find_string("status");
        fmt::print("  {}: {}{}\n      {}, {}, {}; recorded {}{}\n", text_of(said.find("field")), marked(said),
                   !status || *status == "stands" ? "" : fmt::format(" [{}]", printable(*status)),
                   text_of(source.find("by")), text_of(source.find("on")), text_of(source.find("where")),
                   recorded_on && !recorded_on->is_null()
                       ? fmt::format("on {}, as the file says; sealed ", text_of(recorded_on))
                       : "",
                   text_of(said.find("recorded_at")));
      }
    }
  }
  for (const Json& costs : list_of(report, "costs")) print_payments(costs);
  print_rounds(report);
}

// "agreed [former]", and below it who said so.
void print_said(std::string_view label, const Json& said) {
  const Json source = said.find("source") ? *said.find("source") : Json();
  const std::string* status = said.find_string("status");
  const std::string* reason = said.find_string("reason");
  fmt::print("  {}: {}{}\n      {}, {}, {}{}\n", label, marked(said),
             !status || *status == "stands" ? "" : fmt::format(" [{}]", printable(*status)), text_of(source.find("by")),
             text_of(source.find("on")), text_of(source.find("where")),
             reason ? fmt::format(": {}", printable(*reason)) : "");
}

// Everything that was said of a field, over time.
void print_told(std::string_view label, const Json* field) {
  if (!field || !field->object()) return;
  for (const Json& said : list_of(*field, "statements")) print_said(label, said);
}

std::string value_of(const Json* field) {
  return field && field->object() ? marked(*field) + beside(*field) : "-";
}

void print_notes(const Json& item) {
  for (const Json& note : list_of(item, "notes")) print_said("note", note);
  for (const Json& note : list_of(item, "privileged_notes")) print_said("PRIVILEGED", note);
}

void print_bargaining_of(const Json& item) {
  fmt::print("{}, {}: {}\n", text_of(item.find("bargaining")), text_of(item.find("unit_title")),
             text_of(item.find("about")));
  print_told("state", item.find("state"));
  print_told("position", item.find("position"));
  print_told("agency", item.find("agency_position"));
  if (const Json* window = item.find("window"); window && window->object()) {
    fmt::print("  sessions: {} to {}: {} weeks, {} days{}\n", text_of(window->find("from")),
               text_of(window->find("until")), text_of(window->find("weeks")), text_of(window->find("days")),
               is(*window, "assumption") ? " (assumed)" : "");
  }
  for (const Json& session : list_of(item, "sessions")) {
    fmt::print("  session on {}\n", value_of(session.find("on")));
    print_notes(session);
  }
  for (const Json& offer : list_of(item, "offers")) {
    fmt::print("  proposal of the {}, {}: {}; answer: {}\n", text_of(offer.find("made_by")),
               value_of(offer.find("made_on")), value_of(offer.find("text")), value_of(offer.find("answer")));
  }
  if (const Json* resolved = item.find("resolved_on"); resolved && resolved->object()) {
    fmt::print("  resolved on {}\n", value_of(resolved));
  }
  print_notes(item);
}

void print_notice(const Json& notice) {
  const std::string* state = notice.find_string("state");
  fmt::print("{}, {} ({}): {}\n", text_of(notice.find("notice")), text_of(notice.find("title")),
             text_of(notice.find("purpose")),
             state && *state == "sent" ? "sent " + value_of(notice.find("sent_at")) : text_of(notice.find("state")));
  for (const Json& review : list_of(notice, "reviews")) {
    const std::string* decision = review.find_string("decision");
    fmt::print("  review by {}: {}\n", text_of(review.find("title")),
               decision ? fmt::format("{}, {}{}", printable(*decision), text_of(review.find("decided_at")),
                                      is(review, "assumption") ? " (assumed)" : "")
                        : "not decided");
  }
  for (const Json& to : list_of(notice, "to")) {
    const Json* received = to.find("received_at");
    const bool is_received = received && received->object();
    fmt::print("  to {}: {}\n", text_of(to.find("title")),
               is_received ? "received " + value_of(received) : "not known to be received");
  }
  print_notes(notice);
}

void print_pilot(const Json& pilot) {
  const Json* number = pilot.find("participants");
  const std::string* state = pilot.find_string("state");
  fmt::print("{}: {}; mandatory wear: {}\n", text_of(pilot.find("pilot")),
             !number || !number->object()                  ? "nobody has said who takes part"
             : state && *state == "paused_no_participants" ? "paused – no participants"
                                                           : fmt::format("{} participants", marked(*number, "number")),
             text_of(pilot.find("mandatory_wear")));
  for (const Json& part : list_of(pilot, "by_unit")) {
    fmt::print("  {}\n", text_of(part.find("title")));
    print_told("participants", part.find("participants"));
    print_told("mode", part.find("mode"));
  }
  print_told("wear", pilot.find("wear"));
}

void print_phases(const Json& report) {
  for (const Json& phase : list_of(report, "phases")) {
    const std::string* state = phase.find_string("state");
    fmt::print("{}, {}: {}\n", text_of(phase.find("phase")), text_of(phase.find("title")),
               state && *state == "begun"  ? "begun on " + text_of(phase.find("started_on"))
               : state && *state == "shut" ? fmt::format("shut, {} of {} gates unmet", text_of(phase.find("unmet")),
                                                         list_of(phase, "gates").size())
                                           : text_of(phase.find("state")));
    for (const Json& gate : list_of(phase, "gates")) {
      const std::string* gate_state = gate.find_string("state");
      const bool is_unavailable = gate_state && *gate_state == "not_available";
      const Json* ready = gate.find("ready");
      fmt::print(
          "  {:<13} {} ({}){}\n", is_unavailable ? "not available" : text_of(gate.find("state")),
          text_of(gate.find("title")), text_of(gate.find("gate")),
          ready && ready->integer() ? fmt::format(", {} of {} ready", to_json(*ready), text_of(gate.find("of"))) : "");
      for (const Json& lack : list_of(gate, "missing")) fmt::print("                {}\n", text_of(lack.find("what")));
      if (const Json* waiver = gate.find("waiver"); waiver && waiver->object()) {
        fmt::print("                waived by {} on {}: {}\n", text_of(waiver->find("by")), text_of(waiver->find("on")),
                   text_of(waiver->find("reason")));
      }
    }
  }
}

void print_rollouts(const Json& report) {
  for (const Json& rollout : list_of(report, "rollouts")) {
    fmt::print("{}, {}: {} of {} sites live, {} %{}\n", text_of(rollout.find("rollout")),
               text_of(rollout.find("title")), text_of(rollout.find("live")), text_of(rollout.find("of")),
               text_of(rollout.find("percent")),
               rollout.find("days_left") && rollout.find("days_left")->integer()
                   ? fmt::format("; all by {}", value_of(rollout.find("by")))
                   : "");
    for (const Json& site : list_of(rollout, "sites")) {
      const Json* wearers = site.find("wearers");
      fmt::print("  {}, {}: {}, wearers {}\n", text_of(site.find("site")), text_of(site.find("title")),
                 text_of(site.find("state")), wearers && wearers->object() ? marked(*wearers) : "not stated");
    }
  }
}

void print_bargaining(const Json& report) {
  for (const Json& item : list_of(report, "bargaining")) print_bargaining_of(item);
  for (const Json& notice : list_of(report, "notices")) print_notice(notice);
  for (const Json& pilot : list_of(report, "pilots")) print_pilot(pilot);
  for (const Json& task : list_of(report, "tasks")) {
    fmt::print("{}, {}: {}\n", text_of(task.find("task")), text_of(task.find("title")), value_of(task.find("state")));
    print_notes(task);
  }
  print_phases(report);
}

void print_measures(const Json& report) {
  for (const Json& each : list_of(report, "measures")) {
    const std::string* missing = each.find_string("missing");
    const bool has_days = text_of(each.find("from")) != "-";
    fmt::print("{}: {}{}\n", text_of(each.find("title")), missing ? "not known" : marked(each),
               missing    ? fmt::format(": {}", printable(*missing))
               : has_days ? fmt::format(", {} to {}", text_of(each.find("from")), text_of(each.find("until")))
                          : "");
    fmt::print("  of {}, fixed on {}{}; hoped for: {}\n", text_of(each.find("of")), text_of(each.find("stated_on")),
               is(each, "before_start") ? "" : ", after the pilot began", text_of(each.find("target")));
    for (const Json& input : list_of(each, "inputs")) {
      const std::string* value = input.find_string("value");
      fmt::print("    {}: {}\n", text_of(input.find("name")), value ? printable(*value) : "not known");
    }
    for (const Json& group : list_of(each, "groups")) {
      if (is(group, "withheld")) {
        fmt::print("    {}: too few to tell\n", text_of(group.find("name")));
      } else {
        fmt::print("    {}: {} officers, {} recordings, {} hours, {} GB\n", text_of(group.find("name")),
                   text_of(group.find("officers")), text_of(group.find("recordings")), text_of(group.find("hours")),
                   text_of(group.find("gigabytes")));
      }
    }
  }
}

void print_profile(const Json& report) {
  fmt::print("{}\n{}, {}\n{} to {}. {}\n", text_of(report.find("title")), text_of(report.find("statute")),
             text_of(report.find("address")), text_of(report.find("from")), text_of(report.find("until")),
             text_of(report.find("note")));
  for (const Json& item : list_of(report, "items")) {
    fmt::print("{}. {}\n", text_of(item.find("n")), text_of(item.find("title")));
    for (const Json& answer : list_of(item, "answers")) {
      const std::string* value = answer.find_string("value");
      fmt::print("   {}: {} ({})\n", text_of(answer.find("name")), value ? marked(answer) : "not known",
                 text_of(answer.find("how")));
    }
  }
}

void print_drafts(const Json& drafts) {
  for (const Json& draft : list_of(drafts, "items")) {
    fmt::print("{}  {}  {}  {}\n", text_of(draft.find("id")), text_of(draft.find("as_of")),
               text_of(draft.find("state")), text_of(draft.find("title")));
    for (const Json& review : list_of(draft, "reviews")) {
      const std::string* decision = review.find_string("decision");
      fmt::print(
          "    {}: {}\n", text_of(review.find("title")),
          decision ? fmt::format("{}, {}", printable(*decision), text_of(review.find("reason"))) : "not decided");
    }
  }
}

std::string target_of(std::string_view path, const ProgramQuery& query) {
  std::string out = fmt::format("{}?as_of={}&by={}", path, url_encoded(query.as_of), url_encoded(query.by));
  if (query.is_embargoed_included) out += "&embargoed=included";
  if (query.is_privileged_included) out += "&privileged=included";
  return out;
}

// Into a new file, or on stdout.
Result<void> write_out(const std::string& bytes, const std::string& out) {
  if (out.empty() || out == "-") {
    fmt::print("{}", bytes);
    return {};
  }
  return os::write_new_file(*os::real_disk(), out, as_bytes(bytes));
}

Result<void> run(const RemoteOptions& options, std::string_view report, const ProgramQuery& query, bool as_json,
                 const std::function<void(const Json&)>& print) {
  Remote remote = TRY(Remote::open(options));
  std::string target = fmt::format("/api/v1/program/{}?as_of={}&by={}&contract={}", report, url_encoded(query.as_of),
                                   url_encoded(query.by), url_encoded(query.contract));
  if (!query.month.empty()) target += "&month=" + url_encoded(query.month);
  if (query.is_embargoed_included) target += "&embargoed=included";
  if (query.is_privileged_included) target += "&privileged=included";
  const Json answer = TRY(remote.get_json(target));
  if (as_json) {
    fmt::print("{}\n", to_json(answer));
    return {};
  }
  print_head(answer);
  print(answer);
  return {};
}

}  // namespace

Result<void> run_program_import(const RemoteOptions& options, const std::string& file, bool as_json) {
  const Bytes bytes = TRY(os::read_file(*os::real_disk(), file, kFileBytesMax));
  const std::string text(as_text(bytes));
  // Read here first: what is no JSON is told with the file's name.
  const auto parsed = parse_json(text);
  if (!parsed)
    return fail(Code::kInvalid, fmt::format("{} is not JSON: {}", printable(file), parsed.error().message),
                parsed.error().context);
  Remote remote = TRY(Remote::open(options));
  const Json done = TRY(remote.post_json("/api/v1/program/statements", text));
  if (as_json) {
    fmt::print("{}\n", to_json(done));
  } else {
    fmt::print("{} statements added, {} were there already\n", text_of(done.find("added")),
               text_of(done.find("already")));
  }
  return {};
}

Result<void> run_program_status(const RemoteOptions& options, const ProgramQuery& query, bool as_json) {
  return run(options, "status", query, as_json, print_status);
}

Result<void> run_program_costs(const RemoteOptions& options, const ProgramQuery& query, bool as_json) {
  return run(options, "costs", query, as_json, [](const Json& costs) {
    print_payments(costs);
    print_rounds(costs);
  });
}

Result<void> run_program_report(const RemoteOptions& options, const ProgramQuery& query, bool as_json) {
  const bool is_file = !query.format.empty() || !query.out.empty();
  if (query.profile.empty() && !is_file) return run(options, "report", query, as_json, print_report);
  std::string target = target_of("/api/v1/program/report", query);
  if (!query.profile.empty()) {
    target = target_of(fmt::format("/api/v1/program/profiles/{}/report", url_encoded(query.profile)), query);
    if (!query.year.empty()) target += fmt::format("&year={}", url_encoded(query.year));
    target += fmt::format("&from={}&until={}", url_encoded(query.from), url_encoded(query.until));
  } else if (!query.year.empty() || !query.from.empty() || !query.until.empty()) {
    return fail(Code::kInvalid, "--year, --from and --until are of a report by a --profile; --as-of is of any");
  }
  Remote remote = TRY(Remote::open(options));
  if (is_file) {
    target += fmt::format("&format={}", url_encoded(query.format));
    return write_out(TRY(remote.get(target)), query.out);
  }
  const Json answer = TRY(remote.get_json(target));
  if (as_json) {
    fmt::print("{}\n", to_json(answer));
    return {};
  }
  print_head(answer);
  print_profile(answer);
  return {};
}

Result<void> run_program_measures(const RemoteOptions& options, const ProgramQuery& query, bool as_json) {
  return run(options, "measures", query, as_json, print_measures);
}

Result<void> run_program_profiles(const RemoteOptions& options, bool as_json) {
  return run_fact_list(options, "/api/v1/program/profiles", {}, {"profile", "title", "statute"}, as_json);
}

Result<void> run_program_drafts(const RemoteOptions& options, bool as_json) {
  Remote remote = TRY(Remote::open(options));
  const Json answer = TRY(remote.get_json("/api/v1/program/drafts"));
  if (as_json) {
    fmt::print("{}\n", to_json(answer));
  } else {
    print_drafts(answer);
  }
  return {};
}

Result<void> run_program_paper(const RemoteOptions& options, const std::string& path, const ProgramQuery& query) {
  Remote remote = TRY(Remote::open(options));
  std::string bytes = TRY(remote.get(
      fmt::format("{}?format={}{}", path, url_encoded(query.format), query.is_marked ? "&marked=superseded" : "")));
  if (query.format.empty() || query.format == "json") {
    // What was given out, and not what is told of it.
    const Json answer = TRY(parse_json(bytes, {kAnswerBytesMax, 32}));
    const std::string* content = answer.find_string("content");
    if (!content) return fail(Code::kDenied, "It is shown to nobody while something in it is under embargo");
    bytes = *content;
  }
  return write_out(bytes, query.out);
}

Result<void> run_program_pack(const RemoteOptions& options, const ProgramQuery& query) {
  Remote remote = TRY(Remote::open(options));
  const std::string bytes =
      TRY(remote.get(target_of(fmt::format("/api/v1/program/grants/{}/pack", url_encoded(query.grant)), query)));
  TRY(write_out(bytes, query.out));
  fmt::print("{} bytes in {}\n", bytes.size(), printable(query.out));
  return {};
}

Result<void> run_program_metering(const RemoteOptions& options, const ProgramQuery& query, bool as_json) {
  return run(options, "metering", query, as_json, [](const Json& report) {
    fmt::print("{:<32} {:>14} {:>12} {:>12} {:>12}\n", text_of(report.find("month")), "storage", "access", "retrieval",
               "total");
    for (const Json& agency : list_of(report, "agencies")) {
      fmt::print("{:<32} {:>14} {:>12} {:>12} {:>12}\n", text_of(agency.find("agency")),
                 text_of(agency.find("storage")), text_of(agency.find("access")), text_of(agency.find("retrieval")),
                 text_of(agency.find("total")));
      fmt::print("{:<32} {:>14} {:>12} {:>12}\n", "", text_of(agency.find("gb_months")) + " GB",
                 text_of(agency.find("views")) + " views", text_of(agency.find("retrieved_gb")) + " GB");
    }
    fmt::print("{:<32} {:>14} {:>12} {:>12}\n", "all agencies", text_of(report.find("storage")),
               text_of(report.find("access")), text_of(report.find("retrieval")));
    fmt::print("billed {}{}, of which nothing metered accounts for {}\n", is(report, "billed_approximate") ? "~" : "",
               text_of(report.find("billed")), text_of(report.find("unallocated")));
  });
}

Result<void> run_program_gates(const RemoteOptions& options, const ProgramQuery& query, bool as_json) {
  return run(options, "gates", query, as_json, [](const Json& report) {
    print_phases(report);
    print_rollouts(report);
  });
}

Result<void> run_program_bargaining(const RemoteOptions& options, const ProgramQuery& query, bool as_json) {
  return run(options, "bargaining", query, as_json, print_bargaining);
}

}  // namespace lapel::door
