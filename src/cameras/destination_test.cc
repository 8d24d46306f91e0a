// SPDX-License-Identifier: Apache-2.0
// What a body-worn system is answered when the catalog refuses a statement, when a row is damaged, and when bytes are not as announced.
#include "cameras/destination.h"

#include "base/limits.h"
#include "cameras/schema.h"
#include "evidence/vault_for_tests.h"
#include "intake/uploads.h"
#include "roster/categories.h"
#include "test/faulty_disk.h"

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
  // By another server.
  bool beside(const std::string& sql) {
    return real_database_
        ->write([&](db::Transaction& tx) -> Result<void> {
          TRY(tx.run(sql));
          return {};
        })
        .has_value();
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

// ---- each branch of what answers ----

TEST_F(DestinationTest, EachStatementThatIsRefusedIsTold) {
  const std::string container = begin(), other = fmt::format("u1_c1_20221203T{:06}Z", 1);
  ASSERT_TRUE(put(container, kClip, "a clip"));
  write([&](db::Transaction& tx) -> Result<void> {
    const roster::Category stands{crypto::new_id<CategoryId>(), ashfield_.id, "Stop", {}};
    const roster::Category retired{crypto::new_id<CategoryId>(), ashfield_.id, "Traffic", {}};
    TRY(roster::add_category(tx, stands, clock_.now()));
    TRY(roster::add_category(tx, retired, clock_.now()));
    return roster::retire_category(tx, ashfield_.id, retired.id, clock_.now());
  });
  const auto categories = destination_->document(asking_, "System", "Categories.json");
  ASSERT_TRUE(categories);
  EXPECT_TRUE(categories->find("Stop") != std::string::npos && categories->find("Traffic") == std::string::npos);
  const auto each = [&](const char* what, std::size_t least, const std::function<Result<void>()>& ask) {
    SCOPED_TRACE(what);
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 100U);
      settle();
      database_->refuse(nth, Whose::kThisThread);
      const Result<void> answer = ask();
      database_->heal();
      ASSERT_EQ(answer.has_value(), !database_->has_refused()) << nth;
      if (!answer) continue;
      EXPECT_GT(nth, least);
      return;
    }
  };
  const auto nothing = [](const auto& result) -> Result<void> {
    return result ? Result<void>() : fail(result.error());
  };
  each("a new container", 3, [&] { return nothing(destination_->put_container(asking_, other, kBookmark)); });
  each("a container again", 2, [&] { return nothing(destination_->put_container(asking_, other, kBookmark)); });
  each("one that is complete", 5, [&] {
    return nothing(destination_->put_container(asking_, container, {{"status", "Complete"}}));
  });
  each("an object", 2, [&] { return nothing(destination_->object(asking_, container, kClip)); });
  each("a user", 2, [&] { return nothing(destination_->object(asking_, "Users", "u1")); });
  each("categories", 1, [&] { return nothing(destination_->document(asking_, "System", "Categories.json")); });
  each("a clip described anew", 5, [&] {
    return destination_->post_object(asking_, container, kClip, {{"starttime", "1669961500"}});
  });
  each("a user described anew", 4, [&] {
    return destination_->post_object(asking_, "Users", "u1", {{"name", "Dana Whitfield"}, {"userid", "101"}});
  });
  each("a user that comes again", 4, [&] {
    return nothing(put("Users", "u1", "", {{"name", "Dana Whitfield"}, {"userid", "101"}}));
  });
  // Its first file is found again, where the answer to it was lost before it was noted.
  each("a container whose head is not noted", 4, [&]() -> Result<void> {
    EXPECT_TRUE(beside("UPDATE camera_containers SET head = NULL"));
    return say(container, {{"status", "Complete"}});
  });
  each("a bookmark that is said again", 12, [&]() -> Result<void> {
    TRY(put(container, "bookmark_1", "stopped here", {{"categoryname", "Stop"}}));
    clock_.advance_us(1'000'000);
    TRY(destination_->post_object(asking_, container, "bookmark_1", {{"categoryname", "Assault"}}));
    clock_.advance_us(1'000'000);
    return done(put(container, "bookmark_1", "stopped here", {{"categoryname", "Stop"}}));
  });
  EXPECT_EQ(completed(container), 1);
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(DestinationTest, NamesAndSizesThatCannotBeAreToldAsSuch) {
  const std::string container = begin();
  EXPECT_EQ(code_of(destination_->put_container(asking_, "anything", {})), Code::kInvalid);
  EXPECT_EQ(code_of(destination_->container(asking_, "anything")), Code::kInvalid);
  EXPECT_EQ(code_of(say("anything", {})), Code::kNotFound);
  run(fmt::format(
      "INSERT INTO camera_containers (id, system, kind, name, metadata, made_us) SELECT '{}', system, kind, "
      "'anything', '{{}}', 1 FROM camera_containers LIMIT 1",
      std::string(32, '1')));
  EXPECT_EQ(code_of(say("anything", {})), Code::kInvalid) << "a row that was altered";
  EXPECT_EQ(code_of(put(container, "a/b", "x")), Code::kInvalid);
  EXPECT_EQ(code_of(destination_->object(asking_, container, "a/b")), Code::kInvalid);
  EXPECT_EQ(code_of(destination_->object(asking_, "anything at all", "a")), Code::kInvalid);
  EXPECT_EQ(code_of(destination_->object(asking_, container, "none")), Code::kNotFound);
  EXPECT_EQ(code_of(destination_->post_object(asking_, container, "a/b", {})), Code::kInvalid);
  EXPECT_EQ(code_of(destination_->post_object(asking_, container, "none", {})), Code::kNotFound);
  EXPECT_EQ(code_of(destination_->post_object(asking_, "Users", "none", {})), Code::kNotFound);
  EXPECT_EQ(code_of(put(container, kClip, "")), Code::kInvalid);
  EXPECT_EQ(problem_of(put("System", "Categories.json", "{}")), &problems::kRule);
  EXPECT_EQ(code_of(put(container, "bookmark_1", std::string(kBookmarkBytesMax + 1, 'x'))), Code::kInvalid);
  ContentMetadata keys, values;
  for (std::size_t n = 0; n <= kContentKeysMax; ++n) keys.emplace(fmt::format("k{}", n), "v");
  for (std::size_t n = 0; n < 20; ++n) values.emplace(fmt::format("k{}", n), std::string(250, 'v'));
  EXPECT_EQ(code_of(say(container, keys)), Code::kInvalid);
  EXPECT_EQ(code_of(say(container, values)), Code::kInvalid);
  EXPECT_TRUE(say(container, {{"triggeron", "hand"}}));
  EXPECT_TRUE(say(container, {{"triggeron", ""}})) << "an empty value takes it away";
  EXPECT_EQ(count("camera_containers WHERE metadata LIKE '%triggeron%'"), 0);
  EXPECT_TRUE(destination_->put_container(asking_, "Users", {{"status", "Complete"}}));
  EXPECT_TRUE(put("System", "note.txt", "a note"));
  EXPECT_TRUE(destination_->document(asking_, "System", "Capabilities.json"));
  EXPECT_EQ(problem_of(destination_->document(asking_, container, "Categories.json")), &problems::kRule);
  EXPECT_EQ(problem_of(destination_->document(asking_, "System", "Other.json")), &problems::kRule);
}

