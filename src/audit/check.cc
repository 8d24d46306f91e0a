// SPDX-License-Identifier: Apache-2.0
#include "audit/check.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "audit/facts_check.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "evidence/vault.h"
#include "proof/entry.h"

namespace lapel::audit {
namespace {

constexpr std::int64_t kChainsPage = 200;
constexpr std::int64_t kEventsPage = 1'000;
constexpr std::size_t kObjectsPage = 1'000;
constexpr std::int64_t kRolesMax = 100;

using Text = std::optional<std::string>;

Text field(const Json& event, std::string_view name) {
  const std::string* text = event.find_string(name);
  return text ? Text(*text) : std::nullopt;
}

Text whole_number(const Json& event, std::string_view name) {
  const std::int64_t* value = event.find_integer(name);
  if (!value) return std::nullopt;
  return std::to_string(*value);
}

// An event leaves an empty text out.
Text filled(const db::Row& row, std::string_view column) {
  Text text = row.maybe_text(column);
  return text && text->empty() ? std::nullopt : text;
}

std::string shown(const Text& text) {
  if (!text) return "nothing";
  return printable(*text);
}

class Checker {
 public:
  explicit Checker(const CatalogCheck& parts) : parts_(parts), agency_(parts.agency.id.text()) {}

  CatalogReport report;

  // Every subject of the ledger, with what the catalog says of it.
  Result<void> chains() {
    for (std::string after;;) {
      std::vector<Original> originals;
      std::vector<DerivedObject> objects;
      std::size_t count = 0;
      const db::Params page = {{"agency", agency_}, {"after", after}, {"limit", kChainsPage}};
      const auto look = [&](db::Transaction& tx) -> Result<void> {
        const db::Rows rows = TRY(
            tx.query("SELECT c.subject, e.type, e.event FROM ledger_chains c JOIN ledger_events e ON e.agency = "
                     "c.agency AND e.subject = c.subject AND e.n = 0 WHERE c.agency = :agency AND c.subject > :after "
                     "ORDER BY c.subject LIMIT :limit",
                     page));
        count = rows.size();
        for (const db::Row& row : rows) {
          after = row.text("subject");
          const auto first = proof::parse_event(row.text("event"));
          if (!first) {
            fault(fmt::format("subject {}: its first event is malformed", after));
          } else if (row.text("type") == "recording.admitted") {
            TRY(recording(tx, after, *first, originals, objects));
          } else if (row.text("type") == "identity.bound") {
            TRY(identity(tx, after, *first));
          }
        }
        return {};
      };
      TRY(parts_.database.read(look));
      if (count == 0) return {};
      for (const Original& original : originals) read_original(original);
      for (const DerivedObject& object : objects) TRY(read_derived(object));
    }
  }

  // Rows of which no event speaks.
  Result<void> rows_without_events() {
    struct Table {
      std::string_view name, what, type;
    };
    constexpr Table kTables[] = {{"recordings", "recording", "recording.admitted"},
                                 {"people", "person", "identity.bound"},
                                 {"devices", "device", "identity.bound"},
                                 {"docks", "dock", "identity.bound"},
                                 {"camera_systems", "camera system", "identity.bound"},
                                 {"file_requests", "file request", "identity.bound"}};
    constexpr std::string_view kOfRecordings[] = {"views", "derived_items", "renditions"};
    const auto look = [&](db::Transaction& tx) -> Result<void> {
      for (const Table& table : kTables) {
        const db::Params params = {
            {"agency", agency_}, {"type", table.type}, {"limit", static_cast<std::int64_t>(kCatalogFaultsMax)}};
        const db::Rows rows =
            TRY(tx.query(fmt::format("SELECT CAST(t.id AS TEXT) AS id FROM {} t WHERE t.agency = :agency AND NOT "
                                     "EXISTS (SELECT 1 FROM ledger_events e WHERE e.agency = t.agency AND e.subject = "
                                     "t.id AND e.n = 0 AND e.type = :type) ORDER BY t.id LIMIT :limit",
                                     table.name),
                         params));
        for (const db::Row& row : rows) {
          fault(fmt::format("{} {}: the catalog has it, and no event", table.what, printable(row.text("id"))));
        }
      }
      // Those of the agency's recordings are compared with the events of each; what is left belongs to none.
      const db::Params of_agency = {{"agency", agency_}};
      for (const std::string_view table : kOfRecordings) {
        const db::Rows counted =
            TRY(tx.query(fmt::format("SELECT COUNT(*) AS strays FROM {} t WHERE t.agency = :agency AND NOT EXISTS "
                                     "(SELECT 1 FROM recordings r WHERE r.id = t.recording AND r.agency = t.agency)",
                                     table),
                         of_agency));
        const std::int64_t strays = counted[0].integer("strays");
        if (strays > 0) fault(fmt::format("{}: {} rows name no recording of the agency", table, strays));
      }
      if (!TRY(first_event(tx, parts_.agency.console.text()))) {
        fault(fmt::format("console {}: the catalog has it, and no event", parts_.agency.console.text()));
      }
      return {};
    };
    return parts_.database.read(look);
  }

