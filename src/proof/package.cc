// SPDX-License-Identifier: Apache-2.0
#include "proof/package.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/clock.h"
#include "crypto/sha256.h"

namespace lapel::proof {
namespace {

constexpr std::string_view kFormat = "lapel-custody-export";
constexpr std::int64_t kVersion = 1;
constexpr std::string_view kNotProven = "not proven";
constexpr std::string_view kKinds[] = {"recording", "person", "device", "dock"};

std::string_view role_name(ExportRole role) {
  return role == ExportRole::kExported ? "exported" : "named";
}

std::optional<ExportSubject> parse_subject(const Json& json) {
  const std::string* id_text = json.find_string("subject");
  const std::string* kind = json.find_string("kind");
  const std::string* role = json.find_string("role");
  const Json* rows = json.find("rows");
  const auto id = id_text ? SubjectId::parse(*id_text) : std::nullopt;
  if (!id || !kind || !role || !rows || !rows->array()) return std::nullopt;
  if (std::find(std::begin(kKinds), std::end(kKinds), *kind) == std::end(kKinds)) return std::nullopt;
  if (*role != role_name(ExportRole::kExported) && *role != role_name(ExportRole::kNamed)) return std::nullopt;

  ExportSubject subject{
      *id, *kind, *role == role_name(ExportRole::kExported) ? ExportRole::kExported : ExportRole::kNamed, {}};
  for (const Json& row : *rows->array()) {
    if (!row.integer()) return std::nullopt;
    const auto n = static_cast<std::uint64_t>(*row.integer());
    if (!subject.rows.empty() && n <= subject.rows.back()) return std::nullopt;
    subject.rows.push_back(n);
  }
  return subject;
}

// The bytes of a small file, or nullopt when it is longer than allowed.
Result<std::optional<std::string>> read_small(const ExportFiles& files, std::string_view path, std::size_t bytes_max) {
  std::string out;
  bool fits = true;
  const auto keep = [&](ByteView chunk) {
    fits = out.size() + chunk.size() <= bytes_max;
    if (fits) out.append(as_text(chunk));
    return fits;
  };
  TRY(files.read(std::string(path), keep));
  if (!fits) return std::nullopt;
  return out;
}

// One disclosed event. Rows keep their subject's kind beside them for the checks across chains.
struct Row {
  const ExportSubject* subject;
  std::string path;
  std::uint64_t n;
  std::uint64_t index;
  Digest commitment;
  Json event;
  std::string type;
  SubjectId actor;
};

std::optional<SubjectId> id_member(const Json& event, std::string_view key) {
  const std::string* text = event.find_string(key);
  return text ? SubjectId::parse(*text) : std::nullopt;
}

// The kind of subject that alone has events of this type; empty where several have. Of a recording it is every type of its
// own: one that is listed as a person would be shown in part, without the admission that gives it away.
std::string_view kind_of_type(std::string_view type) {
  if (type.starts_with("recording.")) return "recording";
  if (type == "device.offloaded") return "device";
  if (type == "dock.enrolled") return "dock";
  return {};
}

// "J. Doe, badge 4711"; nullopt when a binding is malformed.
std::optional<std::string> bound_name(const Json& event) {
  const std::string* from = event.find_string("from");
  if (!from || !parse_ledger_time(*from)) return std::nullopt;
  std::string out;
  for (const std::string_view key : {"name", "badge", "serial"}) {
    const Json* member = event.find(key);
    if (!member) continue;
    const std::string* value = member->string();
    if (!value || value->empty()) return std::nullopt;  // an unknown value is an absent field
    if (!out.empty()) out += ", ";
    out += key == "name" ? *value : fmt::format("{} {}", key, *value);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

class Verifier {
 public:
  Verifier(const ExportFiles& files, const Trust& trust) : files_(files), trust_(trust) {}

  Result<ExportVerdict> run() {
    if (TRY(open())) {
      for (const ExportSubject& subject : manifest_.subjects) TRY(check_chain(subject));
      arrange();
      check_dock_files();
      check_admissions();
      for (const SubjectId& original : manifest_.originals) TRY(check_original(original));
      name_everyone();
      check_offloads();
      note(std::string(),
           "Completeness not proven: the rows shown are in the ledger and unaltered, but this export does "
           "not show that "
           "there are no later rows, nor other recordings.");
    }
    return std::move(verdict_);
  }

 private:
  void ok(std::string where, std::string text) { add(Finding::Kind::kOk, std::move(where), std::move(text)); }
  void refuse(std::string where, std::string text) { add(Finding::Kind::kRefused, std::move(where), std::move(text)); }
  void note(std::string where, std::string text) { add(Finding::Kind::kNote, std::move(where), std::move(text)); }
  void add(Finding::Kind kind, std::string where, std::string text) {
    verdict_.findings.push_back({kind, std::move(where), std::move(text)});
  }

  // Reads what the rest stands on. False when the export is refused at this point already.
  Result<bool> open() {
    std::set<std::string> found;
    const std::vector<ExportFiles::Item> items = TRY(files_.list());
    if (items.size() > kExportFilesMax) {
      refuse("", fmt::format("It has more than {} files.", kExportFilesMax));
      return false;
    }
    for (const ExportFiles::Item& item : items) {
      if (item.kind == ExportFiles::Item::Kind::kFile) {
        found.insert(item.path);
      } else {
        refuse(item.path, "This is neither a file nor a directory, and an export has nothing else.");
      }
    }
    for (const std::string_view path : {kExportCheckpointPath, kExportManifestPath}) {
      if (found.count(std::string(path)) == 0) refuse(std::string(path), "The export lacks this file.");
    }
    if (!verdict_.holds()) return false;

    const auto manifest_text = TRY(read_small(files_, kExportManifestPath, kManifestBytesMax));
    auto manifest = manifest_text ? ExportManifest::parse(*manifest_text) : std::nullopt;
    if (!manifest) {
      refuse(std::string(kExportManifestPath), "This is not the manifest of a custody export, version 1.");
      return false;
    }
    manifest_ = *std::move(manifest);
    for (const ExportSubject& subject : manifest_.subjects) subjects_.emplace(subject.id, &subject);
    // Nothing could be wrong with an export of nothing, and that must not read as a verdict.
    const auto is_exported = [](const ExportSubject& subject) { return subject.role == ExportRole::kExported; };
    if (std::none_of(manifest_.subjects.begin(), manifest_.subjects.end(), is_exported)) {
      refuse(std::string(kExportManifestPath), "It exports no subject.");
    }

    const auto checkpoint = TRY(read_small(files_, kExportCheckpointPath, kNoteBytesMax));
    checkpoint_ = checkpoint.value_or("");
    const auto checked = check_checkpoint(checkpoint_, trust_.log, trust_.witnesses);
    if (!checked) {
      refuse(std::string(kExportCheckpointPath), fmt::format("Refused: {}.", checked.error().reason));
      return false;
    }
    if (manifest_.ledger != checked->checkpoint.origin) {
      refuse(std::string(kExportManifestPath), "The manifest names another ledger than the checkpoint.");
      return false;
    }
    verdict_.checkpoint = checked->checkpoint;
    verdict_.cosignatures = checked->cosignatures;
    verdict_.is_final = !trust_.witnesses.empty() && checked->cosignatures.size() == trust_.witnesses.size();
    ok(std::string(kExportCheckpointPath), fmt::format("Signed by the key of {}.", trust_.log.name));
    return account_for(std::move(found));
  }

  // Every file is one that the manifest lists, and every listed file is there.
  bool account_for(std::set<std::string> found) {
    std::set<std::string> expected = {std::string(kExportCheckpointPath), std::string(kExportManifestPath)};
    for (const ExportSubject& subject : manifest_.subjects) {
      for (const std::uint64_t n : subject.rows) expected.insert(export_receipt_path(subject.id, n));
    }
    for (const SubjectId& original : manifest_.originals) expected.insert(export_original_path(original));
    bool complete = true;
    for (const std::string& path : expected) {
      if (found.erase(path) == 1) continue;
      refuse(path, "The manifest lists this file, and it is missing.");
      complete = false;
    }
    for (const std::string& path : found) refuse(path, "The manifest does not list this file.");
    return complete;
  }

  Result<void> check_chain(const ExportSubject& subject) {
    const std::size_t first_row = rows_.size();
    const std::size_t refused_before = count_refused();
    for (const std::uint64_t n : subject.rows) TRY(check_row(subject, n));
    if (subject.rows.empty()) refuse(subject.id.text(), "No row of it is listed, and every chain has an event 0.");
    if (subject.role == ExportRole::kExported) {
      for (std::size_t i = 0; i < subject.rows.size(); ++i) {
        if (subject.rows[i] == i) continue;
        refuse(subject.id.text(), fmt::format("The chain has a gap: event {} is not in it.", i));
        break;
      }
    }
    if (subject.kind == "recording" && subject.role != ExportRole::kExported) {
      refuse(subject.id.text(), "A recording is exported with its whole chain or not at all.");
    }
    for (std::size_t i = first_row + 1; i < rows_.size(); ++i) {
      const Row& before = rows_[i - 1];
      const Row& row = rows_[i];
      if (row.index <= before.index) refuse(row.path, "It stands in the ledger before an event that it follows.");
      if (before.type == "recording.destroyed")
        refuse(row.path, "It follows the destruction, after which there is nothing.");
      if (row.n != before.n + 1) continue;
      if (*row.event.find_string("prev") != base64(before.commitment)) {
        refuse(row.path, "It does not point to the event before it (prev).");
      }
    }
    if (subject.role == ExportRole::kExported && rows_.size() > first_row &&
        rows_.back().type == "recording.destroyed" &&
        static_cast<std::uint64_t>(*rows_.back().event.find_integer("first")) != rows_[first_row].index) {
      refuse(rows_.back().path, "The destruction names another first index than the chain's.");
    }
    if (count_refused() != refused_before) return {};
    ok(subject.id.text(), fmt::format("{} {} of this {} {} in the ledger, in order.", subject.rows.size(),
                                      subject.rows.size() == 1 ? "event" : "events", subject.kind,
                                      subject.rows.size() == 1 ? "is" : "are"));
    return {};
  }

  Result<void> check_row(const ExportSubject& subject, std::uint64_t n) {
    const std::string path = export_receipt_path(subject.id, n);
    const auto text = TRY(read_small(files_, path, kReceiptBytesMax));
    if (!text) {
      refuse(path, "It is too long to be a receipt.");
      return {};
    }
    const auto receipt = verify_receipt(*text, trust_);
    if (!receipt) {
      refuse(path, receipt.error().reason + ".");
      return {};
    }
    // One checkpoint for all of it: two would leave open what happened between them.
    if (Receipt::parse(*text)->checkpoint != checkpoint_)
      refuse(path, "It is under another checkpoint than the export.");
    if (receipt->event.is_null()) {
      refuse(path, "It discloses no event.");
      return {};
    }
    const Json& event = receipt->event;
    Row row{&subject,
            path,
            n,
            receipt->index,
            receipt->commitment,
            event,
            *event.find_string("type"),
            *id_member(event, "actor")};
    if (id_member(event, "subject") != subject.id) refuse(path, "It is about another subject.");
    if (static_cast<std::uint64_t>(*event.find_integer("n")) != n) {
      refuse(path, fmt::format("It is event {}, and its name says {}.", *event.find_integer("n"), n));
      return {};
    }
    if (const std::string_view kind = kind_of_type(row.type); !kind.empty() && kind != subject.kind) {
      refuse(path, fmt::format("An event {} belongs to a {}, and the manifest says {}.", row.type, kind, subject.kind));
      return {};
    }
    rows_.push_back(std::move(row));
    return {};
  }

  void arrange() {
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.index < b.index; });
    std::set<std::pair<SubjectId, std::uint64_t>> taken_back;
    for (const Row& row : rows_) {
      if (row.type == "attempt")
        taken_back.emplace(row.subject->id, static_cast<std::uint64_t>(*row.event.find_integer("of")));
    }
    for (const Row& row : rows_) {
      by_number_.emplace(std::pair(row.subject->id, row.n), &row);
      // What took no effect has neither named nor vouched for anyone.
      const bool is_effective = taken_back.count({row.subject->id, row.n}) == 0;
      if (row.type == "dock.enrolled") {
        const std::string* key = row.event.find_string("key");
        if (!key || !parse_base64_array<32>(*key)) refuse(row.path, "The enrollment names no key.");
        if (is_effective) enrolments_.push_back(&row);
      }
      if (row.type != "identity.bound") continue;
      if (!bound_name(row.event)) {
        refuse(row.path, "The binding is malformed.");
      } else if (is_effective) {
        bindings_[row.subject->id].push_back(&row);
      }
    }
  }

  // That no commitment and no leaf serves two rows needs no check: a row's file is named by the subject and n
  // that its event states, so two rows are two events, and two events do not have one HMAC.
  void check_dock_files() {
    std::map<std::string, const Row*> dock_files;
    for (const Row& row : rows_) {
      const Json* dock = row.type == "recording.admitted" ? row.event.find("dock") : nullptr;
      if (!dock) continue;
      if (const auto [other, is_new] = dock_files.emplace(*dock->find_string("file"), &row); !is_new) {
        refuse(row.path, fmt::format("The dock's file was admitted before: see {}.", other->second->path));
      }
    }
  }

  void check_admissions() {
    for (const ExportSubject& subject : manifest_.subjects) {
      if (subject.kind != "recording") continue;
      const Row* first = find_row(subject.id, 0);
      if (!first) {
        refuse(subject.id.text(), "The recording has no admission.");
      } else if (first->type != "recording.admitted") {
        refuse(first->path, "A recording begins with its admission, and this is another event.");
      } else {
        const Admission admission = *parse_admission(first->event);
        note(subject.id.text(), fmt::format("The chain starts at the {}.", admission.chain_starts_at));
        if (admission.chain_starts_at != "server" && !admission.dock) {
          note(subject.id.text(), "No dock signed this: that the chain starts there is the server's word.");
        }
        const auto& originals = manifest_.originals;
        if (std::find(originals.begin(), originals.end(), subject.id) == originals.end()) {
          note(subject.id.text(), std::string(kOriginalMissing));
        }
      }
    }
  }

  Result<void> check_original(const SubjectId& id) {
    const std::string path = export_original_path(id);
    const Row* first = find_row(id, 0);
    const auto admission = first ? parse_admission(first->event) : std::nullopt;
    if (!admission) {
      refuse(path, "No admission in the export is of this file.");
      return {};
    }
    crypto::Sha256 hash;
    const auto take = [&hash](ByteView chunk) {
      hash.update(chunk);
      return true;
    };
    TRY(files_.read(path, take));
    const std::uint64_t bytes = hash.bytes();
    if (bytes != admission->bytes) {
      refuse(path, fmt::format("It has {} bytes, and {} were admitted.", bytes, admission->bytes));
    } else if (const Digest digest = hash.finish(); digest != admission->sha256) {
      refuse(path, fmt::format("Its SHA-256 is {}, and {} was admitted.", hex(digest), hex(admission->sha256)));
    } else {
      ok(path, fmt::format("These are the {} bytes that were admitted, SHA-256 {}.", bytes, hex(digest)));
    }
    return {};
  }

  // The name that `id` bore at this point of the ledger. A binding logged later is better than none, and is
  // said.
  std::string name_at(const SubjectId& id, const Row& row, std::string_view what) {
    std::optional<std::string> name;
    bool is_later = false;
    for (const Row* binding : bindings_[id]) {
      if (binding->index > row.index && name) break;
      is_later = binding->index > row.index;
      name = bound_name(binding->event);
    }
    if (!name) {
      refuse(row.path,
             fmt::format("The export does not say who the {} {} is: no binding of it is disclosed.", what, id.text()));
      return {};
    }
    if (is_later) {
      note(row.path, fmt::format("The {} {} was bound to its name only after this event.", what, id.text()));
    }
    return *name;
  }

  void name_everyone() {
    for (const Row& row : rows_) {
      ExportRow out{row.subject->id, row.n, row.index, *row.event.find_string("at"), row.type, row.actor, {}};
      const std::string* home = row.event.find_string("actor_ledger");
      if (home && *home != manifest_.ledger) {
        note(row.path, fmt::format("The actor is a guest; the name is in the ledger {}.", *home));
      } else {
        out.actor_name = name_at(row.actor, row, "actor");
      }
      if (row.type == "recording.admitted") {
        if (const auto device = id_member(row.event, "device")) name_at(*device, row, "device");
        if (const Json* dock = row.event.find("dock")) check_dock(*dock, row);
      }
      verdict_.rows.push_back(std::move(out));
    }
  }

  // A dock's signature means nothing until the dock's own chain vouches for the key, before the key was used.
  void check_dock(const Json& dock, const Row& row) {
    const std::string& key = *dock.find_string("key");
    const Row* last = nullptr;
    for (const Row* enrolled : enrolments_) {
      const std::string* enrolled_key = enrolled->event.find_string("key");
      if (enrolled->index < row.index && enrolled_key && *enrolled_key == key) last = enrolled;
    }
    if (!last) {
      refuse(row.path, "No enrolled dock in the export vouches for the key that signed this file.");
      return;
    }
    ok(row.path, fmt::format("Signed by the dock {}.", name_at(last->subject->id, row, "dock")));
  }

  void check_offloads() {
    std::set<SubjectId> offloaded;
    for (const Row& row : rows_) {
      if (row.type != "device.offloaded") continue;
      const auto recording = id_member(row.event, "recording");
      if (!recording) {
        refuse(row.path, "The offload names no recording.");
        continue;
      }
      if (!offloaded.insert(*recording).second) refuse(row.path, "The recording was offloaded before.");
      const std::string* act = row.event.find_string("act");
      if (!act) {
        refuse(row.path, "The offload names no act.");
        continue;
      }
      const Row* first = find_row(*recording, 0);
      if (!first) continue;  // of a recording that is not exported
      const std::string* admission_act = first->event.find_string("act");
      if (id_member(first->event, "device") != row.subject->id) {
        refuse(row.path, "The recording's admission names another device, or none.");
      } else if (!admission_act || *act != *admission_act) {
        refuse(row.path, "The offload and the admission are not one act.");
      } else {
        ok(row.path, fmt::format("The device's chain names the recording {}.", recording->text()));
      }
    }
    for (const Row& row : rows_) {
      const auto device = row.type == "recording.admitted" ? id_member(row.event, "device") : std::nullopt;
      if (!device || offloaded.count(row.subject->id) == 1) continue;
      const auto chain = subjects_.find(*device);
      if (chain != subjects_.end() && chain->second->role == ExportRole::kExported) {
        refuse(row.path, "The device's chain is here, and does not name this recording.");
      } else {
        note(row.path, "The device's own chain is not in the export, so its side of the offload is not shown.");
      }
    }
  }

  const Row* find_row(const SubjectId& id, std::uint64_t n) const {
    const auto found = by_number_.find(std::pair(id, n));
    return found == by_number_.end() ? nullptr : found->second;
  }
  std::size_t count_refused() const {
    return static_cast<std::size_t>(std::count_if(verdict_.findings.begin(), verdict_.findings.end(),
                                                  [](const Finding& f) { return f.kind == Finding::Kind::kRefused; }));
  }

  const ExportFiles& files_;
  const Trust& trust_;
  ExportManifest manifest_;
  std::map<SubjectId, const ExportSubject*> subjects_;
  std::string checkpoint_;
  std::vector<Row> rows_;  // once arranged, in the order of the log; the three below point into it
  std::map<std::pair<SubjectId, std::uint64_t>, const Row*> by_number_;
  std::map<SubjectId, std::vector<const Row*>> bindings_;
  std::vector<const Row*> enrolments_;
  ExportVerdict verdict_;
};

}  // namespace

std::string export_receipt_path(const SubjectId& subject, std::uint64_t n) {
  return fmt::format("subjects/{}/{}.tlog-proof", subject.text(), n);
}
std::string export_original_path(const SubjectId& subject) {
  return fmt::format("originals/{}", subject.text());
}

std::string ExportManifest::text() const {
  Json::Array subject_list;
  for (const ExportSubject& subject : subjects) {
    Json::Array row_list(subject.rows.begin(), subject.rows.end());
    subject_list.push_back(Json::Object{{"kind", subject.kind},
                                        {"role", role_name(subject.role)},
                                        {"rows", std::move(row_list)},
                                        {"subject", subject.id.text()}});
  }
  Json::Array original_list;
  for (const SubjectId& id : originals) {
    original_list.push_back(Json::Object{{"path", export_original_path(id)}, {"subject", id.text()}});
  }
  return canonical(Json::Object{{"completeness", kNotProven},
                                {"format", kFormat},
                                {"ledger", ledger},
                                {"originals", std::move(original_list)},
                                {"subjects", std::move(subject_list)},
                                {"version", kVersion}});
}

std::optional<ExportManifest> ExportManifest::parse(std::string_view text) {
  const auto json = parse_canonical(text);
  if (!json || !json->object()) return std::nullopt;
  const std::string* ledger = json->find_string("ledger");
  const Json* subjects = json->find("subjects");
  const Json* originals = json->find("originals");
  if (!ledger || !subjects || !subjects->array() || !originals || !originals->array()) return std::nullopt;

  ExportManifest manifest;
  manifest.ledger = *ledger;
  std::set<SubjectId> seen;
  for (const Json& entry : *subjects->array()) {
    auto subject = parse_subject(entry);
    if (!subject || !seen.insert(subject->id).second) return std::nullopt;
    manifest.subjects.push_back(*std::move(subject));
  }
  std::set<SubjectId> seen_originals;
  for (const Json& entry : *originals->array()) {
    const auto id = id_member(entry, "subject");
    if (!id || !seen_originals.insert(*id).second) return std::nullopt;
    manifest.originals.push_back(*id);
  }
  // What is left (format, version, paths, unknown members) is right exactly when writing gives the same text.
  if (manifest.text() != text) return std::nullopt;
  return manifest;
}

bool ExportVerdict::holds() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.kind == Finding::Kind::kRefused; });
}

Result<ExportVerdict> verify_export(const ExportFiles& files, const Trust& trust) {
  return Verifier(files, trust).run();
}

}  // namespace lapel::proof
