// SPDX-License-Identifier: Apache-2.0
#include "evidence/rows.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "roster/holds.h"
#include "roster/locked.h"
#include "roster/pending_imports.h"

namespace lapel::evidence {
namespace {

template <typename T>
std::optional<T> optional_of(const std::optional<std::int64_t>& value) {
  return value ? std::optional(T{*value}) : std::nullopt;
}

}  // namespace

access::Item own_agency(const access::Actor& actor) {
  access::Item item;
  item.agency = actor.agency;
  return item;
}

const std::string& columns() {
  static const std::string kColumns =
      "id, agency, sha256, bytes, codec, filename, filetype, recorded_us, received_us, sort_us, uploader, device, "
      "wearer, assigned_officer, incident, category, group_id, chain_starts_at, is_inside_home, inside_home_known, "
      "revision, is_victim_sensitive, more, media_verdict, media_sentence, signature_verdict, signature_key, "
      "signature_key_is, duration_ms, width, height, frames, "
      "video_codec, audio_codec, file_created_us, CASE WHEN EXISTS (SELECT 1 FROM releases l WHERE l.recording = r.id "
      "AND l.agency = r.agency AND l.person = r.assigned_officer) THEN 1 ELSE 0 END AS is_released, " +
      std::string(roster::state_column()) + ", CASE WHEN " + std::string(roster::held_condition()) +
      " THEN 1 ELSE 0 END AS is_held, " + roster::lock_columns() + ", " + roster::standing_columns();
  return kColumns;
}

db::Params asked_by(const access::Actor& actor, Timestamp now) {
  return {{"self", actor.person.text()}, {"now", now.us}};
}

db::Params operator+(db::Params params, db::Params more) {
  for (db::Param& param : more) params.push_back(std::move(param));
  return params;
}

Result<std::string> reached_condition(const access::Actor& actor) {
  const access::Reach reach = access::reach(actor);
  std::string out;
  if (!reach.all) {
    // Alone, the first is an index's range.
    out = reach.own ? "assigned_officer = :self" : "";
    if (reach.supervised) out += (out.empty() ? "" : " OR ") + roster::supervised_condition();
    if (reach.scoped) out += (out.empty() ? "" : " OR ") + roster::scope_condition();
    if (out.empty()) return fail(Code::kInternal, "A list of nothing was let through", actor.login);
    out = "(" + out + ")";
  }
  const std::string also = reach.restricted_in_scope ? " OR " + roster::scope_condition() : "";
  if (!reach.restricted) out += (out.empty() ? "(" : " AND (") + roster::cleared_or_open_condition(actor) + also + ")";
  return out.empty() ? "1 = 1" : out;
}

Result<Recording> read_recording(const access::Actor& actor, const db::Row& row, Investigations investigations) {
  const auto damaged = [&](std::string_view column) {
    return fail(Code::kCorrupt, "A row of the catalog is damaged",
                fmt::format("recordings {} {}", row.text("id"), column));
  };
  Recording out;
  const auto id = RecordingId::parse(row.text("id"));
  const auto agency = AgencyId::parse(row.text("agency"));
  const auto sha256 = parse_hex_array<32>(row.text("sha256"));
  if (!id || !agency || !sha256) return damaged("id");
  out.id = *id;
  out.agency = *agency;
  out.sha256 = *sha256;
  out.bytes = static_cast<std::uint64_t>(row.integer("bytes"));
  out.codec = TRY(store::parse_codec(row.text("codec")));
  out.description.filename = row.text("filename");
  out.description.filetype = row.text("filetype");
  out.description.recorded_at = optional_of<Timestamp>(row.maybe_integer("recorded_us"));
  out.received_at = {row.integer("received_us")};
  const auto uploader = SubjectId::parse(row.text("uploader"));
  if (!uploader) return damaged("uploader");
  out.uploader = *uploader;
  out.description.device = row.maybe_text("device");
  out.description.wearer = row.maybe_text("wearer");
  out.description.incident = row.maybe_text("incident");
  out.description.category = row.maybe_text("category");
  if (const auto text = row.maybe_text("assigned_officer")) {
    out.assigned_officer = PersonId::parse(*text);
    if (!out.assigned_officer) return damaged("assigned_officer");
  }
  if (const auto text = row.maybe_text("group_id")) {
    out.description.group = RecordingId::parse(*text);
    if (!out.description.group) return damaged("group_id");
  }
  bool is_known_start = false;
  for (const ChainStart start : {ChainStart::kCamera, ChainStart::kDock, ChainStart::kServer}) {
    if (chain_start_name(start) != row.text("chain_starts_at")) continue;
    out.chain_starts_at = start;
    is_known_start = true;
  }
  if (!is_known_start) return damaged("chain_starts_at");
  const auto state = access::parse_state(row.text("state"));
  if (!state) return damaged("state");
  out.state = *state;
  if (row.integer("inside_home_known") == 1) out.is_inside_home = row.integer("is_inside_home") == 1;
  if (const auto text = row.maybe_text("locked_as")) {
    out.restriction = access::parse_restriction(*text);
    if (!out.restriction) return damaged("restriction");
    // Also by another file of the recording, whatever this file's own row says.
    if (out.state == access::State::kSealed) out.state = access::State::kRestricted;
  }
  // Whatever locks a recording, or has destroyed it, is the first thing to know of it.
  if (out.state == access::State::kSealed && row.integer("is_held") == 1) out.state = access::State::kHeld;
  out.is_own_in_part = row.integer("covers_own") == 1;
  out.is_victim_sensitive = row.integer("is_victim_sensitive") == 1;
  out.revision = row.integer("revision");
  const Json more = TRY(parse_json(row.text("more")));
  if (more.object()) out.description.more = *more.object();
  if (const auto verdict = row.maybe_text("media_verdict")) {
    out.media = MediaFacts{*verdict,
                           row.text("media_sentence"),
                           row.maybe_integer("duration_ms"),
                           row.maybe_integer("frames"),
                           row.maybe_integer("width"),
                           row.maybe_integer("height"),
                           row.maybe_text("video_codec"),
                           row.maybe_text("audio_codec"),
                           optional_of<Timestamp>(row.maybe_integer("file_created_us"))};
  }
  if (const auto verdict = row.maybe_text("signature_verdict")) {
    out.signature = SignatureFacts{*verdict, row.maybe_text("signature_key"), KeyStanding::kUnknown};
    bool is_known = false;
    for (const KeyStanding one : {KeyStanding::kUnknown, KeyStanding::kOfDevice, KeyStanding::kOfRoot,
                                  KeyStanding::kRevoked, KeyStanding::kOfOtherDevice}) {
      if (row.maybe_text("signature_key_is") != key_standing_name(one)) continue;
      out.signature->standing = one;
      is_known = true;
    }
    if (!is_known) return damaged("signature_key_is");
  }
  roster::Standing standing = TRY(roster::read_standing(row));
  if (investigations == Investigations::kUntold) standing.is_investigated = false;
  // What is in one file of a recording binds all of them.
  const bool is_home = row.integer("home_in_part") == 1, is_sensitive = row.integer("sensitive_in_part") == 1;
  out.item = {out.agency, out.assigned_officer, out.uploader, out.state, out.is_inside_home, is_sensitive};
  if (is_home) out.item.is_inside_home = true;
  standing.tell(out.item);
  out.item.is_cleared = roster::is_cleared(actor, row);
  out.is_case_known = standing.is_case_known;
  out.item.own_viewing = standing.own_viewing(row.integer("is_released") == 1);
  return out;
}

Result<Recording> find_recording(db::Transaction& tx, const access::Actor& actor, const RecordingId& id,
                                 Timestamp now) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT {} FROM recordings r WHERE r.id = coalesce((SELECT n.id FROM recordings n WHERE "
                               "n.id >= :id ORDER BY n.id LIMIT 1), (SELECT max(n.id) FROM recordings n))",
                               columns()),
                   asked_by(actor, now) + db::Params{{"id", id.text()}}));
  if (!rows.empty()) {
    auto read = read_recording(actor, rows[0]);
    if (rows[0].text("id") == id.text() && rows[0].text("agency") == actor.agency.text()) return read;
  }
  return fail(Code::kNotFound, "No such recording", id.text());
}