  // Who was what when, and the rules of viewing.
  Result<void> facts() {
    return parts_.database.read([&](db::Transaction& tx) {
      return check_facts(
          tx, agency_, [this](std::string text) { fault(std::move(text)); },
          [this](std::string text) { note(std::move(text)); });
    });
  }

  // An admission that was interrupted leaves a file without a row, and so does one that is under way.
  Result<void> objects_without_rows() {
    const std::string prefix = fmt::format("objects/{}/", parts_.agency.slug);
    for (std::string after;;) {
      const std::vector<std::string> names = TRY(parts_.bucket.list(prefix, after, kObjectsPage));
      if (names.empty()) return {};
      after = names.back();
      const auto look = [&](db::Transaction& tx) -> Result<void> {
        for (const std::string& name : names) {
          if (TRY(is_of_recording(tx, name))) continue;
          note(fmt::format("{}: no recording has this file", name));
        }
        return {};
      };
      TRY(parts_.database.read(look));
    }
  }

  void terms() {
    // The origin stands in leaf 0 and in every event.
    const std::string end = "/" + parts_.agency.slug;
    if (!parts_.origin.ends_with(end)) {
      fault(fmt::format("agency {}: the catalog says slug {}, its ledger {}", agency_, printable(parts_.agency.slug),
                        parts_.origin));
    }
  }

 private:
  struct Original {
    RecordingId id;
    Digest sha256{};
    std::uint64_t bytes = 0;
  };
  struct DerivedObject {
    std::string what, name;
    Text sha256;
    std::string recording, one;  // of its row
    std::string_view table, key;
  };
  struct Column {
    std::string_view name;
    Text catalog, events;
  };
  // What a recording is said to be, by its admission and every change since.
  struct Said {
    Text category, incident, officer, restriction;
    Text inside_home;  // "1", "0", or nothing where nobody has said
    Text victim_sensitive = "0";
    bool tells_officer = false;  // admissions of before did not name one
    bool is_quarantined = false;
    Text signature, signature_key, signature_key_is;  // of the newest check
  };

  void fault(std::string text) {
    if (report.faults.size() < kCatalogFaultsMax) report.faults.push_back(std::move(text));
  }
  void note(std::string text) {
    if (report.notes.size() < kCatalogFaultsMax) report.notes.push_back(std::move(text));
  }

  void compare(std::string_view what, const std::vector<Column>& columns) {
    for (const Column& column : columns) {
      if (column.catalog == column.events) continue;
      fault(fmt::format("{}: the catalog says {} {}, its events {}", what, column.name, shown(column.catalog),
                        shown(column.events)));
    }
  }

  Result<bool> is_of_recording(db::Transaction& tx, const std::string& object) {
    const auto id = RecordingId::parse(std::string_view(object).substr(object.rfind('/') + 1));
    if (!id) return false;
    if (object != store::object_name(parts_.agency.slug, *id)) return false;
    const db::Params by_id = {{"id", id->text()}};
    return !TRY(tx.query("SELECT id FROM recordings WHERE id = :id LIMIT 1", by_id)).empty();
  }

  Result<std::optional<Json>> first_event(db::Transaction& tx, const std::string& subject) {
    const db::Params of_subject = {{"agency", agency_}, {"subject", subject}};
    const db::Rows rows = TRY(tx.query(
        "SELECT event FROM ledger_events WHERE agency = :agency AND subject = :subject AND n = 0", of_subject));
    return rows.empty() ? std::optional<Json>() : proof::parse_event(rows[0].text("event"));
  }

  // ---- recordings ----

