// SPDX-License-Identifier: Apache-2.0
#include "cameras/record.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/problems.h"
#include "base/text.h"
#include "cameras/schema.h"
#include "crypto/sha256.h"
#include "ledger/feed.h"
#include "proof/entry.h"
#include "protocol/track.h"

namespace lapel::cameras {
namespace {

constexpr std::int64_t kEventsAtOnce = 500;
constexpr std::int64_t kPeriodUs = 2'000'000;
constexpr std::int64_t kDevicesAtOnce = 100;
constexpr std::int64_t kShownMax = 200;
constexpr std::int64_t kHeaderUncertaintyMs = 1'000;  // a file's header, and a name, have whole seconds
constexpr std::size_t kFindingsAtOnce = 500;          // of one camera in one act; the next turn goes on

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0 && out <= kCanonicalIntegerMax
             ? std::optional(out)
             : std::nullopt;
}

std::string word(const Json& more, std::string_view member) {
  const std::string* text = more.find_string(member);
  return text ? *text : std::string();
}

// "1-9999", as whoever uploads says it: believed as far as it makes sense.
std::optional<Counter> parse_counter(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
  if (!first || !last || *first >= *last || *last > 1'000'000'000) return std::nullopt;
  return Counter{*first, *last};
}

template <typename AnyId>
Result<AnyId> id_in(const db::Row& row, std::string_view column) {
  const auto id = AnyId::parse(row.text(column));
  if (!id) return fail(Code::kCorrupt, "A row of the catalog is damaged", std::string(column));
  return *id;
}

access::Actor console_actor(const roster::Agency& agency) {
  return {agency.id, agency.slug, agency.console, {}, {}, {}, {}};
}

// In the ledger's own steps of a hundredth of a second, so that event and row say the same.
Timestamp stepped(Timestamp time) {
  return {time.us / 10'000 * 10'000};
}

struct Difference {
  std::int64_t ms = 0;
  std::string_view way;
};
Difference difference(Timestamp camera, Timestamp truth) {
  const std::int64_t ms = (camera - truth) / 1'000;
  return {ms < 0 ? -ms : ms, ms < 0 ? "slow" : "fast"};
}

}  // namespace

// A file of a camera, as it was described when it came.
struct CameraRecord::File {
  RecordingId recording;
  DeviceId device;
  std::string counter, channel, sha256;
  std::optional<std::int64_t> number;
  std::optional<Counter> range;
  std::optional<RecordingId> group;
  Timestamp at;
  std::optional<std::int64_t> ahead_s;  // its camera's clock, at least
  bool is_side_car = false;
};

struct CameraRecord::Page {
  std::int64_t before = -1, mark = -1;
  bool has_mark = false, is_last = true;
  std::vector<File> files;
  std::vector<RecordingId> probed, tracked;
};

// ---- following ----

Result<CameraRecord::Page> CameraRecord::read_page(const roster::Agency& agency) {
  Page out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    const db::Rows marks = TRY(
        tx.query("SELECT leaf_index FROM camera_marks WHERE agency = :agency LIMIT 1", {{"agency", agency.id.text()}}));
    out.has_mark = !marks.empty();
    if (out.has_mark) out.before = marks[0].integer("leaf_index");
    constexpr std::string_view kTypes[] = {"recording.admitted", "recording.derived"};
    const ledger::FeedPage page = TRY(ledger::read_feed(tx, agency.id, kTypes, out.before, kEventsAtOnce));
    out.mark = page.mark;
    out.is_last = page.is_last;
    for (const ledger::SealedEvent& sealed : page.events) {
      const RecordingId recording(sealed.subject.bytes());
      if (sealed.type == "recording.derived") {
        const auto event = proof::parse_event(sealed.event);
        const std::string* kind = event ? event->find_string("kind") : nullptr;
        if (kind && *kind == "probe") out.probed.push_back(recording);
        if (kind && *kind == "track") out.tracked.push_back(recording);
        continue;
      }
      for (const db::Row& row :
           TRY(tx.query("SELECT r.recorded_us, r.received_us, r.sha256, r.group_id, r.more, d.id AS device_id FROM "
                        "recordings r JOIN devices d ON d.agency = r.agency AND d.serial = r.device WHERE r.id = :id "
                        "AND r.agency = :agency LIMIT 1",
                        {{"id", recording.text()}, {"agency", agency.id.text()}}))) {
        File file;
        file.recording = recording;
        file.device = TRY(id_in<DeviceId>(row, "device_id"));
        file.sha256 = row.text("sha256");
        if (row.maybe_text("group_id")) file.group = TRY(id_in<RecordingId>(row, "group_id"));
        file.at = {row.maybe_integer("recorded_us").value_or(row.integer("received_us"))};
        const Json more = TRY(parse_json(row.text("more")));
        file.counter = word(more, "camera_profile");
        file.channel = word(more, "camera_channel");
        file.number = number(word(more, "camera_sequence"));
        file.range = parse_counter(word(more, "camera_counter"));
        file.ahead_s = number(word(more, "camera_ahead_s"));
        if (file.ahead_s > kCanonicalIntegerMax / 1'000) file.ahead_s.reset();  // no event could say it
        file.is_side_car = word(more, "camera_role") == "side_car";
        const bool is_counted = file.number && file.range && !file.counter.empty() &&
                                *file.number >= file.range->first && *file.number <= file.range->last;
        if (!is_counted) file.number.reset();
        out.files.push_back(std::move(file));
      }
    }
    return {};
  }));
  return out;
}

