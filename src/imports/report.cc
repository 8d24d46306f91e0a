// SPDX-License-Identifier: Apache-2.0
// What an import came to, line by line: rows of the inventory in their order, then what is in the folder beside them, the vendor's
// documents, and what was refused. Of a closed import every line stays as it was.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "acts/act.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "imports/imports.h"
#include "imports/schema.h"
#include "paper/csv.h"
#include "roster/pending_imports.h"

namespace lapel::imports {
namespace {

constexpr std::int64_t kLinesAtOnce = 200;
constexpr std::size_t kReportPieceBytes = 256 * 1024;
constexpr std::int64_t kUnsentAtOnce = 10'000;  // uploads that were begun and are taken back

constexpr std::string_view kFileStatus =
    "CASE WHEN f.state = 'in' THEN {} WHEN EXISTS (SELECT 1 FROM uploads u WHERE u.id = f.upload AND u.state IN "
    "('sealing', "
    "'sealed')) THEN 'sealing' ELSE 'unsent' END";

std::string file_status(std::string_view arrived) {
  std::string out(kFileStatus);
  return out.replace(out.find("{}"), 2, arrived);
}

// Each section gives the same columns.
std::string section(int number) {
  constexpr std::string_view kNoRow =
      "CAST(NULL AS TEXT) AS place, CAST(NULL AS TEXT) AS vendor_id, CAST(NULL AS BIGINT) AS vendor_bytes, CAST(NULL "
      "AS TEXT) AS "
      "vendor_hash, CAST(NULL AS BIGINT) AS recorded_us, CAST(NULL AS TEXT) AS category, CAST(NULL AS TEXT) AS "
      "vendor_category, "
      "CAST(NULL AS TEXT) AS incident, CAST(NULL AS TEXT) AS wearer, CAST(NULL AS TEXT) AS device, CAST(NULL AS TEXT) "
      "AS "
      "hold_words, CAST(NULL AS TEXT) AS retain_until";
  constexpr std::string_view kFile =
      "f.n AS n, f.path AS path, f.bytes AS bytes, f.recording AS recording, f.sha256 AS sha256, f.agrees AS agrees, "
      "f.state "
      "AS state, CAST(NULL AS TEXT) AS sentence";
  const std::string_view settled =
      "CASE WHEN EXISTS (SELECT 1 FROM import_recordings o WHERE o.recording = f.recording AND o.settled_us IS NOT "
      "NULL) THEN 1 "
      "ELSE 0 END AS is_settled";
  switch (number) {
    case 0:
      return fmt::format(
          "SELECT r.n AS n, coalesce(f.path, r.file) AS path, f.bytes AS bytes, f.recording AS recording, f.sha256 AS "
          "sha256, "
          "f.agrees AS agrees, f.state AS state, CAST(NULL AS TEXT) AS sentence, CASE WHEN f.path IS NULL THEN "
          "'missing' ELSE {} "
          "END AS status, {}, r.place AS place, r.vendor_id AS vendor_id, r.bytes AS vendor_bytes, r.hash AS "
          "vendor_hash, "
          "r.recorded_us AS recorded_us, r.category AS category, r.vendor_category AS vendor_category, r.incident AS "
          "incident, "
          "r.wearer AS wearer, r.device AS device, r.hold_words AS hold_words, r.retain_until AS retain_until FROM "
          "import_rows r "
          "LEFT JOIN import_files f ON f.import = r.import AND f.row_n = r.n WHERE r.import = :import AND r.n > :after "
          "AND r.file "
          "<> ''",
          file_status("CASE WHEN f.agrees = 'no' THEN 'differs' ELSE 'arrived' END"), settled);
    case 1:
      return fmt::format(
          "SELECT {}, {} AS status, {}, {} FROM import_files f WHERE f.import = :import AND f.n > :after AND f.role = "
          "'file' AND "
          "f.row_n IS NULL",
          kFile, file_status("'extra'"), settled, kNoRow);
    case 2:
      return fmt::format(
          "SELECT {}, {} AS status, {}, {} FROM import_files f WHERE f.import = :import AND f.n > :after AND f.role <> "
          "'file'",
          kFile, file_status("'document'"), settled, kNoRow);
    default:
      return fmt::format(
          "SELECT x.n AS n, x.path AS path, CAST(NULL AS BIGINT) AS bytes, CAST(NULL AS TEXT) AS recording, CAST(NULL "
          "AS TEXT) AS "
          "sha256, CAST(NULL AS TEXT) AS agrees, CAST(NULL AS TEXT) AS state, x.sentence AS sentence, 'refused' AS "
          "status, 0 AS "
          "is_settled, {} FROM import_refusals x WHERE x.import = :import AND x.n > :after",
          kNoRow);
  }
}

Line read_line(const db::Row& row, std::int64_t rank, const ImportId& id) {
  const auto text = [&](std::string_view column) { return row.maybe_text(column).value_or(""); };
  Line out;
  out.place = {rank, row.integer("n"), id.text()};
  out.status = row.text("status");
  out.path = row.text("path");
  out.row = text("place");
  out.vendor_id = text("vendor_id");
  out.bytes = row.maybe_integer("bytes");
  out.vendor_bytes = row.maybe_integer("vendor_bytes");
  out.vendor_hash = text("vendor_hash");
  // What was never whole here has neither.
  if (text("state") == "in") {
    out.recording = text("recording");
    out.sha256 = text("sha256");
    out.agrees = text("agrees");
  }
  if (const auto us = row.maybe_integer("recorded_us")) out.recorded_at = Timestamp{*us};
  out.category = text("category");
  out.vendor_category = text("vendor_category");
  out.incident = text("incident");
  out.wearer = text("wearer");
  out.device = text("device");
  out.hold = text("hold_words");
  out.retain_until = text("retain_until");
  out.sentence = text("sentence");
  out.is_settled = row.integer("is_settled") == 1;
  return out;
}

// In the order of the columns.
constexpr auto kColumns = std::to_array<std::string_view>(
    {"status",    "path",        "row",    "vendor_id", "bytes",        "vendor_bytes", "sha256",
     "algorithm", "vendor_hash", "agrees", "recording", "recorded_at",  "category",     "vendor_category",
     "incident",  "wearer",      "device", "hold",      "retain_until", "sentence"});
std::array<std::string, kColumns.size()> cells_of(const Line& line) {
  const auto number = [](const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : std::string();
  };
  return {line.status,        line.path,
          line.row,           line.vendor_id,
          number(line.bytes), number(line.vendor_bytes),
          line.sha256,        line.algorithm,
          line.vendor_hash,   line.agrees,
          line.recording,     line.recorded_at ? ledger_time(*line.recorded_at) : std::string(),
          line.category,      line.vendor_category,
          line.incident,      line.wearer,
          line.device,        line.hold,
          line.retain_until,  line.sentence};
}

// Into a file, hashed on the way.
class ReportFile {
 public:
  explicit ReportFile(std::shared_ptr<os::File> file) : file_(std::move(file)) {}
  Result<void> add(std::string_view text) {
    waiting_ += text;
    return waiting_.size() < kReportPieceBytes ? Result<void>() : flush();
  }
  Result<Imports::Report> finish() {
    TRY(flush());
    return Imports::Report{file_, written_, hex(hash_.finish())};
  }

