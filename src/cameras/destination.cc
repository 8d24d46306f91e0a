// SPDX-License-Identifier: Apache-2.0
// What survives at each step of a clip, and what the next request of its system does with it:
//   bytes on their way                    nothing: a body-worn system sends an object from its beginning again
//   row of the file, with its recording   the same bytes again become that recording, whichever upload brings them
//   upload finished                       sealed by the sealer, if by nobody else
//   sealed                                refresh() finds it by the recording's row
//   head set, what waited for it flushed  done
#include "cameras/destination.h"

#include <algorithm>

#include <fmt/format.h>

#include "acts/act.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "base/trace.h"
#include "cameras/schema.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/categories.h"

namespace lapel::cameras {
namespace {

// Container metadata that goes with each file, beside what a description has fields for.
constexpr std::pair<std::string_view, std::string_view> kTold[] = {
    {"bwcmodel", "camera_model"},
    {"firmwareversion", "firmware"},
    {"scuserialnumber", "controller"},
    {"timezone", "time_zone"},
    {"triggeron", "trigger_on"},
    {"triggerontimeiso", "trigger_on_time"},
    {"triggeronlocation", "trigger_on_location"},
    {"rejectedcontentreason", "rejected_because"},
    {"rejectedcontentoriginalcontainer", "rejected_from"}};

constexpr std::size_t kSaidBytesMax =
    limits::kEventBytesMax - 2 * 1'024;  // the rest is for who, when, where and after what

std::string media_type(ContentKind kind, std::string_view name) {
  if (kind == ContentKind::kTrack) return "application/json";
  if (kind != ContentKind::kClip) return "";
  if (name.ends_with(".mp4")) return "video/mp4";
  if (name.ends_with(".mkv")) return "video/x-matroska";
  return "";
}

// As the ledger writes it: what content_time() and names give is a time that it can.
std::optional<std::string> ledger_moment(const std::optional<Timestamp>& time) {
  if (!time) return std::nullopt;
  return ledger_time(*time);
}

Result<void> take_away(intake::Uploads& uploads, const access::Actor& actor, std::unique_ptr<intake::Writer> writer,
                       const UploadId& id) {
  writer->discard();
  writer.reset();
  return uploads.remove(actor, id);
}

Result<void> check_md5(const std::optional<std::string>& announced, const std::string& md5) {
  if (!announced || *announced == md5) return {};
  return fail(problems::kChecksumMismatch, "The bytes received do not have the MD5 that ETag announced");
}

// What was refused is not kept, and is not answered as if it were.
Result<void> check_sealed(const intake::Upload& upload) {
  if (upload.state == intake::State::kSealed) return {};  // no test: only a dock's statement is refused for good
  return fail(Code::kUnavailable, fmt::format("The file could not be kept: {}", upload.reason), upload.id.text());
}

// What a marker says.
Json::Object marker_values(const std::string& name, std::string_view words, const ContentMetadata& metadata) {
  Json::Object out = {{"source", name}, {"said", stored_metadata(metadata)}};
  const auto put = [&](std::string_view member, std::string value) {
    if (!value.empty()) out.emplace(member, std::move(value));
  };
  put("words", std::string(words));
  put("category", value_of(metadata, "categoryname"));
  put("category_id", value_of(metadata, "categoryid"));
  put("tags", value_of(metadata, "tags"));
  put("place", value_of(metadata, "location"));
  if (const auto at = ledger_moment(content_time(metadata, "starttime"))) out.emplace("marked", *at);
  if (const auto until = ledger_moment(content_time(metadata, "endtime"))) out.emplace("until", *until);
  return out;
}

// Before anything of it is kept: what no event can say would hold up all that comes after it.
Result<void> check_sealable(std::string_view what, const Json::Object& values) {
  if (canonical(Json(values)).size() <= kSaidBytesMax) return {};
  return fail(Code::kInvalid,
              fmt::format("What is said of {} is over {} bytes as the ledger writes it", what, kSaidBytesMax));
}
Result<void> check_marker(const std::string& name, ByteView words, const ContentMetadata& metadata) {
  if (!is_utf8(as_text(words)) || as_text(words).find('\0') != std::string_view::npos)
    return fail(Code::kInvalid, "A bookmark's words must be UTF-8 without zero bytes");
  return check_sealable("this bookmark", marker_values(name, as_text(words), metadata));
}

// A bookmark that says something else is another, though its words are the same.
std::string bookmark_digest(ByteView words, const ContentMetadata& metadata) {
  const std::string told = stored_metadata(metadata);
  return hex(crypto::sha256({words, as_bytes(told)}));
}

}  // namespace

// With the container as it stands, for a system that stands, while no other request of this process changes it.
template <typename Act>
auto Destination::in_turn(const Systems::Asking& asking, const std::string& name, Act&& act)
    -> decltype(act(std::declval<Container&>())) {
  const auto stands = [&](db::Transaction& tx) -> Result<void> {
    TRY(roster::actor(tx, asking.actor.subject()));
    return {};
  };
  TRY(parts_.database.read(stands));
  const Container named = TRY(known(asking, name));
  const Turn turn(*this, named.id);
  Container container = TRY(refresh(asking, name));
  return act(container);
}

// ---- arrivals ----

// Streamed to disk as an upload.
class ClipArrival final : public Arrival {
 public:
  ClipArrival(Destination& destination, Systems::Asking asking, Destination::NewObject object, UploadId upload,
              RecordingId recording, std::unique_ptr<intake::Writer> writer)
      : destination_(destination),
        asking_(std::move(asking)),
        object_(std::move(object)),
        upload_(upload),
        recording_(recording),
        writer_(std::move(writer)) {}
  ~ClipArrival() override {
    if (writer_) (void)take_away(destination_.parts_.uploads, asking_.actor, std::move(writer_), upload_);
  }

