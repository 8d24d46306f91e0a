// SPDX-License-Identifier: Apache-2.0
#include "media/examiner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "crypto/sha256.h"
#include "media/stoppable.h"
#include "os/worker.h"
#include "roster/roster.h"

namespace lapel::media {
namespace {

// No job is so long without writing: a scratch file as old belongs to no living server.
constexpr std::int64_t kScratchLifeUs = 2 * 3'600LL * 1'000'000;

using evidence::DerivedKind;
using protocol::MediaResult;
using protocol::StreamKind;

constexpr std::string_view kTool = "lapel-media";
constexpr std::size_t kProgramChunkBytes = 1 << 20;

const protocol::MediaStream* first_of(const MediaResult& result, StreamKind kind) {
  const auto it = std::find_if(result.streams.begin(), result.streams.end(),
                               [&](const auto& stream) { return stream.kind == kind; });
  return it == result.streams.end() ? nullptr : &*it;
}

evidence::MediaFacts facts_of(const MediaResult& result) {
  evidence::MediaFacts facts;
  facts.verdict = protocol::verdict_name(protocol::verdict_of(result));
  facts.sentence = protocol::sentence_of(result);
  facts.duration_ms = result.duration_ms;
  facts.file_created_at = result.creation_time;
  if (const auto* video = first_of(result, StreamKind::kVideo)) {
    const bool is_on_its_side = video->rotation == 90 || video->rotation == 270;
    if (video->width > 0 && video->height > 0) {
      facts.width = is_on_its_side ? video->height : video->width;
      facts.height = is_on_its_side ? video->width : video->height;
    }
    facts.frames = video->frames_counted;
    facts.video_codec = video->codec;
  }
  if (const auto* audio = first_of(result, StreamKind::kAudio)) facts.audio_codec = audio->codec;
  return facts;
}

bool has_pictures(const MediaResult& result) {
  const auto verdict = protocol::verdict_of(result);
  return first_of(result, StreamKind::kVideo) &&
         (verdict == protocol::MediaVerdict::kWhole || verdict == protocol::MediaVerdict::kDamaged);
}

// What an item was made with: the program itself by its digest, since the same version built twice is two programs.
Result<std::string> version_of(os::Disk& disk, const os::Path& program) {
  const auto file = TRY(disk.open(program, os::OpenMode::kRead));
  crypto::Sha256 hash;
  Bytes buffer(kProgramChunkBytes);
  while (const std::size_t count = TRY(file->read_at(hash.bytes(), buffer))) hash.update(ByteView(buffer).first(count));
  return "sha256:" + hex(hash.finish());
}

// Roots by their fingerprints: a whole certificate is no argument to seal.
std::string arguments_of(const protocol::MediaRequest& request) {
  Json::Array roots;
  for (const std::string& root : request.roots) roots.emplace_back(hex(crypto::sha256(as_bytes(root))));
  return to_json(Json(Json::Object{{"job", "signature"}, {"roots", std::move(roots)}, {"v", protocol::kMediaVersion}}));
}

// A key that the agency knows as one camera's says more than a chain does.
evidence::KeyStanding standing_of(const SigningTrust& trust, const protocol::MediaSignature& found,
                                  const evidence::Recording& recording) {
  using evidence::KeyStanding;
  if (!found.key) return KeyStanding::kUnknown;
  const auto key = std::find_if(trust.keys.begin(), trust.keys.end(),
                                [&](const SigningTrust::Key& one) { return one.sha256 == found.key->sha256; });
  const auto& device = recording.description.device;
  if (key == trust.keys.end()) {
    if (!found.vouched_by) return KeyStanding::kUnknown;
    // A root stands for every camera of its maker: which one it was, only the signed serial says. And a camera whose key the agency
    // knows has signed with that.
    const bool has_own_key = device && std::ranges::any_of(trust.keys, [&](const SigningTrust::Key& one) {
                               return !one.is_revoked && one.serial == *device;
                             });
    const bool is_another = device && (!found.product || found.product->serial != *device);
    return has_own_key || is_another ? KeyStanding::kOfOtherDevice : KeyStanding::kOfRoot;
  }
  if (key->is_revoked) return KeyStanding::kRevoked;
  return device && *device != key->serial ? KeyStanding::kOfOtherDevice : KeyStanding::kOfDevice;
}

std::string words(const Error& error) {
  constexpr std::string_view kState = "blocked: ";  // the state's own name: what follows is the reason
  std::string_view message = error.message;
  if (message.starts_with(kState)) message.remove_prefix(kState.size());
  return error.context.empty() ? std::string(message) : fmt::format("{}: {}", message, error.context);
}

}  // namespace

struct Examiner::Impl {
  explicit Impl(Parts p) : parts(std::move(p)), process(parts.process) {}