 private:
  Result<void> flush() {
    if (waiting_.empty()) return {};
    TRY(file_->write_at(written_, as_bytes(waiting_)));
    hash_.update(as_bytes(waiting_));
    written_ += waiting_.size();
    waiting_.clear();
    return {};
  }

  const std::shared_ptr<os::File> file_;
  crypto::Sha256 hash_;
  std::string waiting_;
  std::uint64_t written_ = 0;
};

}  // namespace

namespace {

Result<std::vector<Line>> lines_after(db::Transaction& tx, const ImportId& id, const std::string& status,
                                      const std::optional<ListPlace>& after) {
  std::vector<Line> out;
  const std::int64_t first = after ? after->rank : 0;
  for (std::int64_t rank = std::max<std::int64_t>(first, 0); rank <= 3 && out.empty(); ++rank) {
    for (const db::Row& row : TRY(tx.query(
             fmt::format(
                 "SELECT n, path, bytes, recording, sha256, agrees, state, sentence, status, is_settled, place, "
                 "vendor_id, vendor_bytes, vendor_hash, recorded_us, category, vendor_category, incident, "
                 "wearer, device, hold_words, retain_until FROM ({}) s WHERE CAST(:status AS TEXT) = '' OR "
                 "status = CAST(:status AS TEXT) ORDER BY n LIMIT :limit",
                 section(static_cast<int>(rank))),
             {{"import", id.text()},
              {"after", after && rank == first ? after->us : 0},
              {"status", status},
              {"limit", kLinesAtOnce}}))) {
      out.push_back(read_line(row, rank, id));
    }
  }
  return out;
}

// As the report has it.
Result<std::string> algorithm_of(db::Transaction& tx, const AgencyId& agency, const std::string& mapping) {
  const Mapping read = TRY(mapping_in(tx, agency, mapping));
  return read.algorithm ? std::string(algorithm_name(*read.algorithm)) : std::string();
}

std::string csv_of(Line line, const std::string& algorithm) {
  if (!line.vendor_hash.empty()) line.algorithm = algorithm;
  return paper::csv_line(cells_of(line));
}

std::string csv_head() {
  const std::vector<std::string> names(kColumns.begin(), kColumns.end());
  return paper::csv_line(names);
}

}  // namespace

// The report of each closed import, made once more.
Result<void> check_reports(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  std::string after_id;
  for (;;) {
    const db::Rows imports =
        TRY(tx.query("SELECT id, mapping, report FROM imports WHERE agency = :agency AND closed_us IS NOT NULL AND id "
                     "> :after ORDER BY "
                     "id LIMIT :limit",
                     {{"agency", agency.text()}, {"after", after_id}, {"limit", kLinesAtOnce}}));
    for (const db::Row& import : imports) {
      after_id = import.text("id");
      const auto id = ImportId::parse(after_id);
      if (!id) {
        fault(fmt::format("import {} has a damaged id", after_id));
        continue;
      }
      const auto algorithm = algorithm_of(tx, agency, import.text("mapping"));
      if (!algorithm) {
        fault(fmt::format("import {}: {}", after_id, algorithm.error().message));
        continue;
      }
      crypto::Sha256 hash;
      hash.update(as_bytes(csv_head()));
      std::optional<ListPlace> after;
      for (;;) {
        const std::vector<Line> lines = TRY(lines_after(tx, *id, {}, after));
        if (lines.empty()) break;
        for (const Line& line : lines) hash.update(as_bytes(csv_of(line, *algorithm)));
        after = lines.back().place;
      }
      if (hex(hash.finish()) != import.text("report"))
        fault(fmt::format("the report of import {} is another than the one that was sealed when it was closed",
                          after_id));
    }
    if (static_cast<std::int64_t>(imports.size()) < kLinesAtOnce) return {};
  }
}

Result<Page<Line>> Imports::lines(const access::Actor& actor, const ImportId& id, const std::string& status,
                                  const PageQuery& query) {
  const Import import = TRY(known(actor, id, access::Action::kSeeImports));
  const Mapping mapping = TRY(mapping_of(actor.agency, import.mapping));
  Page<Line> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    std::optional<ListPlace> after = query.after;
    for (;;) {
      std::vector<Line> lines = TRY(lines_after(tx, id, status, after));
      if (lines.empty()) return {};
      for (Line& line : lines) {
        if (static_cast<std::int64_t>(out.items.size()) == query.limit) {
          out.next = cursor_of(out.items.back().place);
          return {};
        }
        after = line.place;
        if (!line.vendor_hash.empty() && mapping.algorithm) line.algorithm = algorithm_name(*mapping.algorithm);
        out.items.push_back(std::move(line));
      }
    }
  }));
  return out;
}

