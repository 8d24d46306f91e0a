// SPDX-License-Identifier: Apache-2.0
#include "fleet/import.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/text.h"

namespace lapel::fleet {
namespace {

using roster::AssignmentKind;

const std::vector<std::string_view> kColumns = {"what",  "name",   "aliases", "badge", "unit",  "shift", "facility",
                                                "count", "begins", "ends",    "from",  "until", "use",   "source"};

// Which columns a row of each kind has: the first must be there.
struct KindRow {
  std::string_view what;
  std::vector<std::string_view> required, optional;
};
const std::vector<KindRow>& kinds() {
  static const std::vector<KindRow> kKinds = {
      {"authorized", {"count", "from"}, {"source"}},
      {"sworn", {"count", "from"}, {"source"}},
      {"pipeline", {"count", "from"}, {"source"}},
      {"unit", {"name"}, {}},
      {"shift", {"name"}, {"begins", "ends"}},
      {"facility", {"name"}, {"aliases", "source"}},
      {"camera", {"name", "from"}, {"use"}},
      {"member", {"badge", "from"}, {"unit", "shift", "facility", "until"}},
      {"slot", {"unit", "count", "from"}, {"shift"}},
  };
  return kKinds;
}

constexpr std::string_view kFirstDay = "1970-01-02", kLastDay = "2100-12-31";

bool overlap(Timestamp from, const std::optional<Timestamp>& until, const MemberEntry& other) {
  return (!until || other.from < *until) && (!other.until || from < *other.until);
}

std::string span_text(const MemberEntry& entry) {
  return entry.until ? fmt::format("from {} until {}", ledger_time(entry.from), ledger_time(*entry.until))
                     : fmt::format("from {} on", ledger_time(entry.from));
}

class Reader {
 public:
  Reader(std::optional<Zone> zone, Known known) : zone_(zone), known_(std::move(known)) {}

  Result<Batch> read(const std::vector<CsvRow>& rows) {
    for (const CsvRow& row : rows) {
      row_ = &row;
      const std::string what = cell("what");
      const auto kind = std::ranges::find(kinds(), what, &KindRow::what);
      if (kind == kinds().end()) {
        std::string all;
        for (const KindRow& each : kinds()) all += (all.empty() ? "" : ", ") + std::string(each.what);
        return wrong("what", fmt::format("\"{}\" must be one of {}", printable(what), all));
      }
      TRY(check_cells(*kind));
      TRY(take(what));
    }
    return std::move(out_);
  }

 private:
  tl::unexpected<Error> wrong(std::string_view column, std::string_view sentence) const {
    return fail(Code::kInvalid, fmt::format("Row {}, column {}: {}", row_->number, column, sentence));
  }
  std::string cell(std::string_view column) const {
    const auto found = row_->cells.find(column);
    return found == row_->cells.end() ? std::string() : found->second;
  }

  Result<void> check_cells(const KindRow& kind) const {
    for (const std::string_view column : kind.required) {
      if (cell(column).empty()) return wrong(column, fmt::format("a row \"{}\" needs it: fill it in", kind.what));
    }
    for (const auto& [column, value] : row_->cells) {
      if (column == "what" || std::ranges::find(kind.required, column) != kind.required.end() ||
          std::ranges::find(kind.optional, column) != kind.optional.end()) {
        continue;
      }
      return wrong(column, fmt::format("a row \"{}\" has no such cell: leave \"{}\" out", kind.what, printable(value)));
    }
    return {};
  }

  Result<void> take(std::string_view what) {
    if (const auto kind = roster::parse_strength_kind(what)) return take_strength(*kind);
    if (what == "unit") return take_unit();
    if (what == "shift") return take_shift();
    if (what == "facility") return take_facility();
    if (what == "camera") return take_camera();
    return what == "member" ? take_member() : take_slot();
  }

  Result<void> already() {
    ++out_.already;
    return {};
  }