  Result<void> write(std::span<std::uint8_t> bytes) override {
    md5_.update(bytes);
    return writer_->write(bytes);
  }

  Result<std::string> finish() override {
    const std::string md5 = hex(md5_.finish());
    TRY(check_md5(object_.md5, md5));
    return destination_.in_turn(asking_, object_.container, [&](Container& container) { return keep(container, md5); });
  }

 private:
  Result<std::string> keep(Container& container, const std::string& md5) {
    intake::Uploads& uploads = destination_.parts_.uploads;
    Destination::FileRow sent = destination_.row_of(object_, hex(writer_->digest()), md5, writer_->offset());
    sent.recording = recording_;
    const Destination::FileRow file = TRY(destination_.note_file(container, sent));
    if (file.is_sealed) {
      TRY(take_away(uploads, asking_.actor, std::move(writer_), upload_));
      // What waited for it may wait still, where its first answer was lost in between.
      TRY(destination_.go_on(asking_, container));
      return md5;
    }
    std::optional<RecordingId> group;
    if (container.head != file.recording) group = container.head;  // no test: another server has just sealed it
    const std::string described = TRY(destination_.describe(asking_, container, object_.name, object_.metadata, group));
    TRY(uploads.become(upload_, *file.recording, described));
    TRY(writer_->finish());
    writer_.reset();
    const intake::Upload sealed = TRY(uploads.seal(upload_));
    TRY(check_sealed(sealed));  // no test: only a dock's statement is refused for good
    TRY(destination_.file_is_sealed(container, file));
    TRY(destination_.go_on(asking_, container));
    return md5;
  }

  Destination& destination_;
  const Systems::Asking asking_;
  const Destination::NewObject object_;
  const UploadId upload_;
  const RecordingId recording_;
  std::unique_ptr<intake::Writer> writer_;
  crypto::Md5 md5_;
};

// What is small is held until all of it is here.
class SmallArrival final : public Arrival {
 public:
  SmallArrival(Destination& destination, Systems::Asking asking, Destination::NewObject object, ContainerKind container,
               std::uint64_t bytes_max)
      : destination_(destination),
        asking_(std::move(asking)),
        object_(std::move(object)),
        container_(container),
        bytes_max_(bytes_max) {}

  Result<void> write(std::span<std::uint8_t> bytes) override {
    if (bytes.size() > bytes_max_ - bytes_.size())
      return fail(Code::kInvalid, fmt::format("This object may have at most {} bytes", bytes_max_));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return {};
  }

  Result<std::string> finish() override {
    crypto::Md5 hash;
    hash.update(bytes_);
    const std::string md5 = hex(hash.finish());
    TRY(check_md5(object_.md5, md5));
    return destination_.in_turn(asking_, object_.container, [&](Container& container) { return keep(container, md5); });
  }

 private:
  Result<std::string> keep(Container& container, const std::string& md5) {
    if (container_ != ContainerKind::kRecording) {
      TRY(destination_.announced_.put(asking_, container_, object_.name, object_.metadata));
      return md5;
    }
    const bool is_bookmark = content_kind(object_.name, object_.metadata) == ContentKind::kBookmark;
    if (is_bookmark) TRY(check_marker(object_.name, bytes_, object_.metadata));
    Destination::FileRow sent = destination_.row_of(
        object_, is_bookmark ? bookmark_digest(bytes_, object_.metadata) : hex(crypto::sha256(bytes_)), md5,
        bytes_.size());
    sent.content = base64(bytes_);
    TRY(destination_.note_file(container, sent));
    TRY(destination_.go_on(asking_, container));
    return md5;
  }

