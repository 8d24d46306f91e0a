// SPDX-License-Identifier: Apache-2.0
// A staffing file: what is wrong with one is said with its row, its column and what to do; nothing of it is taken then.
#include "fleet/import.h"

#include <gtest/gtest.h>

namespace lapel::fleet {
namespace {

constexpr std::string_view kHead =
    "what,name,aliases,badge,unit,shift,facility,count,begins,ends,from,until,use,source\n";

PersonId person(std::uint8_t number) {
  ByteArray<16> bytes{};
  bytes[15] = number;
  return PersonId(bytes);
}

Known ashfield() {
  Known out;
  out.units = {"Patrol"};
  out.shifts["Days"] = {"Days", "07:00", "15:00"};
  out.shifts["Nights"] = {"Nights", "23:00", "07:00"};
  out.facilities["Souza"] = "Souza";
  out.badges = {{"101", person(1), {}, {}}, {"102", person(2), *parse_ledger_time("2022-12-01T00:00:00.00Z"), {}}};
  out.members = {
      {person(1), roster::AssignmentKind::kShift, "Days", *parse_ledger_time("2022-12-01T12:00:00.00Z"), {}}};
  return out;
}

Result<Batch> read(const std::string& rows, std::string_view zone = "America/New_York", Known known = ashfield()) {
  return read_file(std::string(kHead) + rows, parse_zone(zone), std::move(known));
}
std::string wrong(const std::string& rows, std::string_view zone = "America/New_York") {
  const auto out = read(rows, zone);
  return out ? "nothing" : out.error().message;
}
// A row of this kind, its cells by name.
std::string row(std::string_view what, const std::map<std::string, std::string>& cells) {
  std::string out(what);
  std::string_view names = kHead.substr(5, kHead.size() - 6);
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    const auto found = cells.find(std::string(names.substr(0, end)));
    out += "," + (found == cells.end() ? "" : "\"" + found->second + "\"");
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return out + "\n";
}

TEST(StaffingFile, TakesStrengthAsANumberOrARange) {
  const auto batch = read(row("authorized", {{"count", "97"}, {"from", "2022-11-29"}, {"source", "the chief"}}) +
                          row("sworn", {{"count", "87 or 88"}, {"from", "2022-11-29"}}) +
                          row("sworn", {{"count", "87\u201388"}, {"from", "2022-11-30"}}) +
                          row("pipeline", {{"count", "8"}, {"from", "2022-11-29"}}));
  ASSERT_TRUE(batch) << batch.error().text();
  ASSERT_EQ(batch->strengths.size(), 4U);
  EXPECT_EQ(batch->strengths[0].low, 97);
  EXPECT_EQ(batch->strengths[0].source, "the chief");
  for (const int i : {1, 2}) {
    EXPECT_EQ(batch->strengths[static_cast<std::size_t>(i)].low, 87);
    EXPECT_EQ(batch->strengths[static_cast<std::size_t>(i)].high, 88);
  }
  EXPECT_EQ(batch->added(), 4U);
}

TEST(StaffingFile, TheSameFileAgainAddsNothing) {
  const std::string rows = row("unit", {{"name", "Patrol"}}) +
                           row("shift", {{"name", "Days"}, {"begins", "07:00"}, {"ends", "15:00"}}) +
                           row("member", {{"badge", "101"}, {"shift", "Days"}, {"from", "2022-12-01 07:00"}}) +
                           row("facility", {{"name", "Souza"}});
  const auto batch = read(rows);
  ASSERT_TRUE(batch) << batch.error().text();
  EXPECT_EQ(batch->added(), 0U);
  EXPECT_EQ(batch->already, 4U);
}

TEST(StaffingFile, AFacilityIsOneUnderAllItsNames) {
  const auto batch = read(row("facility", {{"name", "Souza"}, {"aliases", "Lancaster; Shirley"}}) +
                          row("member", {{"badge", "101"}, {"facility", "Shirley"}, {"from", "2022-12-01 07:00"}}));
  ASSERT_TRUE(batch) << batch.error().text();
  EXPECT_EQ(batch->facilities.size(), 0U);
  ASSERT_EQ(batch->names.size(), 2U);
  EXPECT_EQ(batch->names[1].name, "Shirley");
  EXPECT_EQ(batch->members.at(0).target, "Souza");
  EXPECT_EQ(wrong(row("facility", {{"name", "Concord"}, {"aliases", "Souza"}})),
            "Row 2, column aliases: \"Souza\" is what Souza is called: leave it out, or use a longer name");
}

TEST(StaffingFile, AnUnknownBadgeIsNamedWithItsDay) {
  EXPECT_EQ(
      wrong(row("unit", {{"name", "Detectives"}}) +
            row("member", {{"badge", "999"}, {"unit", "Patrol"}, {"from", "2022-12-02"}})),
      "Row 3, column badge: nobody had the badge \"999\" at 2022-12-02T05:00:00.00Z: add the person first, or look at "
      "the badge");
  // Known, and not yet worn then.
  EXPECT_TRUE(wrong(row("member", {{"badge", "102"}, {"unit", "Patrol"}, {"from", "2022-11-30"}}))
                  .starts_with("Row 2, column badge: nobody had"));
}

TEST(StaffingFile, NobodyWorksTwoShiftsAtOnce) {
  EXPECT_EQ(
      wrong(row("member", {{"badge", "101"}, {"shift", "Nights"}, {"from", "2022-12-05 23:00"}})),
      "Row 2, column from: badge 101 is assigned to Days from 2022-12-01T12:00:00.00Z on already: end that first, or "
      "begin after it");
  // Within the file as well.
  const std::string twice =
      row("member",
          {{"badge", "102"}, {"shift", "Nights"}, {"from", "2022-12-05 23:00"}, {"until", "2022-12-20 07:00"}}) +
      row("member", {{"badge", "102"}, {"shift", "Days"}, {"from", "2022-12-20 06:59"}});
  EXPECT_TRUE(wrong(twice).starts_with("Row 3, column from: badge 102 is assigned to Nights from")) << wrong(twice);
  EXPECT_EQ(
      wrong(row("member",
                {{"badge", "102"}, {"shift", "Nights"}, {"from", "2022-12-05 23:00"}, {"until", "2022-12-20 07:00"}}) +
            row("member", {{"badge", "102"}, {"shift", "Days"}, {"from", "2022-12-20 07:00"}})),
      "nothing")
      << "one begins where the other ends";
}

TEST(StaffingFile, AnHourThatComesTwiceOrNotAtAllIsNotGuessed) {
  const auto at = [](const std::string& from) {
    return row("member", {{"badge", "101"}, {"unit", "Patrol"}, {"from", from}});
  };
  EXPECT_EQ(wrong(at("2022-11-06 01:30")),
            "Row 2, column from: 01:30 comes twice on 2022-11-06, when the clocks are set back: write "
            "2022-11-06T01:30:00-04:00 or 2022-11-06T01:30:00-05:00");
  EXPECT_EQ(wrong(at("2023-03-12 02:30")),
            "Row 2, column from: there is no 02:30 on 2023-03-12, when the clocks are set forward: write a time before "
            "02:00, or from 03:00 on");
  EXPECT_TRUE(wrong(at("2022-11-06 01:30"), "").find("has no zone") != std::string::npos);
  EXPECT_TRUE(wrong(at("2006-11-05 12:00")).find("before 2007") != std::string::npos);
  const auto from = [&](const std::string& text, std::string_view zone = "America/New_York") {
    const auto batch = read(at(text), zone);
    EXPECT_TRUE(batch) << batch.error().text();
    return ledger_time(batch->members.at(0).from);
  };
  EXPECT_EQ(from("2022-11-06T01:30:00-05:00"), "2022-11-06T06:30:00.00Z");
  EXPECT_EQ(from("2022-11-06 00:59"), "2022-11-06T04:59:00.00Z");
  EXPECT_EQ(from("2022-11-06 02:00"), "2022-11-06T07:00:00.00Z");
  EXPECT_EQ(from("2023-03-12 01:59"), "2023-03-12T06:59:00.00Z");
  EXPECT_EQ(from("2023-03-12 03:00"), "2023-03-12T07:00:00.00Z");
  EXPECT_EQ(from("2022-07-01"), "2022-07-01T04:00:00.00Z");
  EXPECT_EQ(from("2022-11-06 01:30", "America/Phoenix"), "2022-11-06T08:30:00.00Z") << "no clock is set there";
}

TEST(StaffingFile, AnAbsurdAmountIsNotTaken) {
  const auto of = [](const std::string& what, const std::string& count) {
    return row(what, {{"count", count}, {"from", "2022-12-02"}});
  };
  EXPECT_EQ(wrong(of("sworn", "8800000")),
            "Row 2, column count: 8800000 is more than 50000 people: look at the digits");
  EXPECT_EQ(wrong(of("sworn", "-3")), "Row 2, column count: \"-3\" must be a whole number from 0 to 50000");
  EXPECT_EQ(wrong(of("sworn", "88.5")), "Row 2, column count: \"88.5\" must be a whole number from 0 to 50000");
  EXPECT_EQ(wrong(of("sworn", "88-87")), "Row 2, column count: \"88-87\" goes down: write the lower one first");
  EXPECT_EQ(wrong(of("sworn", "99999999999999999999")).substr(0, 20), "Row 2, column count:");
  EXPECT_EQ(
      wrong(of("authorized", "97") + of("sworn", "880")),
      "Row 3, column count: 880 sworn are more than twice the 97 authorized on 2022-12-02: look at the digits, or "
      "enter the authorized strength first");
  EXPECT_EQ(wrong(row("slot", {{"unit", "Patrol"}, {"count", "201"}, {"from", "2022-12-02"}})),
            "Row 2, column count: 201 is more than 200 cameras at once: look at the digits");
  EXPECT_EQ(wrong(row("sworn", {{"count", "88"}, {"from", "2222-12-02"}})),
            "Row 2, column from: 2222-12-02 is not between 1970-01-02 and 2100-12-31: look at the year");
}

TEST(StaffingFile, WhatIsMissingOrDoesNotBelongIsNamed) {
  EXPECT_EQ(wrong(row("sworn", {{"from", "2022-12-02"}})), "Row 2, column count: a row \"sworn\" needs it: fill it in");
  EXPECT_EQ(wrong(row("unit", {{"name", "Patrol"}, {"badge", "101"}})),
            "Row 2, column badge: a row \"unit\" has no such cell: leave \"101\" out");
  EXPECT_EQ(
      wrong("officers,,,,,,,3\n"),
      "Row 2, column what: \"officers\" must be one of authorized, sworn, pipeline, unit, shift, facility, camera, "
      "member, slot");
  EXPECT_EQ(wrong(row("member", {{"badge", "101"}, {"unit", "Detectives"}, {"from", "2022-12-02"}})),
            "Row 2, column unit: there is no unit \"Detectives\": put a row \"unit\" with that name above this one");
  EXPECT_EQ(wrong(row("member", {{"badge", "101"}, {"unit", "Patrol"}, {"shift", "Days"}, {"from", "2022-12-02"}})),
            "Row 2, column shift: a row \"member\" names one unit, shift or facility: use a row for each");
  EXPECT_EQ(wrong(row("member", {{"badge", "101"}, {"from", "2022-12-02"}})),
            "Row 2, column unit: a row \"member\" needs a unit, a shift or a facility: fill one in");
  EXPECT_EQ(
      wrong(row("member", {{"badge", "101"}, {"unit", "Patrol"}, {"from", "2022-12-02"}, {"until", "2022-12-01"}})),
      "Row 2, column until: it ends before it begins: look at both days");
  EXPECT_EQ(wrong(row("shift", {{"name", "Days"}, {"begins", "08:00"}, {"ends", "16:00"}})),
            "Row 2, column name: there is a shift \"Days\" with other times: give this one another name");
  EXPECT_EQ(wrong(row("shift", {{"name", "Late"}, {"begins", "8:00"}, {"ends", "16:00"}})),
            "Row 2, column begins: \"8:00\" is no time of day: write it as 07:30");
  EXPECT_EQ(wrong(row("shift", {{"name", "Late"}, {"begins", "08:00"}})),
            "Row 2, column ends: a shift has both times or neither: fill it in");
  EXPECT_EQ(wrong(row("camera", {{"name", "AX-1"}, {"from", "2022-12-02"}, {"use", "mine"}})),
            "Row 2, column use: \"mine\" must be pool or personal");
}

TEST(StaffingFile, ASlotIsThereOnce) {
  const std::string slot = row("slot", {{"unit", "Patrol"}, {"shift", "Days"}, {"count", "2"}, {"from", "2022-12-02"}});
  const auto batch = read(slot + slot);
  ASSERT_TRUE(batch) << batch.error().text();
  EXPECT_EQ(batch->slots.size(), 1U);
  EXPECT_EQ(batch->already, 1U);
  EXPECT_EQ(wrong(slot + row("slot", {{"unit", "Patrol"}, {"shift", "Days"}, {"count", "3"}, {"from", "2023-01-02"}})),
            "Row 3, column unit: there is a slot of Patrol on Days since 2022-12-02, with 2: end that first");
}

}  // namespace
}  // namespace lapel::fleet
