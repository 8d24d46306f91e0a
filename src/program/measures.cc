// SPDX-License-Identifier: Apache-2.0
#include "program/measures.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/problems.h"
#include "program/bargaining.h"
#include "program/kinds.h"

namespace lapel::program {
namespace {

// When a measure was fixed: the day of the latest statement on it that is no correction.
Day fixed_on(const Program& program, const SubjectName& measure) {
  Day out{};
  const auto fields = program.subjects.find(measure);
  if (fields == program.subjects.end()) return out;
  for (const auto& [name, field] : fields->second) {
    for (const Said& said : field.all) {
      if (said.statement->relation != Relation::kCorrects) {
        out = std::max(out, known_from(*said.statement, program.view.follows));
      }
    }
  }
  return out;
}

std::string number(std::int64_t value) {
  return std::to_string(value);
}

class Computer {
 public:
  Computer(db::Transaction& tx, const AgencyId& agency, const Program& program)
      : tx_(tx), agency_(agency), program_(program) {}

  Result<Measure> compute(const SubjectName& subject) {
    Measure out;
    out.subject = subject;
    out.title = words_of(program_, subject, "title");
    out.of = words_of(program_, subject, "of");
    if (const std::string target = words_of(program_, subject, "target"); !target.empty()) out.target = target;
    out.stated_on = fixed_on(program_, subject);
    const auto pilot = subject_of(program_, subject, "pilot");
    if (pilot) out.pilot = pilot->text();
    const auto began = pilot ? day_of(program_, *pilot, "started_on") : std::nullopt;
    if (!began || *began > program_.view.as_of) {
      out.how = how_of(out.of);
      out.missing =
          began ? fmt::format("the pilot begins on {}", day_text(*began)) : "nobody has said when the pilot began";
      out.is_before_start = true;
      return out;
    }
    out.is_before_start = out.stated_on <= *began;
    out.from = *began;
    out.until = std::min(day_of(program_, *pilot, "ended_on").value_or(program_.view.as_of), program_.view.as_of);
    out.how = how_of(out.of);
    TRY(fill(out, *pilot));
    return out;
  }

 private:
  static std::string how_of(std::string_view of) {
    if (of == "activation")
      return "Different incident numbers of the recordings of these days, of the calls for service that were entered "
             "for them. "
             "A call of which nothing was recorded, and a recording without a number, both lower it.";
    if (of == "tagging") return "Recordings that have a category today, of all that were made in these days.";
    if (of == "review")
      return "Recordings that somebody other than their officer opened for review, of all that were made in these "
             "days.";
    if (of == "volume")
      return "Length and size of the originals that were made in these days. The middle officer: half of those who "
             "recorded have "
             "no more. Shifts are those that officers were assigned to.";
    if (of == "upload_delay")
      return "From the end of a recording, by the camera's clock, to its arrival. Of recordings whose time and length "
             "are known and "
             "whose camera was not ahead of the server.";
    if (of == "complaints") return "Complaints that were entered for these days: the catalog knows of none.";
    return "Different officers who made a recording in these days, of those who take part in the pilot.";
  }

  Result<const Counts*> counts(Day from, Day until) {
    const auto found = counted_.find({from, until});
    if (found != counted_.end()) return &found->second;
    Counts made = TRY(count_recordings(tx_, agency_, {from, until, program_.view.as_of}));
    return &counted_.emplace(std::pair(from, until), std::move(made)).first->second;
  }

