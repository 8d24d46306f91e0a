// SPDX-License-Identifier: Apache-2.0
#include "sharing/shares.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "sharing/stands.h"

namespace lapel::sharing {
namespace {

using evidence::Recording;
using evidence::RenditionState;

constexpr std::array<std::pair<ShareKind, std::string_view>, 3> kKinds = {{
    {ShareKind::kView, "view"},
    {ShareKind::kDownload, "download"},
    {ShareKind::kDiscovery, "discovery"},
}};
constexpr std::int64_t kForgottenAtOnceMax = 20;  // shares
constexpr std::size_t kOrderBytesMax = 8 * 1024;  // an event has room for 16 KiB

constexpr db::Migration kSteps[] = {
    // Of shares: secret_sha256 is that of the link; restriction is what the recording was locked as when it was shared.
    {1, "shares", R"sql(
CREATE TABLE shares (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  maker TEXT NOT NULL REFERENCES people (id),
  kind TEXT NOT NULL CHECK (kind IN ('view', 'download', 'discovery')),
  recipient TEXT NOT NULL,
  organization TEXT,
  purpose TEXT NOT NULL,
  case_number TEXT,
  warrant TEXT,
  order_text TEXT,
  secret_sha256 TEXT NOT NULL UNIQUE,
  made_us BIGINT NOT NULL,
  ends_us BIGINT,
  views_max BIGINT,
  views_used BIGINT NOT NULL DEFAULT 0,
  revoked_us BIGINT,
  opened_us BIGINT,
  accepted_us BIGINT,
  received_us BIGINT,
  CHECK (views_max IS NULL OR views_used <= views_max)
);
CREATE INDEX shares_by_time ON shares (agency, made_us, id);
CREATE TABLE share_items (
  share TEXT NOT NULL REFERENCES shares (id),
  n BIGINT NOT NULL,
  agency TEXT NOT NULL REFERENCES agencies (id),
  recording TEXT NOT NULL REFERENCES recordings (id),
  restriction TEXT,
  downloaded_us BIGINT,
  PRIMARY KEY (share, n)
);
CREATE INDEX share_items_by_recording ON share_items (recording, share);
CREATE TABLE share_views (
  id TEXT NOT NULL PRIMARY KEY,
  share TEXT NOT NULL REFERENCES shares (id),
  n BIGINT NOT NULL,
  agency TEXT NOT NULL REFERENCES agencies (id),
  use_as TEXT NOT NULL CHECK (use_as IN ('watch', 'download')),
  ends_us BIGINT NOT NULL
);
CREATE INDEX share_views_by_share ON share_views (share, n);
)sql"},
    // Those of before were made only when each original had been read. `waits`: its event says that it is prepared later.
    {2, "prepared", R"sql(
ALTER TABLE shares ADD COLUMN waits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shares ADD COLUMN prepared_us BIGINT;
ALTER TABLE shares ADD COLUMN failed_us BIGINT;
ALTER TABLE shares ADD COLUMN failure TEXT;
CREATE INDEX shares_waiting ON shares (agency) WHERE waits = 1 AND prepared_us IS NULL AND failed_us IS NULL;
)sql"},
    {3, "guessed codes", "ALTER TABLE shares ADD COLUMN code_failed_us BIGINT"},
};

std::string secret_hash(std::string_view secret) {
  return hex(crypto::sha256(as_bytes(secret)));
}

// How shares are decided about: an item whose officer is whoever made it.
access::Item item_of(const Share& share) {
  access::Item item;
  item.agency = share.agency;
  item.assigned_officer = share.maker;
  return item;
}

Result<void> check_text(std::string_view what, const std::string& text, std::size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) {
    return fail(Code::kInvalid, fmt::format("{} must have 1 to {} bytes", what, bytes_max));
  }
  return {};
}

Result<void> check_terms(const ShareTerms& terms, Timestamp now) {
  TRY(check_text("The recipient's name", terms.recipient, limits::kFieldBytesMax));
  if (terms.organization) TRY(check_text("The organization", *terms.organization, limits::kFieldBytesMax));
  for (const std::string& text : {terms.recipient, terms.organization.value_or("")}) {
    if (printable(text) != text) return fail(Code::kInvalid, "Who receives it is written without control characters");
  }
  if (terms.order) TRY(check_text("The protective order", *terms.order, kOrderBytesMax));
  const std::set<RecordingId> once(terms.recordings.begin(), terms.recordings.end());
  if (terms.recordings.empty() || terms.recordings.size() > limits::kShareRecordingsMax ||
      once.size() != terms.recordings.size()) {
    return fail(Code::kInvalid,
                fmt::format("A share is of 1 to {} recordings, each once", limits::kShareRecordingsMax));
  }
  if (terms.kind == ShareKind::kDiscovery) {
    if (terms.basis.purpose != access::Purpose::kDiscovery) {
      return fail(Code::kInvalid, "A share for discovery has the purpose discovery");
    }
    if (!terms.basis.case_number) return fail(Code::kInvalid, "A share for discovery names its case");
    if (terms.ends_at || terms.views_max) {
      return fail(Code::kInvalid, "Discovery has neither an end nor a cap: the case and its appeals may be long");
    }
    return {};
  }
  if (!terms.ends_at) return fail(Code::kInvalid, "A share needs a time at which it ends");
  if (*terms.ends_at <= now || *terms.ends_at - now > limits::kShareLifeUsMax) {
    return fail(Code::kInvalid, "A share ends in the future, and within 366 days");
  }
  if (terms.views_max && (*terms.views_max < 1 || *terms.views_max > limits::kShareViewsMax)) {
    return fail(Code::kInvalid, fmt::format("A cap is 1 to {} views", limits::kShareViewsMax));
  }
  return {};
}

void put_if(Json::Object& fields, std::string_view name, const std::optional<std::string>& value) {
  if (value && !value->empty()) fields.emplace(name, *value);
}

Json::Object terms_fields(const ShareTerms& terms) {
  Json::Object fields = {{"kind", share_kind_name(terms.kind)}, {"purpose", access::purpose_name(terms.basis.purpose)}};
  put_if(fields, "case", terms.basis.case_number);
  put_if(fields, "warrant", terms.basis.warrant);
  return fields;
}

std::optional<Timestamp> time_of(const db::Row& row, std::string_view column) {
  const auto us = row.maybe_integer(column);
  return us ? std::optional(Timestamp{*us}) : std::nullopt;
}

Result<Share> read_share(const db::Row& row) {
  const auto id = ShareId::parse(row.text("id"));
  const auto agency = AgencyId::parse(row.text("agency"));
  const auto maker = PersonId::parse(row.text("maker"));
  const auto kind = parse_share_kind(row.text("kind"));
  const auto purpose = access::parse_purpose(row.text("purpose"));
  if (!id || !agency || !maker || !kind || !purpose) {
    return fail(Code::kCorrupt, "A share in the catalog is damaged", row.text("id"));
  }
  Share out;
  out.id = *id;
  out.agency = *agency;
  out.maker = *maker;
  out.maker_name = row.text("maker_name");
  out.terms.kind = *kind;
  out.terms.recipient = row.text("recipient");
  out.terms.organization = row.maybe_text("organization");
  out.terms.basis = {*purpose, row.maybe_text("case_number"), row.maybe_text("warrant"), std::nullopt};
  out.terms.ends_at = time_of(row, "ends_us");
  out.terms.views_max = row.maybe_integer("views_max");
  out.terms.order = row.maybe_text("order_text");
  out.made_at = {row.integer("made_us")};
  out.prepared_at = row.integer("waits") == 0 ? std::optional(out.made_at) : time_of(row, "prepared_us");
  out.failed_at = time_of(row, "failed_us");
  out.reason = row.maybe_text("failure").value_or("");
  out.revoked_at = time_of(row, "revoked_us");
  out.opened_at = time_of(row, "opened_us");
  out.accepted_at = time_of(row, "accepted_us");
  out.received_at = time_of(row, "received_us");
  out.code_failed_at = time_of(row, "code_failed_us");
  out.views_used = row.integer("views_used");
  return out;
}

Result<Share::Item> read_item(const db::Row& row) {
  const auto recording = RecordingId::parse(row.text("recording"));
  const auto sha256 = parse_hex_array<32>(row.text("sha256"));
  if (!recording || !sha256) return fail(Code::kCorrupt, "An item of a share is damaged", row.text("recording"));
  return Share::Item{*recording,
                     row.text("filename"),
                     row.text("filetype"),
                     static_cast<std::uint64_t>(row.integer("bytes")),
                     *sha256,
                     time_of(row, "recorded_us"),
                     row.maybe_integer("duration_ms"),
                     time_of(row, "downloaded_us"),
                     std::nullopt};
}

// SQL: those of them that stand come first.
std::string rank() {
  return fmt::format("CASE WHEN {} THEN 0 ELSE 1 END", kStands);
}

// Whether what went wrong while a share was prepared lies in it, and no further attempt comes to anything else.
bool is_of_the_share(const Error& error) {
  static constexpr std::array kOfTheMoment = {Code::kUnavailable, Code::kInternal, Code::kLimited,
                                              Code::kFull,        Code::kConflict, Code::kBusy};
  return std::find(kOfTheMoment.begin(), kOfTheMoment.end(), error.code()) == kOfTheMoment.end();
}

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

std::string_view share_kind_name(ShareKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  CHECK(false);
}
std::optional<ShareKind> parse_share_kind(std::string_view name) {
  for (const auto& [value, known] : kKinds) {
    if (known == name) return value;
  }
  return std::nullopt;
}

Result<void> Shares::commit(const access::Actor& actor, std::vector<ledger::Draft> events, ledger::RowsStep rows) {
  return parts_.vault.seal_sharing(actor, std::move(events), std::move(rows));
}

Result<std::vector<Share>> Shares::read(const std::string& condition, const db::Params& params, std::int64_t limit) {
  std::vector<Share> out;
  db::Params asked = params;
  asked.push_back({"limit", limit});
  asked.push_back({"now", parts_.clock.now().us});
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const db::Row& row : TRY(tx.query(
             fmt::format("SELECT s.*, p.name AS maker_name FROM shares s JOIN people p ON p.id = s.maker WHERE {} "
                         "ORDER BY {}, s.made_us DESC, s.id DESC LIMIT :limit",
                         condition, rank()),
             asked))) {
      Share share = TRY(read_share(row));
      for (const db::Row& item : TRY(tx.query(
               "SELECT i.recording AS recording, i.downloaded_us AS downloaded_us, r.filename AS filename, "
               "r.filetype AS filetype, r.bytes AS bytes, r.sha256 AS sha256, r.recorded_us AS recorded_us, "
               "r.duration_ms AS duration_ms FROM share_items i JOIN recordings r ON r.id = i.recording AND "
               "r.agency = i.agency WHERE i.share = :share ORDER BY i.n LIMIT :limit",
               {{"share", share.id.text()}, {"limit", static_cast<std::int64_t>(limits::kShareRecordingsMax)}}))) {
        share.items.push_back(TRY(read_item(item)));
        share.terms.recordings.push_back(share.items.back().recording);
      }
      if (!share.prepared_at && !share.failed_at) {
        const std::array<SubjectId, 1> self = {share.id};
        const auto statuses = TRY(parts_.jobs.statuses(tx, kShareJob, self));
        if (const auto it = statuses.find(share.id); it != statuses.end()) share.reason = it->second.reason;
      }
      if (share.terms.kind == ShareKind::kView) {
        for (const RenditionState& copy : TRY(evidence::renditions_of(tx, parts_.jobs, share.id))) {
          for (Share::Item& item : share.items) {
            if (item.recording == copy.recording) item.copy = copy;
          }
        }
      }
      out.push_back(std::move(share));
    }
    return {};
  }));
  return out;
}