  Result<void> recording(db::Transaction& tx, const std::string& id, const Json& admitted,
                         std::vector<Original>& originals, std::vector<DerivedObject>& objects) {
    const std::string what = "recording " + id;
    ++report.recordings;
    const auto subject = RecordingId::parse(id);
    const auto admission = proof::parse_admission(admitted);
    if (!subject || !admission) {
      fault(fmt::format("{}: its admission is malformed", what));
      return {};
    }
    originals.push_back({*subject, admission->sha256, admission->bytes});
    // As texts, whatever a column holds: SQLite keeps any type in any column.
    const db::Params by_id = {{"id", id}, {"agency", agency_}};
    const db::Rows rows = TRY(tx.query(
        "SELECT CAST(sha256 AS TEXT) AS sha256, CAST(bytes AS TEXT) AS bytes, CAST(codec AS TEXT) AS codec, "
        "CAST(filename AS TEXT) AS filename, CAST(recorded_us AS TEXT) AS recorded_us, CAST(received_us AS TEXT) AS "
        "received_us, CAST(sort_us AS TEXT) AS sort_us, CAST(uploader AS TEXT) AS uploader, CAST(device AS TEXT) AS "
        "device, CAST(wearer AS TEXT) AS wearer, CAST(assigned_officer AS TEXT) AS officer, CAST(incident AS TEXT) AS "
        "incident, CAST(category AS TEXT) AS category, CAST(group_id AS TEXT) AS group_id, CAST(dock_file AS TEXT) AS "
        "dock_file, CAST(chain_starts_at AS TEXT) AS chain_starts_at, CAST(state AS TEXT) AS state, "
        "CASE WHEN inside_home_known = 1 THEN CAST(is_inside_home AS TEXT) END AS is_inside_home, CAST(restriction AS "
        "TEXT) AS restriction, CAST(is_victim_sensitive AS TEXT) AS is_victim_sensitive, CAST(more AS TEXT) AS more, "
        "CAST(signature_verdict AS TEXT) AS signature_verdict, CAST(signature_key AS TEXT) AS signature_key, "
        "CAST(signature_key_is AS TEXT) AS signature_key_is FROM recordings WHERE id = :id AND agency = :agency",
        by_id));
    if (rows.empty()) {
      fault(fmt::format("{}: it was admitted, and the catalog has no row", what));
      return {};
    }
    const db::Row& row = rows[0];
    Said said;
    said.category = field(admitted, "category");
    said.incident = field(admitted, "incident");
    said.officer = field(admitted, "officer");
    said.tells_officer = said.officer || admitted.find("unattributed");
    said.is_quarantined = admitted.find("quarantined") != nullptr;
    const bool tells_more = said.is_quarantined;  // whoever is nobody of the agency has all that they said committed to
    TRY(later_events(tx, id, what, objects, said));

    Text serial;
    if (const std::string* device = admitted.find_string("device")) {
      const auto bound = TRY(first_event(tx, *device));
      if (bound) serial = field(*bound, "serial");
    }
    const Text recorded = row.maybe_text("recorded_us");
    const Text received = row.maybe_text("received_us");
    const Text sorted_by = recorded ? recorded : received;
    const Text dock_file = admission->dock ? field(*admission->dock, "file") : std::nullopt;
    const std::string_view state = said.restriction ? "restricted" : said.is_quarantined ? "quarantined" : "sealed";
    Text more = row.maybe_text("more");
    if (!tells_more || more == "{}") more.reset();
    compare(what, {{"sha256", row.maybe_text("sha256"), field(admitted, "sha256")},
                   {"bytes", row.maybe_text("bytes"), whole_number(admitted, "bytes")},
                   {"codec", row.maybe_text("codec"), std::string(store::codec_name(store::Codec::kPlain))},
                   {"filename", filled(row, "filename"), field(admitted, "filename")},
                   {"recorded_at", column_time(recorded), field(admitted, "recorded_at")},
                   {"received_at", column_time(received), field(admitted, "received_at")},
                   {"uploader", row.maybe_text("uploader"), field(admitted, "actor")},
                   {"device", row.maybe_text("device"), serial},
                   {"wearer", row.maybe_text("wearer"), field(admitted, "wearer")},
                   {"incident", row.maybe_text("incident"), said.incident},
                   {"category", row.maybe_text("category"), said.category},
                   {"group", row.maybe_text("group_id"), field(admitted, "group")},
                   {"dock file", row.maybe_text("dock_file"), dock_file},
                   {"chain_starts_at", row.maybe_text("chain_starts_at"), field(admitted, "chain_starts_at")},
                   {"state", row.maybe_text("state"), std::string(state)},
                   {"restriction", row.maybe_text("restriction"), said.restriction},
                   {"victim_sensitive", row.maybe_text("is_victim_sensitive"), said.victim_sensitive},
                   {"inside_home", row.maybe_text("is_inside_home"), said.inside_home},
                   {"said", more, field(admitted, "said")},
                   {"signature", row.maybe_text("signature_verdict"), said.signature},
                   {"signing key", row.maybe_text("signature_key"), said.signature_key},
                   {"standing of the signing key", row.maybe_text("signature_key_is"), said.signature_key_is}});
    if (row.maybe_text("sort_us") != sorted_by) {
      fault(fmt::format("{}: it is sorted under another time than its own", what));
    }
    if (said.tells_officer) {
      compare(what, {{"officer", row.maybe_text("officer"), said.officer}});
      return {};
    }
    return officer(tx, what, row.maybe_text("officer"), admitted);
  }

