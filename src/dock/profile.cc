// SPDX-License-Identifier: Apache-2.0
#include "dock/profile.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/day.h"
#include "base/limits.h"
#include "base/text.h"

namespace lapel::dock {
namespace {

constexpr std::string_view kFormat = "lapel-device-profile/1";
constexpr std::int64_t kDaySeconds = 86'400;
// A camera whose clock says another year has none.
constexpr std::int64_t kYearFirst = 1990, kYearLast = 2199;
constexpr std::size_t kDigitsMax = 12;

tl::unexpected<Error> bad(std::string why) {
  return fail(Code::kInvalid, fmt::format("A device profile {}", why));
}

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
// FAT keeps names in whatever case a camera wrote them.
bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lowered(x) == lowered(y); });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(out) : std::nullopt;
}

Result<std::string> required(const Json& json, std::string_view member) {
  const std::string* text = json.find_string(member);
  if (!text || text->empty() || text->size() > kPatternBytesMax || has_control_characters(*text))
    return bad(fmt::format("must have \"{}\": a line of text", member));
  return *text;
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}
std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The seconds of a date and time that exist.
std::optional<std::int64_t> wall_seconds_of(const std::map<std::string, std::string, std::less<>>& fields) {
  std::int64_t values[6] = {};
  constexpr std::string_view kNames[] = {"year", "month", "day", "hour", "minute", "second"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    const auto it = fields.find(kNames[i]);
    const auto value = it == fields.end() ? std::nullopt : number(it->second);
    if (!value) return std::nullopt;
    values[i] = *value;
  }
  const auto [year, month, day, hour, minute, second] =
      std::tuple(values[0], values[1], values[2], values[3], values[4], values[5]);
  if (year < kYearFirst || year > kYearLast || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto date = parse_day(fmt::format("{:04}-{:02}-{:02}", year, month, day));
  if (!date) return std::nullopt;
  return date->number * kDaySeconds + hour * 3600 + minute * 60 + second;
}

}  // namespace

std::optional<NameTime> name_time(std::int64_t wall_seconds, const std::optional<Zone>& zone) {
  if (!zone) return NameTime{{wall_seconds * 1'000'000}};
  const std::int64_t minutes = wall_seconds % kDaySeconds / 60;
  const LocalTime found = local_time(*zone, {wall_seconds / kDaySeconds}, static_cast<int>(minutes));
  if (!found.first) return std::nullopt;
  return NameTime{*found.first + wall_seconds % 60 * 1'000'000, found.second.has_value()};
}

std::string wall_text(std::int64_t wall_seconds) {
  const std::int64_t in_day = wall_seconds % kDaySeconds;
  return fmt::format("{}T{:02}:{:02}:{:02}", day_text({wall_seconds / kDaySeconds}), in_day / 3600, in_day / 60 % 60,
                     in_day % 60);
}

// pattern = *(literal / "{" field ":" form "}");  form = digits ["-" digits] / word *("|" word);  word = text ["=" text]
Result<Profile::Pattern> Profile::parse_pattern(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return bad(fmt::format("has the pattern \"{}\", {}", text, why)); };
  if (text.empty() || text.size() > kPatternBytesMax) return wrong("which is empty or too long");
  Pattern out;
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.front() != '{') {
      const std::string_view literal = rest.substr(0, rest.find('{'));
      if (literal.find('}') != std::string_view::npos) return wrong("with a } that opens nowhere");
      out.push_back({std::string(literal), {}, 0, 0, {}});
      rest.remove_prefix(literal.size());
      continue;
    }
    const std::size_t end = rest.find('}');
    const std::size_t colon = rest.find(':');
    if (end == std::string_view::npos || colon == std::string_view::npos || colon > end)
      return wrong("with a { that is no field");
    Part part;
    part.field = rest.substr(1, colon - 1);
    const std::string_view form = rest.substr(colon + 1, end - colon - 1);
    if (form.find('{') != std::string_view::npos) return wrong("with a { within a field");
    rest.remove_prefix(end + 1);
    if (part.field.empty() ||
        std::any_of(part.field.begin(), part.field.end(), [](char c) { return c < 'a' || c > 'z'; }))
      return wrong("where a field's name is not of a to z");
    if (std::any_of(out.begin(), out.end(), [&](const Part& p) { return p.field == part.field; }))
      return wrong("which has a field twice");
    const std::size_t dash = form.find('-');
    const auto least = number(form.substr(0, dash));
    const auto most = dash == std::string_view::npos ? least : number(form.substr(dash + 1));
    if (least && most) {
      if (*least < 1 || *most < *least || *most > static_cast<std::int64_t>(kDigitsMax))
        return wrong("with a number of so many digits");
      part.digits_min = static_cast<std::size_t>(*least);
      part.digits_max = static_cast<std::size_t>(*most);
    } else {
      for (std::string_view words = form;;) {
        const std::string_view word = words.substr(0, words.find('|'));
        const std::size_t equals = word.find('=');
        const std::string_view written = word.substr(0, equals);
        if (written.empty()) return wrong("with a choice of nothing");
        part.words.emplace_back(written, equals == std::string_view::npos ? written : word.substr(equals + 1));
        if (word.size() == words.size()) break;
        words.remove_prefix(word.size() + 1);
      }
      // The longest that fits is the one that is meant.
      std::stable_sort(part.words.begin(), part.words.end(),
                       [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    }
    out.push_back(std::move(part));
  }
  return out;
}