  Result<Day> day(std::string_view column) const {
    const std::string text = cell(column);
    const auto out = parse_day(text);
    if (!out) return wrong(column, fmt::format("\"{}\" is no day: write it as 2022-12-02", printable(text)));
    if (*out < *parse_day(kFirstDay) || *out > *parse_day(kLastDay))
      return wrong(column, fmt::format("{} is not between {} and {}: look at the year", text, kFirstDay, kLastDay));
    return *out;
  }

  Result<Timestamp> time(std::string_view column) const {
    const std::string text = cell(column);
    if (const auto exact = parse_rfc3339(text)) {
      if (day_of(*exact) < *parse_day(kFirstDay) || day_of(*exact) > *parse_day(kLastDay))
        return wrong(column, fmt::format("{} is not between {} and {}: look at the year", text, kFirstDay, kLastDay));
      return *exact;
    }
    const auto on = text.size() >= 10 ? parse_day(std::string_view(text).substr(0, 10)) : std::nullopt;
    const bool has_time = text.size() == 16 && (text[10] == ' ' || text[10] == 'T');
    const auto minutes = has_time ? parse_time_of_day(std::string_view(text).substr(11))
                                  : std::optional<int>(text.size() == 10 ? std::optional(0) : std::nullopt);
    if (!on || !minutes)
      return wrong(column, fmt::format("\"{}\" is no time: write 2022-12-02 07:30, or 2022-12-02T07:30:00-05:00",
                                       printable(text)));
    if (*on < *parse_day(kFirstDay) || *on > *parse_day(kLastDay))
      return wrong(column, fmt::format("{} is not between {} and {}: look at the year", text, kFirstDay, kLastDay));
    if (!zone_)
      return wrong(column,
                   fmt::format("{} is a time on a wall clock, and the file has no zone: name one with the file, "
                               "such as America/New_York, or write the offset",
                               text));
    const LocalTime found = local_time(*zone_, *on, *minutes);
    const std::string clock = fmt::format("{:02}:{:02}", *minutes / 60, *minutes % 60);
    if (found.second) {
      const auto offset = [&](Timestamp at) { return (on->number * 1'440 + *minutes) - at.seconds() / 60; };
      const auto text_of = [&](std::int64_t minutes_of) {
        return fmt::format("{}T{}:00{}{:02}:{:02}", day_text(*on), clock, minutes_of < 0 ? '-' : '+',
                           std::abs(minutes_of) / 60, std::abs(minutes_of) % 60);
      };
      return wrong(column, fmt::format("{} comes twice on {}, when the clocks are set back: write {} or {}", clock,
                                       day_text(*on), text_of(offset(*found.first)), text_of(offset(*found.second))));
    }
    if (found.first) return *found.first;
    if (day_text(*on) < fmt::format("{}-01-01", kFirstRuleYear))
      return wrong(column, fmt::format("before {} the clocks changed on other days: write the offset", kFirstRuleYear));
    return wrong(column,
                 fmt::format("there is no {} on {}, when the clocks are set forward: write a time before 02:00, "
                             "or from 03:00 on",
                             clock, day_text(*on)));
  }

  Result<std::int64_t> number(std::string_view column, std::string_view text, std::int64_t least, std::int64_t most,
                              std::string_view of) const {
    std::int64_t out = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc::result_out_of_range || (error == std::errc() && out > most))
      return wrong(column, fmt::format("{} is more than {} {}: look at the digits", printable(text), most, of));
    if (error != std::errc() || stop != text.data() + text.size() || out < least)
      return wrong(column, fmt::format("\"{}\" must be a whole number from {} to {}", printable(text), least, most));
    return out;
  }

  // Who the sworn strength is compared with.
  std::optional<StrengthEntry> authorized_on(Day on) const {
    std::optional<StrengthEntry> out;
    for (const auto& all : {known_.strengths, out_.strengths}) {
      for (const StrengthEntry& each : all) {
        if (each.kind == roster::StrengthKind::kAuthorized && each.from <= on && (!out || out->from <= each.from))
          out = each;
      }
    }
    return out;
  }

  Result<void> take_strength(roster::StrengthKind kind) {
    const Day from = TRY(day("from"));
    StrengthEntry entry{kind, 0, 0, from, cell("source")};
    const std::string count = cell("count");
    std::string_view low = count, high = count;
    for (const std::string_view joint : {" or ", " to ", "\u2013", "-"}) {
      const std::size_t at = count.find(joint);
      if (at == std::string::npos || at == 0) continue;
      low = std::string_view(count).substr(0, at);
      high = std::string_view(count).substr(at + joint.size());
      break;
    }
    entry.low = TRY(number("count", low, 0, kStrengthMax, "people"));
    entry.high = TRY(number("count", high, 0, kStrengthMax, "people"));
    if (entry.high < entry.low)
      return wrong("count", fmt::format("\"{}\" goes down: write the lower one first", count));
    const auto authorized = authorized_on(entry.from);
    if (kind == roster::StrengthKind::kSworn && authorized && entry.low > 2 * authorized->high)
      return wrong("count", fmt::format("{} sworn are more than twice the {} authorized on {}: look at the digits, or "
                                        "enter the authorized strength first",
                                        count, authorized->high, day_text(entry.from)));
    for (const auto& all : {known_.strengths, out_.strengths}) {
      if (std::ranges::find(all, entry) != all.end()) return already();
    }
    out_.strengths.push_back(std::move(entry));
    return {};
  }

  Result<void> take_unit() {
    const std::string name = cell("name");
    if (!known_.units.insert(name).second) return already();
    out_.units.push_back(name);
    return {};
  }

  Result<void> take_shift() {
    ShiftEntry entry{cell("name"), cell("begins"), cell("ends")};
    for (const std::string_view column : {"begins", "ends"}) {
      const std::string text = cell(column);
      if (!text.empty() && !parse_time_of_day(text))
        return wrong(column, fmt::format("\"{}\" is no time of day: write it as 07:30", printable(text)));
    }
    if (entry.begins.empty() != entry.ends.empty())
      return wrong(entry.begins.empty() ? "begins" : "ends", "a shift has both times or neither: fill it in");
    const auto [found, is_new] = known_.shifts.try_emplace(entry.name, entry);
    if (is_new) {
      out_.shifts.push_back(std::move(entry));
      return {};
    }
    if (found->second.begins == entry.begins && found->second.ends == entry.ends) return already();
    return wrong("name", fmt::format("there is a shift \"{}\" with other times: give this one another name",
                                     printable(entry.name)));
  }

  Result<void> take_facility() {
    const std::string name = cell("name");
    const auto [found, is_new] = known_.facilities.try_emplace(name, name);
    const std::string first = found->second;
    if (is_new) out_.facilities.push_back(name);
    bool is_added = is_new;
    std::string_view rest =
        row_->cells.contains("aliases") ? std::string_view(row_->cells.find("aliases")->second) : "";
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view alias = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (alias.starts_with(' ')) alias.remove_prefix(1);
      while (alias.ends_with(' ')) alias.remove_suffix(1);
      if (alias.empty()) continue;
      const auto [known, is_new_name] = known_.facilities.try_emplace(std::string(alias), first);
      if (known->second != first)
        return wrong("aliases", fmt::format("\"{}\" is what {} is called: leave it out, or use a longer name",
                                            printable(alias), printable(known->second)));
      if (!is_new_name) continue;
      out_.names.push_back({first, std::string(alias), cell("source")});
      is_added = true;
    }
    return is_added ? Result<void>() : already();
  }

