// SPDX-License-Identifier: Apache-2.0
// What a body-worn system is answered when the catalog refuses a statement, when a row is damaged, and when bytes are not as announced.
#include "cameras/destination.h"

#include "cameras/schema.h"
#include "evidence/vault_for_tests.h"
#include "intake/uploads.h"

namespace lapel::cameras {
namespace {

using evidence::code_of;
using evidence::message_of;
using evidence::problem_of;
using Whose = test::RefusingCatalog::Whose;

const std::string kClip = "20221202T061137Z_1.mp4";
const ContentMetadata kBookmark = {{"categoryname", "Traffic stop"}, {"starttime", "1669961500"}};

class DestinationTest : public evidence::VaultTest {
 protected:
  DestinationTest() {
    EXPECT_TRUE(db::migrate(*database_, "intake", intake::schema()));
    EXPECT_TRUE(db::migrate(*database_, "cameras", schema()));
    std::filesystem::create_directories(directory_ / "uploads");
    uploads_ = *intake::Uploads::open({*database_, *disk_, directory_ / "uploads", *vault_, clock_, 1});
    destination_.emplace(Destination::Parts{*database_, *ledgers_, clock_, *uploads_, *vault_});
    Systems systems({*database_, *ledgers_, clock_});
    const auto connected = systems.add("ashfield", "Body worn 1", {"http://127.0.0.1:8080", {}, {}});
    EXPECT_TRUE(connected) << message_of(connected);
    const Json file = *parse_json(connected->file);
    const auto token = systems.sign_in(*file.find_string("BlobAPIUserName"), *file.find_string("BlobAPIKey"));
    EXPECT_TRUE(token) << message_of(token);
    asking_ = *systems.asking(token->text, token->account);
    for (const char* container : {"System", "Users", "Devices"})
      EXPECT_TRUE(destination_->put_container(asking_, container, {}));
    EXPECT_TRUE(put("Users", "u1", "", {{"name", "Dana Whitfield"}, {"userid", "101"}}));
    EXPECT_TRUE(put("Devices", "c1", ""));
  }
  ~DestinationTest() override { uploads_.reset(); }

  Result<std::string> put(const std::string& container, const std::string& name, std::string_view bytes,
                          const ContentMetadata& metadata = {}, const std::optional<std::string>& md5 = {}) {
    auto arrival = TRY(destination_->put_object(asking_, {container, name, metadata, bytes.size(), md5}));
    Bytes sent(bytes.begin(), bytes.end());
    TRY(arrival->write(sent));
    return arrival->finish();
  }
  Result<void> say(const std::string& container, const ContentMetadata& metadata) {
    return destination_->post_container(asking_, container, metadata);
  }
  // A recording's container that nothing has come into yet.
  std::string begin() {
    const int n = ++containers_;
    const std::string name = fmt::format("u1_c1_20221202T{:02}{:02}{:02}Z", n / 3600, n / 60 % 60, n % 60);
    EXPECT_TRUE(destination_->put_container(asking_, name, {{"status", "Transferring"}, {"bwcmodel", "W102"}}));
    return name;
  }
  // What the sealer still has to do on its own.
  void settle() {
    while (count("uploads WHERE state = 'sealing'") > 0) std::this_thread::yield();
  }
  std::string of(const std::string& container) {
    return fmt::format("(SELECT id FROM camera_containers WHERE name = '{}')", container);
  }
  // How many recordings a container has become, each of what was sent and all but the first beside the first.
  std::int64_t recordings(const std::string& container) {
    settle();
    const std::string noted = fmt::format("camera_files WHERE recording IS NOT NULL AND container = {}", of(container));
    const std::string kept = fmt::format(
        "recordings r JOIN camera_files f ON f.recording = r.id AND f.sha256 = r.sha256 AND f.is_sealed = 1 JOIN "
        "camera_containers c ON c.id = f.container WHERE c.name = '{}'",
        container);
    EXPECT_EQ(count(noted), count(kept)) << container;
    EXPECT_EQ(count(kept + " AND (r.id = c.head) = (r.group_id IS NULL) AND COALESCE(r.group_id, r.id) = c.head"),
              count(kept))
        << container;
    return count(kept);
  }
  std::int64_t markers(const std::string& container) {
    return count(fmt::format("camera_markers m JOIN camera_containers c ON c.head = m.recording WHERE c.name = '{}'",
                             container));
  }
  std::int64_t completed(const std::string& container) {
    return count(fmt::format("camera_recordings WHERE container = '{}'", container));
  }
  std::vector<std::string> faults() { return faults_by(check_record); }