  // ---- the sandbox ----

  // Why no job may run, found out anew when the last answer was bad and is old.
  std::optional<std::string> blocked_now() {
    {
      const os::MutexLock lock(mutex);
      const bool is_due = reason && !is_asking && parts.clock.monotonic_us() - asked_us >= kSandboxRetryUs;
      if (!is_due) return reason;
      is_asking = true;
    }
    return ask();
  }

  std::optional<std::string> ask() {
    std::optional<std::string> found;
    std::string program_version;
    if (!parts.disk.stat(parts.worker.program)) {
      // In our own words: the error has a path, and this is read by anybody.
      found = "no media worker: the program lapel-media is not where this server looks for it";
    } else if (const auto sandbox = protocol::check_media_sandbox(process, parts.worker); !sandbox) {
      found = words(sandbox.error());
    } else if (const auto known = version_of(parts.disk, parts.worker.program); !known) {
      found = fmt::format("the media worker cannot be read: {}", known.error().message);
    } else {
      program_version = *known;
    }
    const os::MutexLock lock(mutex);
    is_asking = false;
    asked_us = parts.clock.monotonic_us();
    reason = found;
    version = program_version;
    return found;
  }

  std::string tool_version() const {
    const os::MutexLock lock(mutex);
    return version;
  }

  // ---- one job ----

  Result<access::Actor> server_of(const AgencyId& id) {
    access::Actor actor;
    TRY(parts.database.read([&](db::Transaction& tx) -> Result<void> {
      const roster::Agency agency = TRY(roster::agency(tx, id));
      actor = access::Actor{agency.id, agency.slug, agency.console, {}, "media", {}, {}};
      return {};
    }));
    return actor;
  }

  Result<MediaResult> run(const protocol::MediaRequest& request, os::File& input, os::File* output) {
    auto result = protocol::run_media_job(process, parts.worker, request, input, output);
    // Killed by us, it says nothing about the file.
    if (process.is_stopped()) return fail(Code::kUnavailable, "The server is stopping.");
    return result;
  }

  // The picture or the track of a request, or nothing where none could be made.
  Result<std::optional<evidence::Derived>> make(const protocol::MediaRequest& request, DerivedKind kind,
                                                os::File& input, const jobs::Lease& lease) {
    const os::Path path = parts.scratch / fmt::format("{}-{}", lease.id.text(), evidence::derived_kind_name(kind));
    const auto output = TRY(parts.disk.open(path, os::OpenMode::kCreate));
    const auto result = run(request, input, output.get());
    TRY(parts.disk.remove(path));  // its bytes stay readable through `output`
    if (!result) return fail(result.error());
    if (!result->picture && !result->track) return std::optional<evidence::Derived>();
    const std::int64_t bytes = result->picture ? result->picture->bytes : result->track->bytes;
    evidence::Derived item{kind, std::string(kTool), tool_version(), protocol::to_text(request), {}};
    CHECK(bytes <= static_cast<std::int64_t>(protocol::kMediaOutputBytesMax));
    item.bytes.resize(static_cast<std::size_t>(bytes));
    if (TRY(output->read_at(0, item.bytes)) != item.bytes.size())
      return fail(Code::kInternal, "What the media worker made is shorter than it was", path.string());
    return std::optional(std::move(item));
  }

  struct Signed {
    evidence::Derived item;
    evidence::SignatureFacts facts;
    std::function<Result<bool>(db::Transaction&)> is_outdated;
  };
  // Nothing where the worker gave no answer to keep.
  Result<std::optional<Signed>> check_signature(const evidence::Recording& recording, os::File& input) {
    std::string mark;
    if (parts.trust_mark) {
      TRY(parts.database.read([&](db::Transaction& tx) -> Result<void> {
        mark = TRY(parts.trust_mark(tx, recording.agency));
        return {};
      }));
    }
    const SigningTrust trust = parts.trust ? TRY(parts.trust(recording.agency)) : SigningTrust{};
    const protocol::MediaRequest request{.job = protocol::MediaJob::kSignature, .roots = trust.roots};
    const MediaResult result = TRY(run(request, input, nullptr));
    if (!result.signature) return std::optional<Signed>();
    const protocol::MediaSignature& found = *result.signature;
    const std::string text = protocol::to_text(found);
    Signed out{{DerivedKind::kSignature, std::string(kTool), tool_version(), arguments_of(request),
                Bytes(text.begin(), text.end())},
               {std::string(protocol::verdict_name(protocol::verdict_of(found))), std::nullopt,
                standing_of(trust, found, recording)},
               [this, mark, agency = recording.agency](db::Transaction& tx) -> Result<bool> {
                 return parts.trust_mark && TRY(parts.trust_mark(tx, agency)) != mark;
               }};
    if (found.key) out.facts.key = hex(found.key->sha256);
    return std::optional(std::move(out));
  }