  // Whose recording it is follows from the badge that the admission names, and from who had it then.
  Result<void> officer(db::Transaction& tx, const std::string& what, const Text& assigned, const Json& admitted) {
    const Text wearer = field(admitted, "wearer");
    const Text admitted_at = field(admitted, "at");
    const Text received_at = field(admitted, "received_at");
    if (assigned) {
      const auto bound = TRY(first_event(tx, *assigned));
      const Text badge = bound ? field(*bound, "badge") : std::nullopt;
      const Text since = bound ? field(*bound, "at") : std::nullopt;
      if (!badge || badge != wearer || since > admitted_at) {
        fault(fmt::format("{}: the catalog says officer {} (badge {}), its events badge {}", what, shown(assigned),
                          shown(badge), shown(wearer)));
      }
      return {};
    }
    if (!wearer) return {};
    // Nobody: wrong only if somebody had the badge before the file was whole. Whoever came after that, and before the
    // admission, may have been seen by it or not.
    const db::Params of_badge = {{"agency", agency_}, {"badge", *wearer}};
    const db::Rows rows =
        TRY(tx.query("SELECT subject, event FROM ledger_events WHERE agency = :agency AND type = 'identity.bound' AND "
                     "subject IN (SELECT id FROM people WHERE agency = :agency AND badge = :badge) AND n = 0 LIMIT 2",
                     of_badge));
    for (const db::Row& row : rows) {
      const auto bound = proof::parse_event(row.text("event"));
      if (!bound) continue;
      const Text badge = field(*bound, "badge"), since = field(*bound, "at");
      if (badge == wearer && since < received_at) {
        fault(fmt::format("{}: the catalog says officer nothing, its events badge {}, which was {}'s", what,
                          shown(wearer), row.text("subject")));
      }
    }
    return {};
  }

  void change(const Json& event, Said& said) {
    const std::string name = field(event, "field").value_or("");
    const Json* now = event.find("new");
    const Text flag = now && now->boolean() ? Text(*now->boolean() ? "1" : "0") : std::nullopt;
    if (name == "inside_home") said.inside_home = flag;
    if (name == "victim_sensitive") said.victim_sensitive = flag;
    if (name == "category") said.category = field(event, "new");
    if (name == "incident") said.incident = field(event, "new");
    if (name == "restriction") said.restriction = field(event, "new");
    if (name == "assigned_officer") {
      said.officer = field(event, "new");
      said.tells_officer = true;
    }
  }

  // What happened to a recording after its admission, in order.
  Result<void> later_events(db::Transaction& tx, const std::string& id, const std::string& what,
                            std::vector<DerivedObject>& objects, Said& said) {
    std::int64_t views = 0, derived = 0;
    std::optional<Json> signature;  // checked more than once, the newest is kept
    for (std::int64_t after = 0;;) {
      const db::Params page = {{"agency", agency_}, {"subject", id}, {"after", after}, {"limit", kEventsPage}};
      const db::Rows rows =
          TRY(tx.query("SELECT n, type, event FROM ledger_events WHERE agency = :agency AND subject = :subject AND n > "
                       ":after ORDER BY n LIMIT :limit",
                       page));
      if (rows.empty()) break;
      for (const db::Row& row : rows) {
        after = row.integer("n");
        const auto event = proof::parse_event(row.text("event"));
        if (!event) {
          fault(fmt::format("{}: event {} is malformed", what, after));
          continue;
        }
        const std::string& type = row.text("type");
        if (type == "recording.changed") {
          change(*event, said);
        } else if (type == "recording.accepted") {
          said.is_quarantined = false;
        } else if (type == "recording.viewed" || type == "recording.exported") {
          ++views;
          TRY(view(tx, id, *event));
        } else if (type == "recording.derived") {
          if (field(*event, "kind") == evidence::derived_kind_name(evidence::DerivedKind::kSignature)) {
            if (!signature) ++derived;
            signature = *event;
            continue;
          }
          ++derived;
          TRY(derived_item(tx, id, *event, objects));
        }
      }
    }
    if (signature) {
      said.signature = field(*signature, "verdict");
      said.signature_key = field(*signature, "key");
      said.signature_key_is = field(*signature, "key_is");
      TRY(derived_item(tx, id, *signature, objects));
    }
    const db::Params by_id = {{"id", id}};
    const db::Rows counted =
        TRY(tx.query("SELECT (SELECT COUNT(*) FROM views WHERE recording = :id) AS views, (SELECT "
                     "COUNT(*) FROM derived_items WHERE recording = :id) + (SELECT COUNT(*) FROM renditions WHERE "
                     "recording = :id AND sha256 IS NOT NULL) AS derived",
                     by_id));
    const db::Row& counts = counted[0];
    compare(what, {{"views", std::to_string(counts.integer("views")), std::to_string(views)},
                   {"derived items", std::to_string(counts.integer("derived")), std::to_string(derived)}});
    return {};
  }

