// SPDX-License-Identifier: Apache-2.0
#include "imports/mapping.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"

namespace lapel::imports {
namespace {

constexpr std::array<std::pair<Algorithm, std::string_view>, 3> kAlgorithms = {
    {{Algorithm::kSha256, "sha256"}, {Algorithm::kSha1, "sha1"}, {Algorithm::kMd5, "md5"}}};
constexpr std::array<std::pair<std::string_view, InventoryForm::Kind>, 3> kInventoryKinds = {
    {{"csv", InventoryForm::Kind::kCsv}, {"json", InventoryForm::Kind::kJson}, {"xml", InventoryForm::Kind::kXml}}};
constexpr std::array<std::string_view, 12> kFieldNames = {"file",   "vendor_id", "title",       "bytes",
                                                          "hash",   "category",  "incident",    "wearer",
                                                          "device", "hold",      "recorded_at", "retain_until"};
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

std::size_t hex_digits(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kSha256:
      return 64;
    case Algorithm::kSha1:
      return 40;
    case Algorithm::kMd5:
      return 32;
  }
  return 0;
}

tl::unexpected<Error> wrong(std::string_view place, std::string_view what) {
  return fail(Code::kInvalid, fmt::format("The mapping: {} {}", place, what));
}

Result<std::string> text_at(const Json& in, std::string_view name) {
  const std::string* text = in.find_string(name);
  if (!text || text->empty() || text->size() > limits::kFieldBytesMax || has_control_characters(*text))
    return wrong(fmt::format("\"{}\"", name), "must be a text on one line");
  return *text;
}

Result<std::vector<std::string>> texts_at(const Json& in, std::string_view name) {
  std::vector<std::string> out;
  const Json* list = in.find(name);
  if (!list) return out;
  if (!list->array() || list->array()->size() > kMappingNamesMax)
    return wrong(fmt::format("\"{}\"", name), fmt::format("must be a list of at most {} texts", kMappingNamesMax));
  for (const Json& each : *list->array()) {
    if (!each.string() || each.string()->empty() || each.string()->size() > limits::kFieldBytesMax)
      return wrong(fmt::format("\"{}\"", name), "must be a list of texts, none of them empty");
    out.push_back(*each.string());
  }
  return out;
}

Result<InventoryForm> read_form(const Json& inventory) {
  InventoryForm form;
  const std::string kind = TRY(text_at(inventory, "format"));
  const auto known = std::ranges::find(kInventoryKinds, kind, &std::pair<std::string_view, InventoryForm::Kind>::first);
  if (known == kInventoryKinds.end()) return wrong("\"format\" of the inventory", "must be csv, json or xml");
  form.kind = known->second;
  if (const Json* delimiter = inventory.find("delimiter")) {
    const std::string* text = delimiter->string();
    if (!text || text->size() != 1 || std::string_view(",;\t|").find((*text)[0]) == std::string_view::npos)
      return wrong("\"delimiter\"", "must be a comma, a semicolon, a tab or \"|\"");
    form.delimiter = (*text)[0];
  }
  form.rows_at = TRY(texts_at(inventory, "rows_at"));
  if (form.rows_at.size() > static_cast<std::size_t>(kInventoryDepthMax)) return wrong("\"rows_at\"", "is too deep");
  if (form.kind == InventoryForm::Kind::kXml && form.rows_at.empty())
    return wrong("\"rows_at\"", "must name the elements that lead to a row of the XML, the outermost first");
  return form;
}

// One piece of a form of time: letters of one kind, or characters that stand for themselves.
struct Token {
  char letter = 0;  // 0: literal
  std::size_t length = 0;
  char literal = 0;
};
std::optional<std::vector<Token>> tokens_of(std::string_view form) {
  std::vector<Token> out;
  for (std::size_t i = 0; i < form.size();) {
    const char c = form[i];
    if (std::string_view("YMDHhmsfaZ").find(c) == std::string_view::npos) {
      if ((c >= 'A' && c <= 'Z' && c != 'T') || (c >= 'a' && c <= 'z')) return std::nullopt;
      out.push_back({0, 1, c});
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < form.size() && form[end] == c) ++end;
    const std::size_t length = end - i;
    const bool is_fit = c == 'Y'                           ? length == 4
                        : c == 'M'                         ? length <= 3
                        : c == 'a' || c == 'Z' || c == 'f' ? length == 1
                                                           : length <= 2;
    if (!is_fit) return std::nullopt;
    out.push_back({c, length, 0});
    i = end;
  }
  return out;
}

bool is_form(std::string_view form) {
  if (form == "rfc3339" || form == "epoch_s" || form == "epoch_ms") return true;
  const auto tokens = tokens_of(form);
  if (!tokens) return false;
  const auto has = [&](char letter) {
    return std::ranges::any_of(*tokens, [&](const Token& token) { return token.letter == letter; });
  };
  return has('Y') && has('M') && has('D') && (!has('h') || has('a'));
}

bool has_zone(std::string_view form) {
  return form == "rfc3339" || form == "epoch_s" || form == "epoch_ms" || form.find('Z') != std::string_view::npos;
}

// Digits off the front: exactly `count`, or one or two of them where it is 1.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  std::size_t most = count == 1 ? 2 : count, got = 0;
  int out = 0;
  while (got < most && got < text.size() && text[got] >= '0' && text[got] <= '9') out = out * 10 + (text[got++] - '0');
  if (got == 0 || (count > 1 && got != count)) return std::nullopt;
  text.remove_prefix(got);
  return out;
}