  Destination& destination_;
  const Systems::Asking asking_;
  const Destination::NewObject object_;
  const ContainerKind container_;
  const std::uint64_t bytes_max_;
  Bytes bytes_;
};

Destination::Turn::Turn(Destination& destination, const ContainerId& id) : destination_(destination), id_(id) {
  os::MutexLock lock(destination_.mutex_);
  while (!destination_.busy_.insert(id_).second)  // no test: whether one waits is for the scheduler to say
    destination_.done_.wait(destination_.mutex_);
}

Destination::Turn::~Turn() {
  const os::MutexLock lock(destination_.mutex_);
  destination_.busy_.erase(id_);
  destination_.done_.notify_all();
}

// ---- containers ----

Result<std::optional<Container>> Destination::find(db::Transaction& tx, const CameraSystemId& system,
                                                   const std::string& name) {
  const db::Params named = {{"system", system.text()}, {"name", name}};
  const db::Rows rows =
      TRY(tx.query("SELECT id, metadata, head, completed_us FROM camera_containers WHERE system = "
                   ":system AND name = :name LIMIT 1",
                   named));
  if (rows.empty()) return std::optional<Container>();
  const db::Row& row = rows[0];
  const auto id = ContainerId::parse(row.text("id"));
  if (!id) return fail(Code::kCorrupt, "A container's id in the catalog is damaged", row.text("id"));
  Container out;
  out.id = *id;
  out.name = name;
  out.parsed = TRY(parse_container_name(name));
  out.metadata = TRY(read_stored_metadata(row.text("metadata")));
  if (const auto head = row.maybe_text("head")) out.head = RecordingId::parse(*head);
  out.is_complete = !row.is_null("completed_us");
  return std::optional(std::move(out));
}

Result<Container> Destination::known(const Systems::Asking& asking, const std::string& name) {
  std::optional<Container> out;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    out = TRY(find(tx, *asking.actor.camera_system, name));
    return {};
  };
  TRY(parts_.database.read(look));
  if (!out) return fail(Code::kNotFound, "No such container", name);
  return *std::move(out);
}

Result<Container> Destination::container(const Systems::Asking& asking, const std::string& name) {
  TRY(parse_container_name(name));
  return known(asking, name);
}

Result<Container> Destination::merge(const Systems::Asking& asking, const std::string& name,
                                     const ContainerName& parsed, const ContentMetadata& metadata, Made& made) {
  const Timestamp now = parts_.clock.now();
  const std::string system = asking.actor.camera_system->text();
  Container out;
  const auto enter = [&](db::Transaction& tx) -> Result<void> {
    auto there = TRY(find(tx, *asking.actor.camera_system, name));
    made = there ? Made::kThere : Made::kNew;
    out = {crypto::new_id<ContainerId>(), name, parsed, {}, {}, false};
    if (there) out = *std::move(there);
    std::size_t bytes = 0;
    for (const auto& [key, value] : metadata) {
      if (value.empty()) {
        out.metadata.erase(key);
      } else {
        out.metadata[key] = value;
      }
    }
    for (const auto& [key, value] : out.metadata) bytes += key.size() + value.size();
    if (out.metadata.size() > kContentKeysMax || bytes > kContentMetadataBytesMax) {
      return fail(Code::kInvalid, fmt::format("A container's metadata may have at most {} keys and {} bytes",
                                              kContentKeysMax, kContentMetadataBytesMax));
    }
    const std::string said = stored_metadata(out.metadata);
    const Json::Object sealed = {{"container", out.name}, {"said", said}};
    TRY(check_sealable("this container", sealed));
    if (made == Made::kThere) {
      const db::Params anew = {{"metadata", said}, {"id", out.id.text()}};
      TRY(tx.run("UPDATE camera_containers SET metadata = :metadata WHERE id = :id", anew));
      return {};
    }
    const db::Params row = {{"id", out.id.text()}, {"system", system}, {"kind", container_kind_name(parsed.kind)},
                            {"name", name},        {"metadata", said}, {"now", now.us}};
    TRY(tx.run(
        "INSERT INTO camera_containers (id, system, kind, name, metadata, made_us) VALUES (:id, :system, :kind, :name, "
        ":metadata, :now)",
        row));
    return {};
  };
  TRY(parts_.database.write(enter));
  return out;
}

Result<Destination::Made> Destination::put_container(const Systems::Asking& asking, const std::string& name,
                                                     const ContentMetadata& metadata) {
  const ContainerName parsed = TRY(parse_container_name(name));
  if (parsed.kind == ContainerKind::kRecording) TRY(announced_.check(asking, parsed));
  Made made = Made::kNew;
  const Container container = TRY(merge(asking, name, parsed, metadata, made));
  TRY(complete_if_said(asking, container));
  return made;
}