  Result<void> view(db::Transaction& tx, const std::string& recording, const Json& event) {
    ++report.views;
    const std::string id = field(event, "view").value_or("");
    const std::string what = fmt::format("view {} of recording {}", id, recording);
    const db::Params by_id = {{"id", id}};
    const db::Rows rows = TRY(
        tx.query("SELECT CAST(recording AS TEXT) AS recording, CAST(agency AS TEXT) AS agency, CAST(person AS TEXT) AS "
                 "person, CAST(purpose AS TEXT) AS purpose, CAST(case_number AS TEXT) AS case_number, CAST(warrant AS "
                 "TEXT) AS warrant FROM views WHERE id = :id",
                 by_id));
    if (rows.empty()) {
      fault(fmt::format("{}: it was opened, and the catalog has no row", what));
      return {};
    }
    const db::Row& row = rows[0];
    compare(what, {{"recording", row.maybe_text("recording"), recording},
                   {"agency", row.maybe_text("agency"), agency_},
                   {"person", row.maybe_text("person"), field(event, "actor")},
                   {"purpose", row.maybe_text("purpose"), field(event, "purpose")},
                   {"case", filled(row, "case_number"), field(event, "case")},
                   {"warrant", filled(row, "warrant"), field(event, "warrant")}});
    return {};
  }

  Result<void> derived_item(db::Transaction& tx, const std::string& recording, const Json& event,
                            std::vector<DerivedObject>& objects) {
    ++report.derived;
    const std::string kind = field(event, "kind").value_or("");
    const std::string what = fmt::format("{} of recording {}", kind, recording);
    struct Place {
      std::string_view content, holder, forgotten, table, key;
    };
    constexpr Place kItem = {"content", "NULL", "NULL", "derived_items", "kind"};
    constexpr Place kRendition = {"NULL", "holder", "forgotten_us", "renditions", "id"};
    const bool is_rendition = kind == evidence::kRenditionJob;
    const Place& place = is_rendition ? kRendition : kItem;
    std::string one = kind;
    if (is_rendition) one = field(event, "rendition").value_or("");
    const std::string sql = fmt::format(
        "SELECT CAST(agency AS TEXT) AS agency, CAST(tool AS TEXT) AS tool, CAST(version AS TEXT) AS version, "
        "CAST(arguments AS TEXT) AS arguments, CAST(parent_sha256 AS TEXT) AS parent, CAST(sha256 AS TEXT) AS "
        "sha256, CAST(bytes AS TEXT) AS bytes, CAST(object AS TEXT) AS object, CAST({} AS TEXT) AS content, "
        "CAST({} AS TEXT) AS holder, CAST({} AS TEXT) AS forgotten FROM {} WHERE recording = :recording AND {} = :one",
        place.content, place.holder, place.forgotten, place.table, place.key);
    const db::Params params = {{"recording", recording}, {"one", one}};
    const db::Rows rows = TRY(tx.query(sql, params));
    if (rows.empty()) {
      fault(fmt::format("{}: it was derived, and the catalog has no row", what));
      return {};
    }
    const db::Row& row = rows[0];
    compare(what, {{"agency", row.maybe_text("agency"), agency_},
                   {"tool", row.maybe_text("tool"), field(event, "tool")},
                   {"version", row.maybe_text("version"), field(event, "version")},
                   {"arguments", row.maybe_text("arguments"), field(event, "arguments")},
                   {"parent", row.maybe_text("parent"), field(event, "parent")},
                   {"sha256", row.maybe_text("sha256"), field(event, "sha256")},
                   {"bytes", row.maybe_text("bytes"), whole_number(event, "bytes")},
                   {"holder", row.maybe_text("holder"), field(event, "for")}});
    // Its holder's right has ended: what was made is still told, and no longer there.
    const Text forgotten = row.maybe_text("forgotten"), object = row.maybe_text("object");
    if (forgotten && !object) return {};
    const bool is_in_row = kind == evidence::derived_kind_name(evidence::DerivedKind::kProbe) ||
                           kind == evidence::derived_kind_name(evidence::DerivedKind::kSignature);
    const Text content = is_in_row ? row.maybe_text("content") : object;
    if (!content) {
      fault(fmt::format("{}: the catalog keeps it in the wrong place", what));
    } else if (!is_in_row) {
      objects.push_back({what, *content, field(event, "sha256"), recording, one, place.table, place.key});
    } else if (hex(crypto::sha256(as_bytes(*content))) != field(event, "sha256")) {
      fault(fmt::format("{}: what the catalog keeps is not what was derived", what));
    }
    return {};
  }

