// SPDX-License-Identifier: Apache-2.0
// A mapping, and rows of an inventory read by it: the file of a mapping, 1E, the columns, 1E, a row, 1E, another row; cells are
// parted by 1F. What a row is taken for can be shown to people and kept, and is the same each time.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/local_time.h"
#include "base/text.h"
#include "imports/mapping.h"

namespace {

using namespace lapel;
using namespace lapel::imports;

std::vector<std::string_view> parts(std::string_view text, char by) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(by);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

void check(const Mapping& mapping) {
  CHECK(!mapping.name.empty() && !mapping.title.empty());
  for (const auto& [name, field] : mapping.fields) CHECK(!name.empty() && !field.columns.empty());
  for (const auto* names : {&mapping.inventory_files, &mapping.log_files, &mapping.time_forms}) {
    CHECK(names->size() <= kMappingNamesMax);
  }
  CHECK(mapping.categories.size() <= kMappingNamesMax && mapping.no_hold.size() <= kMappingNamesMax);
  CHECK(mapping.form.rows_at.size() <= static_cast<std::size_t>(kInventoryDepthMax));
}

bool is_line(std::string_view text) {
  return text.size() <= limits::kFieldBytesMax && is_utf8(text) && !has_control_characters(text);
}

void check(const MappedRow& row) {
  for (const std::string* text : {&row.vendor_id, &row.vendor_category, &row.retain_until}) CHECK(is_line(*text));
  for (const auto* text : {&row.category, &row.incident, &row.wearer, &row.device, &row.hold}) {
    CHECK(!*text || (!(*text)->empty() && is_line(**text)));
  }
  CHECK(!row.bytes || *row.bytes >= 0);
  CHECK(!row.recorded_at || parse_ledger_time(ledger_time(*row.recorded_at)));  // the ledger can write it
  CHECK(parse_hex_array<32>(row.sha256));
  for (const Finding& finding : row.findings) {
    CHECK(!finding.kind.empty() && !finding.sentence.empty() && is_utf8(finding.sentence) && is_utf8(finding.remedy));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const auto sections = parts(text, '\x1e');
  const auto json = parse_json(sections[0], {.bytes_max = kMappingBytesMax});
  if (!json) return 0;
  const auto mapping = read_mapping(*json);
  if (!mapping) return 0;
  check(*mapping);
  if (sections.size() < 2) return 0;
  const auto columns = parts(sections[1], '\x1f');
  static_cast<void>(check_columns(*mapping, {columns.begin(), columns.end()}));
  // The zone of the import is asked for where a time may have none; summer and winter differ in this one.
  const Agency agency{mapping->needs_zone() ? parse_zone("America/Chicago") : std::nullopt, std::nullopt};
  for (std::size_t i = 2; i < sections.size(); ++i) {
    const auto cells = parts(sections[i], '\x1f');
    InventoryRow row{.number = static_cast<int>(i), .cells = {}};
    for (std::size_t at = 0; at < std::min(cells.size(), columns.size()); ++at) {
      // What the reader of the inventory has let through.
      if (!cells[at].empty() && is_utf8(cells[at]) && cells[at].size() <= kInventoryCellBytesMax)
        row.cells.insert_or_assign(std::string(columns[at]), cells[at]);
    }
    const MappedRow mapped = map_row(*mapping, agency, row);
    check(mapped);
    const MappedRow again = map_row(*mapping, agency, row);
    CHECK(again.sha256 == mapped.sha256 && again.recorded_at == mapped.recorded_at &&
          again.findings.size() == mapped.findings.size());
  }
  return 0;
}