Result<void> CameraRecord::keep(db::Transaction& tx, const AgencyId& agency, const Page& page) {
  const db::Params mark = {{"agency", agency.text()}, {"mark", page.mark}, {"before", page.before}};
  std::int64_t moved = 0;
  if (page.has_mark) {
    moved =
        TRY(tx.run("UPDATE camera_marks SET leaf_index = :mark WHERE agency = :agency AND leaf_index = :before", mark));
  } else {
    moved =
        TRY(tx.run("INSERT INTO camera_marks (agency, leaf_index) VALUES (:agency, :mark) ON CONFLICT (agency) DO "
                   "NOTHING",
                   {{"agency", agency.text()}, {"mark", page.mark}}));
  }
  if (moved != 1) return fail(Code::kConflict, "Another server has read these files", agency.text());
  const Timestamp now = parts_.clock.now();
  for (const File& file : page.files) {
    if (file.is_side_car) continue;
    const auto of_counter = [&](std::int64_t value) { return file.number ? std::optional(value) : std::nullopt; };
    TRY(tx.run(
        "INSERT INTO camera_numbers (recording, agency, device, counter, channel, number, first_number, last_number, "
        "at_us, group_id, sha256, seen_us, is_judged) VALUES (:recording, :agency, :device, :counter, :channel, "
        ":number, :first, :last, :at, :group_id, :sha256, :now, 0) ON CONFLICT (recording) DO NOTHING",
        {{"recording", file.recording.text()},
         {"agency", agency.text()},
         {"device", file.device.text()},
         {"counter", file.counter},
         {"channel", file.channel},
         {"number", file.number},
         {"first", of_counter(file.range.value_or(Counter{}).first)},
         {"last", of_counter(file.range.value_or(Counter{}).last)},
         {"at", file.at.us},
         {"group_id", file.group ? std::optional(file.group->text()) : std::nullopt},
         {"sha256", file.sha256},
         {"now", now.us}}));
  }
  // By the file's own header alone: two files of one camera have it of one clock, whatever that is set to.
  for (const RecordingId& recording : page.probed) {
    TRY(
        tx.run("UPDATE camera_numbers SET start_us = (SELECT file_created_us FROM recordings WHERE id = :id), end_us = "
               "(SELECT file_created_us + duration_ms * 1000 FROM recordings WHERE id = :id), seen_us = :now, "
               "is_judged = 0 WHERE recording = :id AND EXISTS (SELECT 1 FROM recordings WHERE id = :id AND "
               "file_created_us > 0 AND duration_ms > 0)",
               {{"id", recording.text()}, {"now", now.us}}));
  }
  return {};
}

Result<void> CameraRecord::follow(const roster::Agency& agency) {
  for (;;) {
    const Page page = TRY(read_page(agency));
    const bool has_news = !page.files.empty() || !page.probed.empty() || !page.tracked.empty();
    if (has_news || page.mark > page.before) {
      TRY(measure_clocks(agency, page));
      auto kept = parts_.database.write([&](db::Transaction& tx) { return keep(tx, agency.id, page); });
      if (!kept && kept.error().code() == Code::kConflict) return {};  // another server follows just now
      TRY(std::move(kept));
    }
    if (page.is_last) break;
  }
  return judge_due(agency);
}

