// SPDX-License-Identifier: Apache-2.0
#include "ledger/check.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "base/problems.h"
#include "ledger/publisher.h"
#include "ledger/rows.h"

namespace lapel::ledger {
namespace {

constexpr std::int64_t kBeyondMax = 100;  // events at no leaf that are named

// Walks a ledger from leaf 0 and says of each leaf what it is.
class Checker {
 public:
  explicit Checker(const CheckParts& parts) : parts_(parts) {}

  CheckReport report;

  void fault(std::string text) {
    if (report.faults.size() < kFaultsMax) report.faults.push_back(std::move(text));
  }

  // `event`: the opening that the catalog holds for this leaf, or null.
  void leaf(std::uint64_t index, const std::string& bytes, const SealedEvent* event) {
    const auto entry = proof::parse_entry(bytes);
    if (!entry) return fault(fmt::format("leaf {}: not an entry of ledger.md", index));
    if (const auto* statement = std::get_if<proof::PublicEntry>(&*entry)) {
      ++report.statements;
      check_statement(index, statement->statement);
      if (event) fault(fmt::format("leaf {}: the catalog opens a public statement as an event", index));
      return;
    }
    const Digest commitment = std::get<proof::PrivateEntry>(*entry).commitment;
    if (!event) {
      ++report.padding;
      if (commitment != proof::padding(parts_.pad_key, index)) {
        fault(fmt::format("leaf {}: neither padding nor an event that the catalog can open", index));
      }
      return;
    }
    ++report.events;
    check_event(index, commitment, *event);
  }

  // One row of ledger_chains: from where the subject's next event goes on. `sealed`: the ledger's size now.
  void chain(const SubjectId& subject, std::uint64_t next_n, const std::string& commitment, std::uint64_t first_index,
             std::uint64_t last_index, std::uint64_t sealed) {
    const auto known = chains_.find(subject);
    // Where a sequencer has gone on since the leaves were read, the row says more than they do.
    const bool has_grown = last_index >= report.size && last_index < sealed;
    if (known == chains_.end()) {
      if (!has_grown) fault(fmt::format("subject {}: the catalog has a chain, and no leaf has it", subject.text()));
      return;
    }
    const ChainEnd& end = known->second;
    ++chains_seen_;
    const std::string last = hex(end.commitment);
    const bool is_end = next_n == end.next_n && commitment == last && last_index == end.last_index;
    if (first_index != end.first_index || (!is_end && !(has_grown && next_n > end.next_n))) {
      fault(fmt::format("subject {}: the catalog's end of the chain is not the leaves'", subject.text()));
    }
  }
  void all_chains_seen() {
    if (chains_seen_ != chains_.size()) {
      fault(fmt::format("the catalog holds {} chains of the leaves' {}", chains_seen_, chains_.size()));
    }
  }

 private:
  static constexpr std::size_t kFaultsMax = 1'000;
  struct ChainEnd {
    std::uint64_t next_n = 0;
    Digest commitment{};
    std::uint64_t first_index = 0, last_index = 0;
  };

  void check_statement(std::uint64_t index, const Json& statement) {
    const std::string& type = *statement.find_string("type");
    if ((type == "ledger.genesis") != (index == 0))
      fault(fmt::format("leaf {}: genesis stands at leaf 0 and only there", index));
    if (*statement.find_string("ledger") != parts_.terms.origin)
      fault(fmt::format("leaf {}: names another ledger", index));
    if (type == "ledger.genesis") check_genesis(statement);
    if (type == "ledger.tally") check_tally(index, statement);
  }

  // What the catalog says of the ledger's terms is what outsiders were told at its beginning.
  void check_genesis(const Json& statement) {
    if (*statement.find_string("key") != parts_.vkey) fault("leaf 0: names another log key");
    const Terms& terms = parts_.terms;
    if (*statement.find_integer("beat") != terms.beat_s || *statement.find_integer("floor") != terms.floor ||
        *statement.find_integer("heads") != terms.heads_s || *statement.find_string("policy") != terms.policy) {
      fault("leaf 0: the catalog's terms are not those that the ledger began with");
    }
  }

  // A tally counts the events of its month that stand before it, and each month has one.
  void check_tally(std::uint64_t index, const Json& statement) {
    const Timestamp from = *parse_ledger_time(*statement.find_string("from"));
    const Timestamp to = *parse_ledger_time(*statement.find_string("to"));
    if (from != month_start(from) || to != next_month_start(from)) {
      fault(fmt::format("leaf {}: a tally of no calendar month", index));
    }
    if (tallied_to_ && *tallied_to_ != from) fault(fmt::format("leaf {}: the tally before it ends elsewhere", index));
    tallied_to_ = to;
    Json::Object counts;
    for (const auto& [type, events] : events_by_month_[from]) counts.emplace(type, events);
    if (*statement.find("counts") != Json(counts)) {
      fault(fmt::format("leaf {}: the tally's counts are not those of the events before it", index));
    }
  }