Result<Imports::Report> Imports::write_report(const ImportId& id, Form form) {
  std::optional<Import> import;
  std::optional<AgencyId> agency;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const db::Row& row :
         TRY(tx.query(fmt::format("SELECT {} FROM imports WHERE id = :id LIMIT 1", kImportRow), {{"id", id.text()}}))) {
      import = TRY(read_import(row));
      agency = AgencyId::parse(row.text("agency"));
    }
    return {};
  }));
  if (!import || !agency) return fail(Code::kNotFound, "No such import", id.text());
  const Mapping mapping = TRY(mapping_of(*agency, import->mapping));
  const os::Path path = parts_.scratch / hex(crypto::random_bytes<16>());
  TRY(os::make_directories(parts_.disk, parts_.scratch));
  std::shared_ptr<os::File> opened = TRY(parts_.disk.open(path, os::OpenMode::kCreate));
  // Without a name from the first byte on: nothing is left of it.
  TRY(parts_.disk.remove(path));
  ReportFile file(std::move(opened));
  const bool is_csv = form == Form::kCsv;
  if (is_csv) {
    TRY(file.add(csv_head()));
  } else {
    Json::Object head = {
        {"import", id.text()},      {"title", import->title},          {"profile", import->profile},
        {"system", import->system}, {"verified", import->is_verified}, {"mapping_sha256", import->mapping}};
    std::string text = to_json(Json(std::move(head)));
    text.back() = ',';
    TRY(file.add(text + "\"lines\":["));
  }
  std::optional<ListPlace> after;
  for (bool is_first = true;;) {
    std::vector<Line> lines;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      lines = TRY(lines_after(tx, id, {}, after));
      return {};
    }));
    if (lines.empty()) break;
    for (Line& line : lines) {
      if (!line.vendor_hash.empty() && mapping.algorithm) line.algorithm = algorithm_name(*mapping.algorithm);
      const auto cells = cells_of(line);
      if (is_csv) {
        TRY(file.add(paper::csv_line(cells)));
      } else {
        Json::Object members;
        for (std::size_t i = 0; i < cells.size(); ++i) {
          if (!cells[i].empty()) members.emplace(kColumns[i], cells[i]);
        }
        TRY(file.add((is_first ? "" : ",\n") + to_json(Json(std::move(members)))));
      }
      is_first = false;
    }
    after = lines.back().place;
  }
  if (!is_csv) TRY(file.add("]}\n"));
  return file.finish();
}