// ---- clocks ----

Result<void> CameraRecord::measure_clocks(const roster::Agency& agency, const Page& page) {
  const access::Actor console = console_actor(agency);
  for (const File& file : page.files) {
    if (!file.ahead_s) continue;
    acts::Act act(console);
    act.guard([&](db::Transaction& tx) -> Result<void> {
      if (TRY(tx.query("SELECT id FROM camera_clocks WHERE agency = :agency AND recording = :id AND method = 'future' "
                       "LIMIT 1",
                       {{"agency", agency.id.text()}, {"id", file.recording.text()}}))
              .empty())
        return {};
      return fail(Code::kConflict, "This is measured already");
    });
    act.make(kClocks, file.device,
             {{"recording", file.recording.text()},
              {"method", "future"},
              {"offset_ms", *file.ahead_s * 1'000},
              {"way", "fast"},
              {"bound", "at_least"}});
    auto done = act.commit(parts_.ledgers);
    // What one file says of its camera's clock holds up nobody else's.
    if (!done && done.error().code() != Code::kConflict && done.error().code() != Code::kInvalid) return done;
  }
  for (const RecordingId& recording : page.tracked) {
    const auto measured = measure_track(console, recording);
    // A track that is missing or damaged measures nothing, and holds up nobody.
    if (!measured && measured.error().code() != Code::kCorrupt && measured.error().code() != Code::kNotFound &&
        measured.error().code() != Code::kInvalid && measured.error().code() != Code::kConflict)
      return measured;
  }
  return {};
}

// As its row describes it, checked against its digest. Nobody is shown it here: what comes of it is one number.
Result<Bytes> CameraRecord::read_track(const RecordingId& recording) {
  std::string object, sha256;
  std::int64_t bytes = 0;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT object, sha256, bytes FROM derived_items WHERE recording = :id AND kind = "
                     "'track' LIMIT 1",
                     {{"id", recording.text()}}));
    if (rows.empty() || !rows[0].maybe_text("object")) return fail(Code::kNotFound, "This recording has no track");
    object = rows[0].text("object");
    sha256 = rows[0].text("sha256");
    bytes = rows[0].integer("bytes");
    return {};
  }));
  Bytes text = TRY(bucket::get(parts_.bucket, object, static_cast<std::size_t>(bytes)));
  if (hex(crypto::sha256(text)) != sha256) return fail(Code::kCorrupt, "A stored track is damaged", object);
  return text;
}

// What the receiver of satellites says of a moment, against what the camera wrote of the same one.
Result<void> CameraRecord::measure_track(const access::Actor& console, const RecordingId& recording) {
  const Bytes text = TRY(read_track(recording));
  const protocol::Track track = TRY(protocol::parse_track(as_text(text)));
  if (protocol::has_remark(track, protocol::TrackRemark::kZoneUnknown) ||
      protocol::has_remark(track, protocol::TrackRemark::kPlanned))
    return {};
  const auto point =
      std::find_if(track.points.begin(), track.points.end(), [](const auto& each) { return each.at_ms && each.time; });
  if (point == track.points.end()) return {};
  const Timestamp truth = stepped({point->time->us - *point->at_ms * 1'000});
  std::optional<DeviceId> device;
  std::optional<Timestamp> camera;
  bool is_measured = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    device.reset();
    for (const db::Row& row : TRY(tx.query(
             "SELECT r.file_created_us, d.id AS device_id, (SELECT COUNT(*) FROM camera_clocks c WHERE c.agency "
             "= r.agency AND c.recording = r.id AND c.method = 'satellites') AS measured FROM recordings r JOIN "
             "devices d ON d.agency = r.agency AND d.serial = r.device WHERE r.id = :id AND r.agency = :agency "
             "LIMIT 1",
             {{"id", recording.text()}, {"agency", console.agency.text()}}))) {
      device = TRY(id_in<DeviceId>(row, "device_id"));
      is_measured = row.integer("measured") > 0;
      const auto created = row.maybe_integer("file_created_us");
      if (created && *created > 0 && *created < kLedgerTimeEndUs) camera = stepped({*created});
    }
    return {};
  }));
  if (!device || !camera || is_measured || truth.us < 0 || truth.us >= kLedgerTimeEndUs) return {};
  const Difference off = difference(*camera, truth);
  acts::Act act(console);
  act.make(kClocks, *device,
           {{"recording", recording.text()},
            {"method", "satellites"},
            {"offset_ms", off.ms},
            {"way", off.way},
            {"uncertainty_ms", kHeaderUncertaintyMs},
            {"camera", ledger_time(*camera)},
            {"truth", ledger_time(truth)}});
  return act.commit(parts_.ledgers);
}