  // ---- files ----

  void read_original(const Original& original) {
    const std::string name = store::object_name(parts_.agency.slug, original.id);
    const std::string what = fmt::format("original of recording {}", original.id.text());
    if (const auto file = plain_file(name); !file) {
      fault(fmt::format("{}: {}", what, file.error()));
    } else {
      using std::filesystem::perms;
      if ((file->permissions() & (perms::owner_write | perms::group_write | perms::others_write)) != perms::none) {
        // A copy from a backup is, and a power cut may take the mode: it says nothing of the bytes.
        note(fmt::format("{}: {} may be written to", what, name));
      }
      // By what was sealed, not by what the row says.
      auto opened = parts_.store.open(parts_.agency.slug, original.id, store::Codec::kPlain, original.bytes);
      if (!opened) {
        fault(fmt::format("{}: {}", what, opened.error().text()));
      } else if (const auto digest = parts_.store.digest(*opened); !digest) {
        fault(fmt::format("{}: {}", what, digest.error().text()));
      } else {
        if (*digest != original.sha256) {
          fault(fmt::format("{}: its bytes hash to {}, and {} was sealed", what, hex(*digest), hex(original.sha256)));
        }
        ++report.originals;
        report.original_bytes += original.bytes;
      }
    }
    if (parts_.on_object) parts_.on_object(report);
  }

  // Its row was read before all the originals beside it. Beside a server a holder's right may have ended since, and the file went
  // after its row had said so: what the catalog does not name any more is not looked for.
  Result<void> read_derived(const DerivedObject& object) {
    const Text wrong = wrong_with(object);
    if (wrong && TRY(is_still_named(object))) fault(fmt::format("{}: {}", object.what, *wrong));
    return {};
  }

  Text wrong_with(const DerivedObject& object) {
    if (!bucket::is_valid_name(object.name)) return "its object in the catalog is no name: " + printable(object.name);
    if (const auto file = plain_file(object.name); !file) return file.error();
    auto opened = parts_.bucket.open(object.name);
    if (!opened) return opened.error().text();
    // A rendition can be as long as its recording: it is read as one is.
    store::Original stored(*std::move(opened), store::Codec::kPlain);
    const auto digest = parts_.store.digest(stored);
    if (!digest) return digest.error().text();
    if (hex(*digest) != object.sha256) return "the stored bytes are not what was derived";
    return std::nullopt;
  }

  Result<bool> is_still_named(const DerivedObject& object) {
    bool is_named = false;
    const std::string sql =
        fmt::format("SELECT CAST(object AS TEXT) AS object FROM {} WHERE recording = :recording AND {} = :one LIMIT 1",
                    object.table, object.key);
    const db::Params of_row = {{"recording", object.recording}, {"one", object.one}};
    // Compared here: a damaged name is no text that a query takes.
    const auto look = [&](db::Transaction& tx) -> Result<void> {
      const db::Rows rows = TRY(tx.query(sql, of_row));
      is_named = std::ranges::any_of(rows, [&](const db::Row& row) { return row.maybe_text("object") == object.name; });
      return {};
    };
    TRY(parts_.database.read(look));
    return is_named;
  }

  // What stands under a name: a file of its own, and not where a link leads today. Nothing there, or nothing to read: what
  // is wrong with it.
  tl::expected<std::filesystem::file_status, std::string> plain_file(const std::string& name) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(parts_.files / name, error);
    if (std::filesystem::is_regular_file(status)) return status;
    return tl::unexpected(
        fmt::format("{} is {}", name, std::filesystem::exists(status) ? "no regular file" : "missing"));
  }

  // ---- people, devices, docks, the console ----

