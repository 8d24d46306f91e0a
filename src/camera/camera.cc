// SPDX-License-Identifier: Apache-2.0
#include "camera/camera.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "camera/facts.h"
#include "camera/gnss.h"
#include "camera/log_writer.h"
#include "camera/recording.h"
#include "camera/state.h"
#include "camera/track.h"
#include "crypto/random.h"

namespace lapel::camera {
namespace {

constexpr std::uint64_t kCardLowBytes = 64 << 20;     // said once
constexpr std::uint64_t kCardReserveBytes = 8 << 20;  // kept for the end of a recording and for the log
constexpr std::int64_t kLookUs = 1'000'000;           // between two looks at battery, clock and card
constexpr std::int64_t kJumpUs = 1'000'000;           // of the clock, that is said
constexpr std::int64_t kFixUs = 5'000'000;            // a position is of now for so long
constexpr std::int64_t kGnssAgreesUs = 2'000'000;
constexpr std::int64_t kDeviceWaitUs = 5'000;
constexpr int kBatteryStep = 5;
constexpr std::size_t kErrorCharactersMax = 500;

void put_off(std::vector<PacketPtr>& packets, const AVPacket& packet) {
  packets.emplace_back(av_packet_clone(&packet));
}

}  // namespace

class Camera::Running final : public Recording::Witness {
 public:
  Running(os::Disk& disk, Options options) : disk_(disk), options_(std::move(options)), track_(pre_event_us()) {}

  Result<void> open() {
    state_ = TRY(State::open(disk_, options_.directory));
    TRY(claim_card(disk_, options_.card, state_->serial()));
    began_up_us_ = clock_.monotonic_us();
    began_at_ = clock_.now();
    jumped_us_ = began_at_.us - began_up_us_;
    control_ = TRY(Control::open(options_.directory));
    gnss_ = TRY(Gnss::open(options_.gnss));
    look_at_clock();
    const auto found = TRY(name_leftovers(disk_, options_.card, state_->key().public_key()));
    log_ = TRY(LogWriter::open(disk_, options_.directory, options_.card, state_->key(), moment(),
                               {{"serial", state_->serial()},
                                {"key", hex(state_->key().public_key())},
                                {"version", LAPEL_VERSION},
                                {"beat_s", options_.beat_s}}));
    for (const std::string& name : found) {
      TRY(log_error("A cut had left this recording without its name: " + name));
    }
    return {};
  }

  Result<void> run() {
    auto done = see();
    if (!done) (void)log_error(done.error().text());
    if (recording_ || is_pending_) {
      auto ended = end_recording(done ? "off" : "camera lost");
      if (done && !ended) done = std::move(ended);
    }
    auto bye = log("off", {{"reason", done ? "asked to" : "error"}});
    if (done && !bye) return bye;
    return done;
  }

  void stop() { control_->stop(); }

  // Recording::Witness
  Timestamp now() const override { return is_fast() ? began_at_ + media_us_ : clock_.now(); }
  std::string clock() const override { return clock_word_; }
  std::string fix() const override { return !fix_.empty() && up_us() - fix_up_us_ <= kFixUs ? fix_ : std::string(); }

 private:
  bool is_fast() const { return options_.speed == Speed::kFast; }
  std::int64_t pre_event_us() const { return options_.pre_event_s * 1'000'000; }
  std::int64_t up_us() const { return is_fast() ? media_us_ : clock_.monotonic_us() - began_up_us_; }
  LogWriter::Moment moment() const { return {now(), clock_word_, up_us() / 1000}; }
  Result<void> log(std::string_view event, Json::Object more = {}) {
    return log_->add(event, moment(), std::move(more));
  }
  // As it may stand in a log: paths have any bytes.
  Result<void> log_error(std::string_view text) {
    return log("error", {{"text", first_characters(printable(text), kErrorCharactersMax)}});
  }

