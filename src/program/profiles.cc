// SPDX-License-Identifier: Apache-2.0
#include "program/profiles.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/shape.h"
#include "program/kinds.h"
#include "program/measures.h"
#include "program/report_parts.h"

namespace lapel::program {
namespace {

constexpr std::size_t kItemsMax = 60, kAnswersMax = 20;
constexpr std::array<std::string_view, 8> kComputed = {
    "hours",   "gigabytes",       "recordings",           "recordings_by_category",
    "cameras", "cameras_by_unit", "officers_with_camera", "officers_who_recorded"};

struct Answer {
  std::string name;
  std::optional<std::string> value;
  bool is_approximate = false;
  std::string how;
};

class Answering {
 public:
  Answering(const Program& program, const Counts& counts, const CameraCounts& cameras, Day from, Day until)
      : program_(program), counts_(counts), cameras_(cameras), from_(from), until_(until) {}

  std::vector<Answer> answer(const Asked& asked) const {
    return asked.by == AnsweredBy::kComputed ? computed(asked) : entered_by_hand(asked);
  }

 private:
  std::vector<Answer> computed(const Asked& asked) const {
    const auto one = [&](std::string value, const char* how, bool is_about = false) {
      return std::vector<Answer>{{asked.name, std::move(value), is_about, how}};
    };
    // Nothing that is there is no news of what there was: an agency may have kept it elsewhere.
    const bool is_of_cameras =
        asked.what == "cameras" || asked.what == "cameras_by_unit" || asked.what == "officers_with_camera";
    if (is_of_cameras && cameras_.cameras == 0) {
      return {{asked.name, std::nullopt, false, "the catalog has no camera that was assigned in these days"}};
    }
    if (!is_of_cameras && counts_.recordings == 0) {
      return {{asked.name, std::nullopt, false, "the catalog has no recording of these days"}};
    }
    const bool has_lengths = counts_.without_length == 0;
    if (asked.what == "hours") {
      if (counts_.recordings == counts_.without_length) {
        return {{asked.name, std::nullopt, false, "of none of the recordings is the length known"}};
      }
      return one(hours_text(counts_.seconds),
                 has_lengths ? "the length of each recording" : "the length of each recording of which it is known",
                 !has_lengths);
    }
    if (asked.what == "gigabytes") return one(gigabytes_text(counts_.bytes), "the size of each original");
    if (asked.what == "recordings") return one(std::to_string(counts_.recordings), "recordings made in these days");
    if (asked.what == "cameras")
      return one(std::to_string(cameras_.cameras), "cameras that were assigned to an officer");
    if (asked.what == "officers_with_camera") {
      return one(std::to_string(cameras_.officers), "officers to whom a camera was assigned");
    }
    if (asked.what == "officers_who_recorded") {
      return one(std::to_string(counts_.officers), "different officers of the recordings");
    }
    std::vector<Answer> out;
    if (asked.what == "recordings_by_category") {
      for (const Category& each : counts_.categories) {
        out.push_back({asked.name + ": " + each.name, std::to_string(each.recordings), false,
                       "by the category that it has today"});
      }
    } else {
      for (const UnitCameras& each : cameras_.units) {
        out.push_back(
            {asked.name + ": " + each.unit, std::to_string(each.cameras), false, "by the unit of whoever wore it"});
      }
    }
    if (out.empty()) out.push_back({asked.name, std::nullopt, false, "nobody who wore one belonged to a unit"});
    return out;
  }