  Result<void> take_camera() {
    const Day from = TRY(day("from"));
    CameraEntry entry{cell("name"), cell("use"), from};
    if (!entry.use.empty() && entry.use != "pool" && entry.use != "personal")
      return wrong("use", fmt::format("\"{}\" must be pool or personal", printable(entry.use)));
    if (entry.use.empty()) entry.use = "pool";
    if (!known_.cameras.insert(entry.serial).second) return already();
    out_.cameras.push_back(std::move(entry));
    return {};
  }

  // The target of a row "member", once it is known; a facility by its first name.
  Result<std::string> target(std::string_view column) const {
    const std::string name = cell(column);
    const auto unknown = [&] {
      return wrong(column, fmt::format("there is no {} \"{}\": put a row \"{}\" with that name above this one", column,
                                       printable(name), column));
    };
    if (column == "facility") {
      const auto found = known_.facilities.find(name);
      if (found == known_.facilities.end()) return unknown();
      return found->second;
    }
    if (column == "unit" ? !known_.units.contains(name) : !known_.shifts.contains(name)) return unknown();
    return name;
  }

  Result<void> take_member() {
    constexpr std::array<std::pair<std::string_view, AssignmentKind>, 3> kTargets = {
        {{"unit", AssignmentKind::kUnit}, {"shift", AssignmentKind::kShift}, {"facility", AssignmentKind::kFacility}}};
    std::optional<std::pair<std::string_view, AssignmentKind>> named;
    for (const auto& each : kTargets) {
      if (cell(each.first).empty()) continue;
      if (named) return wrong(each.first, "a row \"member\" names one unit, shift or facility: use a row for each");
      named = each;
    }
    if (!named) return wrong("unit", "a row \"member\" needs a unit, a shift or a facility: fill one in");
    MemberEntry entry;
    entry.kind = named->second;
    entry.target = TRY(target(named->first));
    entry.from = TRY(time("from"));
    if (!cell("until").empty()) entry.until = TRY(time("until"));
    if (entry.until && *entry.until <= entry.from) return wrong("until", "it ends before it begins: look at both days");
    const std::string badge = cell("badge");
    const auto worn = std::ranges::find_if(known_.badges, [&](const Known::Badge& each) {
      return each.badge == badge && each.from <= entry.from && (!each.until || *each.until > entry.from);
    });
    if (worn == known_.badges.end())
      return wrong("badge", fmt::format("nobody had the badge \"{}\" at {}: add the person first, or look at the badge",
                                        printable(badge), ledger_time(entry.from)));
    entry.person = worn->person;
    for (const MemberEntry& other : known_.members) {
      if (other.person != entry.person || other.kind != entry.kind) continue;
      const bool is_same = other.target == entry.target;
      if (is_same && ledger_time(other.from) == ledger_time(entry.from) &&
          other.until.has_value() == entry.until.has_value() &&
          (!entry.until || ledger_time(*other.until) == ledger_time(*entry.until))) {
        return already();
      }
      // Nobody works two shifts at once; a second unit or facility is nothing unusual.
      if (!is_same && entry.kind != AssignmentKind::kShift) continue;
      if (overlap(entry.from, entry.until, other))
        return wrong("from", fmt::format("badge {} is assigned to {} {} already: end that first, or begin after it",
                                         printable(badge), printable(other.target), span_text(other)));
    }
    known_.members.push_back(entry);
    out_.members.push_back(std::move(entry));
    return {};
  }