  using Step = std::function<Result<void>(const std::string& container)>;
  // After `before`, `step` with each of its statements refused once, of this thread's and of those that seal for it: it is told, and
  // asked for again it is done, once. `after` looks at each container.
  void refuse_each(const Step& before, const Step& step, const std::function<void(const std::string& container)>& after,
                   std::size_t least) {
    for (const Whose whose : {Whose::kThisThread, Whose::kOtherThreads}) {
      std::size_t refusals = 0;
      for (std::size_t nth = 1;; ++nth) {
        ASSERT_LT(nth, 300U);
        const std::string container = begin();
        const auto ready = before(container);
        ASSERT_TRUE(ready) << message_of(ready);
        settle();
        database_->refuse(nth, whose);
        const auto done = step(container);
        database_->heal();
        const bool was_refused = database_->has_refused();
        if (whose == Whose::kThisThread) {
          ASSERT_TRUE(done || was_refused) << message_of(done);
        }
        if (!done) {
          ++refusals;
          const auto again = step(container);
          ASSERT_TRUE(again) << nth << ": " << message_of(again);
        }
        after(container);
        if (!was_refused) break;
      }
      if (whose == Whose::kThisThread) {
        EXPECT_GE(refusals, least);
      }
    }
    EXPECT_EQ(faults(), std::vector<std::string>());
  }
  static Result<void> done(const Result<std::string>& answer) { return answer ? Result<void>() : fail(answer.error()); }