  Result<void> examine(const jobs::Lease& lease) {
    const access::Actor server = TRY(server_of(lease.agency));
    const RecordingId recording{lease.subject.bytes()};
    evidence::Vault::Source source = TRY(parts.vault.open_to_derive(server, recording));
    const std::shared_ptr<os::File> input = source.original.plain_file();
    if (!input) return fail(Code::kUnsupported, "This store keeps no files that the media worker can be given");

    const protocol::MediaRequest probe{.job = protocol::MediaJob::kProbe};
    const MediaResult found = TRY(run(probe, *input, nullptr));
    const std::string text = protocol::to_text(found);
    evidence::Derivation derivation{lease, recording, facts_of(found), {}, {}};
    derivation.items.push_back({DerivedKind::kProbe, std::string(kTool), tool_version(), protocol::to_text(probe),
                                Bytes(text.begin(), text.end())});
    if (has_pictures(found)) {
      const protocol::MediaRequest poster{.job = protocol::MediaJob::kPoster, .edge_px = kPosterEdgePx};
      const protocol::MediaRequest strip{
          .job = protocol::MediaJob::kFilmstrip, .frames = kFilmstripFrames, .height_px = kFilmstripHeightPx};
      if (auto item = TRY(make(poster, DerivedKind::kPoster, *input, lease)))
        derivation.items.push_back(*std::move(item));
      if (auto item = TRY(make(strip, DerivedKind::kFilmstrip, *input, lease)))
        derivation.items.push_back(*std::move(item));
    }
    if (found.may_have_track) {
      const protocol::MediaRequest track{.job = protocol::MediaJob::kTrack};
      if (auto item = TRY(make(track, DerivedKind::kTrack, *input, lease)))
        derivation.items.push_back(*std::move(item));
    }
    if (found.may_be_signed) {
      if (auto checked = TRY(check_signature(source.recording, *input))) {
        derivation.items.push_back(std::move(checked->item));
        derivation.signature = std::move(checked->facts);
        derivation.is_outdated = std::move(checked->is_outdated);
      }
    }
    return parts.vault.derive(server, derivation);
  }

  // Whom the agency trusts has changed since it was checked.
  Result<void> check_again(const jobs::Lease& lease) {
    const access::Actor server = TRY(server_of(lease.agency));
    const RecordingId recording{lease.subject.bytes()};
    evidence::Vault::Source source = TRY(parts.vault.open_to_derive(server, recording));
    const std::shared_ptr<os::File> input = source.original.plain_file();
    if (!input) return fail(Code::kUnsupported, "This store keeps no files that the media worker can be given");
    auto checked = TRY(check_signature(source.recording, *input));
    if (!checked) return fail(Code::kInternal, "The media worker found no signature where there was one");
    return parts.vault.derive(server, {lease, recording, {}, {checked->item}, checked->facts, checked->is_outdated});
  }

  // A copy with its holder's mark, for a share that shows and does not give.
  Result<void> render(const jobs::Lease& lease) {
    const access::Actor server = TRY(server_of(lease.agency));
    const auto wanted = TRY(parts.vault.open_to_render(server, lease));
    if (!wanted) return {};
    evidence::Vault::Source source = wanted->source;
    const std::shared_ptr<os::File> input = source.original.plain_file();
    if (!input) return fail(Code::kUnsupported, "This store keeps no files that the media worker can be given");
    TRY(require_room(source.recording.bytes));

    const protocol::MediaRequest request{.job = protocol::MediaJob::kRendition, .watermark = wanted->lines};
    const os::Path path = parts.scratch / fmt::format("{}-rendition", lease.id.text());
    const auto output = TRY(parts.disk.open(path, os::OpenMode::kCreate));
    auto made = finish_rendition(server, lease, request, *input, *output, path);
    // Where it was kept, the object is another name of the same bytes.
    const auto removed = parts.disk.remove(path);
    if (!made) return made;
    return removed;
  }