// What is drawn into the pictures: who was given it, and by which share, found again by its beginning.
Result<void> Shares::ask_copies(db::Transaction& tx, const Share& share) {
  std::vector<std::string> lines = {first_characters(share.terms.recipient, evidence::kMarkCharactersMax)};
  if (share.terms.organization)
    lines.push_back(first_characters(*share.terms.organization, evidence::kMarkCharactersMax));
  lines.push_back(fmt::format("{} {}", ledger_time(share.made_at).substr(0, 10), share.id.text().substr(0, 8)));
  for (const Share::Item& item : share.items) {
    TRY(evidence::ask_rendition(tx, parts_.jobs, {share.agency, item.recording, share.id, lines}));
  }
  return {};
}

Shares::Shares(Parts parts) : parts_(parts) {}
Shares::~Shares() {
  is_stopping_ = true;
}

Result<void> Shares::begin(bool is_only_server) {
  if (is_only_server) TRY(parts_.jobs.take_back_all(kShareJob));
  sweeper_ = std::make_unique<os::PeriodicWorker>("shares", kSweepPeriodUs, [this] {
    // What failed is for the next turn; what is wrong with the catalog or the disk, /readyz says.
    (void)turn();
  });
  sweeper_->nudge();
  jobs::Runner::Options options;
  options.kind = kShareJob;
  options.blocked = [] { return std::optional<std::string>(); };
  options.handler = [this](const jobs::Lease& lease) { return prepare(lease); };
  preparer_ = std::make_unique<jobs::Runner>(parts_.jobs, std::move(options));
  return {};
}