Result<Imports::Report> Imports::report(const access::Actor& actor, const ImportId& id, Form form) {
  TRY(known(actor, id, access::Action::kSeeImports));
  return write_report(id, form);
}

// What was begun and stays out: its upload goes, whoever began it, so that nothing becomes of it later.
Result<void> Imports::drop_unsent(const ImportId& id) {
  for (;;) {
    std::vector<UploadId> uploads;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      uploads.clear();
      for (const db::Row& row :
           TRY(tx.query("SELECT id FROM uploads WHERE state IN ('receiving', 'refused') AND recording IN (SELECT "
                        "recording FROM pending_imports WHERE import = :import) ORDER BY id LIMIT :limit",
                        {{"import", id.text()}, {"limit", kUnsentAtOnce}}))) {
        if (const auto upload = UploadId::parse(row.text("id"))) uploads.push_back(*upload);
      }
      return {};
    }));
    for (const UploadId& upload : uploads) {
      auto gone = parts_.uploads.take_back(upload);
      if (gone || gone.error().code() == Code::kNotFound || gone.error().problem == &problems::kUploadFinished)
        continue;
      return fail(Code::kBusy, "A file is being sent at this moment: try again", id.text());
    }
    if (static_cast<std::int64_t>(uploads.size()) < kUnsentAtOnce) return {};
  }
}