  Result<void> finish_rendition(const access::Actor& server, const jobs::Lease& lease,
                                const protocol::MediaRequest& request, os::File& input, os::File& output,
                                const os::Path& path) {
    const MediaResult result = TRY(run(request, input, &output));
    if (!result.rendition) return parts.vault.refuse_rendition(server, lease, protocol::sentence_of(result));
    TRY(output.sync_data());
    return parts.vault.keep_rendition(server, lease,
                                      {path, static_cast<std::uint64_t>(result.rendition->bytes), std::string(kTool),
                                       tool_version(), protocol::to_text(request)});
  }

  // kFull makes the job wait: a disk without room is no fault of the footage. What is kept free for the ledger stays free,
  // as far as a rendition is no larger than what it is made of.
  Result<void> require_room(std::uint64_t bytes) {
    const std::uint64_t free = TRY(parts.disk.free_bytes(parts.scratch));
    if (free >= limits::kDiskReserveBytes + bytes) return {};
    return fail(Code::kFull, "There is no room on the disk for a rendition", std::to_string(free));
  }

  // One that could not be written may have met the end of the disk.
  Result<void> render_or_wait(const jobs::Lease& lease) {
    auto done = render(lease);
    if (!done && done.error().code() == Code::kUnavailable && !process.is_stopped()) TRY(require_room(0));
    return done;
  }

  Result<jobs::Outcome> settle(Result<void> done) {
    if (done) return jobs::Outcome{};
    if (process.is_stopped()) return jobs::Outcome{jobs::Outcome::Kind::kGivenBack, {}};
    if (done.error().code() == Code::kUnavailable) {
      // No worker to be had: the machine's fault or the moment's. Only the self-test tells which.
      if (const auto lacking = ask()) return jobs::Outcome{jobs::Outcome::Kind::kBlocked, *lacking};
    }
    return fail(std::move(done).error());
  }

  const Parts parts;
  StoppableProcess process;
  mutable os::Mutex mutex;
  std::optional<std::string> reason LAPEL_GUARDED_BY(mutex);
  std::string version LAPEL_GUARDED_BY(mutex);
  std::int64_t asked_us LAPEL_GUARDED_BY(mutex) = 0;
  bool is_asking LAPEL_GUARDED_BY(mutex) = false;
  std::unique_ptr<jobs::Runner> runner, signature_checker, renderer;  // last: their threads use the rest
};

Result<std::unique_ptr<Examiner>> Examiner::open(Parts parts) {
  CHECK(parts.worker.program.is_absolute());
  TRY(os::make_directories(parts.disk, parts.scratch));
  const std::int64_t living_us = parts.is_only_server ? INT64_MAX : parts.clock.now().us - kScratchLifeUs;
  for (const std::string& name : TRY(parts.disk.list(parts.scratch))) {
    const auto there = parts.disk.stat(parts.scratch / name);
    if (!there || there->modified_us > living_us) continue;
    // Another server that starts may have been quicker.
    auto gone = parts.disk.remove(parts.scratch / name);
    if (!gone && gone.error().code() != Code::kNotFound) return fail(gone.error());
  }
  for (const std::string_view kind : {evidence::kMediaJob, evidence::kSignatureJob, evidence::kRenditionJob}) {
    if (parts.is_only_server) TRY(parts.jobs.take_back_all(kind));
  }
  auto impl = std::make_unique<Impl>(std::move(parts));
  Impl* raw = impl.get();
  raw->ask();
  const auto runner = [raw](std::string_view kind, int threads, auto work) {
    jobs::Runner::Options options;
    options.kind = kind;
    options.threads = threads;
    options.blocked = [raw] { return raw->blocked_now(); };
    options.handler = [raw, work](const jobs::Lease& lease) { return raw->settle((raw->*work)(lease)); };
    return std::make_unique<jobs::Runner>(raw->parts.jobs, std::move(options));
  };
  raw->runner = runner(evidence::kMediaJob, raw->parts.threads, &Impl::examine);
  raw->signature_checker = runner(evidence::kSignatureJob, 1, &Impl::check_again);
  // One at a time, and beside the looks: a recording that has just come waits for no rendition.
  raw->renderer = runner(evidence::kRenditionJob, 1, &Impl::render_or_wait);
  return std::unique_ptr<Examiner>(new Examiner(std::move(impl)));
}

Examiner::Examiner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Examiner::~Examiner() {
  impl_->process.stop();
}

std::optional<std::string> Examiner::blocked() const {
  const os::MutexLock lock(impl_->mutex);
  return impl_->reason;
}

}  // namespace lapel::media