Result<void> Destination::post_container(const Systems::Asking& asking, const std::string& name,
                                         const ContentMetadata& metadata) {
  const Container there = TRY(known(asking, name));
  Made made = Made::kThere;
  const Container container = TRY(merge(asking, name, there.parsed, metadata, made));
  return complete_if_said(asking, container);
}

Result<void> Destination::complete_if_said(const Systems::Asking& asking, const Container& said) {
  const std::string status = value_of(said.metadata, "status");
  if (status != "Complete" || said.parsed.kind != ContainerKind::kRecording) return {};
  return in_turn(asking, said.name, [&](Container& container) { return complete(asking, container); });
}

// What waited for what has just come; and a container that was said to be complete before anything in it was kept is so now.
Result<void> Destination::go_on(const Systems::Asking& asking, Container& container) {
  TRY(flush(asking, container, Waiting::kForClip));
  const bool is_said_complete = value_of(container.metadata, "status") == "Complete";
  if (!is_said_complete || container.parsed.kind != ContainerKind::kRecording || container.is_complete) return {};
  auto completed = complete(asking, container);
  if (completed) return completed;
  // This object is kept. What is missing of the rest, or what another server did just now, is not for it to answer for.
  const Code code = completed.error().code();
  if (code == Code::kUnavailable || code == Code::kConflict) return {};
  return completed;
}

Result<void> Destination::complete(const Systems::Asking& asking, Container& container) {
  TRY(flush(asking, container, Waiting::kNoMore));
  if (container.is_complete) return {};
  const Timestamp now = parts_.clock.now();
  const auto note = [&](db::Transaction& tx) -> Result<void> {
    const db::Params one = {{"now", now.us}, {"id", container.id.text()}};
    const std::int64_t changed =
        TRY(tx.run("UPDATE camera_containers SET completed_us = :now WHERE id = :id AND completed_us IS NULL", one));
    if (changed == 1) return {};
    return fail(Code::kConflict, "The container is complete already");
  };
  std::int64_t files = 0, markers = 0;
  const db::Params of_it = {{"container", container.id.text()}};
  const auto count = [&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT COUNT(CASE WHEN recording IS NOT NULL AND is_sealed = 1 THEN 1 END) AS files, COUNT(CASE "
                     "WHEN recording IS NULL THEN 1 END) AS markers, COUNT(CASE WHEN is_sealed = 0 AND content IS NULL "
                     "AND NOT EXISTS (SELECT 1 FROM camera_files o WHERE o.container = f.container AND o.name = f.name "
                     "AND o.is_sealed = 1 AND o.put_us >= f.put_us) THEN 1 END) AS unkept FROM camera_files f WHERE "
                     "container = :container",
                     of_it));
    files = rows[0].integer("files");
    markers = rows[0].integer("markers");
    if (rows[0].integer("unkept") == 0) return {};
    return fail(Code::kUnavailable, "A file of this container was received and is not kept: send it again");
  };
  TRY(parts_.database.read(count));
  if (!container.head) return {};  // nothing has come: what comes yet completes it
  acts::Act act(asking.actor);
  act.guard(note);
  act.make(kRecordings, *container.head,
           {{"container", container.name},
            {"files", files},
            {"markers", markers},
            {"said", stored_metadata(container.metadata)}});
  return act.commit(parts_.ledgers);
}

// ---- files ----

namespace {

constexpr std::string_view kFileColumns = "name, sha256, md5, bytes, metadata, recording, is_sealed, content";

}  // namespace

Result<Destination::FileRow> Destination::read_file(const db::Row& row) {
  FileRow out;
  out.name = row.text("name");
  out.sha256 = row.text("sha256");
  out.md5 = row.text("md5");
  out.bytes = static_cast<std::uint64_t>(row.integer("bytes"));
  out.metadata = TRY(read_stored_metadata(row.text("metadata")));
  if (const auto id = row.maybe_text("recording")) {
    out.recording = RecordingId::parse(*id);
    if (!out.recording) return fail(Code::kCorrupt, "A file of a camera system is damaged in the catalog", out.name);
  }
  out.is_sealed = row.integer("is_sealed") == 1;
  out.content = row.maybe_text("content");
  return out;
}

Result<std::optional<Destination::FileRow>> Destination::find_file(const ContainerId& container,
                                                                   const std::string& name, const std::string& sha256) {
  std::optional<FileRow> out;
  const std::string sql = fmt::format(
      "SELECT {} FROM camera_files WHERE container = :container AND name = :name AND sha256 = :sha256 LIMIT 1",
      kFileColumns);
  const db::Params one = {{"container", container.text()}, {"name", name}, {"sha256", sha256}};
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    out.reset();
    for (const db::Row& row : TRY(tx.query(sql, one))) out = TRY(read_file(row));
    return {};
  };
  TRY(parts_.database.read(look));
  return out;
}