struct Clock12 {
  bool is_used = false, is_afternoon = false;
};

// Z, +05:00, -0500.
std::optional<int> take_offset(std::string_view& text) {
  if (text.starts_with('Z')) {
    text.remove_prefix(1);
    return 0;
  }
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (text.starts_with(':')) text.remove_prefix(1);
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

std::optional<Timestamp> read_form_time(std::string_view text, std::string_view form, const std::optional<Zone>& zone) {
  if (form == "rfc3339") return parse_rfc3339(text);
  if (form == "epoch_s" || form == "epoch_ms") {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::int64_t unit_us = form == "epoch_s" ? 1'000'000 : 1'000;
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > kLedgerTimeEndUs / unit_us)
      return std::nullopt;
    return Timestamp{value * unit_us};
  }
  int year = 0, month = 0, day = 1, hour = 0, minute = 0, second = 0, fraction_us = 0;
  Clock12 half;
  std::optional<int> offset;
  const auto tokens = tokens_of(form);
  if (!tokens) return std::nullopt;
  for (const Token& token : *tokens) {
    std::optional<int> number;
    switch (token.letter) {
      case 0:
        if (!text.starts_with(token.literal)) return std::nullopt;
        text.remove_prefix(1);
        continue;
      case 'a': {
        const std::string word = fold(text.substr(0, 2));
        if (word != "am" && word != "pm") return std::nullopt;
        half.is_afternoon = word == "pm";
        text.remove_prefix(2);
        continue;
      }
      case 'Z':
        offset = take_offset(text);
        if (!offset) return std::nullopt;
        continue;
      case 'f': {
        int digits = 0;
        while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
          if (digits++ < 6) fraction_us = fraction_us * 10 + (text[0] - '0');
          text.remove_prefix(1);
        }
        if (digits == 0 || digits > 9) return std::nullopt;
        for (; digits < 6; ++digits) fraction_us *= 10;
        continue;
      }
      case 'M':
        if (token.length == 3) {
          const auto found = std::ranges::find(kMonths, fold(text.substr(0, 3)));
          if (found == kMonths.end()) return std::nullopt;
          month = static_cast<int>(found - kMonths.begin()) + 1;
          text.remove_prefix(3);
          continue;
        }
        [[fallthrough]];
      default:
        number = take_number(text, token.length);
        if (!number) return std::nullopt;
    }
    switch (token.letter) {
      case 'Y':
        year = *number;
        break;
      case 'M':
        month = *number;
        break;
      case 'D':
        day = *number;
        break;
      case 'H':
        hour = *number;
        break;
      case 'h':
        hour = *number;
        half.is_used = true;
        break;
      case 'm':
        minute = *number;
        break;
      default:
        second = *number;
        break;
    }
  }
  if (half.is_used) {
    if (hour < 1 || hour > 12) return std::nullopt;
    hour = hour % 12 + (half.is_afternoon ? 12 : 0);
  }
  const auto on = parse_day(fmt::format("{:04}-{:02}-{:02}", year, month, day));
  if (!text.empty() || !on || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t within_us = second * 1'000'000LL + fraction_us;
  if (offset) return Timestamp{on->number * 86'400'000'000 + (hour * 60LL + minute - *offset) * 60'000'000 + within_us};
  if (!zone) return std::nullopt;
  const LocalTime local = local_time(*zone, *on, hour * 60 + minute);
  // An hour that comes twice is not guessed.
  if (!local.first || local.second) return std::nullopt;
  return Timestamp{local.first->us + within_us};
}

// The row's own word for a field.
struct Said {
  std::string column;
  std::string_view value;  // empty: not said
};
Said said(const Mapping& mapping, const InventoryRow& row, std::string_view field) {
  const auto found = mapping.fields.find(field);
  if (found == mapping.fields.end()) return {};
  for (const std::string& column : found->second.columns) {
    if (const auto cell = row.cells.find(column); cell != row.cells.end()) return {column, cell->second};
  }
  return {found->second.columns.front(), {}};
}

class Row {
 public:
  Row(const Mapping& mapping, const InventoryRow& row, MappedRow& out) : mapping_(mapping), row_(row), out_(out) {}

  void find(std::string kind, const std::string& column, std::string sentence, std::string remedy) {
    out_.findings.push_back({std::move(kind), {}, {}, column, std::move(sentence), std::move(remedy)});
  }

  // One line of text, as a recording's description has it.
  std::string word(std::string_view field) {
    const Said it = said(mapping_, row_, field);
    if (it.value.empty()) return {};
    if (it.value.size() <= limits::kFieldBytesMax && !has_control_characters(it.value)) return std::string(it.value);
    find("unreadable", it.column, "The value is not one line of at most 1,024 bytes, and is left out",
         "It stands in the inventory, which is kept");
    return {};
  }
  std::optional<std::string> maybe_word(std::string_view field) {
    std::string text = word(field);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
  }

  std::optional<Timestamp> time(std::string_view field, const std::optional<Zone>& zone) {
    const Said it = said(mapping_, row_, field);
    if (it.value.empty()) return std::nullopt;
    const auto read = read_time(it.value, mapping_.time_forms, zone);
    if (!read) {
      find("date", it.column,
           fmt::format("\"{}\" is no time that can be read for certain", first_characters(it.value, 80)),
           "Give the mapping this form in \"time_forms\"; a time that the clocks pass twice stays open");
    }
    return read;
  }

 private:
  const Mapping& mapping_;
  const InventoryRow& row_;
  MappedRow& out_;
};

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) {
  for (const auto& [value, name] : kAlgorithms) {
    if (value == algorithm) return name;
  }
  return {};
}

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const auto& [value, known] : kAlgorithms) {
    if (known == name) return value;
  }
  return std::nullopt;
}