  Result<void> identity(db::Transaction& tx, const std::string& id, const Json& bound) {
    ++report.identities;
    const db::Params params = {{"id", id}, {"agency", agency_}};
    const db::Rows people = TRY(tx.query(
        "SELECT CAST(name AS TEXT) AS name, CAST(badge AS TEXT) AS badge, CAST(active_from_us AS TEXT) AS active_from, "
        "CAST(active_until_us AS TEXT) AS active_until FROM people WHERE id = :id AND agency = :agency",
        params));
    const db::Rows devices =
        TRY(tx.query("SELECT CAST(serial AS TEXT) AS serial FROM devices WHERE id = :id AND agency = :agency", params));
    const db::Rows docks = TRY(
        tx.query("SELECT CAST(name AS TEXT) AS name, CAST(public_key AS TEXT) AS public_key, CASE WHEN revoked_us IS "
                 "NULL THEN 'no' ELSE 'yes' END AS revoked FROM docks WHERE id = :id AND agency = :agency",
                 params));
    const db::Rows systems =
        TRY(tx.query("SELECT CAST(name AS TEXT) AS name, CASE WHEN revoked_us IS NULL THEN 'no' ELSE 'yes' END AS "
                     "revoked FROM camera_systems WHERE id = :id AND agency = :agency",
                     params));
    const db::Rows shares = TRY(tx.query(
        "SELECT CAST(recipient AS TEXT) AS recipient FROM shares WHERE id = :id AND agency = :agency", params));
    const db::Rows requests = TRY(
        tx.query("SELECT CAST(name AS TEXT) AS name FROM file_requests WHERE id = :id AND agency = :agency", params));
    const bool is_console = id == parts_.agency.console.text();
    const std::size_t count = people.size() + devices.size() + docks.size() + systems.size() + shares.size() +
                              requests.size() + (is_console ? 1 : 0);
    if (count != 1) {
      fault(fmt::format("{} {}: its events bind one identity, the catalog has {}",
                        bound.find("serial") ? "device" : "person, dock, camera system, recipient or file request", id,
                        count));
      return {};
    }
    if (is_console) {
      compare("console " + id,
              {{"name", "server console", field(bound, "name")}, {"actor", id, field(bound, "actor")}});
    }
    for (const db::Row& row : devices)
      compare("device " + id, {{"serial", row.maybe_text("serial"), field(bound, "serial")}});
    for (const db::Row& row : people) {
      const auto badge = TRY(worn_badge(tx, id));
      compare("person " + id,
              {{"name", row.maybe_text("name"), field(bound, "name")}, {"badge", row.maybe_text("badge"), badge}});
      TRY(roles(tx, id));
      TRY(activity(tx, id, row));
    }
    for (const db::Row& row : docks) TRY(dock(tx, id, bound, row));
    for (const db::Row& row : systems) TRY(camera_system(tx, id, bound, row));
    for (const db::Row& row : requests)
      compare("file request " + id, {{"name", row.maybe_text("name"), field(bound, "name")}});
    for (const db::Row& row : shares)
      compare("share " + id, {{"recipient", row.maybe_text("recipient"), field(bound, "name")}});
    return {};
  }

  // What the last binding says, unless the assignment that it came with has ended since.
  Result<Text> worn_badge(db::Transaction& tx, const std::string& id) {
    std::map<std::string, std::string> worn;  // by assignment
    std::string last;
    for (std::int64_t after = -1;;) {
      const db::Params page = {{"agency", agency_}, {"id", id}, {"after", after}, {"limit", kEventsPage}};
      const db::Rows rows = TRY(tx.query(
          "SELECT n, type, event FROM ledger_events WHERE agency = :agency AND subject = :id AND n > :after AND "
          "type IN ('identity.bound', 'assignment.began', 'assignment.ended') ORDER BY n LIMIT :limit",
          page));
      if (rows.empty()) break;
      for (const db::Row& row : rows) {
        after = row.integer("n");
        const auto event = proof::parse_event(row.text("event"));
        if (!event) continue;
        const std::string& type = row.text("type");
        const std::string kind = field(*event, "kind").value_or("");
        if (type == "identity.bound" && after == 0 && event->find("badge")) {
          worn[last = id] = field(*event, "badge").value_or("");
        } else if (type == "assignment.began" && kind == "badge" && !event->find("until")) {
          last = field(*event, "assignment").value_or("");
          worn[last] = field(*event, "target").value_or("");
        } else if (type == "assignment.ended") {
          worn.erase(field(*event, "assignment").value_or(""));
        }
      }
    }
    const auto found = worn.find(last);
    return found == worn.end() ? Text() : Text(found->second);
  }