Result<std::vector<Destination::FileRow>> Destination::waiting_files(const ContainerId& container) {
  std::vector<FileRow> out;
  const std::string sql = fmt::format(
      "SELECT {} FROM camera_files WHERE container = :container AND is_sealed = 0 AND content IS NOT NULL ORDER BY "
      "put_us, name, sha256 LIMIT :limit",
      kFileColumns);
  const db::Params page = {{"container", container.text()}, {"limit", kContentFilesMax}};
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const db::Row& row : TRY(tx.query(sql, page))) out.push_back(TRY(read_file(row)));
    return {};
  };
  TRY(parts_.database.read(look));
  return out;
}

Destination::FileRow Destination::row_of(const NewObject& object, std::string sha256, std::string md5,
                                         std::uint64_t bytes) {
  FileRow out;
  out.name = object.name;
  out.sha256 = std::move(sha256);
  out.md5 = std::move(md5);
  out.bytes = bytes;
  out.metadata = object.metadata;
  return out;
}

Result<Destination::FileRow> Destination::note_file(const Container& container, FileRow sent) {
  if (const auto there = TRY(find_file(container.id, sent.name, sent.sha256))) {
    if (there->recording) sent.recording = there->recording;  // of one that came as a small file there is none
    sent.is_sealed = there->is_sealed;
    // A bookmark that was said once, then otherwise, and now as at first is said once more.
    if (there->is_sealed && content_kind(sent.name, sent.metadata) == ContentKind::kBookmark) {
      const auto latest = TRY(latest_file(container.id, sent.name));
      sent.is_said_again = latest.value_or(sent).sha256 != sent.sha256;
    }
  } else {
    TRY(check_file_count(container.id));
  }
  TRY(keep_file(container.id, sent));
  return sent;
}

Result<std::optional<Destination::FileRow>> Destination::latest_file(const ContainerId& container,
                                                                     const std::string& name) {
  std::optional<FileRow> out;
  const std::string sql = fmt::format(
      "SELECT {} FROM camera_files WHERE container = :container AND name = :name ORDER BY put_us DESC, sha256 LIMIT 1",
      kFileColumns);
  const db::Params named = {{"container", container.text()}, {"name", name}};
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    out.reset();
    for (const db::Row& row : TRY(tx.query(sql, named))) out = TRY(read_file(row));
    return {};
  };
  TRY(parts_.database.read(look));
  return out;
}

Result<void> Destination::keep_file(const ContainerId& container, const FileRow& file) {
  std::optional<std::string> recording;
  if (file.recording) recording = file.recording->text();
  const db::Params row = {{"container", container.text()},
                          {"name", file.name},
                          {"sha256", file.sha256},
                          {"md5", file.md5},
                          {"bytes", file.bytes},
                          {"metadata", stored_metadata(file.metadata)},
                          {"recording", recording},
                          {"content", file.content},
                          {"again", static_cast<std::int64_t>(file.is_said_again)},
                          {"now", parts_.clock.now().us}};
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "INSERT INTO camera_files (container, name, sha256, md5, bytes, metadata, recording, is_sealed, content, "
        "put_us) VALUES (:container, :name, :sha256, :md5, :bytes, :metadata, :recording, 0, :content, :now) ON "
        "CONFLICT (container, name, sha256) DO UPDATE SET metadata = :metadata, put_us = :now, recording = "
        "COALESCE(camera_files.recording, CAST(:recording AS TEXT)), content = CASE WHEN camera_files.is_sealed = 1 "
        "AND CAST(:again AS BIGINT) = 1 THEN CAST(:content AS TEXT) ELSE camera_files.content END, is_sealed = CASE "
        "WHEN CAST(:again AS BIGINT) = 1 THEN 0 ELSE camera_files.is_sealed END",
        row));
    return {};
  });
}

Result<void> Destination::file_is_sealed(Container& container, const FileRow& file) {
  const db::Params one = {{"container", container.id.text()}, {"name", file.name}, {"sha256", file.sha256}};
  const db::Params first = {{"head", file.recording->text()}, {"id", container.id.text()}};
  const auto note = [&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "UPDATE camera_files SET is_sealed = 1, content = NULL WHERE container = :container AND name = :name AND "
        "sha256 = :sha256",
        one));
    TRY(tx.run("UPDATE camera_containers SET head = :head WHERE id = :id AND head IS NULL", first));
    return {};
  };
  TRY(parts_.database.write(note));
  if (!container.head) container.head = file.recording;
  return {};
}