Result<std::pair<access::Actor, Recording>> Shares::may_share(const Share& share, const Share::Item& item) {
  access::Actor maker;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    maker = TRY(roster::actor(tx, share.maker));
    return {};
  }));
  Recording recording =
      TRY(parts_.vault.to_share(maker, item.recording, share.terms.basis, evidence::Vault::Refusal::kUnsealed));
  return std::pair(std::move(maker), std::move(recording));
}

Result<void> Shares::check(const Share& share) {
  for (const Share::Item& item : share.items) {
    if (is_stopping_) return fail(Code::kUnavailable, "The server is stopping");
    const auto [maker, recording] = TRY(may_share(share, item));
    TRY(parts_.vault.require_undamaged(maker, recording));
  }
  // Reading may have taken hours.
  for (const Share::Item& item : share.items) TRY(may_share(share, item));
  return {};
}

// The same, at another time, for whoever gives a code. Whose maker has left goes on: discovery outlasts careers.
Result<void> Shares::require_shareable(const Share& share) {
  const auto receiving = TRY(this->receiving(share.id));
  for (const Share::Item& item : share.items) {
    const auto shared = may_share(share, item);
    const bool has_left = !shared && shared.error().code() == Code::kUnauthenticated;
    const auto received = require_unlocked(receiving, item);
    for (const Error* error :
         {shared || has_left ? nullptr : &shared.error(), received ? nullptr : &received.error()}) {
      if (error == nullptr) continue;
      if (!is_of_the_share(*error)) return fail(*error);
      // In the same words whatever it is: whoever asks may not know of the recording.
      return fail(problems::kRule,
                  "not all of it may be shared any more by whoever made it: take it back, and share the rest anew");
    }
  }
  return {};
}

