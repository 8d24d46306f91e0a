// SPDX-License-Identifier: Apache-2.0
#include "roster/lists.h"

#include <algorithm>

#include "roster/roster_for_tests.h"

namespace lapel::roster {
namespace {

class ListsTest : public RosterTest {
 protected:
  DeviceId add_camera(const AgencyId& agency, const std::string& serial, std::int64_t added_s) {
    const Device device{crypto::new_id<DeviceId>(), agency, serial};
    EXPECT_TRUE(
        database_->write([&](db::Transaction& tx) { return add_device(tx, device, {kNow.us + added_s * 1'000'000}); }));
    return device.id;
  }
  void wear(const PersonId& person, const DeviceId& camera, std::int64_t from_s, std::optional<std::int64_t> until_s) {
    const auto at = [](std::int64_t s) { return Timestamp{kNow.us + s * 1'000'000}; };
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) {
      return begin_assignment(tx, {crypto::new_id<AssignmentId>(), agency_, person, AssignmentKind::kDevice,
                                   camera.text(), at(from_s), until_s ? std::optional(at(*until_s)) : std::nullopt});
    }));
  }
  std::vector<ListedDevice> listed(const DeviceQuery& query) {
    return read([&](db::Transaction& tx) { return devices(tx, agency_, query); });
  }
};

TEST_F(ListsTest, AListTellsWhoWearsEachAtTheTimeThatIsAskedForAndNobodyElse) {
  const PersonId hill = add(agency_, "hill", {access::Role::kOfficer});
  const PersonId baker = add(agency_, "baker", {access::Role::kOfficer});
  const DeviceId camera = add_camera(agency_, "AX-1", 0);
  add_camera(add_agency("Otherton"), "AX-2", 0);
  wear(hill, camera, 10, 20);
  wear(baker, camera, 20, std::nullopt);
  const auto worn_by = [&](std::int64_t s) -> std::string {
    const auto all = listed({.at = {kNow.us + s * 1'000'000}, .limit = 10});
    if (all.size() != 1) return "not one camera";
    return all[0].worn ? all[0].worn->by_name : "";
  };
  EXPECT_EQ(worn_by(9), "");
  EXPECT_EQ(worn_by(10), "hill");
  EXPECT_EQ(worn_by(19), "hill");
  EXPECT_EQ(worn_by(20), "baker");
  const auto now = listed({.at = {kNow.us + 15'000'000}, .limit = 10});
  ASSERT_TRUE(now[0].worn);
  EXPECT_EQ(now[0].worn->assignment.person, hill);
  EXPECT_EQ(now[0].worn->assignment.until, Timestamp{kNow.us + 20'000'000});
}

TEST_F(ListsTest, PagesGoOnWhereTheOneBeforeEndedAndASerialNamesOne) {
  for (int i = 0; i < 5; ++i) add_camera(agency_, "AX-" + std::to_string(i), i / 2);
  std::vector<std::string> serials;
  std::optional<ListPlace> after;
  for (;;) {
    const auto page = listed({.at = kNow, .serial = {}, .after = after, .limit = 2});
    for (const ListedDevice& each : page) serials.push_back(each.device.serial);
    if (page.size() < 2) break;
    after = place_of(page.back());
  }
  EXPECT_EQ(serials.size(), 5u);
  EXPECT_EQ(serials.front(), "AX-4");  // the newest
  std::ranges::sort(serials);
  EXPECT_EQ(serials, (std::vector<std::string>{"AX-0", "AX-1", "AX-2", "AX-3", "AX-4"}));
  EXPECT_EQ(listed({.at = kNow, .serial = "AX-3", .limit = 10}).size(), 1u);
  EXPECT_EQ(listed({.at = kNow, .serial = "ax-3", .limit = 10}).size(), 0u);
}

TEST_F(ListsTest, StatementsArePersonByPersonAndARuleIsChosenOrNot) {
  const PersonId hill = add(agency_, "hill", {access::Role::kOfficer});
  const PersonId baker = add(agency_, "baker", {access::Role::kOfficer});
  EXPECT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(add_statement(tx, {agency_, hill, "22-1", kNow}));
    TRY(add_statement(tx, {agency_, hill, "22-2", kNow}));
    return add_statement(tx, {agency_, baker, "22-3", kNow});
  }));
  const auto of_hill = read([&](db::Transaction& tx) { return statements(tx, agency_, hill); });
  ASSERT_EQ(of_hill.size(), 2u);
  EXPECT_EQ(of_hill[0].incident, "22-1");
  EXPECT_EQ(of_hill[1].filed_at, kNow);
  const auto is_chosen = [&] { return read([&](db::Transaction& tx) { return has_chosen_own_viewing(tx, agency_); }); };
  EXPECT_FALSE(is_chosen());
  EXPECT_TRUE(database_->write([&](db::Transaction& tx) {
    return set_own_viewing_rule(tx, agency_, OwnViewingRule::kAllowed, OwnViewingRule::kAllowed);
  }));
  EXPECT_TRUE(is_chosen());
  EXPECT_EQ(read([&](db::Transaction& tx) { return people_count(tx, agency_); }), 2);
}

}  // namespace
}  // namespace lapel::roster