TEST_F(DestinationTest, WhatAFileIsFollowsFromItsNameAndItsMetadata) {
  const std::string container = begin(), large(kSideFileBytesMax + 1, 'k');
  ASSERT_TRUE(put(container, "1.mp4", "one", {{"starttime", "1969-12-31T23:59:59Z"}}));
  ASSERT_TRUE(put(container, "2.mkv", "two", {{"starttime", "9999-12-31T23:59:59-01:00"}}));
  ASSERT_TRUE(put(container, "3.bin", "three"));
  ASSERT_TRUE(put(container, "4.key", "four"));
  ASSERT_TRUE(put(container, "5.key", large)) << "too large to wait, and kept at once";
  EXPECT_EQ(recordings(container), 5);
  EXPECT_EQ(count("recordings WHERE filetype = 'video/mp4'"), 1);
  EXPECT_EQ(count("recordings WHERE filetype = 'video/x-matroska'"), 1);
  EXPECT_EQ(count("recordings WHERE filetype = ''"), 3);
  EXPECT_EQ(count("recordings WHERE recorded_us < 0 OR recorded_us >= 253402300800000000"), 0);
  ASSERT_TRUE(put(container, "bookmark_1", "stopped", {{"starttime", "1669961500"}, {"endtime", "1669961600"}}));
  EXPECT_EQ(count("camera_markers WHERE until_us IS NOT NULL"), 1);
  const std::string told = begin();
  ASSERT_TRUE(say(told, {{"starttime", "1669961500"}}));
  ASSERT_TRUE(put(told, "1.mp4", "of the container's time"));
  ASSERT_TRUE(put(told, "2.mp4", "of its own", {{"starttime", "1669961600"}}));
  EXPECT_EQ(count("recordings WHERE recorded_us = 1669961500000000"), 1);
  EXPECT_EQ(count("recordings WHERE recorded_us = 1669961600000000"), 1);
  // Rejected content is kept beside all else, each file as it comes.
  const std::string rejected = "RejectedContent_1";
  ASSERT_TRUE(destination_->put_container(asking_, rejected,
                                          {{"status", "Complete"}, {"bwcserialnumber", "c1"}, {"userid", "u1"}}));
  ASSERT_TRUE(put(rejected, "1.json", "{}"));
  ASSERT_TRUE(put(rejected, "bookmark_1", "as a file"));
  EXPECT_TRUE(destination_->post_object(asking_, rejected, "1.json", {{"starttime", "1669961500"}}));
  EXPECT_EQ(recordings(rejected), 2);
  EXPECT_EQ(completed(rejected), 0);
}