Result<void> Shares::hide(const access::Actor& actor, std::vector<Share>& shares) {
  std::set<RecordingId> ids;
  for (const Share& share : shares) ids.insert(share.terms.recordings.begin(), share.terms.recordings.end());
  const std::set<RecordingId> shown = TRY(parts_.vault.shown_of(actor, {ids.begin(), ids.end()}));
  for (Share& share : shares) {
    for (Share::Item& item : share.items) item.is_hidden = !shown.contains(item.recording);
  }
  return {};
}

// What nobody in particular did is said by the server, as its agency's console.
Result<access::Actor> Shares::server_of(const Share& share) {
  access::Actor out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const roster::Agency agency = TRY(roster::agency(tx, share.agency));
    out = {agency.id, agency.slug, agency.console, {}, "sharing", {}, {}};
    return {};
  }));
  return out;
}

Result<jobs::Outcome> Shares::prepare(const jobs::Lease& lease) {
  const ShareId id{lease.subject.bytes()};
  const std::vector<Share> found = TRY(read("s.id = :id", {{"id", id.text()}}));
  if (found.empty() || found[0].prepared_at || found[0].has_ended(parts_.clock.now())) {
    TRY(parts_.database.write([&](db::Transaction& tx) { return parts_.jobs.finish(tx, lease); }));
    return jobs::Outcome{};
  }
  const Share& share = found[0];
  const Result<void> checked = check(share);
  if (is_stopping_) return jobs::Outcome{jobs::Outcome::Kind::kGivenBack, {}};
  if (!checked && !is_of_the_share(checked.error())) return fail(checked.error());

  const access::Actor server = TRY(server_of(share));
  const std::string reason = checked ? "" : checked.error().message;
  ledger::Draft event = {id, checked ? "share.prepared" : "share.failed", {}, false};
  if (!checked) event.fields.emplace("reason", reason);
  std::vector<ledger::Draft> events;
  events.push_back(std::move(event));
  TRY(commit(
      server, std::move(events), [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
        const std::optional<std::int64_t> at = sealed[0].at.us, none;
        const std::int64_t changed =
            TRY(tx.run("UPDATE shares SET prepared_us = :prepared, failed_us = :failed, failure = :failure WHERE id = "
                       ":id AND prepared_us IS NULL AND failed_us IS NULL AND revoked_us IS NULL",
                       {{"prepared", checked ? at : none},
                        {"failed", checked ? none : at},
                        {"failure", checked ? std::optional<std::string>() : std::optional(reason)},
                        {"id", id.text()}}));
        if (changed != 1) return fail(Code::kConflict, "The share was taken back while it was prepared", id.text());
        if (checked && share.terms.kind == ShareKind::kView) TRY(ask_copies(tx, share));
        return parts_.jobs.finish(tx, lease);
      }));
  parts_.jobs.nudge();
  return jobs::Outcome{};
}