Result<void> Destination::check_file_count(const ContainerId& container) {
  const db::Params of_it = {{"container", container.text()}};
  return parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows counted =
        TRY(tx.query("SELECT COUNT(*) AS files FROM camera_files WHERE container = :container", of_it));
    if (counted[0].integer("files") < kContentFilesMax) return {};
    return fail(Code::kInvalid, fmt::format("A container may have {} objects", kContentFilesMax));
  });
}

Result<Container> Destination::refresh(const Systems::Asking& asking, const std::string& name) {
  Container container = TRY(known(asking, name));
  // One that is received whole and not sealed yet is the first before any that comes now.
  std::optional<UploadId> first;
  const db::Params of_it = {{"container", container.id.text()}};
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    first.reset();
    if (container.head) return {};
    const db::Rows rows =
        TRY(tx.query("SELECT u.id AS upload FROM camera_files f JOIN uploads u ON u.recording = f.recording WHERE "
                     "f.container = :container AND f.is_sealed = 0 AND u.state = 'sealing' ORDER BY u.received_us, "
                     "u.id LIMIT 1",
                     of_it));
    for (const db::Row& row : rows) first = UploadId::parse(row.text("upload"));
    return {};
  };
  TRY(parts_.database.read(look));
  if (first) TRY(parts_.uploads.seal(*first));  // no test: whether the sealer is quicker is for the scheduler to say
  const auto known_head = container.head;
  const auto note = [&](db::Transaction& tx) -> Result<void> {
    container.head = known_head;
    TRY(tx.run(
        "UPDATE camera_files SET is_sealed = 1, content = NULL WHERE container = :container AND is_sealed = 0 AND "
        "EXISTS (SELECT 1 FROM recordings r WHERE r.id = camera_files.recording)",
        of_it));
    if (container.head) return {};
    const db::Rows rows = TRY(
        tx.query("SELECT f.recording AS recording FROM camera_files f JOIN recordings r ON r.id = f.recording WHERE "
                 "f.container = :container AND r.group_id IS NULL ORDER BY r.received_us, r.id LIMIT 1",
                 of_it));
    for (const db::Row& row : rows) {
      container.head = RecordingId::parse(row.text("recording"));
      const db::Params head = {{"head", row.text("recording")}, {"id", container.id.text()}};
      TRY(tx.run("UPDATE camera_containers SET head = :head WHERE id = :id", head));
    }
    return {};
  };
  TRY(parts_.database.write(note));
  return container;
}

Result<void> Destination::flush(const Systems::Asking& asking, Container& container, Waiting waiting) {
  if (!container.head && waiting == Waiting::kForClip) return {};
  std::vector<FileRow> files = TRY(waiting_files(container.id));
  // Trails and keys first: where nothing else has come, one of them is the recording that markers stand on.
  std::stable_partition(files.begin(), files.end(), [](const FileRow& file) {
    return content_kind(file.name, file.metadata) != ContentKind::kBookmark;
  });
  for (const FileRow& file : files) {
    if (content_kind(file.name, file.metadata) != ContentKind::kBookmark) {
      TRY(keep_side_file(asking, container, file));
    } else if (container.head) {
      const auto marked = mark(asking, container, file);
      if (marked) continue;
      // One from before this was asked when it came; it holds up nothing else.
      const Code code = marked.error().code();
      if (code != Code::kInvalid && code != Code::kTooLarge) return marked;
      trace_error("cameras", "sealing a bookmark", marked.error(), {{"container", container.name}});
    }
  }
  return {};
}

Result<void> Destination::mark(const Systems::Asking& asking, const Container& container, const FileRow& file) {
  const auto words = parse_base64(*file.content);
  if (!words) return fail(Code::kCorrupt, "A bookmark that waits is damaged", file.name);
  acts::Act act(asking.actor);
  const db::Params one = {{"container", container.id.text()}, {"name", file.name}, {"sha256", file.sha256}};
  act.guard([&](db::Transaction& tx) -> Result<void> {
    const std::int64_t changed = TRY(
        tx.run("UPDATE camera_files SET is_sealed = 1, content = NULL WHERE container = :container AND name = :name "
               "AND sha256 = :sha256 AND is_sealed = 0",
               one));
    if (changed == 1) return {};
    return fail(Code::kConflict, "The bookmark is there already", file.name);
  });
  act.make(kMarkers, *container.head, marker_values(file.name, as_text(*words), file.metadata));
  return act.commit(parts_.ledgers);
}