  void check_event(std::uint64_t index, const Digest& commitment, const SealedEvent& event) {
    const auto key = parts_.subject_keys(event.subject, KeyUse::kExisting);
    if (!key) {
      return fault(fmt::format("leaf {}: the key of subject {} is missing: {}", index, event.subject.text(),
                               key.error().message));
    }
    if (proof::commit(proof::event_salt(*key, event.n), event.event) != commitment) {
      fault(fmt::format("leaf {}: the event in the catalog is not the one that was sealed", index));
    }
    const auto parsed = proof::parse_event(event.event);
    if (!parsed) return fault(fmt::format("leaf {}: the event in the catalog is malformed", index));
    const Timestamp at = *parse_ledger_time(*parsed->find_string("at"));
    const std::string subject = event.subject.text();
    if (*parsed->find_string("subject") != subject || *parsed->find_string("type") != event.type ||
        *parsed->find_integer("n") != static_cast<std::int64_t>(event.n) ||
        *parsed->find_string("ledger") != parts_.terms.origin || at != event.at) {
      fault(fmt::format("leaf {}: the catalog's columns and the event disagree", index));
    }
    ChainEnd& end = chains_[event.subject];
    const std::string before = base64(end.commitment);
    if (event.n != end.next_n) {
      fault(fmt::format("leaf {}: event {} of subject {} follows {}", index, event.n, subject, end.next_n));
    } else if (const std::string* prev = parsed->find_string("prev"); event.n > 0 && (!prev || *prev != before)) {
      fault(fmt::format("leaf {}: prev does not name the event before it", index));
    }
    end = {event.n + 1, commitment, event.n == 0 ? index : end.first_index, index};
    ++events_by_month_[month_start(at)][event.type];
  }