// ---- judging ----

void CameraRecord::card_is_read(const AgencyId& agency, const std::vector<std::string>& serials) {
  if (serials.empty()) return;
  {
    const os::MutexLock lock(mutex_);
    for (const std::string& serial : serials) read_.emplace(agency, serial);
  }
  if (worker_) worker_->nudge();
}

Result<void> CameraRecord::judge_due(const roster::Agency& agency) {
  std::set<std::string> read;
  {
    const os::MutexLock lock(mutex_);
    for (auto it = read_.begin(); it != read_.end();) {
      if (it->first == agency.id) {
        read.insert(it->second);
        it = read_.erase(it);
      } else {
        ++it;
      }
    }
  }
  std::set<DeviceId> due;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    due.clear();
    for (const db::Row& row : TRY(tx.query(
             "SELECT n.device, d.serial, MAX(n.seen_us) AS seen_us FROM camera_numbers n JOIN devices d ON d.id = "
             "n.device WHERE n.agency = :agency AND n.is_judged = 0 GROUP BY n.device, d.serial ORDER BY n.device "
             "LIMIT :limit",
             {{"agency", agency.id.text()}, {"limit", kDevicesAtOnce}}))) {
      if (!read.contains(row.text("serial")) && parts_.clock.now().us - row.integer("seen_us") < kQuietUs) continue;
      due.insert(TRY(id_in<DeviceId>(row, "device")));
    }
    return {};
  }));
  for (const DeviceId& device : due) TRY(judge(agency, device));
  return {};
}