Result<void> Destination::keep_side_file(const Systems::Asking& asking, Container& container, const FileRow& row) {
  auto bytes = parse_base64(*row.content);
  if (!bytes) return fail(Code::kCorrupt, "A file that waits is damaged", row.name);
  intake::Creation creation;
  creation.length = bytes->size();
  creation.metadata = TRY(describe(asking, container, row.name, row.metadata, container.head));
  const intake::Upload upload = TRY(parts_.uploads.create(asking.actor, creation));
  FileRow file = row;
  if (!file.recording) {
    file.recording = upload.recording;
    const db::Params one = {{"recording", file.recording->text()},
                            {"container", container.id.text()},
                            {"name", file.name},
                            {"sha256", file.sha256}};
    const auto note = [&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run(
          "UPDATE camera_files SET recording = :recording WHERE container = :container AND name = :name AND sha256 "
          "= :sha256 AND recording IS NULL",
          one));
      return {};
    };
    TRY(parts_.database.write(note));
  }
  {
    auto writer = TRY(parts_.uploads.append(asking.actor, upload.id, 0));
    TRY(writer->write(*bytes));
    TRY(parts_.uploads.become(upload.id, *file.recording, creation.metadata));
    TRY(writer->finish());
  }
  const intake::Upload sealed = TRY(parts_.uploads.seal(upload.id));
  TRY(check_sealed(sealed));  // no test: only a dock's statement is refused for good
  return file_is_sealed(container, file);
}

// ---- objects ----

Result<std::unique_ptr<Arrival>> Destination::put_object(const Systems::Asking& asking, NewObject object) {
  TRY(check_object_name(object.name));
  const Container container = TRY(this->container(asking, object.container));
  const ContainerKind kind = container.parsed.kind;
  const auto small = [&](std::uint64_t bytes_max) -> Result<std::unique_ptr<Arrival>> {
    if (object.bytes > bytes_max)
      return fail(Code::kInvalid, fmt::format("This object may have at most {} bytes", bytes_max));
    return std::make_unique<SmallArrival>(*this, asking, std::move(object), kind, bytes_max);
  };
  if (kind == ContainerKind::kSystem && object.name.ends_with(".json"))
    return fail(problems::kRule, "What this server can and its categories are for it to say");
  if (kind != ContainerKind::kRecording && kind != ContainerKind::kRejected) return small(kEntryBytesMax);
  const ContentKind content = content_kind(object.name, object.metadata);
  if (content == ContentKind::kBookmark && kind == ContainerKind::kRecording) return small(kBookmarkBytesMax);
  if (object.bytes == 0) return fail(Code::kInvalid, "An object without a byte is nothing that was recorded");
  const bool is_beside = content == ContentKind::kKey || content == ContentKind::kTrack;
  if (is_beside && object.bytes <= kSideFileBytesMax && kind == ContainerKind::kRecording)
    return small(kSideFileBytesMax);

  intake::Creation creation;
  creation.length = object.bytes;
  creation.metadata = TRY(describe(asking, container, object.name, object.metadata, std::nullopt));
  const intake::Upload upload = TRY(parts_.uploads.create(asking.actor, creation));
  auto writer = TRY(parts_.uploads.append(asking.actor, upload.id, 0));
  writer->hold_back();
  return std::make_unique<ClipArrival>(*this, asking, std::move(object), upload.id, upload.recording,
                                       std::move(writer));
}

Result<std::string> Destination::describe(const Systems::Asking& asking, const Container& container,
                                          const std::string& name, const ContentMetadata& metadata,
                                          const std::optional<RecordingId>& group) {
  std::string out;
  const auto put = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (!out.empty()) out += ',';
    out += fmt::format("{} {}", key, base64(as_bytes(value)));
  };
  const ContentMetadata& whole = container.metadata;
  const ContentKind kind = content_kind(name, metadata);
  put("filename", name);
  put("filetype", media_type(kind, name));
  std::optional<Timestamp> at = content_time(metadata, "starttime");
  if (!at) at = content_time(whole, "starttime");
  if (!at) at = container.parsed.triggered_at;
  put("recorded_at", ledger_moment(at).value_or(""));
  std::string device = container.parsed.device, user = container.parsed.user;
  if (device.empty()) device = value_of(whole, "bwcserialnumber");
  if (user.empty()) user = value_of(whole, "userid");
  put("device", device);
  if (group) put("group", group->text());
  const Announced::User wearer = TRY(announced_.user(asking, user));
  put("wearer", wearer.badge);
  put("camera_system", asking.name);
  put("container", container.name);
  put("user", user);
  put("user_name", wearer.name);
  for (const auto& [key, told] : kTold) put(told, value_of(whole, key));
  put("clip_stop", value_of(metadata, "stoptimeiso"));
  return out;
}