// Copies of shares that have ended are of use to nobody; some at a time.
Result<void> Shares::turn() {
  std::vector<ShareId> over;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    over.clear();
    for (const db::Row& row :
         TRY(tx.query("SELECT DISTINCT s.id AS id FROM renditions r JOIN shares s ON s.id = r.holder WHERE "
                      "r.forgotten_us IS NULL "
                      "AND (s.revoked_us IS NOT NULL OR s.ends_us <= :now) ORDER BY s.id LIMIT :limit",
                      {{"now", parts_.clock.now().us}, {"limit", kForgottenAtOnceMax}}))) {
      if (const auto id = ShareId::parse(row.text("id"))) over.push_back(*id);
    }
    return {};
  }));
  for (const ShareId& id : over) TRY(parts_.vault.forget_renditions(id));
  return parts_.vault.sweep_renditions();
}

Result<Shares::Made> Shares::make(const access::Actor& actor, const ShareTerms& terms, const CodeRows& code_rows) {
  TRY(check_terms(terms, parts_.clock.now()));
  std::vector<Recording> recordings;
  for (const RecordingId& id : terms.recordings)
    recordings.push_back(TRY(parts_.vault.to_share(actor, id, terms.basis)));

  const ShareId id = crypto::new_id<ShareId>();
  std::string secret = base64url(crypto::random_bytes<32>());
  const std::string hash = secret_hash(secret);

  Json::Object bound = {{"name", terms.recipient}, {"from", ledger_time(parts_.clock.now())}};
  Json::Object made = terms_fields(terms);
  made.emplace("recipient", terms.recipient);
  made.emplace("link", hash);
  made.emplace("waits", true);
  put_if(made, "organization", terms.organization);
  if (terms.ends_at) made.emplace("until", ledger_time(*terms.ends_at));
  if (terms.views_max) made.emplace("views_max", static_cast<std::uint64_t>(*terms.views_max));
  if (terms.order) made.emplace("order", *terms.order);
  std::vector<ledger::Draft> events;
  events.push_back({id, "identity.bound", std::move(bound), true});
  events.push_back({id, "share.made", std::move(made), false});
  events.push_back({id, "share.code_given", {}, false});
  for (const Recording& recording : recordings) {
    Json::Object fields = terms_fields(terms);
    fields.emplace("share", id.text());
    if (recording.restriction) fields.emplace("restriction", access::restriction_name(*recording.restriction));
    events.push_back({recording.id, "recording.shared", std::move(fields), false});
  }
  TRY(commit(
      actor, std::move(events), [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
        // One that has ended is prepared no more, and nothing is written for that.
        const db::Rows rows =
            TRY(tx.query(fmt::format("SELECT COUNT(*) AS waiting FROM shares WHERE agency = :agency AND waits = 1 AND "
                                     "prepared_us IS NULL AND {}",
                                     kStands),
                         {{"agency", actor.agency.text()}, {"now", parts_.clock.now().us}}));
        const std::int64_t waiting = rows[0].integer("waiting");
        if (waiting >= kSharesWaitingMax) {
          return fail(Code::kLimited, fmt::format("{} shares wait to be prepared: try again later", waiting));
        }
        TRY(
            tx.run("INSERT INTO shares (id, agency, maker, kind, recipient, organization, purpose, case_number, "
                   "warrant, order_text, secret_sha256, made_us, ends_us, views_max, waits) VALUES (:id, :agency, "
                   ":maker, :kind, :recipient, :organization, :purpose, :case_number, :warrant, :order_text, :secret, "
                   ":made, :ends, :views_max, 1)",
                   {{"id", id.text()},
                    {"agency", actor.agency.text()},
                    {"maker", actor.person.text()},
                    {"kind", share_kind_name(terms.kind)},
                    {"recipient", terms.recipient},
                    {"organization", terms.organization},
                    {"purpose", access::purpose_name(terms.basis.purpose)},
                    {"case_number", terms.basis.case_number},
                    {"warrant", terms.basis.warrant},
                    {"order_text", terms.order},
                    {"secret", hash},
                    {"made", sealed[1].at.us},
                    {"ends", terms.ends_at ? std::optional(terms.ends_at->us) : std::nullopt},
                    {"views_max", terms.views_max}}));
        for (std::size_t n = 0; n < recordings.size(); ++n) {
          const auto& restriction = recordings[n].restriction;
          TRY(
              tx.run("INSERT INTO share_items (share, n, agency, recording, restriction) VALUES (:share, :n, :agency, "
                     ":recording, :restriction)",
                     {{"share", id.text()},
                      {"n", static_cast<std::int64_t>(n)},
                      {"agency", actor.agency.text()},
                      {"recording", recordings[n].id.text()},
                      {"restriction", restriction ? std::optional(std::string(access::restriction_name(*restriction)))
                                                  : std::nullopt}}));
        }
        TRY(code_rows(tx, id));
        return parts_.jobs.enqueue(tx, {kShareJob, actor.agency, id});
      }));
  parts_.jobs.nudge();
  // It stands: what is told from here on fails for no right.
  std::vector<Share> told = TRY(read("s.id = :id", {{"id", id.text()}}));
  CHECK(told.size() == 1);
  return Made{std::move(told[0]), std::move(secret)};
}

