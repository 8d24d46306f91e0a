// SPDX-License-Identifier: Apache-2.0
// An inventory of any form: the same rows wherever its pieces are cut.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "imports/inventory.h"

namespace {

using namespace lapel;

std::vector<std::string> rows_of(const imports::InventoryForm& form, std::string_view text, std::size_t piece_bytes) {
  std::vector<std::string> out;
  const auto reader = imports::InventoryReader::of(
      form,
      [&](const std::vector<std::string>& columns) -> Result<void> {
        for (const std::string& column : columns) out.push_back(column);
        return {};
      },
      [&](const imports::InventoryRow& row) -> Result<void> {
        CHECK(row.cells.size() <= imports::kInventoryColumnsMax);
        out.push_back(std::to_string(row.number) + " " + imports::row_digest(row));
        return {};
      });
  bool is_read = true;
  for (std::size_t at = 0; at < text.size() && is_read; at += piece_bytes)
    is_read = reader->take(text.substr(at, piece_bytes)).has_value();
  is_read = is_read && reader->finish().has_value();
  out.emplace_back(is_read ? "read" : "not read");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  imports::InventoryForm form;
  // The first bytes choose the form.
  form.kind = data[0] % 2 == 0 ? imports::InventoryForm::Kind::kCsv : imports::InventoryForm::Kind::kJson;
  if (data[0] % 8 == 5) {
    form.kind = imports::InventoryForm::Kind::kXml;
    form.rows_at = {"e", "i"};
  }
  form.delimiter = data[0] % 4 == 0 ? ',' : ';';
  if (data[0] % 4 == 3) form.rows_at = {"evidence", "items"};
  const std::string_view text = as_text(ByteView(data + 2, size - 2));
  CHECK(rows_of(form, text, text.size() + 1) == rows_of(form, text, 1 + data[1] % 7));
  return 0;
}
