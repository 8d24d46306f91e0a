// SPDX-License-Identifier: Apache-2.0
// A batch, from submission to answer (3, 4 and the swap of 5 are in log.cc):
//   1. the head is read; what other sequencers sealed meanwhile is caught up with
//   2. n, prev, at and index are given; entries built
//   3. the entries go to the bucket as one object under a name nobody else uses; durable
//   4. they are read back and hashed: what is not what was built ends the batch
//   5. ONE transaction: the head swapped by (size, root), the batch's place, events, chains, the callers' rows
//   6. the callers are answered; leaves that fill a tile are stored as tiles, and their batches forgotten
// A crash before 5 leaves an object that no row names; Log::sweep_staged() removes it once it is old enough to belong to no
// living process. A crash after 5 is found whole by Log::refresh(). Two processes at 5: one swap wins, the other starts at 1.
#include "ledger/ledger.h"

#include <array>
#include <deque>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/trace.h"
#include "crypto/random.h"
#include "ledger/check.h"
#include "ledger/log.h"
#include "ledger/publisher.h"
#include "os/worker.h"
#include "proof/receipt.h"

namespace lapel::ledger {
namespace {

constexpr std::int64_t kBeatPollUs = 100'000;
constexpr int kCheckAttemptsMax = 16;
constexpr int kOptimisticAttemptsMax = 4;  // swaps lost before the lock is held

struct Chain {
  std::uint64_t next_n = 0;
  Digest last_commitment{};
  std::uint64_t first_index = 0, last_index = 0;
};

// One caller waiting in commit().
struct Pending {
  Submission submission;
  std::vector<proof::SubjectKey> keys;  // of each event's subject
  std::vector<SealedEvent> sealed;
  std::optional<Error> error;
  bool done = false;
};

// What a batch adds: entries in order, and the rows that go with them.
struct Built {
  std::vector<std::string> entries;
  std::unordered_map<SubjectId, Chain> chains;  // as they stand after the batch
};

}  // namespace

struct Ledger::Impl {
  explicit Impl(Parts p)
      : agency(p.agency),
        agency_text(p.agency.text()),
        terms(std::move(p.terms)),
        secrets(p.secrets),
        subject_keys(std::move(p.subject_keys)),
        database(p.database),
        bucket(p.bucket),
        clock(p.clock),
        queue_max(p.queue_max),
        log_key(crypto::SigningKey::from_seed(p.secrets.log_seed)),
        vkey{terms.origin, proof::KeyType::kLog, log_key.public_key()},
        log({agency_text, terms.origin, terms.slug, p.database, p.bucket, p.clock}),
        publisher({agency_text, terms, secrets.pad_key, log, p.database, p.clock}) {}

  const AgencyId agency;
  const std::string agency_text;
  const Terms terms;
  const Secrets secrets;
  const SubjectKeys subject_keys;
  db::Database& database;
  bucket::Bucket& bucket;
  const Clock& clock;
  const std::size_t queue_max;
  const crypto::SigningKey log_key;
  const proof::VerifierKey vkey;
  Log log;
  Publisher publisher;

  os::Mutex queue_mutex;
  os::Condition wake;      // the sequencer waits here
  os::Condition answered;  // callers wait here
  std::deque<Pending*> queue LAPEL_GUARDED_BY(queue_mutex);
  bool stopping LAPEL_GUARDED_BY(queue_mutex) = false;
  bool publishing LAPEL_GUARDED_BY(queue_mutex) = false;
  std::thread sequencer;

  std::string sign(std::uint64_t size, const Digest& root) const {
    return proof::sign_checkpoint({terms.origin, size, root}, log_key);
  }

  // ---- sealing ----