Result<void> CameraRecord::judge(const roster::Agency& agency, const DeviceId& device) {
  struct Stretch {
    RecordingId recording;
    std::string channel;
    std::optional<RecordingId> group;
    std::int64_t start_us = 0, end_us = 0;
  };
  using Line = std::tuple<std::string, std::string, std::int64_t, std::int64_t>;  // counter, channel, first, last
  std::map<Line, std::vector<Counted>> lines;
  std::vector<Stretch> stretches;
  std::int64_t newest_us = 0;
  using GapKey = std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::string, std::string>;
  std::map<GapKey, roster::SealedRowId> open;
  std::set<std::tuple<std::string, std::string, std::string>> told;  // kind, recording, other
  std::set<std::string> counted;                                     // files that are looked at: the newest
  const db::Params of = {{"agency", agency.id.text()}, {"device", device.text()}, {"limit", kFilesJudgedMax}};
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    lines.clear();
    stretches.clear();
    open.clear();
    told.clear();
    counted.clear();
    newest_us = 0;
    for (const db::Row& row : TRY(tx.query(
             "SELECT recording, counter, channel, number, first_number, last_number, at_us, group_id, sha256, seen_us, "
             "start_us, end_us FROM camera_numbers WHERE agency = :agency AND device = :device ORDER BY at_us DESC, "
             "recording LIMIT :limit",
             of))) {
      const RecordingId recording = TRY(id_in<RecordingId>(row, "recording"));
      newest_us = std::max(newest_us, row.integer("seen_us"));
      counted.insert(recording.text());
      std::optional<RecordingId> group;
      if (row.maybe_text("group_id")) group = TRY(id_in<RecordingId>(row, "group_id"));
      // Further files of a recording have its number.
      if (const auto value = row.maybe_integer("number"); value && !group)
        lines[{row.text("counter"), row.text("channel"), row.integer("first_number"), row.integer("last_number")}]
            .push_back({recording, *value, {row.integer("at_us")}, row.text("sha256")});
      const auto start = row.maybe_integer("start_us"), end = row.maybe_integer("end_us");
      if (start && end) stretches.push_back({recording, row.text("channel"), group, *start, *end});
    }
    for (const db::Row& row : TRY(tx.query(
             "SELECT id, counter, channel, first_number, last_number, before_file, after_file FROM camera_gaps "
             "WHERE agency = :agency AND device = :device AND closed_us IS NULL ORDER BY leaf_index, id LIMIT :limit",
             of))) {
      open.emplace(GapKey{row.text("counter"), row.maybe_text("channel").value_or(""), row.integer("first_number"),
                          row.integer("last_number"), row.text("before_file"), row.text("after_file")},
                   TRY(id_in<roster::SealedRowId>(row, "id")));
    }
    for (const db::Row& row :
         TRY(tx.query("SELECT kind, recording, other FROM camera_overlaps WHERE agency = :agency AND device = :device "
                      "ORDER BY leaf_index DESC, id LIMIT :limit",
                      of)))
      told.emplace(row.text("kind"), row.text("recording"), row.text("other"));
    return {};
  }));

  const access::Actor console = console_actor(agency);
  acts::Act act(console);
  const auto has_room = [&] { return act.events() < kFindingsAtOnce; };
  std::set<GapKey> standing;
  std::vector<std::pair<GapKey, std::int64_t>> found;
  for (const auto& [line, files] : lines) {
    const auto& [counter, channel, first, last] = line;
    const Counts counts = count({first, last}, files);
    for (const Gap& gap : counts.gaps) {
      GapKey key{counter, channel, gap.first, gap.last, gap.before.text(), gap.after.text()};
      if (!open.contains(key)) found.emplace_back(key, gap.missing);
      standing.insert(std::move(key));
    }
    for (const Repeat& repeat : counts.repeats) {
      if (told.contains({"number", repeat.recording.text(), repeat.other.text()}) || !has_room()) continue;
      act.make(kOverlaps, device,
               {{"kind", "number"},
                {"recording", repeat.recording.text()},
                {"other", repeat.other.text()},
                {"number", repeat.number}});
    }
  }
  const std::string now = ledger_time(parts_.clock.now());
  for (const auto& [key, id] : open) {
    // Of files that are too old to be looked at nothing new is known.
    const bool is_known = counted.contains(std::get<4>(key)) && counted.contains(std::get<5>(key));
    if (is_known && !standing.contains(key) && has_room()) act.end(kGaps, device, id, {{"closed", now}});
  }
  for (const auto& [key, missing] : found) {
    if (!has_room()) break;
    const auto& [counter, channel, first, last, before, after] = key;
    Json::Object values = {{"counter", counter}, {"first", first},   {"last", last},
                           {"missing", missing}, {"before", before}, {"after", after}};
    if (!channel.empty()) values.emplace("channel", channel);
    act.make(kGaps, device, std::move(values));
  }
  const bool has_room_left = has_room();
  if (act.events() > 0) {
    auto done = act.commit(parts_.ledgers);
    if (!done && done.error().code() == Code::kConflict)
      return {};  // another server has told it: the next turn looks again
    TRY(std::move(done));
  }
  // In an act of their own: where a pair was told already, gaps are told all the same.
  acts::Act overlaps(console);
  const auto has_room_for_more = [&] { return overlaps.events() < kFindingsAtOnce; };
  std::sort(stretches.begin(), stretches.end(), [](const Stretch& a, const Stretch& b) {
    return std::tie(a.start_us, a.recording) < std::tie(b.start_us, b.recording);
  });
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    for (std::size_t j = i + 1; j < stretches.size() && has_room_for_more(); ++j) {
      const Stretch &a = stretches[i], &b = stretches[j];
      if (b.start_us + kOverlapUs > a.end_us) break;
      // Parts of one recording begin with it, by their headers; two lenses record at once.
      const RecordingId of_a = a.group.value_or(a.recording), of_b = b.group.value_or(b.recording);
      if (of_a == of_b || a.channel != b.channel || std::min(a.end_us, b.end_us) - b.start_us < kOverlapUs) continue;
      if (told.contains({"time", b.recording.text(), a.recording.text()})) continue;
      overlaps.make(kOverlaps, device,
                    {{"kind", "time"},
                     {"recording", b.recording.text()},
                     {"other", a.recording.text()},
                     {"shared_ms", (std::min(a.end_us, b.end_us) - b.start_us) / 1'000}});
    }
  }
  const bool is_all = has_room_left && has_room_for_more();
  if (overlaps.events() > 0) {
    auto done = overlaps.commit(parts_.ledgers);
    // Told by another server, or so long ago that it was not read: with the camera's next file it is looked at once more.
    if (!done && done.error().code() != Code::kConflict) return fail(std::move(done).error());
  }
  if (!is_all) return {};
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "UPDATE camera_numbers SET is_judged = 1 WHERE agency = :agency AND device = :device AND is_judged = 0 AND "
        "seen_us <= :newest",
        {{"agency", agency.id.text()}, {"device", device.text()}, {"newest", newest_us}}));
    return {};
  });
}

