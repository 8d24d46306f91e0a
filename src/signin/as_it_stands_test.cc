// SPDX-License-Identifier: Apache-2.0
#include "signin/as_it_stands.h"

#include <vector>

#include "signin/room_for_tests.h"

namespace lapel::signin {
namespace {

// What stands is the name of the room's person.
class AsItStandsTest : public RoomTest {
 protected:
  void rename(const std::string& name) {
    write([&](db::Transaction& tx) { return rename_in(tx, name); });
  }
  Result<void> rename_in(db::Transaction& tx, const std::string& name) {
    TRY(tx.run("UPDATE people SET name = :name WHERE id = :id", {{"name", name}, {"id", person_.id.text()}}));
    return {};
  }
  template <typename Step>
  Result<void> act(const Step& step) {
    return act_as_it_stands(
        *database_,
        [&](db::Transaction& tx) -> Result<std::string> { return TRY(roster::person(tx, person_.id)).name; },
        [&](const std::string& name, const Unchanged& unchanged) -> Result<Progress> {
          seen_.push_back(name);
          return step(name, unchanged);
        });
  }
  Result<void> append(const std::string& name, const Unchanged& unchanged) {
    return database_->write([&](db::Transaction& tx) -> Result<void> {
      TRY(unchanged(tx));
      return rename_in(tx, name + "!");
    });
  }
  std::vector<std::string> seen_;
};

TEST_F(AsItStandsTest, GoesOnUntilNothingIsLeftToDo) {
  rename("Ash");
  ASSERT_TRUE(act([&](const std::string& name, const Unchanged& unchanged) -> Result<Progress> {
    if (name == "Ash!!") return Progress::kSettled;
    TRY(append(name, unchanged));
    return Progress::kOn;
  }));
  EXPECT_EQ(seen_, (std::vector<std::string>{"Ash", "Ash!", "Ash!!"}));
}

TEST_F(AsItStandsTest, WhatWasDecidedOnAnotherStateIsDecidedAgain) {
  rename("Ash");
  ASSERT_TRUE(act([&](const std::string& name, const Unchanged& unchanged) -> Result<Progress> {
    if (name == "Ash") rename("Birch");  // another, between reading and writing
    TRY(append(name, unchanged));
    return Progress::kSettled;
  }));
  EXPECT_EQ(seen_, (std::vector<std::string>{"Ash", "Birch"})) << "and nothing was written of the first";
}

TEST_F(AsItStandsTest, SoIsWhatWasRefusedOnAnotherState) {
  rename("Ash");
  ASSERT_TRUE(act([&](const std::string& name, const Unchanged&) -> Result<Progress> {
    if (name != "Ash") return Progress::kSettled;
    rename("Birch");
    return fail(Code::kConflict, "taken");
  }));
  const auto refused =
      act([](const std::string&, const Unchanged&) -> Result<Progress> { return fail(Code::kConflict, "taken"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "taken");
  EXPECT_EQ(seen_, (std::vector<std::string>{"Ash", "Birch", "Birch"}));
}

TEST_F(AsItStandsTest, WhereOthersComeBetweenAllTheTimeItEnds) {
  const auto ended = act([&](const std::string& name, const Unchanged& unchanged) -> Result<Progress> {
    rename(name + "?");
    TRY(append(name, unchanged));
    return Progress::kSettled;
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Code::kUnavailable);
  EXPECT_EQ(seen_.size(), static_cast<std::size_t>(kTriesMax));
}

}  // namespace
}  // namespace lapel::signin