  // Gives each event its place. A submission that cannot be sealed gets its error and is left out.
  Result<Built> build(db::Transaction& tx, std::vector<Pending*>& batch, std::uint64_t size) const {
    Built built;
    for (const Pending* pending : batch) {
      for (const Draft& draft : pending->submission.events) {
        if (built.chains.contains(draft.subject)) continue;
        built.chains.emplace(draft.subject, TRY(read_chain(tx, draft.subject)));
      }
    }
    const Timestamp now = clock.now();
    std::erase_if(batch, [&](Pending* pending) {
      pending->sealed.clear();
      // Worked out on copies, so that a submission refused halfway leaves no trace in the chains.
      std::unordered_map<SubjectId, Chain> chains;
      std::vector<std::string> entries;
      for (std::size_t i = 0; i < pending->submission.events.size(); ++i) {
        const Draft& draft = pending->submission.events[i];
        Chain& chain = chains.try_emplace(draft.subject, built.chains.at(draft.subject)).first->second;
        if (draft.is_first && chain.next_n != 0) {
          pending->error = Error{&problems::kConflict, "This subject has a history already", draft.subject.text()};
          return true;
        }
        SealedEvent event;
        event.subject = draft.subject;
        event.n = chain.next_n;
        event.index = size + built.entries.size() + entries.size();
        event.at = {now.us / kHundredthUs * kHundredthUs};
        event.type = draft.type;
        Json::Object fields = draft.fields;
        fields.emplace("actor", pending->submission.actor.text());
        fields.emplace("at", ledger_time(event.at));
        fields.emplace("ledger", terms.origin);
        fields.emplace("n", event.n);
        if (event.n > 0) fields.emplace("prev", base64(chain.last_commitment));
        fields.emplace("subject", draft.subject.text());
        fields.emplace("type", draft.type);
        event.event = canonical(Json(std::move(fields)));
        if (event.event.size() > limits::kEventBytesMax) {
          pending->error = Error{&problems::kTooLarge,
                                 fmt::format("An event may have at most {} bytes", limits::kEventBytesMax), draft.type};
          return true;
        }
        const Digest commitment = proof::commit(proof::event_salt(pending->keys[i], event.n), event.event);
        entries.push_back(proof::private_entry(commitment));
        if (chain.next_n == 0) chain.first_index = event.index;
        chain.last_index = event.index;
        chain.last_commitment = commitment;
        ++chain.next_n;
        pending->sealed.push_back(std::move(event));
      }
      for (auto& [subject, chain] : chains) built.chains[subject] = chain;
      built.entries.insert(built.entries.end(), entries.begin(), entries.end());
      return false;
    });
    return built;
  }

  Result<Chain> read_chain(db::Transaction& tx, const SubjectId& subject) const {
    const db::Rows rows =
        TRY(tx.query("SELECT next_n, last_commitment, first_index, last_index FROM ledger_chains "
                     "WHERE agency = :agency AND subject = :subject",
                     {{"agency", agency_text}, {"subject", subject.text()}}));
    if (rows.empty()) return Chain{};
    const db::Row& row = rows[0];
    const Digest last = TRY(stored_digest(row.text("last_commitment")));
    return Chain{static_cast<std::uint64_t>(row.integer("next_n")), last,
                 static_cast<std::uint64_t>(row.integer("first_index")),
                 static_cast<std::uint64_t>(row.integer("last_index"))};
  }

  // The rows of a batch whose entries have just been appended.
  Result<void> write_rows(db::Transaction& tx, const Built& built, const std::vector<Pending*>& batch,
                          Pending** failing) const {
    for (const auto& [subject, chain] : built.chains) {
      if (chain.next_n == 0) continue;  // read for a submission that was left out
      TRY(
          tx.run("INSERT INTO ledger_chains (agency, subject, next_n, last_commitment, first_index, last_index) "
                 "VALUES (:agency, :subject, :next_n, :commitment, :first_index, :last_index) "
                 "ON CONFLICT (agency, subject) DO UPDATE SET next_n = :next_n, last_commitment = :commitment, "
                 "last_index = :last_index",
                 {{"agency", agency_text},
                  {"subject", subject.text()},
                  {"next_n", chain.next_n},
                  {"commitment", hex(chain.last_commitment)},
                  {"first_index", chain.first_index},
                  {"last_index", chain.last_index}}));
    }
    for (Pending* pending : batch) {
      for (const SealedEvent& event : pending->sealed) {
        TRY(
            tx.run("INSERT INTO ledger_events (agency, subject, n, leaf_index, type, at_us, event) "
                   "VALUES (:agency, :subject, :n, :leaf_index, :type, :at_us, :event)",
                   {{"agency", agency_text},
                    {"subject", event.subject.text()},
                    {"n", event.n},
                    {"leaf_index", event.index},
                    {"type", event.type},
                    {"at_us", event.at.us},
                    {"event", event.event}}));
      }
    }
    for (Pending* pending : batch) {
      if (!pending->submission.rows) continue;
      if (auto done = pending->submission.rows(tx, pending->sealed); !done) {
        *failing = pending;
        return done;
      }
    }
    return {};
  }

