// SPDX-License-Identifier: Apache-2.0
#include "cameras/markers.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cameras/schema.h"
#include "roster/roster.h"

namespace lapel::cameras {
namespace {

Result<Marker> read_marker(db::Transaction& tx, const AgencyId& agency, const RecordingId& recording,
                           const roster::SealedRow& row) {
  const auto by = TRY(roster::name_of(tx, agency, row.entered_by));
  return Marker{row.id,
                recording,
                row.time("marked"),
                row.time("until"),
                row.text("words"),
                row.text("category"),
                row.text("tags"),
                row.text("place"),
                row.text("source"),
                by.value_or(row.entered_by.text()),
                row.entered_at};
}

}  // namespace

Result<Told> Markers::told(const access::Actor& actor, const RecordingId& id) {
  const evidence::Recording recording = TRY(vault_.show(actor, id));
  Told out;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    std::map<std::string, std::size_t> latest;  // what was said of one bookmark last
    for (const evidence::Clip& clip : recording.clips) {
      const roster::RowQuery of_clip{{{"recording", clip.id.text()}}};
      for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kMarkers, actor.agency, of_clip))) {
        Marker marker = TRY(read_marker(tx, actor.agency, clip.id, row));
        const auto [place, is_new] = latest.try_emplace(clip.id.text() + marker.source, out.markers.size());
        if (is_new) {
          out.markers.push_back(std::move(marker));
        } else {
          out.markers[place->second] = std::move(marker);
        }
      }
      for (const roster::SealedRow& row : TRY(roster::sealed_rows(tx, kRecordings, actor.agency, of_clip)))
        out.said = TRY(parse_json(row.text("said")));
    }
    return {};
  }));
  std::stable_sort(out.markers.begin(), out.markers.end(), [](const Marker& a, const Marker& b) {
    return a.at.value_or(a.entered_at) < b.at.value_or(b.entered_at);
  });
  return out;
}

}  // namespace lapel::cameras
