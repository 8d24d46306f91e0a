// SPDX-License-Identifier: Apache-2.0
#include "roster/categories.h"

#include <fmt/format.h>

#include "base/text.h"

namespace lapel::roster {

Result<void> add_category(db::Transaction& tx, const Category& category, Timestamp now) {
  const std::int64_t known = TRY(tx.query("SELECT COUNT(*) AS known FROM categories WHERE agency = :agency",
                                          {{"agency", category.agency.text()}}))[0]
                                 .integer("known");
  if (known >= kCategoriesMax) {
    return fail(Code::kConflict, fmt::format("An agency has at most {} categories", kCategoriesMax), category.name);
  }
  TRY(tx.run(
      "INSERT INTO categories (id, agency, name, added_us) VALUES (:id, :agency, :name, :now)",
      {{"id", category.id.text()}, {"agency", category.agency.text()}, {"name", category.name}, {"now", now.us}}));
  return {};
}

Result<void> retire_category(db::Transaction& tx, const AgencyId& agency, const CategoryId& id, Timestamp now) {
  const db::Params params = {{"id", id.text()}, {"agency", agency.text()}};
  if (TRY(tx.query("SELECT id FROM categories WHERE id = :id AND agency = :agency", params)).empty()) {
    return fail(Code::kNotFound, "No such category", id.text());
  }
  const std::int64_t changed =
      TRY(tx.run("UPDATE categories SET retired_us = :now WHERE id = :id AND retired_us IS NULL",
                 {{"id", id.text()}, {"now", now.us}}));
  if (changed == 1) return {};
  return fail(Code::kConflict, "This category is retired already", id.text());
}

Result<std::vector<Category>> categories(db::Transaction& tx, const AgencyId& agency) {
  std::vector<Category> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT id, name, retired_us FROM categories WHERE agency = :agency ORDER BY name, id LIMIT :limit",
                    {{"agency", agency.text()}, {"limit", kCategoriesMax}}))) {
    const auto id = CategoryId::parse(row.text("id"));
    if (!id) return fail(Code::kCorrupt, "A category in the catalog is damaged", row.text("id"));
    const auto retired = row.maybe_integer("retired_us");
    out.push_back(
        {*id, agency, row.text("name"), retired ? std::optional(Timestamp{*retired}) : std::optional<Timestamp>()});
  }
  return out;
}

Result<void> check_category(db::Transaction& tx, const AgencyId& agency, const std::optional<std::string>& before,
                            const std::optional<std::string>& after) {
  if (!after || after == before) return {};
  bool has_any = false;
  for (const Category& known : TRY(categories(tx, agency))) {
    if (known.retired_at) continue;
    if (known.name == *after) return {};
    has_any = true;
  }
  if (!has_any) return {};
  return fail(Code::kInvalid,
              fmt::format("This agency has no category {}; see lapel category list", printable(*after)));
}

}  // namespace lapel::roster