  // Seals what can be sealed of the batch, filling in results. An error returned here is everybody's.
  Result<void> seal(std::vector<Pending*> batch) {
    int lost = 0;
    while (!batch.empty()) {
      Pending* failing = nullptr;
      auto sealed =
          lost < kOptimisticAttemptsMax ? seal_optimistic(batch, &failing) : seal_holding_the_lock(batch, &failing);
      // What a run before had failed with is nobody's fault where another sequencer was then first.
      const bool has_moved = !sealed && sealed.error().problem == &problems::kLedgerMoved;
      if (failing && !has_moved) {
        failing->error = std::move(sealed).error();
        std::erase(batch, failing);
        continue;
      }
      if (!has_moved || ++lost == limits::kSequencerAttemptsMax) return sealed;
    }
    return {};
  }

  // The usual way: nothing is locked while entries are written; the swap tells whether somebody else was first.
  Result<void> seal_optimistic(std::vector<Pending*>& batch, Pending** failing) {
    const std::shared_ptr<const Edge> before = TRY(log.refresh());
    Built built;
    TRY(database.read([&](db::Transaction& tx) -> Result<void> {
      built = TRY(build(tx, batch, before->size));
      return {};
    }));
    if (batch.empty()) return {};
    return log.append(*before, built.entries, [&](db::Transaction& tx, const Edge&) {
      *failing = nullptr;
      return write_rows(tx, built, batch, failing);
    });
  }

  // After losing several swaps to a busier sequencer: the same steps inside one transaction, which nobody can get ahead of.
  // It makes other writers wait for the bucket, so it is not the usual way.
  Result<void> seal_holding_the_lock(std::vector<Pending*>& batch, Pending** failing) {
    std::shared_ptr<const Edge> after;
    TRY(database.write([&](db::Transaction& tx) -> Result<void> {
      *failing = nullptr;
      after.reset();  // of a run that was rolled back
      TRY(tx.run("UPDATE ledgers SET last_beat = last_beat WHERE agency = :agency", {{"agency", agency_text}}));
      const std::shared_ptr<const Edge> before = TRY(log.refresh_in(tx));
      const Built built = TRY(build(tx, batch, before->size));
      if (batch.empty()) return {};
      after = TRY(log.append_in(tx, *before, built.entries, [&](db::Transaction& inner, const Edge&) {
        return write_rows(inner, built, batch, failing);
      }));
      return {};
    }));
    if (after) log.share(std::move(after));
    return {};
  }

  // ---- the thread ----

  void run() {
    for (;;) {
      std::vector<Pending*> batch;
      bool is_publishing = false;
      {
        const os::MutexLock lock(queue_mutex);
        if (queue.empty() && !stopping) {
          if (publishing) {
            wake.wait_for_us(queue_mutex, kBeatPollUs);
          } else {
            wake.wait(queue_mutex);
          }
        }
        if (queue.empty() && stopping) return;
        while (!queue.empty() && batch.size() < limits::kSequencerBatchMax) {
          batch.push_back(queue.front());
          queue.pop_front();
        }
        is_publishing = publishing && !stopping;
      }
      if (!batch.empty()) {
        auto sealed = seal(batch);
        const os::MutexLock lock(queue_mutex);
        for (Pending* pending : batch) {
          if (!sealed && !pending->error) pending->error = sealed.error();
          pending->done = true;
        }
        answered.notify_all();
      }
      // What fails here is tried again with the next batch or beat; nobody has been promised anything by it.
      if (auto stored = log.store_full_tiles(); !stored) report("storing tiles", stored.error());
      if (is_publishing) {
        const std::int64_t beat = publisher.beat();
        if (beat > last_beat_done) {
          if (auto published = publisher.publish(beat); published) {
            last_beat_done = beat;
          } else {
            report("publishing", published.error());
          }
        }
      }
    }
  }
  std::int64_t last_beat_done = 0;  // the thread's own