  static void set_share(Measure& out, std::string_view what, std::int64_t part, std::string_view of,
                        std::int64_t whole) {
    out.inputs.push_back({std::string(what), number(part)});
    out.inputs.push_back({std::string(of), number(whole)});
    if (whole == 0) {
      out.missing = fmt::format("there are none of: {}", of);
      return;
    }
    out.permille = (part * 1'000 + whole / 2) / whole;
    out.value = tenths(*out.permille) + " %";
  }

  Result<void> fill(Measure& out, const SubjectName& pilot) {
    if (out.of == "activation" || out.of == "complaints") return fill_entered(out);
    const Counts& found = *TRY(counts(*out.from, *out.until));
    // Nothing that arrived is no news of what was done.
    if (found.recordings == 0) {
      out.missing = "the catalog has no recording of these days";
      return {};
    }
    if (out.of == "tagging") set_share(out, "recordings with a category", found.tagged, "recordings", found.recordings);
    if (out.of == "review")
      set_share(out, "recordings opened for review", found.reviewed, "recordings", found.recordings);
    if (out.of == "volume") fill_volume(out, found);
    if (out.of == "upload_delay") fill_delay(out, found);
    if (out.of == "coverage") fill_coverage(out, found, pilot);
    return {};
  }

  Result<void> fill_entered(Measure& out) {
    const bool is_activation = out.of == "activation";
    const std::string_view what = is_activation ? "calls_for_service" : "complaints";
    const auto told = entered(program_, what, *out.from, *out.until);
    if (!told) {
      out.missing = fmt::format("no figure of {} begins on {}", what, day_text(*out.from));
      if (is_activation) {
        const Counts& found = *TRY(counts(*out.from, *out.until));
        out.inputs.push_back({"different incident numbers", number(found.incidents)});
      }
      out.inputs.push_back({is_activation ? "calls for service" : "complaints", std::nullopt});
      return {};
    }
    out.until = told->until;
    out.is_approximate = told->is_approximate;
    if (is_activation) {
      const Counts& found = *TRY(counts(*out.from, *out.until));
      if (found.recordings == 0) {
        out.missing = "the catalog has no recording of these days";
        out.inputs.push_back({"calls for service", number(told->count)});
        return {};
      }
      set_share(out, "different incident numbers", found.incidents, "calls for service", told->count);
      return {};
    }
    out.value = number(told->count);
    out.inputs.push_back({"complaints", out.value});
    return {};
  }

  static void fill_volume(Measure& out, const Counts& found) {
    const auto maybe = [](const std::optional<std::int64_t>& value, auto&& text) {
      return value ? std::optional(std::string(text(*value))) : std::nullopt;
    };
    out.inputs = {{"recordings", number(found.recordings)},
                  {"recordings of unknown length", number(found.without_length)},
                  {"officers who recorded", number(found.officers)},
                  {"recordings of nobody that is known", number(found.nobodys)},
                  {"GB", gigabytes_text(found.bytes)},
                  {"recordings of the middle officer", maybe(found.median_recordings, number)},
                  {"hours of the middle officer", maybe(found.median_seconds, hours_text)},
                  {"GB of the middle officer", maybe(found.median_bytes, gigabytes_text)}};
    out.groups = found.shifts;
    if (found.recordings == found.without_length) {
      out.missing = "of none of the recordings is the length known";
      return;
    }
    out.value = fmt::format("{} hours, {} GB", hours_text(found.seconds), gigabytes_text(found.bytes));
    out.is_approximate = found.without_length > 0;
  }

  static void fill_delay(Measure& out, const Counts& found) {
    out.inputs = {{"recordings whose delay is known", number(found.with_delay)},
                  {"recordings whose delay is not known", number(found.recordings - found.with_delay)}};
    if (!found.median_delay_s) {
      out.missing = "of no recording are both times and the length known";
      return;
    }
    out.value = fmt::format("half within {}", delay_text(*found.median_delay_s));
    out.inputs.push_back({"nine in ten within", delay_text(found.most_delay_s.value_or(0))});
  }

  void fill_coverage(Measure& out, const Counts& found, const SubjectName& pilot) {
    std::optional<std::int64_t> all;
    if (const auto part = participants(program_, pilot)) {
      all = part->number;
      out.is_approximate = part->is_approximate;
    } else if (const Statement* said = program_.standing(pilot, "officers");
               said && said->value->low == said->value->high) {
      all = said->value->low;
      out.is_approximate = said->is_approximate;
    }
    if (all) {
      set_share(out, "officers who recorded", found.officers, "officers who take part", *all);
      return;
    }
    out.inputs = {{"officers who recorded", number(found.officers)}, {"officers who take part", std::nullopt}};
    out.missing = "nobody has said how many officers take part";
  }

  db::Transaction& tx_;
  const AgencyId& agency_;
  const Program& program_;
  std::map<std::pair<Day, Day>, Counts> counted_;
};

}  // namespace

Result<void> check_measures(const Program& known, const std::deque<Statement>& added) {
  for (const Statement& statement : added) {
    if (statement.subject.kind != kMeasure || statement.relation == Relation::kCorrects ||
        statement.relation == Relation::kChooses) {
      continue;
    }
    const auto pilot = subject_of(known, statement.subject, "pilot");
    const auto began = pilot ? day_of(known, *pilot, "started_on") : std::nullopt;
    const Day day = known_from(statement, Follows::kRecordedOn);
    if (!began || day <= *began) continue;
    return fail(
        problems::kRule,
        fmt::format(
            "{} is stated on {}, and {} began on {}: a measure is fixed before its pilot begins, and may only be "
            "corrected afterwards, with a reason",
            statement.subject.text(), day_text(day), pilot->text(), day_text(*began)));
  }
  return {};
}

std::optional<Entered> entered(const Program& program, std::string_view what, Day from, Day until) {
  std::map<Day, std::pair<Day, const Statement*>> figures;
  for (const SubjectName& figure : program.of_kind(kFigure)) {
    const Statement* count = program.standing(figure, "count");
    const auto first = day_of(program, figure, "from"), last = day_of(program, figure, "until");
    if (words_of(program, figure, "what") == what && count && first && last) figures[*first] = {*last, count};
  }
  std::optional<Entered> out;
  for (Day next = from;;) {
    const auto found = figures.find(next);
    if (found == figures.end() || found->second.first < next || found->second.first > until) return out;
    if (!out) out = Entered();
    out->count += found->second.second->value->low;
    out->is_approximate = out->is_approximate || found->second.second->is_approximate;
    out->until = found->second.first;
    next = {out->until.number + 1};
  }
}

Result<std::vector<Measure>> measures(db::Transaction& tx, const AgencyId& agency, const Program& program) {
  std::vector<Measure> out;
  Computer computer(tx, agency, program);
  for (const SubjectName& subject : program.of_kind(kMeasure)) out.push_back(TRY(computer.compute(subject)));
  return out;
}

Json::Array measures_json(const std::vector<Measure>& measures) {
  const auto day = [](const std::optional<Day>& value) { return value ? Json(day_text(*value)) : Json(); };
  Json::Array out;
  for (const Measure& each : measures) {
    Json::Array inputs, groups;
    for (const Input& input : each.inputs) {
      inputs.emplace_back(Json::Object{{"name", input.name}, {"value", input.value ? Json(*input.value) : Json()}});
    }
    for (const Group& group : each.groups) {
      const auto unless_withheld = [&](Json value) { return group.is_withheld ? Json() : std::move(value); };
      groups.emplace_back(Json::Object{{"name", group.name},
                                       {"withheld", group.is_withheld},
                                       {"officers", unless_withheld(group.officers)},
                                       {"recordings", unless_withheld(group.recordings)},
                                       {"hours", unless_withheld(hours_text(group.seconds))},
                                       {"gigabytes", unless_withheld(gigabytes_text(group.bytes))}});
    }
    out.emplace_back(Json::Object{{"measure", each.subject.text()},
                                  {"title", each.title},
                                  {"of", each.of},
                                  {"pilot", each.pilot},
                                  {"target", each.target ? Json(*each.target) : Json()},
                                  {"stated_on", day_text(each.stated_on)},
                                  {"before_start", each.is_before_start},
                                  {"from", day(each.from)},
                                  {"until", day(each.until)},
                                  {"value", each.value ? Json(*each.value) : Json()},
                                  {"approximate", each.is_approximate},
                                  {"permille", each.permille ? Json(*each.permille) : Json()},
                                  {"how", each.how},
                                  {"missing", each.missing.empty() ? Json() : Json(each.missing)},
                                  {"inputs", std::move(inputs)},
                                  {"groups", std::move(groups)}});
  }
  return out;
}

std::string tenths(std::int64_t number) {
  return fmt::format("{}.{}", number / 10, number % 10);
}
std::string hours_text(std::int64_t seconds) {
  return tenths((seconds * 10 + 1'800) / 3'600);
}
std::string gigabytes_text(std::int64_t bytes) {
  constexpr std::int64_t kTenth = 100'000'000;
  return tenths(bytes / kTenth + (bytes % kTenth >= kTenth / 2 ? 1 : 0));
}
std::string delay_text(std::int64_t seconds) {
  if (seconds < 3'600) return fmt::format("{} min", (seconds + 30) / 60);
  if (seconds < 48 * 3'600) return fmt::format("{} h {} min", seconds / 3'600, seconds % 3'600 / 60);
  return fmt::format("{} days", tenths((seconds * 10 + 43'200) / 86'400));
}

}  // namespace lapel::program