  // The loop.
  Result<void> see() {
    source_ = TRY(Source::open(options_.source, clock_));
    options_.encoding.width = source_->width();
    options_.encoding.height = source_->height();
    options_.encoding.rate = options_.source.rate;
    encoder_.emplace(TRY(PictureEncoder::open(options_.encoding)));
    TRY(log("buffering", {{"pre_event_s", options_.pre_event_s}}));
    const std::int64_t source_up_us = up_us();
    std::optional<Source::Taken> next;
    while (!is_stopping_) {
      if (!next) next = TRY(source_->next());
      const bool has_one = next->kind != Source::Taken::Kind::kNothing;
      std::int64_t wait_us = has_one ? 0 : kDeviceWaitUs;
      if (has_one && !is_fast() && !source_->is_device()) {
        wait_us = std::max<std::int64_t>(next->us - (up_us() - source_up_us), 0);
      }
      const auto said = control_->wait(wait_us, gnss_->descriptor());
      for (const Command& command : said) {
        auto answer = obey(command);
        if (!answer && answer.error().code() != Code::kConflict) return fail(answer.error());
        control_->answer(command, answer ? *answer : "error " + answer.error().text());
      }
      TRY(hear_positions());
      TRY(look_around());
      const bool is_due = !has_one || is_fast() || source_->is_device() || next->us <= up_us() - source_up_us;
      if (!has_one) next.reset();
      if (!has_one || !is_due || is_stopping_) continue;
      media_us_ = next->us;
      TRY(follow_script());
      TRY(take(*std::exchange(next, std::nullopt)));
    }
    return {};
  }

  Result<void> follow_script() {
    while (!options_.script.empty() && options_.script.front().us <= media_us_ && !is_stopping_) {
      const Command command = std::move(options_.script.front().command);
      options_.script.pop_front();
      auto answer = obey(command);
      if (answer) continue;
      if (answer.error().code() != Code::kConflict) return fail(answer.error());
      fmt::print(stderr, "lapel-camera: {}\n", answer.error().text());
    }
    return {};
  }

  Result<void> take(Source::Taken taken) {
    switch (taken.kind) {
      case Source::Taken::Kind::kNothing:
        return {};
      case Source::Taken::Kind::kSoundLost:
        is_sound_lost_ = true;
        encoder_->ask_for_key();
        return log_error("The microphone is gone: " + taken.why);
      case Source::Taken::Kind::kSound:
        if (!recording_ || !is_hearing_) return {};  // nothing of it is kept, encoded or not
        return guard(sound_->take(*taken.frame, taken.us,
                                  is_silent_ ? SoundEncoder::Hearing::kMuted : SoundEncoder::Hearing::kOn,
                                  [this](AVPacket& packet) { return recording_->add_sound(packet); }));
      case Source::Taken::Kind::kPicture:
        break;
    }
    if (is_post_event_ && media_us_ >= post_event_end_us_) TRY(end_recording("deactivated"));
    return encoder_->take(*taken.frame, taken.us, [this](AVPacket& packet) { return take_picture(packet); });
  }

  Result<void> take_picture(AVPacket& packet) {
    const bool is_key = (packet.flags & AV_PKT_FLAG_KEY) != 0;
    if (is_pending_ && is_key) {
      is_pending_ = false;
      TRY(guard(begin_file(packet.pts)));
    }
    if (!recording_) {
      keep(packet, is_key);
      return {};
    }
    TRY(guard(recording_->add_picture(packet)));
    if (recording_ && is_key) {
      // Sound changes where a fragment begins, so that each has one word for it.
      if (sound_ && !is_hearing_ && !is_sound_lost_) {
        sound_->begin_at(packet.pts);
        is_hearing_ = true;
      }
      is_silent_ = is_muted_;
      recording_->set_sound(sound_word());
    }
    return recording_ ? guard(commit()) : Result<void>{};
  }

  std::string_view sound_word() const {
    if (is_sound_lost_) return proof::kSoundLost;
    if (!sound_ || !is_hearing_) return proof::kSoundOff;
    return is_muted_ ? proof::kSoundMuted : proof::kSoundOn;
  }