  Result<void> take_slot() {
    SlotEntry entry;
    entry.unit = TRY(target("unit"));
    if (!cell("shift").empty()) entry.shift = TRY(target("shift"));
    entry.seats = TRY(number("count", cell("count"), 1, kSeatsMax, "cameras at once"));
    entry.from = TRY(day("from"));
    for (const SlotEntry& other : known_.slots) {
      if (other.unit != entry.unit || other.shift != entry.shift) continue;
      if (other.seats == entry.seats && other.from == entry.from) return already();
      return wrong("unit", fmt::format("there is a slot of {}{}{} since {}, with {}: end that first",
                                       printable(other.unit), other.shift.empty() ? "" : " on ", printable(other.shift),
                                       day_text(other.from), other.seats));
    }
    known_.slots.push_back(entry);
    out_.slots.push_back(std::move(entry));
    return {};
  }

  const std::optional<Zone> zone_;
  Known known_;
  const CsvRow* row_ = nullptr;
  Batch out_;
};

}  // namespace

Result<Batch> read_file(std::string_view text, const std::optional<Zone>& zone, Known known) {
  const std::vector<CsvRow> rows = TRY(parse_csv(text, kColumns));
  return Reader(zone, std::move(known)).read(rows);
}

}  // namespace lapel::fleet