// ---- what is shown ----

namespace {

Json gap_json(const roster::SealedRow& row, const std::optional<Counter>& counter) {
  Json::Array numbers;
  const std::int64_t missing = row.number("missing").value_or(0);
  if (counter) {
    for (const std::int64_t each : numbers_of(*counter, row.number("first").value_or(0), missing, kMissingShownMax))
      numbers.emplace_back(each);
  }
  return Json(Json::Object{{"id", row.id.text()},
                           {"counter", row.text("counter")},
                           {"channel", row.text("channel").empty() ? Json() : Json(row.text("channel"))},
                           {"first", row.number("first").value_or(0)},
                           {"last", row.number("last").value_or(0)},
                           {"missing", missing},
                           {"numbers", std::move(numbers)},
                           {"found_at", ledger_time(row.entered_at)},
                           {"closed_at", row.time("closed") ? Json(ledger_time(*row.time("closed"))) : Json()}});
}

Json clock_json(const roster::SealedRow& row) {
  const auto time = [&](std::string_view member) {
    return row.time(member) ? Json(ledger_time(*row.time(member))) : Json();
  };
  return Json(
      Json::Object{{"recording", row.text("recording")},
                   {"method", row.text("method")},
                   {"offset_ms", row.number("offset_ms").value_or(0)},
                   {"way", row.text("way")},
                   {"at_least", row.text("bound") == "at_least"},
                   {"uncertainty_ms", row.number("uncertainty_ms") ? Json(*row.number("uncertainty_ms")) : Json()},
                   {"camera_said", time("camera")},
                   {"true_time", time("truth")},
                   {"measured_at", ledger_time(row.entered_at)}});
}

// The numbers that a counter of this camera has.
Result<std::optional<Counter>> counter_of(db::Transaction& tx, const AgencyId& agency, const SubjectId& device,
                                          const std::string& name) {
  const db::Rows rows =
      TRY(tx.query("SELECT first_number, last_number FROM camera_numbers WHERE agency = :agency AND "
                   "device = :device AND counter = :counter AND number IS NOT NULL ORDER BY at_us DESC, "
                   "recording LIMIT 1",
                   {{"agency", agency.text()}, {"device", device.text()}, {"counter", name}}));
  if (rows.empty()) return std::optional<Counter>();
  return std::optional(Counter{rows[0].integer("first_number"), rows[0].integer("last_number")});
}

Result<Json::Array> gaps_json(db::Transaction& tx, const AgencyId& agency, const roster::RowQuery& query) {
  Json::Array out;
  for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kGaps, agency, query)))
    out.push_back(gap_json(row, TRY(counter_of(tx, agency, row.subject, row.text("counter")))));
  return out;
}

}  // namespace