  // The seconds before an event, in memory, whole fragments.
  void keep(const AVPacket& packet, bool is_key) {
    if (options_.pre_event_s == 0) return;
    if (is_key) key_us_.push_back(packet.pts);
    if (key_us_.empty()) return;
    put_off(buffer_, packet);
    forget(packet.pts);
  }

  // Whole fragments that are older than need be.
  void forget(std::int64_t now_us) {
    while (key_us_.size() > 1 && now_us - key_us_[1] >= pre_event_us()) {
      key_us_.pop_front();
      const auto first = std::find_if(buffer_.begin(), buffer_.end(),
                                      [&](const PacketPtr& each) { return each->pts >= key_us_.front(); });
      buffer_.erase(buffer_.begin(), first);
    }
  }

  Result<std::string> obey(const Command& command) {
    const bool is_recording = recording_ || is_pending_;
    switch (command.what) {
      case Command::What::kActivate:
        return activate();
      case Command::What::kDeactivate:
        if (!is_recording || is_post_event_) return fail(Code::kConflict, "The camera is not recording");
        TRY(log("post_event", {{"recording", hex(id_)}}));
        is_post_event_ = true;
        post_event_end_us_ = media_us_ + options_.post_event_s * 1'000'000;
        if (options_.post_event_s == 0) TRY(end_recording("deactivated"));
        return "ok";
      case Command::What::kMute:
      case Command::What::kUnmute: {
        const bool wants_mute = command.what == Command::What::kMute;
        if (wants_mute == is_muted_) {
          return fail(Code::kConflict, wants_mute ? "The camera is muted already" : "The camera is not muted");
        }
        TRY(log(wants_mute ? "muted" : "unmuted"));
        is_muted_ = wants_mute;
        if (wants_mute) is_silent_ = true;
        encoder_->ask_for_key();
        return "ok";
      }
      case Command::What::kMark:
        if (!is_recording) return fail(Code::kConflict, "The camera is not recording");
        TRY(log("marker", {{"recording", hex(id_)},
                           {"text", command.text},
                           {"media_ms", recording_ ? recording_->media_ms(media_us_) : std::int64_t{0}}}));
        return "ok";
      case Command::What::kStatus:
        return to_json(status());
      case Command::What::kStop:
        is_stopping_ = true;
        return "ok";
    }
    return "ok";
  }

  Json status() const {
    const bool is_recording = recording_ || is_pending_;
    Json::Object out{{"state", is_post_event_ ? "post_event"
                               : is_recording ? "recording"
                                              : "buffering"},
                     {"serial", state_->serial()},
                     {"muted", is_muted_},
                     {"sound", sound_word()},
                     {"clock", clock_word_},
                     {"up_ms", up_us() / 1000},
                     {"battery_percent", battery_ ? Json(*battery_) : Json()},
                     {"free_bytes", free_bytes_},
                     {"fix", fix().empty() ? Json() : Json(fix())}};
    out.emplace("recording", is_recording ? Json(hex(id_)) : Json());
    out.emplace("file", recording_ ? Json(recording_->name()) : Json());
    out.emplace("media_ms", recording_ ? Json(recording_->media_ms(media_us_)) : Json());
    return out;
  }

  Result<std::string> activate() {
    if (is_post_event_) {
      TRY(log("recording", {{"recording", hex(id_)}}));
      is_post_event_ = false;
      return "ok";
    }
    if (recording_ || is_pending_) return fail(Code::kConflict, "The camera is recording already");
    TRY(look_at_card());
    if (free_bytes_ < kCardReserveBytes) {
      TRY(log_error("Activated, and the card is full"));
      return fail(Code::kConflict, "The card is full: nothing is recorded");
    }
    id_ = crypto::random_bytes<16>();
    TRY(log("recording", {{"recording", hex(id_)}}));
    activated_at_ = now();
    activated_us_ = media_us_;
    encoder_->ask_for_key();
    forget(media_us_);
    if (buffer_.empty()) {
      is_pending_ = true;
      return "ok";
    }
    TRY(guard(begin_file(buffer_.front()->pts)));
    for (const PacketPtr& packet : std::exchange(buffer_, {})) {
      if (recording_) TRY(guard(recording_->add_picture(*packet)));
    }
    key_us_.clear();
    if (recording_) TRY(guard(commit()));
    return "ok";
  }