Result<Page<Share>> Shares::list(const access::Actor& actor, const std::optional<RecordingId>& recording,
                                 const PageQuery& query) {
  // Who may see none asks in vain; who may see their own is given those.
  access::Item own;
  own.agency = actor.agency;
  own.assigned_officer = actor.person;
  TRY(access::require(access::decide(actor, access::Action::kSeeShares, own), "page"));
  // Whether a recording that the actor may not know of was shared is not theirs to hear either.
  if (recording) TRY(parts_.vault.show(actor, *recording));
  access::Item others = own;
  others.assigned_officer.reset();
  const bool sees_all = access::decide(actor, access::Action::kSeeShares, others).is_allowed();
  std::string condition = "s.agency = :agency";
  db::Params params = {{"agency", actor.agency.text()}};
  if (!sees_all) {
    condition += " AND s.maker = :self";
    params.push_back({"self", actor.person.text()});
  }
  if (recording) {
    condition += " AND EXISTS (SELECT 1 FROM share_items i WHERE i.share = s.id AND i.recording = :recording)";
    params.push_back({"recording", recording->text()});
  }
  if (query.after) {
    condition += fmt::format(
        " AND ({0} > CAST(:after_rank AS BIGINT) OR ({0} = CAST(:after_rank AS BIGINT) AND (s.made_us < :after_us OR "
        "(s.made_us = :after_us AND s.id < :after_id))))",
        rank());
    for (db::Param& each :
         db::Params{{"after_rank", query.after->rank}, {"after_us", query.after->us}, {"after_id", query.after->id}})
      params.push_back(std::move(each));
  }
  Page<Share> out{TRY(read(condition, params, query.limit + 1)), {}};
  if (static_cast<std::int64_t>(out.items.size()) > query.limit) {
    out.items.pop_back();
    const Share& last = out.items.back();
    out.next = cursor_of({last.has_ended(parts_.clock.now()) ? 1 : 0, last.made_at.us, last.id.text()});
  }
  TRY(hide(actor, out.items));
  return out;
}