  void report(std::string_view doing, const Error& error) const { trace_error("ledger", doing, error); }
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<void> Ledger::create(db::Transaction& tx, const AgencyId& agency, const Terms& terms,
                            const proof::VerifierKey& key) {
  const std::string root = hex(proof::empty_root());
  TRY(
      tx.run("INSERT INTO ledgers (agency, origin, slug, beat_s, floor_leaves, heads_s, policy, vkey, size, root, "
             "tiled_size, last_beat) "
             "VALUES (:agency, :origin, :slug, :beat, :floor, :heads, :policy, :vkey, 0, :root, 0, 0)",
             {{"agency", agency.text()},
              {"origin", terms.origin},
              {"slug", terms.slug},
              {"beat", terms.beat_s},
              {"floor", terms.floor},
              {"heads", terms.heads_s},
              {"policy", terms.policy},
              {"vkey", key.text()},
              {"root", root}}));
  TRY(tx.run("INSERT INTO ledger_published (agency, size, root, at_us) VALUES (:agency, 0, :root, 0)",
             {{"agency", agency.text()}, {"root", root}}));
  return {};
}

Result<Terms> Ledger::terms(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows =
      TRY(tx.query("SELECT origin, slug, beat_s, floor_leaves, heads_s, policy FROM ledgers WHERE agency = :agency",
                   {{"agency", agency.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "This agency has no ledger", agency.text());
  const db::Row& row = rows[0];
  return Terms{row.text("origin"),          row.text("slug"),       row.integer("beat_s"),
               row.integer("floor_leaves"), row.integer("heads_s"), row.text("policy")};
}

Result<std::string> Ledger::stored_key(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows = TRY(tx.query("SELECT vkey FROM ledgers WHERE agency = :agency", {{"agency", agency.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "This agency has no ledger", agency.text());
  return rows[0].text("vkey");
}

Result<std::unique_ptr<Ledger>> Ledger::open(Parts parts) {
  auto impl = std::make_unique<Impl>(std::move(parts));
  std::string begun_with;
  TRY(impl->database.read([&](db::Transaction& tx) -> Result<void> {
    begun_with = TRY(stored_key(tx, impl->agency));
    return {};
  }));
  if (begun_with != impl->vkey.text()) {
    return fail(problems::kLedgerCorrupt, "The log key is not the one this ledger began with", impl->terms.origin);
  }
  TRY(impl->log.check_ahead());
  impl->sequencer = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<Ledger>(new Ledger(std::move(impl)));
}

Ledger::~Ledger() {
  {
    const os::MutexLock lock(impl_->queue_mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->sequencer.joinable()) impl_->sequencer.join();
}

Result<void> Ledger::begin() {
  const std::shared_ptr<const Edge> edge = TRY(impl_->log.refresh());
  if (edge->size > 0) return {};
  const Terms& terms = impl_->terms;
  const std::vector<std::string> genesis = {proof::public_entry(Json(Json::Object{{"beat", terms.beat_s},
                                                                                  {"floor", terms.floor},
                                                                                  {"heads", terms.heads_s},
                                                                                  {"key", impl_->vkey.text()},
                                                                                  {"ledger", terms.origin},
                                                                                  {"policy", terms.policy},
                                                                                  {"type", "ledger.genesis"}}))};
  auto sealed = impl_->log.append(*edge, genesis, [](db::Transaction&, const Edge&) -> Result<void> { return {}; });
  // Whoever swapped first from size 0 wrote the very same leaf.
  if (!sealed && sealed.error().problem != &problems::kLedgerMoved) return sealed;
  return {};
}

void Ledger::start_publishing() {
  if (auto swept = impl_->log.sweep_staged(); !swept) impl_->report("sweeping", swept.error());
  const os::MutexLock lock(impl_->queue_mutex);
  impl_->publishing = true;
  impl_->wake.notify_all();
}

Result<std::vector<SealedEvent>> Ledger::commit(Submission submission) {
  CHECK(!submission.events.empty() && submission.events.size() <= limits::kSubmissionEventsMax);
  Pending pending;
  for (const Draft& draft : submission.events) {
    CHECK(is_canonical_value(Json(Json::Object{{draft.type, 1}})));  // a tally counts by it
    if (!is_canonical_value(Json(draft.fields))) {
      return fail(Code::kInvalid, "A text is not UTF-8, or a number is outside what the ledger can hold", draft.type);
    }
    pending.keys.push_back(TRY(impl_->subject_keys(draft.subject, KeyUse::kCreate)));
  }
  pending.submission = std::move(submission);
  const os::MutexLock lock(impl_->queue_mutex);
  CHECK(!impl_->stopping);  // nobody asks a ledger that is going
  if (impl_->queue.size() >= impl_->queue_max) return fail(Code::kBusy, "The ledger's queue is full");
  impl_->queue.push_back(&pending);
  impl_->wake.notify_one();
  while (!pending.done) impl_->answered.wait(impl_->queue_mutex);
  if (pending.error) return fail(*std::move(pending.error));
  return std::move(pending.sealed);
}

const Terms& Ledger::terms() const {
  return impl_->terms;
}
const proof::VerifierKey& Ledger::key() const {
  return impl_->vkey;
}

Result<Head> Ledger::head() const {
  const auto edge = TRY(impl_->log.refresh());
  return Head{edge->size, edge->root};
}

Result<std::string> Ledger::sealed_checkpoint() const {
  const Head sealed = TRY(head());
  return impl_->sign(sealed.size, sealed.root);
}

Result<std::string> Ledger::published_checkpoint() const {
  std::optional<PublishedRow> published;
  TRY(impl_->database.read([&](db::Transaction& tx) -> Result<void> {
    published = TRY(read_published(tx, impl_->agency_text));
    return {};
  }));
  if (!published) return fail(Code::kNotFound, "Nothing has been published", impl_->terms.origin);
  return impl_->sign(published->size, published->root);
}

Result<std::vector<SealedEvent>> Ledger::events(const SubjectId& subject, std::uint64_t from, std::size_t limit) const {
  return events_of(subject, {}, from, limit);
}

// No types: all of them.
Result<std::vector<SealedEvent>> Ledger::events_of(const SubjectId& subject, std::span<const std::string_view> types,
                                                   std::uint64_t from, std::size_t limit) const {
  std::string sql =
      "SELECT n, leaf_index, type, at_us, event FROM ledger_events WHERE agency = :agency AND subject = :subject AND n "
      ">= :from";
  db::Params params = {{"agency", impl_->agency_text}, {"subject", subject.text()}, {"from", from}, {"limit", limit}};
  // A parameter's name lives as long as its query.
  static constexpr std::array<std::string_view, 4> kNames = {"type0", "type1", "type2", "type3"};
  CHECK(types.size() <= kNames.size());
  std::string names;
  for (std::size_t i = 0; i < types.size(); ++i) {
    names += fmt::format("{}:{}", i == 0 ? "" : ", ", kNames[i]);
    params.emplace_back(kNames[i], types[i]);
  }
  if (!names.empty()) sql += fmt::format(" AND type IN ({})", names);
  sql += " ORDER BY n LIMIT :limit";
  std::vector<SealedEvent> out;
  TRY(impl_->database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const db::Row& row : TRY(tx.query(sql, params))) {
      out.push_back({subject, static_cast<std::uint64_t>(row.integer("n")),
                     static_cast<std::uint64_t>(row.integer("leaf_index")), Timestamp{row.integer("at_us")},
                     row.text("type"), row.text("event")});
    }
    return {};
  }));
  return out;
}

Result<proof::Salt> Ledger::salt(const SealedEvent& event) const {
  return proof::event_salt(TRY(impl_->subject_keys(event.subject, KeyUse::kExisting)), event.n);
}

namespace {

Result<std::string> make_receipt(const Edge& edge, const TileReader& tiles, Json extra, std::uint64_t index,
                                 const Standing& standing) {
  if (index >= standing.size) {
    return fail(problems::kNotSealed,
                "The next published checkpoint will cover this; until then only a sealed receipt exists");
  }
  proof::Receipt receipt;
  receipt.extra = std::move(extra);
  receipt.index = index;
  receipt.path = TRY(proof::inclusion_path(index, standing.size, edge.reader(tiles)));
  receipt.checkpoint = standing.note;
  return receipt.text();
}

}  // namespace

Result<Standing> Ledger::standing(Under under) const {
  const std::string note = TRY(under == Under::kSealed ? sealed_checkpoint() : published_checkpoint());
  const auto parsed = proof::Note::parse(note);
  CHECK(parsed.has_value());
  const auto checkpoint = proof::Checkpoint::parse(parsed->text);
  CHECK(checkpoint.has_value());
  return Standing{checkpoint->size, note};
}

Result<std::string> Ledger::receipt(const SealedEvent& event, Under under) const {
  return receipt(event, TRY(standing(under)));
}

Result<std::string> Ledger::receipt(const SealedEvent& event, const Standing& standing) const {
  // Read after the checkpoint, so that the edge reaches at least as far.
  const auto edge = TRY(impl_->log.refresh());
  return make_receipt(*edge, impl_->log.tiles(), proof::disclose_event(event.event, TRY(salt(event))), event.index,
                      standing);
}

Result<std::string> Ledger::statement_receipt(std::uint64_t index, Under under) const {
  const Standing under_note = TRY(standing(under));
  const auto edge = TRY(impl_->log.refresh());
  if (index >= edge->size) return fail(Code::kNotFound, "The ledger has no such leaf");
  std::string entry;
  if (index >= edge->tiled_size) {
    entry = edge->entries[index - edge->tiled_size];
  } else {
    entry = TRY(impl_->log.tiles().entries(index / proof::kTileWidth))[index % proof::kTileWidth];
  }
  const auto parsed = proof::parse_entry(entry);
  const auto* statement = parsed ? std::get_if<proof::PublicEntry>(&*parsed) : nullptr;
  if (!statement) return fail(Code::kNotFound, "This leaf is not a public statement");
  return make_receipt(*edge, impl_->log.tiles(), proof::disclose_statement(statement->statement), index, under_note);
}

Result<Bytes> Ledger::published_tile(const proof::TileId& tile) const {
  const auto not_found = [&] { return fail(Code::kNotFound, "No such tile", proof::tile_path(tile)); };
  const int level = std::max(tile.level, 0);
  if (level > 6 || tile.index >> 48 != 0) return not_found();
  const std::uint64_t hash_leaves = std::uint64_t{1} << (proof::kTileHeight * level);
  const std::uint64_t first_hash = tile.index * proof::kTileWidth;
  const std::uint64_t end_hash = first_hash + static_cast<std::uint64_t>(tile.width);
  if (end_hash > (std::uint64_t{1} << 62) / hash_leaves) return not_found();
  bool is_published = false;
  TRY(impl_->database.read([&](db::Transaction& tx) -> Result<void> {
    // A full tile: some published size reaches its end. A partial one: a published size ends in just this width.
    const bool is_full = static_cast<std::uint64_t>(tile.width) == proof::kTileWidth;
    const db::Rows rows = TRY(
        tx.query("SELECT size FROM ledger_published WHERE agency = :agency AND size >= :from AND size < :to LIMIT 1",
                 {{"agency", impl_->agency_text},
                  {"from", end_hash * hash_leaves},
                  {"to", is_full ? std::uint64_t{1} << 62 : (end_hash + 1) * hash_leaves}}));
    is_published = !rows.empty();
    return {};
  }));
  if (!is_published) return not_found();
  const auto edge = TRY(impl_->log.refresh());
  if (tile.level < 0) {
    std::vector<std::string> entries;
    if (first_hash < edge->tiled_size) {
      entries = TRY(impl_->log.tiles().entries(tile.index));
    } else {
      entries.assign(edge->entries.begin() + static_cast<std::ptrdiff_t>(first_hash - edge->tiled_size),
                     edge->entries.end());
    }
    entries.resize(static_cast<std::size_t>(tile.width));
    const std::string bundle = proof::format_bundle(entries);
    return Bytes(bundle.begin(), bundle.end());
  }
  Bytes out;
  for (std::uint64_t i = first_hash; i < end_hash; ++i) {
    const Digest hash = TRY(edge->node(impl_->log.tiles(), proof::kTileHeight * level, i));
    out.insert(out.end(), hash.begin(), hash.end());
  }
  return out;
}

Result<CheckReport> Ledger::check() const {
  const CheckParts parts{impl_->agency_text, impl_->terms,    impl_->secrets.pad_key, impl_->subject_keys,
                         impl_->vkey.text(), impl_->database, impl_->bucket,          impl_->log.tiles()};
  // A sequencer at work may turn batches into tiles between the look and the read: then look again.
  for (int attempt = 1;; ++attempt) {
    auto report = check_ledger(parts);
    if (report || report.error().code() != Code::kNotFound || attempt == kCheckAttemptsMax) return report;
  }
}

}  // namespace lapel::ledger