TEST_F(DestinationTest, AMarkerStandsOnWhatThereIs) {
  // Words alone: there is nothing that they could stand on.
  const std::string words = begin();
  ASSERT_TRUE(put(words, "bookmark_1", "stopped here", kBookmark));
  EXPECT_TRUE(say(words, {{"status", "Complete"}}));
  EXPECT_EQ(markers(words), 0);
  EXPECT_EQ(completed(words), 0);
  EXPECT_TRUE(put(words, kClip, "late"));
  EXPECT_EQ(markers(words), 1);
  EXPECT_EQ(completed(words), 1);
  // Sealed, says its row, and there is no recording: of its words nothing is known any more.
  const std::string altered = begin();
  ASSERT_TRUE(put(altered, "bookmark_1", "stopped here", kBookmark));
  run(fmt::format("UPDATE camera_files SET is_sealed = 1, content = NULL WHERE container = {}", of(altered)));
  EXPECT_TRUE(destination_->post_object(asking_, altered, "bookmark_1", {{"categoryname", "Assault"}}));
  EXPECT_EQ(count(fmt::format("camera_files WHERE content = '' AND container = {}", of(altered))), 1);
  // Too much for an event, from before that was asked.
  const std::string older = begin();
  ASSERT_TRUE(put(older, "bookmark_1", "stopped here", kBookmark));
  run(fmt::format("UPDATE camera_files SET content = '{}' WHERE container = {}",
                  base64(as_bytes(std::string(limits::kEventBytesMax, 'x'))), of(older)));
  EXPECT_TRUE(put(older, kClip, "a clip"));
  EXPECT_EQ(markers(older), 0);
}

TEST_F(DestinationTest, WhatAnotherServerDidMeanwhileIsTold) {
  const std::string container = begin();
  ASSERT_TRUE(put(container, kClip, "a clip"));
  // What is answered where it happened before one write or another; each time anew.
  const auto answers = [&](const std::string& back, const std::string& sql,
                           const std::function<Result<void>(int)>& ask) {
    std::set<std::optional<Code>> out;
    for (int nth = 1; nth <= 12; ++nth) {
      EXPECT_TRUE(beside(back));
      database_->meanwhile(static_cast<std::size_t>(nth), [&] { EXPECT_TRUE(beside(sql)); });
      out.insert(code_of(ask(nth)));
      database_->meanwhile(0, nullptr);
    }
    return out;
  };
  const std::set<std::optional<Code>> once = {std::nullopt}, told = {std::nullopt, Code::kConflict};
  const std::string begun = "UPDATE camera_containers SET completed_us = NULL",
                    complete = "UPDATE camera_containers SET completed_us = 1";
  EXPECT_EQ(answers(begun, complete, [&](int) { return say(container, {{"status", "Complete"}}); }), told);
  // Each of these is kept: that the whole is complete is another's to answer for.
  EXPECT_EQ(answers(begun, complete,
                    [&](int n) { return done(put(container, fmt::format("{}.mp4", n), fmt::format("{}", n))); }),
            once);
  EXPECT_EQ(
      answers(begun, "UPDATE camera_files SET is_sealed = 1, content = NULL WHERE name LIKE 'bookmark_%'",
              [&](int n) { return done(put(container, fmt::format("bookmark_{}", n), "stopped here", kBookmark)); }),
      told);
}

TEST_F(DestinationTest, ARowThatIsDamagedIsToldWhoeverAsks) {
  const std::string container = begin();
  ASSERT_TRUE(put(container, kClip, "a clip"));
  run("UPDATE camera_files SET metadata = 'x'");
  EXPECT_EQ(code_of(put(container, kClip, "a clip")), Code::kCorrupt);
  EXPECT_EQ(code_of(destination_->object(asking_, container, kClip)), Code::kCorrupt);
  EXPECT_EQ(code_of(destination_->post_object(asking_, container, kClip, {})), Code::kCorrupt);
}

TEST_F(DestinationTest, ATrailThatTheDiskRefusesWaitsOn) {
  const std::string container = begin();
  ASSERT_TRUE(put(container, "trail.json", "{}"));
  const auto faulty = *test::FaultyDisk::over(*disk_, directory_);
  const os::Path spool = directory_ / "faulty";
  std::filesystem::create_directories(spool);
  std::size_t failures = 0;
  {
    const auto uploads = *intake::Uploads::open({*database_, *faulty, spool, *vault_, clock_, 1});
    Destination destination({*database_, *ledgers_, clock_, *uploads, *vault_});
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 50U);
      faulty->inject({.op = test::Op::kWrite, .nth = nth});
      const auto done = destination.post_container(asking_, container, {{"status", "Complete"}});
      if (done) break;
      ++failures;
    }
  }
  EXPECT_GE(failures, 1U);
  EXPECT_EQ(recordings(container), 1);
  EXPECT_EQ(completed(container), 1);
}

}  // namespace
}  // namespace lapel::cameras