bool Profile::matches(const Pattern& pattern, std::string_view text, Fields& fields) {
  for (const Part& part : pattern) {
    std::string value;
    if (part.field.empty()) {
      if (!same_letters(text.substr(0, part.literal.size()), part.literal)) return false;
      text.remove_prefix(part.literal.size());
      continue;
    }
    if (!part.words.empty()) {
      const auto word = std::find_if(part.words.begin(), part.words.end(), [&](const auto& each) {
        return same_letters(text.substr(0, each.first.size()), each.first);
      });
      if (word == part.words.end()) return false;
      text.remove_prefix(word->first.size());
      value = word->second;
    } else {
      std::size_t digits = 0;
      while (digits < part.digits_max && digits < text.size() && is_digit(text[digits])) ++digits;
      if (digits < part.digits_min) return false;
      value = text.substr(0, digits);
      text.remove_prefix(digits);
    }
    // A folder and a name that contradict each other say nothing.
    if (const auto [it, is_new] = fields.emplace(part.field, value); !is_new && it->second != value) return false;
  }
  return text.empty();
}

Result<Profile::NamePattern> Profile::parse_name_pattern(const Json& json, Judged::Role role) {
  NamePattern out;
  out.role = role;
  out.name = TRY(parse_pattern(TRY(required(json, "name"))));
  const Json* under = json.find("under");
  if (!under) return out;
  if (!under->array() || under->array()->size() > kPatternsMax) return bad("has an \"under\" that is no short list");
  for (const Json& folder : *under->array()) {
    if (!folder.string()) return bad("has a folder in \"under\" that is no text");
    out.under.push_back(TRY(parse_pattern(*folder.string())));
  }
  return out;
}

Result<Profile> Profile::parse(std::string_view text) {
  const Json json = TRY(parse_json(text, {kProfileBytesMax, 8}));
  if (TRY(required(json, "format")) != kFormat) return bad(fmt::format("must have the format {}", kFormat));
  Profile out;
  out.name_ = TRY(required(json, "profile"));
  out.make_ = TRY(required(json, "make"));
  const std::string zone = TRY(required(json, "times"));
  if (zone != "camera" && zone != "utc") return bad("must have \"times\": \"camera\" or \"utc\"");
  out.is_utc_ = zone == "utc";
  const Json* verified = json.find("verified");
  if (!verified || !verified->boolean()) return bad("must say whether it is \"verified\": true or false");
  const Json* sources = json.find("sources");
  if (!sources || !sources->array() || sources->array()->empty()) return bad("must name its \"sources\"");
  if (const Json* counter = json.find("counter")) {
    const std::int64_t *first = counter->find_integer("first"), *last = counter->find_integer("last");
    if (!first || !last || *first < 0 || *last <= *first) return bad("must have a \"counter\" with its first and last");
    out.counter_first_ = *first;
    out.counter_last_ = *last;
  }
  if (const Json* one = json.find("recording")) {
    if (!one->string() || *one->string() != "sequence" || !out.has_counter())
      return bad("may have \"recording\": \"sequence\", where there is a counter");
    out.is_one_by_sequence_ = true;
  }
  for (const auto& [member, role] :
       {std::pair("clips", Judged::Role::kClip), std::pair("side_cars", Judged::Role::kSideCar)}) {
    const Json* list = json.find(member);
    if (!list && role == Judged::Role::kSideCar) continue;
    if (!list || !list->array() || list->array()->size() > kPatternsMax)
      return bad(fmt::format("must have \"{}\": at most {} patterns", member, kPatternsMax));
    for (const Json& each : *list->array()) out.patterns_.push_back(TRY(parse_name_pattern(each, role)));
  }
  if (const Json* identity = json.find("identity")) {
    out.identity_path_ = TRY(required(*identity, "file"));
    out.serial_member_ = TRY(required(*identity, "serial"));
    if (identity->find("model")) out.model_member_ = TRY(required(*identity, "model"));
    if (identity->find("firmware")) out.firmware_member_ = TRY(required(*identity, "firmware"));
  }
  return out;
}