  std::vector<Answer> entered_by_hand(const Asked& asked) const {
    std::vector<Answer> out;
    const auto told = entered(program_, asked.what, from_, until_);
    if (told && told->until == until_) {
      out.push_back({asked.name, std::to_string(told->count), told->is_approximate, "entered, with its source"});
    }
    for (const SubjectName& figure : program_.of_kind(kFigure)) {
      const Statement *what = program_.standing(figure, "what"), *from = program_.standing(figure, "from"),
                      *until = program_.standing(figure, "until");
      const Field* texts = program_.field(figure, "text");
      if (!what || what->value->words != asked.what || !from || !until || !texts) continue;
      if (from->value->low < from_.number || until->value->low > until_.number) continue;
      for (const Said& said : texts->all) {
        if (!is_open(said) || !said.statement->value) continue;
        out.push_back({asked.name, said.statement->value->words, said.statement->is_approximate,
                       fmt::format("entered, {} to {}", day_text({from->value->low}), day_text({until->value->low}))});
      }
    }
    if (out.empty()) {
      out.push_back({asked.name, std::nullopt, false,
                     told ? fmt::format("figures of {} were entered up to {} only", asked.what, day_text(told->until))
                          : fmt::format("no figure of {} was entered for these days", asked.what)});
    }
    return out;
  }

  const Program& program_;
  const Counts& counts_;
  const CameraCounts& cameras_;
  const Day from_, until_;
};

}  // namespace

Result<Profile> read_profile(const Json& json) {
  const Shape file =
      TRY(Shape::of(json, "The profile", {"format", "slug", "title", "statute", "address", "note", "items"}));
  TRY(file.is("format", "lapel-report-profile/1"));
  Profile out;
  out.slug = TRY(file.text("slug"));
  if (!parse_subject("profile/" + out.slug))
    return fail(Code::kInvalid, "The profile: \"slug\" must be of a-z, 0-9 and \"-\"");
  out.title = TRY(file.text("title"));
  out.statute = TRY(file.text("statute"));
  out.address = TRY(file.text("address"));
  out.note = TRY(file.text("note"));
  for (const Json& each : *TRY(file.list("items", kItemsMax))) {
    const std::string place = fmt::format("Item {} of the profile", out.items.size() + 1);
    const Shape item = TRY(Shape::of(each, place, {"n", "title", "asks", "answers"}));
    ProfileItem read;
    read.n = TRY(item.text("n"));
    read.title = TRY(item.text("title"));
    read.asks = TRY(item.text("asks"));
    for (const Json& answer : *TRY(item.list("answers", kAnswersMax))) {
      const bool is_computed = answer.find("computed") != nullptr;
      const char* by = is_computed ? "computed" : "entered";
      const Shape shape = TRY(Shape::of(answer, place, {"name", by}));
      Asked asked;
      asked.name = TRY(shape.text("name"));
      asked.by = is_computed ? AnsweredBy::kComputed : AnsweredBy::kEntered;
      asked.what = TRY(shape.text(by));
      if (is_computed && std::ranges::find(kComputed, asked.what) == kComputed.end()) {
        return fail(Code::kInvalid, fmt::format("{}: nothing computes \"{}\"", place, asked.what));
      }
      read.answers.push_back(std::move(asked));
    }
    out.items.push_back(std::move(read));
  }
  return out;
}

Result<Json::Object> profile_report(db::Transaction& tx, const AgencyId& agency, const Program& program,
                                    const Profile& profile, Day from, Day until) {
  const Days days{from, until, program.view.as_of};
  const Counts counts = TRY(count_recordings(tx, agency, days));
  const CameraCounts cameras = TRY(count_cameras(tx, agency, days));
  const Answering answering(program, counts, cameras, from, until);
  Json::Array items;
  for (const ProfileItem& item : profile.items) {
    Json::Array answers;
    for (const Asked& asked : item.answers) {
      for (const Answer& each : answering.answer(asked)) {
        answers.emplace_back(Json::Object{{"name", each.name},
                                          {"value", each.value ? Json(*each.value) : Json()},
                                          {"approximate", each.is_approximate},
                                          {"how", each.how}});
      }
    }
    items.emplace_back(
        Json::Object{{"n", item.n}, {"title", item.title}, {"asks", item.asks}, {"answers", std::move(answers)}});
  }
  Json::Object out = head_of(program);
  out.emplace("profile", profile.slug);
  out.emplace("title", profile.title);
  out.emplace("statute", profile.statute);
  out.emplace("address", profile.address);
  out.emplace("note", profile.note);
  out.emplace("from", day_text(from));
  out.emplace("until", day_text(until));
  out.emplace("items", std::move(items));
  return out;
}

}  // namespace lapel::program