Result<Share> Shares::show(const access::Actor& actor, const ShareId& id) {
  std::vector<Share> found =
      TRY(read("s.id = :id AND s.agency = :agency", {{"id", id.text()}, {"agency", actor.agency.text()}}));
  // Whoever may not see it does not learn that there is one.
  if (found.empty() || !access::decide(actor, access::Action::kSeeShares, item_of(found[0])).is_allowed()) {
    return fail(Code::kNotFound, "No such share", id.text());
  }
  TRY(hide(actor, found));
  return std::move(found[0]);
}

Result<Share> Shares::revoke(const access::Actor& actor, const ShareId& id, const std::string& reason) {
  const Share share = TRY(show(actor, id));
  TRY(access::require(access::decide(actor, access::Action::kManageShare, item_of(share)), "share", id.text()));
  TRY(check_text("A reason", reason, limits::kFieldBytesMax));
  if (has_control_characters(reason)) return fail(Code::kInvalid, "A reason has no control characters");
  TRY(commit(actor, {{id, "share.revoked", {{"reason", reason}}, false}},
             [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
               const std::int64_t changed =
                   TRY(tx.run("UPDATE shares SET revoked_us = :now WHERE id = :id AND revoked_us IS NULL",
                              {{"id", id.text()}, {"now", sealed[0].at.us}}));
               return changed == 1 ? Result<void>() : fail(Code::kConflict, "This share has been taken back already");
             }));
  TRY(parts_.vault.forget_renditions(id));
  return show(actor, id);
}

Result<void> Shares::give_code(const access::Actor& actor, const ShareId& id, ledger::RowsStep rows) {
  const Share share = TRY(show(actor, id));
  TRY(access::require(access::decide(actor, access::Action::kManageShare, item_of(share)), "share", id.text()));
  if (share.has_ended(parts_.clock.now())) return fail(Code::kConflict, "This share has ended: it needs no code");
  TRY(require_shareable(share));
  return commit(actor, {{id, "share.code_given", {}, false}}, std::move(rows));
}

Result<ShareId> Shares::find(const std::string& secret) {
  const std::vector<Share> found = TRY(read("s.secret_sha256 = :secret", {{"secret", secret_hash(secret)}}));
  if (found.empty()) return fail(Code::kNotFound, "No such share");
  return found[0].id;
}

}  // namespace lapel::sharing