// Of the inventories that are here, one has not been read.
Result<bool> Imports::has_unread(const ImportId& id) {
  bool out = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    std::string named;
    for (const db::Row& row : TRY(tx.query("SELECT recording FROM import_files WHERE import = :import AND role = "
                                           "'inventory' AND state = 'in' ORDER BY path LIMIT :limit",
                                           {{"import", id.text()}, {"limit", kDocumentsMax + 1}})))
      named += (named.empty() ? "" : " ") + row.text("recording");
    const db::Rows read =
        TRY(tx.query("SELECT documents FROM import_readings WHERE import = :import LIMIT 1", {{"import", id.text()}}));
    out = !read.empty() && read[0].text("documents") != named;
    return {};
  }));
  return out;
}

Result<Import> Imports::close(const access::Actor& actor, const ImportId& id, const Closing& closing) {
  if (!closing.reason.empty()) TRY(acts::check_words("A reason", closing.reason));
  TRY(known_open(actor, id));
  while (TRY(settle_some(id.text()))) {
  }
  const Import import = TRY(counted(TRY(known_open(actor, id))));
  if (!import.is_read)
    return fail(Code::kConflict, "The inventory has not been read: there is nothing to reconcile with");
  if (import.counts.sealing > 0)
    return fail(Code::kBusy,
                fmt::format("{} files are still being sealed: try again in a moment", import.counts.sealing));
  if (import.counts.unsent > 0 && (!closing.leaves_unsent || closing.reason.empty())) {
    return fail(Code::kConflict,
                fmt::format("{} files of the folder have not been sent: send them, or say why they stay out",
                            import.counts.unsent));
  }
  if (closing.reason.empty() && TRY(has_unread(id))) {
    return fail(
        Code::kConflict,
        "An inventory came after files had been sent and was not read: say why it stays so, and bring in what it "
        "names by another import");
  }
  TRY(place_holds(actor, import));
  TRY(drop_unsent(id));
  const Report report = TRY(write_report(id, Form::kCsv));
  const Counts& counts = import.counts;
  SubjectId console;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(acts::console_of(tx, actor.agency));
    return {};
  }));
  acts::Act act(actor);
  act.guard([&](db::Transaction& tx) -> Result<void> {
    Import now = import;
    TRY(read_counts(tx, now));
    const auto told = [](const Counts& c) {
      return std::array{c.expected, c.found,  c.arrived, c.differing, c.extra, c.documents,
                        c.refused,  c.unsent, c.sealing, c.files,     c.bytes};
    };
    const bool is_on_its_way =
        !TRY(tx.query(
                 "SELECT id FROM uploads WHERE state IN ('receiving', 'sealing') AND recording IN (SELECT recording "
                 "FROM pending_imports WHERE import = :import) LIMIT 1",
                 {{"import", id.text()}}))
             .empty();
    if (is_on_its_way || told(now.counts) != told(counts))
      return fail(Code::kBusy, "Something came in meanwhile: try again", id.text());
    TRY(require_open(tx, id));
    // What was begun and is left out is begun no more.
    TRY(tx.run(
        "UPDATE import_files SET state = 'seen', upload = NULL, recording = NULL WHERE import = :import AND state = "
        "'sent'",
        {{"import", id.text()}}));
    // Pending stays what differs, and anything sealed of which this report says nothing.
    return roster::end_pending_imports(tx, id.text(),
                                       "SELECT p.recording FROM pending_imports p JOIN recordings c ON c.id = "
                                       "p.recording WHERE p.import = :import AND NOT "
                                       "EXISTS (SELECT 1 FROM import_files f WHERE f.import = p.import AND f.recording "
                                       "= p.recording AND f.state = 'in' AND "
                                       "f.agrees <> 'no')");
  });
  Json::Object values = {{"closed", ledger_time(parts_.clock.now())},
                         {"report", report.sha256},
                         {"expected", counts.expected},
                         {"arrived", counts.arrived},
                         {"missing", counts.missing()},
                         {"extra", counts.extra},
                         {"differing", counts.differing},
                         {"refused", counts.refused},
                         {"unsent", counts.unsent}};
  if (!closing.reason.empty()) values.emplace("reason", closing.reason);
  act.end(kImports, console, id, std::move(values));
  TRY(act.commit(parts_.ledgers));
  return show(actor, id);
}

}  // namespace lapel::imports