  Result<void> begin_file(std::int64_t begin_us) {
    if (source_->has_sound()) sound_.emplace(TRY(SoundEncoder::open()));
    Recording::Start start;
    start.card = options_.card;
    std::string time = ledger_time(activated_at_).substr(0, 19);
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    start.name = fmt::format("{}Z-{}-{}.mp4", time, state_->serial(), hex(ByteView(id_).first(4)));
    start.head.serial = state_->serial();
    start.head.recording = id_;
    start.head.video = options_.encoding.codec;
    start.head.audio = sound_ ? "aac" : "none";
    start.head.pre_event_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(activated_us_ - begin_us, 0)) / 1000;
    start.begin_us = begin_us;
    start.picture_us = 1'000'000 / options_.source.rate;
    recording_ = TRY(Recording::open(disk_, state_->key(), *this, std::move(start), encoder_->context(),
                                     sound_ ? &sound_->context() : nullptr));
    track_.begin(options_.card / (recording_->name().substr(0, recording_->name().size() - 4) + ".nmea"), begin_us);
    return {};
  }

  Result<void> commit() {
    if (TRY(recording_->commit())) {
      TRY(log("file", {{"recording", hex(id_)}, {"file", recording_->name()}}));
    }
    return track_.sync();
  }

  // What fails ends the recording, not the camera: the card may be full, or pulled. Where the log cannot say so
  // either, the camera ends.
  Result<void> guard(Result<void> result) {
    if (result) return {};
    TRY(log_error(result.error().text()));
    fmt::print(stderr, "lapel-camera: {}\n", result.error().text());
    return close_recording("failed");
  }

  Result<void> end_recording(std::string_view why) {
    is_pending_ = false;
    if (!recording_) return close_recording(why);
    auto ended = [&]() -> Result<void> {
      if (sound_ && is_hearing_) {
        TRY(sound_->end([this](AVPacket& packet) { return recording_->add_sound(packet); }));
      }
      const bool had_name = recording_->signatures() > 0;
      const bool has_name = TRY(recording_->end(why));
      if (has_name && !had_name) TRY(log("file", {{"recording", hex(id_)}, {"file", recording_->name()}}));
      return {};
    }();
    if (!ended) return guard(std::move(ended));
    return close_recording(why);
  }

  Result<void> close_recording(std::string_view why) {
    Json::Object more{{"recording", hex(id_)}, {"end", why}, {"file", ""}, {"fragments", 0}, {"last", ""}};
    if (recording_) {
      more["file"] = recording_->signatures() > 0 ? recording_->name() : std::string();
      more["fragments"] = recording_->signatures();
      more["last"] = recording_->signatures() > 0 ? hex(recording_->last()) : std::string();
    }
    const std::string track_name = track_.path().filename().string();
    auto digest = track_.end();
    recording_.reset();
    sound_.reset();
    is_hearing_ = is_silent_ = is_pending_ = is_post_event_ = false;
    encoder_->ask_for_key();
    buffer_.clear();
    key_us_.clear();
    TRY(log("recorded", std::move(more)));
    if (!digest) return log_error(digest.error().text());
    if (!*digest) return {};
    return log("track", {{"recording", hex(id_)}, {"file", track_name}, {"sha256", hex(**digest)}});
  }

  Result<void> hear_positions() {
    for (const std::string& sentence : gnss_->take(media_us_)) {
      if (const auto fix = read_nmea(sentence)) {
        fix_ = fix->place;
        fix_up_us_ = up_us();
        if (fix->time) {
          const std::int64_t apart_us = now() - *fix->time;
          gnss_agrees_ = std::abs(apart_us) <= kGnssAgreesUs;
        }
      }
      auto added = track_.add(disk_, sentence, media_us_);
      if (added) continue;
      TRY(log_error(added.error().text()));
      (void)track_.end();
    }
    return {};
  }