Result<void> Destination::post_object(const Systems::Asking& asking, const std::string& container_name,
                                      const std::string& name, const ContentMetadata& metadata) {
  TRY(check_object_name(name));
  return in_turn(asking, container_name,
                 [&](Container& container) { return describe_anew(asking, container, name, metadata); });
}

Result<void> Destination::describe_anew(const Systems::Asking& asking, Container& container, const std::string& name,
                                        const ContentMetadata& metadata) {
  const ContainerKind kind = container.parsed.kind;
  if (kind != ContainerKind::kRecording && kind != ContainerKind::kRejected) {
    TRY(object(asking, container.name, name));
    return announced_.put(asking, kind, name, metadata);
  }
  auto latest = TRY(latest_file(container.id, name));
  if (!latest) return fail(Code::kNotFound, "No such object", name);
  if (content_kind(name, latest->metadata) != ContentKind::kBookmark || latest->metadata == metadata) {
    latest->metadata = metadata;
    TRY(keep_file(container.id, *latest));
    return go_on(asking, container);  // said before, it may not have come to that
  }
  // The marker that stands is not changed: what is said now is another, with the words of the first.
  Bytes words;
  if (latest->content) {
    words = parse_base64(*latest->content).value_or(Bytes());
  } else if (container.head) {
    const db::Params of_it = {{"recording", container.head->text()}, {"source", name}};
    const auto look = [&](db::Transaction& tx) -> Result<void> {
      const db::Rows rows =
          TRY(tx.query("SELECT words FROM camera_markers WHERE recording = :recording AND source = "
                       ":source ORDER BY leaf_index DESC LIMIT 1",
                       of_it));
      for (const db::Row& row : rows) {
        const std::string kept = row.maybe_text("words").value_or("");
        words.assign(kept.begin(), kept.end());
      }
      return {};
    };
    TRY(parts_.database.read(look));
  }
  FileRow said = *latest;
  said.metadata = metadata;
  said.sha256 = bookmark_digest(words, metadata);
  said.content = base64(words);
  TRY(check_marker(name, words, metadata));
  TRY(note_file(container, said));
  return go_on(asking, container);
}

Result<StoredObject> Destination::object(const Systems::Asking& asking, const std::string& container_name,
                                         const std::string& name) {
  TRY(check_object_name(name));
  const Container container = TRY(this->container(asking, container_name));
  std::optional<StoredObject> out;
  const db::Params named = {{"container", container.id.text()}, {"name", name}};
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    out.reset();
    // What was noted and is not kept, since the server ended in between, is not there.
    const db::Rows rows =
        TRY(tx.query("SELECT metadata, bytes, md5 FROM camera_files WHERE container = :container "
                     "AND name = :name AND (is_sealed = 1 OR content IS NOT NULL) ORDER BY put_us DESC, sha256 LIMIT 1",
                     named));
    for (const db::Row& row : rows) {
      const ContentMetadata metadata = TRY(read_stored_metadata(row.text("metadata")));
      out = StoredObject{metadata, static_cast<std::uint64_t>(row.integer("bytes")), row.text("md5")};
    }
    return {};
  };
  TRY(parts_.database.read(look));
  const auto said = TRY(announced_.metadata(asking, container.parsed.kind, name));
  if (said) out = StoredObject{*said, 0, hex(crypto::Md5().finish())};
  if (!out) return fail(Code::kNotFound, "No such object", name);
  return *std::move(out);
}

Result<std::string> Destination::document(const Systems::Asking& asking, const std::string& container,
                                          const std::string& name) {
  const bool is_of_system = container == "System";
  if (is_of_system && name == "Capabilities.json") {
    return to_json(Json(Json::Object{{"Read", Json::Object{{"ReadCategories", true}}},
                                     {"Store", Json::Object{{"StoreBookmarks", true},
                                                            {"StoreGNSSTrackRecording", true},
                                                            {"StoreRejectedContent", true},
                                                            {"StoreSignedVideo", true},
                                                            {"StoreUserIDKey", true}}},
                                     {"StoreAndRead", Json::Object{{"StoreReadSystemID", true}}}}));
  }
  if (is_of_system && name == "Categories.json") {
    Json::Array out;
    const auto look = [&](db::Transaction& tx) -> Result<void> {
      out.clear();
      const std::vector<roster::Category> categories = TRY(roster::categories(tx, asking.actor.agency));
      for (const roster::Category& category : categories) {
        if (category.retired_at) continue;
        out.emplace_back(Json::Object{{"Name", category.name}, {"Id", category.id.text()}});
      }
      return {};
    };
    TRY(parts_.database.read(look));
    return to_json(Json(std::move(out)));
  }
  return fail(problems::kRule, "a dock or camera system uploads; it reads nothing of what was recorded");
}

}  // namespace lapel::cameras