  Result<void> roles(db::Transaction& tx, const std::string& id) {
    std::set<std::string> catalog, events;
    const db::Params of_person = {{"id", id}, {"limit", kRolesMax}};
    const db::Rows held = TRY(
        tx.query("SELECT CAST(role AS TEXT) AS role FROM person_roles WHERE person = :id ORDER BY role LIMIT :limit",
                 of_person));
    for (const db::Row& row : held) catalog.insert(row.text("role"));
    const db::Params by_subject = {{"agency", agency_}, {"id", id}};
    const db::Rows said =
        TRY(tx.query("SELECT event FROM ledger_events WHERE agency = :agency AND subject = :id AND type = "
                     "'person.roles' ORDER BY n DESC LIMIT 1",
                     by_subject));
    for (const db::Row& row : said) {
      const auto event = proof::parse_event(row.text("event"));
      const Json* list = event ? event->find("roles") : nullptr;
      if (!list || !list->array()) continue;
      for (const Json& role : *list->array()) {
        if (role.string()) events.insert(*role.string());
      }
    }
    compare("person " + id,
            {{"roles", fmt::format("{}", fmt::join(catalog, ", ")), fmt::format("{}", fmt::join(events, ", "))}});
    return {};
  }

  // Since when, and until when, a person is active: by the last event that says so, and by the first after it that ends it. Whom
  // a directory has deactivated is deactivated by hand too.
  Result<void> activity(db::Transaction& tx, const std::string& id, const db::Row& person) {
    Text from, until;
    const db::Params by_subject = {{"agency", agency_}, {"id", id}, {"limit", kEventsPage}};
    const db::Rows said =
        TRY(tx.query("SELECT event FROM ledger_events WHERE agency = :agency AND subject = :id AND type = "
                     "'person.active' ORDER BY n DESC LIMIT :limit",
                     by_subject));
    for (const db::Row& row : said) {
      const auto event = proof::parse_event(row.text("event"));
      const Json* active = event ? event->find("active") : nullptr;
      const bool is_active = active && active->boolean() && *active->boolean();
      if (is_active) {
        from = field(*event, "from");
        break;
      }
      if (event) until = field(*event, "from");
    }
    compare("person " + id, {{"active from", column_time(person.maybe_text("active_from")), from},
                             {"active until", column_time(person.maybe_text("active_until")), until}});
    return {};
  }

  Result<void> dock(db::Transaction& tx, const std::string& id, const Json& bound, const db::Row& row) {
    Text key;
    bool is_revoked = false;
    const db::Params by_subject = {{"agency", agency_}, {"id", id}, {"limit", kEventsPage}};
    const db::Rows said =
        TRY(tx.query("SELECT type, event FROM ledger_events WHERE agency = :agency AND subject = :id AND type IN "
                     "('dock.enrolled', 'dock.revoked') ORDER BY n LIMIT :limit",
                     by_subject));
    for (const db::Row& later : said) {
      const auto event = proof::parse_event(later.text("event"));
      if (later.text("type") == "dock.revoked") is_revoked = true;
      if (!event || later.text("type") != "dock.enrolled") continue;
      const auto bytes = parse_base64_array<32>(field(*event, "key").value_or(""));
      if (bytes) key = hex(*bytes);
    }
    const std::string_view revoked = is_revoked ? "yes" : "no";
    compare("dock " + id, {{"name", row.maybe_text("name"), field(bound, "name")},
                           {"key", row.maybe_text("public_key"), key},
                           {"revoked", row.maybe_text("revoked"), std::string(revoked)}});
    return {};
  }

  Result<void> camera_system(db::Transaction& tx, const std::string& id, const Json& bound, const db::Row& row) {
    const db::Params by_subject = {{"agency", agency_}, {"id", id}};
    const db::Rows said =
        TRY(tx.query("SELECT n FROM ledger_events WHERE agency = :agency AND subject = :id AND type = "
                     "'camera_system.revoked' LIMIT 1",
                     by_subject));
    const std::string_view revoked = said.empty() ? "no" : "yes";
    compare("camera system " + id, {{"name", row.maybe_text("name"), field(bound, "name")},
                                    {"revoked", row.maybe_text("revoked"), std::string(revoked)}});
    return {};
  }

  const CatalogCheck& parts_;
  const std::string agency_;
};

}  // namespace

Result<CatalogReport> check_catalog(const CatalogCheck& check) {
  Checker checker(check);
  checker.terms();
  TRY(checker.chains());
  TRY(checker.rows_without_events());
  TRY(checker.facts());
  TRY(checker.objects_without_rows());
  return std::move(checker.report);
}

Result<std::vector<std::string>> ledgers_without_agency(db::Database& database) {
  std::vector<std::string> out;
  const db::Params params = {{"limit", static_cast<std::int64_t>(kCatalogFaultsMax)}};
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const db::Rows rows =
        TRY(tx.query("SELECT origin FROM ledgers l WHERE NOT EXISTS (SELECT 1 FROM agencies a WHERE a.id = l.agency) "
                     "ORDER BY origin LIMIT :limit",
                     params));
    for (const db::Row& row : rows) out.push_back(row.text("origin"));
    return {};
  };
  TRY(database.read(look));
  return out;
}

}  // namespace lapel::audit