  const CheckParts& parts_;
  std::unordered_map<SubjectId, ChainEnd> chains_;
  std::size_t chains_seen_ = 0;
  std::map<Timestamp, std::map<std::string, std::int64_t>> events_by_month_;
  std::optional<Timestamp> tallied_to_;
};

}  // namespace

Result<CheckReport> check_ledger(const CheckParts& parts) {
  Checker checker(parts);
  HeadRow head;
  std::vector<BatchRow> batches;
  std::vector<Head> published;
  std::uint64_t open_events = 0;
  std::vector<std::string> beyond;
  const auto read_what_is_stored = [&](db::Transaction& tx) -> Result<void> {
    head = TRY(read_head(tx, parts.agency));
    batches = TRY(read_batches(tx, parts.agency, head.tiled_size));
    published.clear();
    for (std::int64_t after = std::numeric_limits<std::int64_t>::min();;) {
      const db::Params page = {{"agency", parts.agency}, {"after", after}};
      const db::Rows rows = TRY(tx.query(
          "SELECT size, root FROM ledger_published WHERE agency = :agency AND size > :after ORDER BY size LIMIT 10000",
          page));
      if (rows.empty()) break;
      for (const db::Row& row : rows) {
        after = row.integer("size");
        const Digest root = TRY(stored_digest(row.text("root")));
        published.push_back({static_cast<std::uint64_t>(after), root});
      }
    }
    // A head and its events are committed together: what stands elsewhere was never sealed, whoever may believe it.
    const db::Params end = {{"agency", parts.agency}, {"size", head.size}};
    const db::Params few = {{"agency", parts.agency}, {"size", head.size}, {"limit", kBeyondMax}};
    const db::Rows counted = TRY(
        tx.query("SELECT COUNT(*) AS events FROM ledger_events WHERE agency = :agency AND leaf_index < :size", end));
    open_events = static_cast<std::uint64_t>(counted[0].integer("events"));
    beyond.clear();
    const db::Rows outside =
        TRY(tx.query("SELECT leaf_index, subject, type FROM ledger_events WHERE agency = :agency AND (leaf_index >= "
                     ":size OR leaf_index < 0) ORDER BY leaf_index, subject LIMIT :limit",
                     few));
    for (const db::Row& row : outside) {
      beyond.push_back(
          fmt::format("leaf {}: the catalog has an event of {} of subject {} there, and the ledger has {} leaves",
                      row.integer("leaf_index"), row.text("type"), row.text("subject"), head.size));
    }
    return {};
  };
  TRY(parts.database.read(read_what_is_stored));
  for (std::string& text : beyond) checker.fault(std::move(text));

  // Rebuilt from leaf 0, with nothing taken over from memory.
  Edge edge;
  std::size_t next_published = 0;
  const auto compare_published = [&] {
    for (; next_published < published.size() && published[next_published].size == edge.size; ++next_published) {
      if (published[next_published].root != edge.root) {
        checker.fault(fmt::format("the root published at size {} is not the tree's", edge.size));
      }
    }
  };
  compare_published();
  const auto take = [&](const std::vector<std::string>& entries) -> Result<void> {
    const std::uint64_t first = edge.size;
    const db::Params span = {{"agency", parts.agency}, {"from", first}, {"to", first + entries.size()}};
    std::unordered_map<std::uint64_t, SealedEvent> events;
    const auto read_events = [&](db::Transaction& tx) -> Result<void> {
      events.clear();
      const db::Rows rows = TRY(tx.query(
          "SELECT subject, n, leaf_index, type, at_us, event FROM ledger_events "
          "WHERE agency = :agency AND leaf_index >= :from AND leaf_index < :to ORDER BY leaf_index LIMIT 100000",
          span));
      for (const db::Row& row : rows) {
        const auto subject = SubjectId::parse(row.text("subject"));
        if (!subject) return fail(problems::kLedgerCorrupt, "A subject in the catalog is no id", row.text("subject"));
        const auto index = static_cast<std::uint64_t>(row.integer("leaf_index"));
        events.emplace(index, SealedEvent{*subject, static_cast<std::uint64_t>(row.integer("n")), index,
                                          Timestamp{row.integer("at_us")}, row.text("type"), row.text("event")});
      }
      return {};
    };
    TRY(parts.database.read(read_events));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto event = events.find(first + i);
      checker.leaf(first + i, entries[i], event == events.end() ? nullptr : &event->second);
      edge.append({entries[i]});
      compare_published();
    }
    return {};
  };
  for (std::uint64_t tile = 0; tile < head.tiled_size / proof::kTileWidth; ++tile) {
    auto entries = parts.tiles.entries(tile);
    if (!entries) {
      checker.fault(entries.error().text());
      break;
    }
    TRY(take(*entries));
    for (const Edge::FullTile& full : edge.take_full_tiles(parts.tiles)) {
      const auto stored = bucket::get(parts.bucket, full.name, full.bytes.size());
      if (!stored || *stored != full.bytes)
        checker.fault(fmt::format("{}: not the tile that the entries make", full.name));
    }
  }
  std::uint64_t tiled_index = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::string> tiled;
  for (const BatchRow& batch : batches) {
    auto entries = read_staged(parts.bucket, batch);
    if (!entries && entries.error().code() == Code::kNotFound) return fail(std::move(entries).error());
    if (!entries || batch.first > edge.size) {
      checker.fault(entries ? fmt::format("entries before leaf {} are missing", batch.first) : entries.error().text());
      break;
    }
    const std::uint64_t known = std::min<std::uint64_t>(edge.size - batch.first, entries->size());
    // What stands in full tiles already is read from there, and must be the same here.
    for (std::uint64_t i = 0; i < known; ++i) {
      const std::uint64_t tile = (batch.first + i) / proof::kTileWidth;
      if (tile != tiled_index) tiled = TRY(parts.tiles.entries(tiled_index = tile));
      if ((*entries)[i] == tiled[(batch.first + i) % proof::kTileWidth]) continue;
      checker.fault(fmt::format("{}: leaf {} is another than in its tile", batch.object, batch.first + i));
      break;
    }
    entries->erase(entries->begin(), entries->begin() + static_cast<std::ptrdiff_t>(known));
    TRY(take(*entries));
  }
  if (edge.size != head.size || edge.root != head.root) {
    checker.fault(
        fmt::format("the entries make size {} and another root than the stored head of size {}", edge.size, head.size));
  }
  if (next_published != published.size()) checker.fault("a published size lies beyond the sealed entries");
  if (checker.report.events != open_events) {
    checker.fault(fmt::format("the catalog holds {} events, the leaves {}", open_events, checker.report.events));
  }
  checker.report.size = edge.size;
  checker.report.root = edge.root;
  for (std::string after;;) {
    std::size_t count = 0;
    const db::Params page = {{"agency", parts.agency}, {"after", after}};
    const auto read_chains = [&](db::Transaction& tx) -> Result<void> {
      const std::uint64_t sealed = TRY(read_head(tx, parts.agency)).size;
      const db::Rows rows =
          TRY(tx.query("SELECT subject, next_n, last_commitment, first_index, last_index FROM ledger_chains "
                       "WHERE agency = :agency AND subject > :after ORDER BY subject LIMIT 10000",
                       page));
      count = rows.size();
      for (const db::Row& row : rows) {
        after = row.text("subject");
        const auto subject = SubjectId::parse(after);
        if (!subject) return fail(problems::kLedgerCorrupt, "A subject in the catalog is no id", after);
        checker.chain(*subject, static_cast<std::uint64_t>(row.integer("next_n")), row.text("last_commitment"),
                      static_cast<std::uint64_t>(row.integer("first_index")),
                      static_cast<std::uint64_t>(row.integer("last_index")), sealed);
      }
      return {};
    };
    TRY(parts.database.read(read_chains));
    if (count == 0) break;
  }
  checker.all_chains_seen();
  checker.report.published_size = published.empty() ? 0 : published.back().size;
  return std::move(checker.report);
}

}  // namespace lapel::ledger