bool Mapping::is_inventory(std::string_view path) const {
  return std::ranges::any_of(inventory_files, [&](const std::string& pattern) { return fits(pattern, path); });
}

bool Mapping::is_log(std::string_view path) const {
  return !is_inventory(path) &&
         std::ranges::any_of(log_files, [&](const std::string& pattern) { return fits(pattern, path); });
}

bool Mapping::needs_zone() const {
  return !zone && !std::ranges::all_of(time_forms, has_zone);
}

std::optional<Timestamp> read_time(std::string_view text, const std::vector<std::string>& forms,
                                   const std::optional<Zone>& zone) {
  for (const std::string& form : forms) {
    const auto read = read_form_time(text, form, zone);
    if (read && read->us >= 0 && read->us < kLedgerTimeEndUs) return read;
  }
  return std::nullopt;
}

Result<Mapping> read_mapping(const Json& file) {
  if (!file.object()) return wrong("it", "must be a JSON object");
  if (TRY(text_at(file, "format")) != kMappingFormat)
    return wrong("\"format\"", fmt::format("must be \"{}\"", kMappingFormat));
  Mapping out;
  out.name = TRY(text_at(file, "name"));
  if (out.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
    return wrong("\"name\"", "must be of a-z, 0-9 and \"_\"");
  out.title = TRY(text_at(file, "title"));
  out.make = TRY(text_at(file, "make"));
  out.system = TRY(text_at(file, "system"));
  const Json* verified = file.find("verified");
  if (!verified || !verified->boolean())
    return wrong("\"verified\"", "must be true or false: whether a real export has been brought in by it");
  out.is_verified = *verified->boolean();
  out.sources = TRY(texts_at(file, "sources"));
  const Json* inventory = file.find("inventory");
  if (!inventory || !inventory->object()) return wrong("\"inventory\"", "must be an object");
  out.inventory_files = TRY(texts_at(*inventory, "files"));
  if (out.inventory_files.empty()) return wrong("\"files\" of the inventory", "must name at least one");
  out.form = TRY(read_form(*inventory));
  out.log_files = TRY(texts_at(file, "logs"));
  if (file.find("match")) {
    const auto match = parse_match(TRY(text_at(file, "match")));
    if (!match) return wrong("\"match\"", "must be path, name or stem");
    out.match = *match;
  }
  const Json* fields = file.find("fields");
  if (!fields || !fields->object()) return wrong("\"fields\"", "must be an object");
  for (const auto& [name, field] : *fields->object()) {
    if (std::ranges::find(kFieldNames, name) == kFieldNames.end())
      return wrong(fmt::format("\"{}\" of the fields", printable(name)), "is none that there is");
    Mapping::Field known{TRY(texts_at(field, "columns"))};
    if (known.columns.empty()) return wrong(fmt::format("\"{}\" of the fields", name), "must name \"columns\"");
    if (name == "hash") {
      out.algorithm = parse_algorithm(TRY(text_at(field, "algorithm")));
      if (!out.algorithm) return wrong("\"algorithm\" of the hash", "must be sha256, sha1 or md5");
    }
    out.fields.emplace(name, std::move(known));
  }
  if (!out.fields.contains("file")) return wrong("\"fields\"", "must say by which column a file is found: \"file\"");
  out.time_forms = TRY(texts_at(file, "time_forms"));
  for (const std::string& form : out.time_forms) {
    if (!is_form(form)) return wrong("\"time_forms\"", fmt::format("has \"{}\", which is no form", printable(form)));
  }
  if (out.time_forms.empty() && (out.fields.contains("recorded_at") || out.fields.contains("retain_until")))
    return wrong("\"time_forms\"", "must name at least one, since there are times to be read");
  if (file.find("zone")) {
    out.zone = parse_zone(TRY(text_at(file, "zone")));
    if (!out.zone) return wrong("\"zone\"", "must be one of " + all_zone_names());
  }
  if (const Json* categories = file.find("categories")) {
    if (!categories->object() || categories->object()->size() > kMappingNamesMax)
      return wrong("\"categories\"", fmt::format("must be an object of at most {} members", kMappingNamesMax));
    for (const auto& [theirs, ours] : *categories->object()) {
      if (!ours.string() || ours.string()->size() > limits::kFieldBytesMax || has_control_characters(*ours.string()))
        return wrong("\"categories\"", "must have texts for its members");
      out.categories.emplace(fold(theirs), *ours.string());
    }
  }
  for (const std::string& word : TRY(texts_at(file, "no_hold"))) out.no_hold.insert(fold(word));
  return out;
}

MappedRow map_row(const Mapping& mapping, const Agency& agency, const InventoryRow& row) {
  MappedRow out;
  out.number = row.number;
  out.sha256 = row_digest(row);
  Row reading(mapping, row, out);
  const std::optional<Zone> zone = agency.zone ? agency.zone : mapping.zone;
  out.file = reading.word("file");
  if (out.file.empty()) {
    reading.find("no_file", said(mapping, row, "file").column, "The row names no file",
                 "Nothing is expected of it; look at the row in the inventory");
  }
  out.vendor_id = reading.word("vendor_id");
  if (const Said size = said(mapping, row, "bytes"); !size.value.empty()) {
    std::int64_t bytes = 0;
    const auto [end, error] = std::from_chars(size.value.data(), size.value.data() + size.value.size(), bytes);
    if (error == std::errc() && end == size.value.data() + size.value.size() && bytes >= 0 &&
        bytes <= kCanonicalIntegerMax) {
      out.bytes = bytes;
    } else {
      reading.find("unreadable", size.column,
                   fmt::format("\"{}\" is no number of bytes", first_characters(size.value, 80)),
                   "The size is not compared");
    }
  }
  if (const Said hash = said(mapping, row, "hash"); !hash.value.empty()) {
    const std::string digits = fold(hash.value);
    if (digits.size() == hex_digits(*mapping.algorithm) &&
        digits.find_first_not_of("0123456789abcdef") == std::string::npos) {
      out.hash = digits;
    } else {
      reading.find(
          "unreadable", hash.column,
          fmt::format("\"{}\" is no {} in hex", first_characters(hash.value, 80), algorithm_name(*mapping.algorithm)),
          "The file is not compared with it; give the mapping the right algorithm");
    }
  }
  if (mapping.fields.contains("recorded_at")) out.recorded_at = reading.time("recorded_at", zone);
  out.vendor_category = reading.word("category");
  if (!out.vendor_category.empty()) {
    const auto mapped = mapping.categories.find(fold(out.vendor_category));
    const std::string ours = mapped == mapping.categories.end() ? out.vendor_category : mapped->second;
    if (!agency.categories || agency.categories->contains(ours)) {
      if (!ours.empty()) out.category = ours;
    } else {
      reading.find("category", said(mapping, row, "category").column,
                   fmt::format("The agency has no category \"{}\"", first_characters(ours, 80)),
                   "Add the category, or name what it is here in \"categories\" of a mapping of your own");
    }
  }
  out.incident = reading.maybe_word("incident");
  out.wearer = reading.maybe_word("wearer");
  out.device = reading.maybe_word("device");
  out.hold = reading.maybe_word("hold");
  if (out.hold && mapping.no_hold.contains(fold(*out.hold))) out.hold.reset();
  if (out.hold) {
    reading.find("hold", said(mapping, row, "hold").column,
                 fmt::format("It is held there: \"{}\"", first_characters(*out.hold, 80)),
                 "A hold is placed on the recording once it is here; it stands until two people release it");
  }
  out.retain_until = reading.word("retain_until");
  if (!out.retain_until.empty()) {
    const auto until = reading.time("retain_until", zone);
    reading.find(
        "retention", said(mapping, row, "retain_until").column,
        fmt::format("Its clock of keeping runs there until {}", until ? ledger_time(*until) : out.retain_until),
        "It is kept with the recording and decides nothing here: the agency's own rules do");
  }
  return out;
}

Result<std::vector<Finding>> check_columns(const Mapping& mapping, const std::vector<std::string>& columns) {
  std::vector<Finding> out;
  for (const auto& [name, field] : mapping.fields) {
    const bool is_there = std::ranges::any_of(
        field.columns, [&](const std::string& column) { return std::ranges::find(columns, column) != columns.end(); });
    if (is_there) continue;
    std::string wanted;
    for (const std::string& column : field.columns) wanted += (wanted.empty() ? "\"" : ", \"") + column + "\"";
    if (name == "file") {
      std::string there;
      for (const std::string& column : columns) there += (there.empty() ? "" : ", ") + printable(column);
      return fail(Code::kInvalid,
                  fmt::format("The inventory has no column {}, by which files are found; its columns are {}", wanted,
                              first_characters(there, 500)));
    }
    out.push_back({"no_column",
                   {},
                   {},
                   field.columns.front(),
                   fmt::format("The inventory has no column {}", wanted),
                   fmt::format("Nothing is known of \"{}\"; name its column in a mapping of your own", name)});
  }
  return out;
}

}  // namespace lapel::imports
