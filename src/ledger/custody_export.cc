// SPDX-License-Identifier: Apache-2.0
// A worklist: each event disclosed has an actor, who is named by events, which have actors.
#include "ledger/custody_export.h"

#include <algorithm>
#include <array>
#include <deque>
#include <set>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "base/problems.h"

namespace lapel::ledger {
namespace {

constexpr std::size_t kChainPage = 1'000;

// What the export says of one subject.
struct Chapter {
  std::string kind;  // recording, person, device or dock
  std::string role;  // exported or named
  Json::Array rows;
};

// Events that vouch for who a subject is.
constexpr std::string_view kEnrolled = "dock.enrolled";
constexpr std::array<std::string_view, 2> kNaming = {"identity.bound", kEnrolled};

// The events of a subject that the checkpoint covers: of these types, or all where none is named.
Result<std::vector<SealedEvent>> covered_events(const Ledger& ledger, const SubjectId& subject,
                                                std::span<const std::string_view> types, std::uint64_t size) {
  std::vector<SealedEvent> out;
  for (;;) {
    const auto page = TRY(ledger.events_of(subject, types, out.empty() ? 0 : out.back().n + 1, kChainPage));
    for (const SealedEvent& event : page) {
      if (event.index >= size) return out;
      out.push_back(event);
    }
    if (page.size() < kChainPage) return out;
  }
}

std::string kind_of(const std::vector<SealedEvent>& naming, bool is_device) {
  for (const SealedEvent& event : naming) {
    if (event.type == kEnrolled) return "dock";
  }
  return is_device ? "device" : "person";
}

}  // namespace

Result<std::map<std::string, std::string>> custody_export(const Ledger& ledger, const RecordingId& recording,
                                                          const ViewId& view) {
  const Standing standing = TRY(ledger.standing(Under::kPublished));
  const std::vector<SealedEvent> chain = TRY(covered_events(ledger, recording, {}, standing.size));
  const auto is_this_export = [&](const SealedEvent& event) {
    const auto parsed = parse_canonical(event.event);
    const std::string* named = parsed ? parsed->find_string("view") : nullptr;
    return event.type == "recording.exported" && named && *named == view.text();
  };
  if (std::none_of(chain.begin(), chain.end(), is_this_export)) {
    return fail(problems::kNotSealed,
                "What leaves the agency carries a published checkpoint: it will cover this export at the next beat");
  }

  std::map<std::string, std::string> files;
  std::map<SubjectId, Chapter> chapters;
  std::deque<SubjectId> to_name;
  std::set<SubjectId> devices;
  const auto add = [&](const SubjectId& subject, Chapter& chapter, const SealedEvent& event) -> Result<void> {
    files.emplace(fmt::format("subjects/{}/{}.tlog-proof", subject.text(), event.n),
                  TRY(ledger.receipt(event, standing)));
    chapter.rows.emplace_back(event.n);
    const auto parsed = parse_canonical(event.event);
    if (!parsed) return fail(Code::kCorrupt, "An event in the catalog is malformed", subject.text());
    for (const std::string_view field : {"actor", "device"}) {
      const std::string* text = parsed->find_string(field);
      const auto named = text ? SubjectId::parse(*text) : std::nullopt;
      if (!named) continue;
      if (field == "device") devices.insert(*named);
      to_name.push_back(*named);
    }
    return {};
  };

  Chapter& exported = chapters[recording] = {"recording", "exported", {}};
  for (const SealedEvent& event : chain) TRY(add(recording, exported, event));
  while (!to_name.empty()) {
    const SubjectId subject = to_name.front();
    to_name.pop_front();
    if (chapters.contains(subject)) continue;
    const std::vector<SealedEvent> naming = TRY(covered_events(ledger, subject, kNaming, standing.size));
    Chapter& named = chapters[subject] = {kind_of(naming, devices.contains(subject)), "named", {}};
    for (const SealedEvent& event : naming) TRY(add(subject, named, event));
  }

  Json::Array subjects;
  for (auto& [subject, chapter] : chapters) {
    subjects.emplace_back(Json::Object{{"kind", chapter.kind},
                                       {"role", chapter.role},
                                       {"rows", std::move(chapter.rows)},
                                       {"subject", subject.text()}});
  }
  Json::Array originals;
  originals.emplace_back(
      Json::Object{{"path", fmt::format("originals/{}", recording.text())}, {"subject", recording.text()}});
  files.emplace("checkpoint", standing.note);
  files.emplace("manifest.json", canonical(Json(Json::Object{{"completeness", "not proven"},
                                                             {"format", "lapel-custody-export"},
                                                             {"ledger", ledger.terms().origin},
                                                             {"originals", std::move(originals)},
                                                             {"subjects", std::move(subjects)},
                                                             {"version", 1}})));
  return files;
}

}  // namespace lapel::ledger