Result<void> set_columns(db::Transaction& tx, const Recording& read, const std::string& assignments,
                         db::Params params) {
  params.emplace_back("id", read.id.text());
  params.emplace_back("revision", read.revision);
  const std::int64_t changed = TRY(
      tx.run(fmt::format("UPDATE recordings SET {}, revision = revision + 1 WHERE id = :id AND revision = :revision",
                         assignments),
             params));
  if (changed == 1) return {};
  return fail(Code::kConflict, "This recording was changed meanwhile: look at it again", read.id.text());
}

void remove_unnamed(const Vault::Parts& parts, std::string_view table, const RecordingId& recording,
                    const std::string& object) {
  (void)parts.database.read([&](db::Transaction& tx) -> Result<void> {
    const auto sql =
        fmt::format("SELECT object FROM {} WHERE recording = :recording AND object = :object LIMIT 1", table);
    const db::Params asked = {{"recording", recording.text()}, {"object", object}};
    if (TRY(tx.query(sql, asked)).empty()) (void)parts.bucket.remove(object);
    return {};
  });
}

std::string derived_name(std::string_view slug, const RecordingId& recording, std::string_view kind,
                         std::int64_t attempt) {
  const std::string id = recording.text();
  return fmt::format("derived/{}/{}/{}/{}-{}", slug, id.substr(0, 2), id, kind, attempt);
}

access::Basis basis_of(const Recording& recording, const ViewRequest& request) {
  access::Basis basis;
  basis.purpose = request.purpose;
  basis.has_case = request.case_number.has_value();
  // A number alone is a word. Where the agency has that case, whoever names it has to work on it. What belongs to no known
  // incident is of no case that anybody names.
  basis.is_related = recording.description.incident && recording.description.incident == request.case_number &&
                     (!recording.is_case_known || recording.item.is_in_case);
  basis.has_warrant = request.warrant.has_value();
  basis.inside_home = request.inside_home;
  return basis;
}

ledger::Draft denied(const RecordingId& recording, access::Action action, const access::Decision& decision) {
  Json::Object fields = {{"action", access::action_name(action)}, {"rule", decision.rule}};
  return {recording, "recording.denied", std::move(fields), false};
}

std::string searchable(const Description& description) {
  std::string out = description.filename;
  for (const auto& field : {description.incident, description.category, description.wearer, description.device}) {
    if (field) out += "\n" + *field;
  }
  return fold(out);
}

}  // namespace lapel::evidence