Result<Json::Object> CameraRecord::of_recording(const access::Actor& actor, const RecordingId& id) {
  const evidence::Recording recording = TRY(parts_.vault.show(actor, id));
  Json::Object out;
  std::vector<RecordingId> others;
  std::vector<std::pair<RecordingId, Json::Object>> overlaps;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    others.clear();
    overlaps.clear();
    const auto of = [&](std::string_view column, const RecordingId& file) {
      return roster::RowQuery{
          {{column, file.text()}}, roster::RowQuery::Which::kAll, roster::RowQuery::Order::kNewestFirst, kShownMax};
    };
    // A recording's number is its first file's.
    const RecordingId first = recording.clips.empty() ? id : recording.clips.front().id;
    out.emplace("missing_before", TRY(gaps_json(tx, actor.agency, of("after_file", first))));
    out.emplace("missing_after", TRY(gaps_json(tx, actor.agency, of("before_file", first))));
    Json::Array clocks;
    const auto add = [&](const RecordingId& file) -> Result<void> {
      for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kClocks, actor.agency, of("recording", file))))
        clocks.push_back(clock_json(row));
      for (const std::string_view column : {"recording", "other"}) {
        for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kOverlaps, actor.agency, of(column, file)))) {
          const auto other = RecordingId::parse(row.text(column == "recording" ? "other" : "recording"));
          if (!other) continue;
          others.push_back(*other);
          overlaps.emplace_back(
              *other, Json::Object{{"kind", row.text("kind")},
                                   {"shared_ms", row.number("shared_ms") ? Json(*row.number("shared_ms")) : Json()},
                                   {"number", row.number("number") ? Json(*row.number("number")) : Json()},
                                   {"found_at", ledger_time(row.entered_at)}});
        }
      }
      return {};
    };
    if (recording.clips.empty()) TRY(add(id));
    for (const evidence::Clip& clip : recording.clips) TRY(add(clip.id));
    out.emplace("clock", std::move(clocks));
    return {};
  }));
  // Which other recording it is, only for whoever may have that one.
  const std::set<RecordingId> shown = TRY(parts_.vault.shown_of(actor, others));
  Json::Array list;
  for (auto& [other, overlap] : overlaps) {
    overlap.emplace("other", shown.contains(other) ? Json(other.text()) : Json());
    list.emplace_back(std::move(overlap));
  }
  out.emplace("overlaps", std::move(list));
  out.emplace("device", recording.description.device ? Json(*recording.description.device) : Json());
  return out;
}

Result<Json::Object> CameraRecord::of_device(const access::Actor& actor, const std::string& text) {
  TRY(acts::require(actor, access::Action::kSeeFleet));
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const db::Rows rows =
        TRY(tx.query("SELECT id, serial FROM devices WHERE agency = :agency AND (id = :text OR serial = "
                     ":text) ORDER BY CASE WHEN id = :text THEN 0 ELSE 1 END, id LIMIT 1",
                     {{"agency", actor.agency.text()}, {"text", text}}));
    if (rows.empty()) return fail(Code::kNotFound, "No such camera");
    const roster::RowQuery query{{{"device", rows[0].text("id")}},
                                 roster::RowQuery::Which::kAll,
                                 roster::RowQuery::Order::kNewestFirst,
                                 kShownMax};
    out.emplace("id", rows[0].text("id"));
    out.emplace("serial", rows[0].text("serial"));
    out.emplace("gaps", TRY(gaps_json(tx, actor.agency, query)));
    Json::Array clocks, overlaps;
    for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kClocks, actor.agency, query)))
      clocks.push_back(clock_json(row));
    for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kOverlaps, actor.agency, query))) {
      overlaps.emplace_back(
          Json::Object{{"kind", row.text("kind")},
                       {"recording", row.text("recording")},
                       {"other", row.text("other")},
                       {"shared_ms", row.number("shared_ms") ? Json(*row.number("shared_ms")) : Json()},
                       {"number", row.number("number") ? Json(*row.number("number")) : Json()},
                       {"found_at", ledger_time(row.entered_at)}});
    }
    out.emplace("clock", std::move(clocks));
    out.emplace("overlaps", std::move(overlaps));
    return {};
  }));
  return out;
}

// ---- the thread ----

void CameraRecord::step() {
  std::vector<roster::Agency> agencies;
  const auto read = parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agencies = TRY(roster::agencies(tx));
    return {};
  });
  if (!read) return;  // the next turn tries again
  for (const roster::Agency& agency : agencies) {
    if (const auto followed = follow(agency); !followed)
      fmt::print(stderr, "lapel: what cameras recorded is not judged yet: {}\n", printable(followed.error().text()));
  }
}

void CameraRecord::begin() {
  worker_ = std::make_unique<os::PeriodicWorker>("camera-record", kPeriodUs, [this] { step(); });
  worker_->nudge();
}

}  // namespace lapel::cameras