std::optional<Judged> Profile::judged(Judged::Role role, const Fields& fields) const {
  Judged out;
  out.role = role;
  const auto text = [&](std::string_view field) {
    const auto it = fields.find(field);
    return it == fields.end() ? std::string() : it->second;
  };
  if (fields.contains("sequence")) {
    out.sequence = number(text("sequence"));
    if (!out.sequence || *out.sequence < counter_first_ || *out.sequence > counter_last_) return std::nullopt;
  }
  if (fields.contains("chapter")) out.chapter = number(text("chapter"));
  out.channel = text("channel");
  out.event = text("event");
  if (fields.contains("year")) {
    out.wall_seconds = wall_seconds_of(fields);
    if (!out.wall_seconds) return std::nullopt;
  }
  return out;
}

std::optional<Judged> Profile::judge(std::string_view path) const {
  for (const NamePattern& pattern : patterns_) {
    Fields fields;
    if (!matches(pattern.name, name_of(path), fields)) continue;
    const auto try_judged = [&](const Fields& all) { return judged(pattern.role, all); };
    if (pattern.under.empty()) {
      if (auto out = try_judged(fields)) return out;
      continue;
    }
    for (const Pattern& folder : pattern.under) {
      Fields all = fields;
      if (!matches(folder, folder_of(path), all)) continue;
      if (auto out = try_judged(all)) return out;
    }
  }
  return std::nullopt;
}

std::string Profile::recording_of(const Judged& judged) const {
  if (is_one_by_sequence_ && judged.sequence) return fmt::format("sequence={}", *judged.sequence);
  return {};
}

std::string Profile::identity_file(std::span<const std::string> paths) const {
  if (identity_path_.empty()) return {};
  const auto found = std::find_if(paths.begin(), paths.end(),
                                  [&](const std::string& path) { return same_letters(path, identity_path_); });
  return found == paths.end() ? std::string() : *found;
}

CardSays Profile::read_identity(std::string_view text) const {
  // Some cameras write a comma behind the last member, which is no JSON.
  std::string mended(text);
  const std::size_t brace = mended.rfind('}');
  const std::size_t last = brace == std::string::npos ? brace : mended.find_last_not_of(" \t\r\n", brace - 1);
  if (brace != std::string::npos && brace > 0 && last != std::string::npos && mended[last] == ',') mended[last] = ' ';
  CardSays out;
  const auto json = parse_json(mended, {kCardFileBytesMax, 4});
  if (!json || !json->object()) return out;
  const auto member = [&](const std::string& name) -> std::string {
    const std::string* value = name.empty() ? nullptr : json->find_string(name);
    const bool is_good = value && value->size() <= limits::kFieldBytesMax && !has_control_characters(*value);
    return is_good ? *value : std::string();
  };
  out.serial = member(serial_member_);
  out.model = member(model_member_);
  out.firmware = member(firmware_member_);
  return out;
}

const Profile* profile_of(std::span<const Profile> profiles, std::span<const std::string> paths) {
  const Profile* best = nullptr;
  std::ptrdiff_t most = 0;
  for (const Profile& profile : profiles) {
    const std::ptrdiff_t clips = std::count_if(paths.begin(), paths.end(), [&](const std::string& path) {
      const auto judged = profile.judge(path);
      return judged && judged->role == Judged::Role::kClip;
    });
    if (clips > most) {
      most = clips;
      best = &profile;
    }
  }
  return best;
}

}  // namespace lapel::dock