  void look_at_clock() {
    const bool has_gnss = gnss_agrees_ && up_us() - fix_up_us_ <= kFixUs;
    clock_word_ = std::string(is_fast()                 ? proof::kClockSimulated
                              : is_clock_synchronized() ? proof::kClockNtp
                              : has_gnss                ? proof::kClockGnss
                                                        : proof::kClockNone);
  }

  Result<void> look_at_card() {
    free_bytes_ = TRY(disk_.free_bytes(options_.card));
    return {};
  }

  Result<void> look_around() {
    const std::int64_t up = up_us();
    if (up < next_look_us_) return {};
    next_look_us_ = up + kLookUs;
    const std::string before = clock_word_;
    look_at_clock();
    if (clock_word_ != before) TRY(log("clock_source"));
    if (!is_fast()) {
      const std::int64_t apart_us = clock_.now().us - clock_.monotonic_us() - jumped_us_;
      jumped_us_ += apart_us;
      if (std::abs(apart_us) >= kJumpUs) {
        TRY(log("clock_jump",
                {{"by_ms", std::abs(apart_us) / 1000}, {"direction", apart_us > 0 ? "forward" : "back"}}));
      }
    }
    const auto battery = battery_percent();
    if (battery && (!battery_ || std::abs(*battery - *battery_) >= kBatteryStep)) {
      battery_ = battery;
      TRY(log("battery", {{"percent", *battery}}));
    }
    TRY(look_at_card());
    if (free_bytes_ < kCardLowBytes && !is_low_said_) {
      is_low_said_ = true;
      TRY(log("disk_low", {{"free_bytes", free_bytes_}}));
    }
    if (free_bytes_ >= 2 * kCardLowBytes) is_low_said_ = false;
    if (free_bytes_ < kCardReserveBytes && recording_) TRY(end_recording("disk full"));
    if (up / 1000 - log_->last_up_ms() >= options_.beat_s * 1000) TRY(log("beat"));
    return {};
  }

  os::Disk& disk_;
  Options options_;
  RealClock clock_;
  std::unique_ptr<State> state_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<Gnss> gnss_;
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<Source> source_;
  std::optional<PictureEncoder> encoder_;
  Timestamp began_at_;
  std::int64_t began_up_us_ = 0, jumped_us_ = 0, next_look_us_ = 0;
  std::int64_t media_us_ = 0;  // of the frame at hand
  bool is_stopping_ = false;

  std::vector<PacketPtr> buffer_;
  std::deque<std::int64_t> key_us_;  // of the key pictures in it

  ByteArray<16> id_{};  // of the recording under way, or the last
  Timestamp activated_at_;
  std::int64_t activated_us_ = 0, post_event_end_us_ = 0;
  bool is_pending_ = false;  // activated, and waiting for a key picture
  bool is_post_event_ = false;
  std::optional<SoundEncoder> sound_;
  std::unique_ptr<Recording> recording_;
  Track track_;
  bool is_hearing_ = false;                    // the sound of this recording has begun
  bool is_muted_ = false, is_silent_ = false;  // silent: muted, or until the fragment after that
  bool is_sound_lost_ = false;

  std::string fix_, clock_word_{proof::kClockNone};
  std::int64_t fix_up_us_ = 0;
  bool gnss_agrees_ = false, is_low_said_ = false;
  std::optional<int> battery_;
  std::uint64_t free_bytes_ = 0;
};

Camera::Camera(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Camera::~Camera() = default;

Result<std::unique_ptr<Camera>> Camera::open(os::Disk& disk, Options options) {
  auto running = std::make_unique<Running>(disk, std::move(options));
  TRY(running->open());
  return std::unique_ptr<Camera>(new Camera(std::move(running)));
}

Result<void> Camera::run() {
  return running_->run();
}

void Camera::stop() {
  running_->stop();
}

}  // namespace lapel::camera