  std::unique_ptr<intake::Uploads> uploads_;
  std::optional<Destination> destination_;
  Systems::Asking asking_;
  int containers_ = 0;
};

TEST_F(DestinationTest, AClipThatTheCatalogRefusesIsToldAndSentAgainIsOne) {
  const Step nothing = [](const std::string&) -> Result<void> { return {}; };
  const Step clip = [&](const std::string& container) { return done(put(container, kClip, "clip of " + container)); };
  refuse_each(
      nothing, clip, [&](const std::string& container) { EXPECT_EQ(recordings(container), 1); }, 15);
  // One more stands beside the first; the same again is the same.
  const Step another = [&](const std::string& container) {
    return done(put(container, kClip, "more of " + container));
  };
  refuse_each(
      clip, another, [&](const std::string& container) { EXPECT_EQ(recordings(container), 2); }, 15);
  refuse_each(
      clip, clip, [&](const std::string& container) { EXPECT_EQ(recordings(container), 1); }, 10);
}

TEST_F(DestinationTest, WhatWaitsForItsClipIsKeptWithIt) {
  const Step waiting = [&](const std::string& container) -> Result<void> {
    TRY(put(container, "trail.json", "{}"));
    return done(put(container, "bookmark_1", "stopped here", kBookmark));
  };
  const Step clip = [&](const std::string& container) { return done(put(container, kClip, "clip of " + container)); };
  const Step nothing = [](const std::string&) -> Result<void> { return {}; };
  refuse_each(
      nothing, waiting, [&](const std::string& container) { EXPECT_EQ(recordings(container), 0); }, 8);
  refuse_each(
      waiting, clip,
      [&](const std::string& container) {
        EXPECT_EQ(recordings(container), 2);
        EXPECT_EQ(markers(container), 1);
      },
      20);
  // Words that come after it stand on it at once, and so does what is said of them later.
  refuse_each(
      clip, waiting,
      [&](const std::string& container) {
        EXPECT_EQ(recordings(container), 2);
        EXPECT_EQ(markers(container), 1);
      },
      20);
  const Step both = [&](const std::string& container) -> Result<void> {
    TRY(clip(container));
    return waiting(container);
  };
  const Step said = [&](const std::string& container) {
    return destination_->post_object(asking_, container, "bookmark_1", {{"categoryname", "Assault"}});
  };
  refuse_each(
      both, said, [&](const std::string& container) { EXPECT_EQ(markers(container), 2); }, 8);
}

TEST_F(DestinationTest, ARecordingIsCompleteWhenAllOfItIsKept) {
  const Step sent = [&](const std::string& container) -> Result<void> {
    TRY(put(container, "trail.json", "{}"));
    TRY(put(container, "bookmark_1", "stopped here", kBookmark));
    return {};
  };
  const Step complete = [&](const std::string& container) { return say(container, {{"status", "Complete"}}); };
  refuse_each(
      sent, complete,
      [&](const std::string& container) {
        EXPECT_EQ(recordings(container), 1);
        EXPECT_EQ(markers(container), 1);
        EXPECT_EQ(completed(container), 1);
        EXPECT_TRUE(complete(container)) << "again";
        EXPECT_EQ(completed(container), 1);
      },
      20);
  // Of nothing at all there is nothing to seal; what comes then completes it.
  const Step nothing = [](const std::string&) -> Result<void> { return {}; };
  refuse_each(
      nothing, complete, [&](const std::string& container) { EXPECT_EQ(completed(container), 0); }, 5);
  const Step trail = [&](const std::string& container) { return done(put(container, "trail.json", "{}")); };
  refuse_each(
      complete, trail,
      [&](const std::string& container) {
        EXPECT_TRUE(complete(container));
        EXPECT_EQ(recordings(container), 1);
        EXPECT_EQ(completed(container), 1);
      },
      15);
}

TEST_F(DestinationTest, WhatComesAfterCompleteIsAnsweredForWhenItIsSealed) {
  const Step completed_clip = [&](const std::string& container) -> Result<void> {
    TRY(put(container, kClip, "clip of " + container));
    return say(container, {{"status", "Complete"}});
  };
  const Step late = [&](const std::string& container) {
    return done(put(container, "bookmark_1", "stopped here", kBookmark));
  };
  refuse_each(
      completed_clip, late, [&](const std::string& container) { EXPECT_EQ(markers(container), 1); }, 8);
}

TEST_F(DestinationTest, WhatNoEventCanSayIsRefusedBeforeAnyOfItIsKept) {
  const std::string container = begin();
  ContentMetadata quoted;  // each of these is written as four in the ledger
  for (int n = 0; n < 15; ++n) quoted.emplace(fmt::format("k{}", n), std::string(250, '"'));
  EXPECT_EQ(code_of(put(container, "bookmark_1", std::string_view("a\0b", 3), kBookmark)), Code::kInvalid);
  EXPECT_EQ(code_of(put(container, "bookmark_2", std::string(3'000, '\x01'), kBookmark)), Code::kInvalid);
  EXPECT_EQ(code_of(put(container, "bookmark_3", "stopped here", quoted)), Code::kInvalid);
  ASSERT_TRUE(put(container, "bookmark_4", "stopped here", kBookmark));
  EXPECT_EQ(code_of(destination_->post_object(asking_, container, "bookmark_4", quoted)), Code::kInvalid);
  EXPECT_EQ(code_of(say(container, quoted)), Code::kInvalid);
  EXPECT_EQ(count("camera_files"), 1);
  EXPECT_TRUE(put(container, kClip, "a clip"));
  EXPECT_TRUE(say(container, {{"status", "Complete"}}));
  EXPECT_EQ(markers(container), 1);
  EXPECT_EQ(completed(container), 1);
  // One that waits from before this was asked holds up nothing.
  const std::string older = begin();
  ASSERT_TRUE(put(older, "bookmark_1", "stopped here", kBookmark));
  run(fmt::format("UPDATE camera_files SET content = '{}' WHERE container = {}",
                  base64(as_bytes(std::string_view("a\0b", 3))), of(older)));
  EXPECT_TRUE(put(older, kClip, "another clip"));
  EXPECT_TRUE(say(older, {{"status", "Complete"}}));
  EXPECT_EQ(completed(older), 1);
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(DestinationTest, ABookmarkThatIsSaidAgainAfterItSaidSomethingElseIsOneMore) {
  const std::string container = begin();
  ASSERT_TRUE(put(container, kClip, "a clip"));
  const auto told = [&](const std::string& category) {
    clock_.advance_us(1'000'000);
    EXPECT_TRUE(destination_->post_object(asking_, container, "bookmark_1", {{"categoryname", category}}));
    return markers(container);
  };
  ASSERT_TRUE(put(container, "bookmark_1", "stopped here", {{"categoryname", "Stop"}}));
  EXPECT_EQ(told("Assault"), 2);
  EXPECT_EQ(told("Stop"), 3);
  EXPECT_EQ(told("Stop"), 3) << "the same again";
  EXPECT_EQ(told("Assault"), 4);
  EXPECT_EQ(count("camera_markers WHERE words = 'stopped here'"), 4);
}

// The first that is received is the recording's first, also where it is sealed after one that came later.
TEST_F(DestinationTest, OneThatIsReceivedAndNotSealedYetIsTheFirst) {
  for (std::size_t nth = 1;; ++nth) {
    ASSERT_LT(nth, 300U);
    const std::string container = begin();
    settle();
    database_->refuse(nth, Whose::kOtherThreads);
    const auto first = put(container, "1.mp4", "first of " + container);
    const bool was_refused = database_->has_refused();
    auto second = put(container, "2.mp4", "second of " + container);
    database_->heal();
    if (!first) {
      EXPECT_TRUE(put(container, "1.mp4", "first of " + container));
    }
    if (!second) {
      EXPECT_TRUE(put(container, "2.mp4", "second of " + container));
    }
    EXPECT_EQ(recordings(container), 2);
    EXPECT_EQ(
        count(fmt::format("camera_containers c JOIN camera_files f ON f.recording = c.head WHERE f.name = '1.mp4' AND "
                          "c.id = {}",
                          of(container))),
        1)
        << nth;
    if (!was_refused) break;
  }
}

TEST_F(DestinationTest, BytesThatAreNotAsAnnouncedAreNotKept) {
  const std::string container = begin();
  const std::string wrong(32, '0');
  EXPECT_EQ(problem_of(put(container, kClip, "a clip", {}, wrong)), &problems::kChecksumMismatch);
  EXPECT_EQ(problem_of(put(container, "trail.json", "{}", {}, wrong)), &problems::kChecksumMismatch);
  EXPECT_EQ(recordings(container), 0);
  EXPECT_EQ(count("uploads"), 0);
  const auto md5 = put(container, kClip, "a clip");
  ASSERT_TRUE(md5) << message_of(md5);
  EXPECT_TRUE(put(container, kClip, "a clip", {}, *md5));
  EXPECT_EQ(recordings(container), 1);
  // One that is cut off leaves nothing, and one that is longer than it said is refused.
  {
    auto arrival = *destination_->put_object(asking_, {container, "2.mp4", {}, 10, {}});
    Bytes some(4, 'x');
    EXPECT_TRUE(arrival->write(some));
  }
  EXPECT_EQ(count("uploads WHERE state <> 'sealed'"), 0);
  auto arrival = *destination_->put_object(asking_, {container, "bookmark_2", {}, 1, {}});
  Bytes most(kBookmarkBytesMax, 'x'), one(1, 'x');
  EXPECT_TRUE(arrival->write(most));
  EXPECT_EQ(code_of(arrival->write(one)), Code::kInvalid);
  EXPECT_EQ(code_of(put(container, "bookmark_3", "\xff")), Code::kInvalid);
}

TEST_F(DestinationTest, RowsThatAreDamagedAreToldAndNotTakenForNothing) {
  const std::string container = begin();
  ASSERT_TRUE(put(container, "trail.json", "{}"));
  ASSERT_TRUE(put(container, "bookmark_1", "stopped here", kBookmark));
  const auto corrupt = [&](const std::string& name, const std::string& sets, const std::string& back) {
    const auto set = [&](const std::string& what) {
      run(fmt::format("UPDATE camera_files SET {} WHERE name = '{}' AND container = {}", what, name, of(container)));
    };
    set(sets);
    EXPECT_EQ(code_of(say(container, {{"status", "Complete"}})), Code::kCorrupt) << sets;
    set(back);
  };
  corrupt("trail.json", "content = '!'", "content = 'e30='");
  corrupt("trail.json", "recording = 'x'", "recording = NULL");
  corrupt("trail.json", "metadata = 'x'", "metadata = '{}'");
  run(fmt::format("UPDATE camera_containers SET metadata = 'x' WHERE name = '{}'", container));
  EXPECT_EQ(code_of(say(container, {{"status", "Complete"}})), Code::kCorrupt);
  run(fmt::format("UPDATE camera_containers SET metadata = '{{}}' WHERE name = '{}'", container));
  // Its trail is kept meanwhile; the words that wait are damaged.
  corrupt("bookmark_1", "content = '!'", "content = 'c3RvcHBlZCBoZXJl'");
  EXPECT_TRUE(say(container, {{"status", "Complete"}}));
  EXPECT_EQ(recordings(container), 1);
  EXPECT_EQ(markers(container), 1);
  const std::string empty = begin();
  run(fmt::format("UPDATE camera_containers SET id = 'x' WHERE name = '{}'", empty));
  EXPECT_EQ(code_of(destination_->container(asking_, empty)), Code::kCorrupt);
}

TEST_F(DestinationTest, WhatWasReceivedAndIsNotKeptIsNotCompleted) {
  const std::string container = begin();
  ASSERT_TRUE(put(container, kClip, "a clip"));
  run(fmt::format(
      "INSERT INTO camera_files (container, name, sha256, md5, bytes, metadata, is_sealed, put_us) VALUES ({}, "
      "'lost.mp4', 'aa', 'bb', 1, '{{}}', 0, 1)",
      of(container)));
  EXPECT_EQ(code_of(say(container, {{"status", "Complete"}})), Code::kUnavailable);
  EXPECT_EQ(completed(container), 0);
  EXPECT_EQ(code_of(destination_->object(asking_, container, "lost.mp4")), Code::kNotFound);
  // Nobody was told that it is kept: the same name with other bytes takes its place.
  EXPECT_TRUE(put(container, "lost.mp4", "encrypted anew"));
  EXPECT_TRUE(say(container, {{"status", "Complete"}}));
  EXPECT_EQ(completed(container), 1);
}

TEST_F(DestinationTest, ARenewedKeyEndsTheTokensOfTheOneBefore) {
  Systems systems({*database_, *ledgers_, clock_});
  const auto sign_in = [&](const Systems::Connected& connected) {
    const Json file = *parse_json(connected.file);
    return systems.sign_in(*file.find_string("BlobAPIUserName"), *file.find_string("BlobAPIKey"));
  };
  const auto before = *systems.add("ashfield", "Body worn 2", {"http://127.0.0.1:8080", {}, {}});
  const auto token = *sign_in(before);
  EXPECT_TRUE(systems.asking(token.text, token.account));
  const auto after = *systems.renew("ashfield", "Body worn 2", {"http://127.0.0.1:8080", {}, {}});
  EXPECT_EQ(code_of(systems.asking(token.text, token.account)), Code::kUnauthenticated);
  EXPECT_EQ(code_of(sign_in(before)), Code::kUnauthenticated);
  const auto another = *sign_in(after);
  EXPECT_TRUE(systems.asking(another.text, another.account));
  EXPECT_EQ(code_of(systems.asking(std::string(another.text.size(), 'z'), another.account)), Code::kUnauthenticated);
}

TEST_F(DestinationTest, ALongNameOfAnAgencyIsCutAtACharacter) {
  std::string name = "Ashfield ";
  for (int n = 0; n < 40; ++n) name += "é";
  run(fmt::format("UPDATE agencies SET name = '{}' WHERE id = '{}'", name, ashfield_.id.text()));
  const auto connected =
      Systems({*database_, *ledgers_, clock_}).add("ashfield", "Body worn 3", {"http://127.0.0.1:8080", {}, {}});
  ASSERT_TRUE(connected) << message_of(connected);
  const Json file = *parse_json(connected->file);
  EXPECT_EQ(*file.find_string("SiteName"), name.substr(0, 63));
}

TEST_F(DestinationTest, AContainerHasSoManyObjectsAndNoMore) {
  const std::string container = begin();
  write([&](db::Transaction& tx) -> Result<void> {
    for (std::int64_t n = 0; n < kContentFilesMax; ++n) {
      TRY(tx.run(
          fmt::format("INSERT INTO camera_files (container, name, sha256, md5, bytes, metadata, is_sealed, put_us) "
                      "VALUES ({}, 'old_{}', 'aa', 'bb', 1, '{{}}', 1, 1)",
                      of(container), n)));
    }
    return {};
  });
  EXPECT_EQ(code_of(put(container, kClip, "a clip")), Code::kInvalid);
  EXPECT_EQ(code_of(put(container, "trail.json", "{}")), Code::kInvalid);
  EXPECT_EQ(count("recordings"), 0);
  EXPECT_EQ(count("uploads"), 0);
}

}  // namespace
}  // namespace lapel::cameras
