// SPDX-License-Identifier: Apache-2.0
// The one file of coroutines. g++ 12 miscompiles two shapes of them, so they are avoided throughout: co_await
// in the condition of a loop, and a temporary with a constructor of its own in an expression that awaits (a
// short string in it is moved by copying its bytes). What a coroutine takes is therefore a reference to a
// named value, or trivial.
#include "http/session.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/check.h"
#include "base/problems.h"

namespace lapel::http {
namespace {

namespace asio = boost::asio;
// The executor is named, since Asio's default for it is type-erased and costs allocations at each wait.
using Executor = asio::io_context::executor_type;
template <typename T>
using awaitable = asio::awaitable<T, Executor>;
using UseAwaitable = asio::use_awaitable_t<Executor>;
constexpr UseAwaitable kAwait;
using Socket = asio::posix::basic_stream_descriptor<Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kBuffersKept = 16;
// Two TLS records: what is read, encrypted and sent stays in the cache of the core. With 128 KiB for each of 64 readers it did
// not, and TLS cost a sixth more.
constexpr std::size_t kFileBlockBytes = 32 * 1024;
constexpr std::size_t kSendFileBytesMax = 512 * 1024;  // a turn: a cold disk then holds up its thread briefly
constexpr std::size_t kCoalesceBytesMax = 64 * 1024;   // text up to here travels with the head
constexpr std::size_t kTurnBytes = 1 << 20;            // after so much, other connections of the loop get theirs
constexpr std::size_t kStepBytes = 4096;               // what a step costs besides its bytes
constexpr std::size_t kIdleInputBytesMax = 4096;       // an idle connection keeps no larger input buffer
constexpr std::size_t kBodyStepBytes = 64 * 1024;      // a body for memory grows as it arrives, not as announced
// What an early answer still swallows, so that the client reads the answer rather than meet a reset. Clients
// stop sending when they see it; until then their kernel's and ours hold a few MiB.
constexpr std::size_t kLingerBytesMax = 4 << 20;
constexpr std::int64_t kLinger_ms = 2000;
constexpr int kQuestionThreads =
    2;  // which ask whether answers go on: handlers that are all busy never keep them from it
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Loop& loop, Shared& shared, std::unique_ptr<Conn> conn, Origin origin)
      : loop_(loop),
        shared_(shared),
        options_(shared.options),
        conn_(std::move(conn)),
        origin_(std::move(origin)),
        socket_(loop.context, conn_->descriptor()),
        timer_(loop.context) {
    loop_.sessions.insert(this);
  }
  ~Session() {
    socket_.release();  // the descriptor is conn_'s
    loop_.sessions.erase(this);
    if (loop_.is_stopping && loop_.sessions.empty()) loop_.grace.cancel();
    shared_.connections.fetch_sub(1);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The coroutine that keeps the session alive.
  static awaitable<void> live(std::shared_ptr<Session> self) { co_await self->run(); }

  awaitable<void> run() {
    arm(options_.header_timeout_ms, Progress::kIgnored);
    bool goes_on = co_await shake_hands();
    while (goes_on) goes_on = co_await serve_one();
    if (halt_ == Halt::kNone) conn_->shutdown_write();
    if (must_linger_) co_await linger();
    disarm();
    timer_.cancel();
    unwatch();
  }

  // The server stops: whoever waits for input that nobody may miss is sent away.
  void ask_to_stop() {
    if (phase_ != Phase::kAnswering) halt(Halt::kStopping);
    if (is_held_) held_timer_->cancel();
  }
  void abort() { halt(Halt::kAborted); }

 private:
  enum class Phase { kIdle, kStreaming, kAnswering };
  // Why reading or writing cannot go on.
  enum class Halt { kNone, kClosed, kTimeout, kStopping, kAborted };
  enum class Progress { kIgnored, kExtends };
  enum class BodyState { kMore, kComplete, kBroken };
  // Whether the whole body was taken off the connection, so that the next request starts there.
  enum class BodyRead { kYes, kNo };
  struct BodyStep {
    std::size_t bytes = 0;
    BodyState state = BodyState::kMore;
  };

  // --- Deadlines. One timer a connection; moving the deadline later costs an assignment, not a timer
  // operation.

  void arm(std::int64_t ms, Progress progress) {
    idle_ms_ = progress == Progress::kExtends ? ms : 0;
    deadline_ = SteadyClock::now() + std::chrono::milliseconds(ms);
    if (!timer_is_set_ || timer_.expiry() > deadline_) set_timer();
  }
  void disarm() { deadline_ = SteadyClock::time_point::max(); }

  void set_timer() {
    timer_is_set_ = true;
    timer_.expires_at(deadline_);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->on_timer();
    });
  }
  void on_timer() {
    timer_is_set_ = false;
    if (deadline_ == SteadyClock::time_point::max()) return;
    if (SteadyClock::now() < deadline_) return set_timer();
    halt(Halt::kTimeout);
  }

  void halt(Halt reason) {
    // The first reason stands, so that nobody answers a connection that ended because the server stops as
    // well.
    if (halt_ == Halt::kNone || reason == Halt::kAborted) halt_ = reason;
    socket_.cancel();
    if (held_timer_) held_timer_->cancel();
  }

  // --- Answers that may have to stop half-way.

  void watch(std::function<bool()> goes_on) {
    watched_ = std::make_shared<const std::function<bool()>>(std::move(goes_on));
    went_on_ = SteadyClock::now();  // its handler has only just allowed it
    if (!watch_timer_) watch_timer_.emplace(loop_.context);
    if (!held_timer_) held_timer_.emplace(loop_.context);
    watch_again(watched_);
  }
  void unwatch() {
    watched_.reset();
    if (watch_timer_) watch_timer_->cancel();
  }
  bool is_overdue() const {
    return watched_ && SteadyClock::now() - went_on_ > std::chrono::milliseconds(kGoesOnLate_ms);
  }
  // Until the question is answered, or the deadline of writing, which runs on, ends the connection.
  awaitable<void> hold_back() {
    while (is_overdue() && halt_ == Halt::kNone) {
      held_timer_->expires_at(SteadyClock::time_point::max());
      co_await held_timer_->async_wait(asio::as_tuple(kAwait));
    }
  }
  awaitable<void> hold_for(std::int64_t us) {
    if (halt_ != Halt::kNone || loop_.is_stopping) co_return;
    disarm();
    if (!held_timer_) held_timer_.emplace(loop_.context);
    held_timer_->expires_after(std::chrono::microseconds(us));
    is_held_ = true;
    co_await held_timer_->async_wait(asio::as_tuple(kAwait));
    is_held_ = false;
  }
  using Watched = std::shared_ptr<const std::function<bool()>>;
  void watch_again(const Watched& watched) {
    watch_timer_->expires_after(std::chrono::milliseconds(kGoesOnPeriod_ms));
    watch_timer_->async_wait([self = shared_from_this(), watched](boost::system::error_code error) {
      if (!error && self->watched_ == watched) self->ask_whether_it_goes_on(watched);
    });
  }
  void ask_whether_it_goes_on(const Watched& watched) {
    // Goes to the pool and comes back whole: a session ends on its loop's thread, which has work to wait for meanwhile.
    struct Journey {
      std::shared_ptr<Session> session;
      asio::executor_work_guard<Executor> work;
    };
    auto journey = std::make_shared<Journey>(Journey{shared_from_this(), asio::make_work_guard(loop_.context)});
    const Result<void> posted = shared_.questions.post([journey, watched] {
      const bool goes_on = (*watched)();
      Journey back = std::move(*journey);
      asio::io_context& context = back.session->loop_.context;
      asio::post(context, [back = std::move(back), watched, goes_on] {
        Session& session = *back.session;
        if (session.watched_ != watched) return;
        if (!goes_on) return session.cut();
        session.went_on_ = SteadyClock::now();
        session.held_timer_->cancel();
        session.watch_again(watched);
      });
    });
    if (!posted) watch_again(watched);
  }
  void cut() {
    const ::linger at_once{1, 0};
    (void)::setsockopt(conn_->descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    halt(Halt::kAborted);
  }

  // What ended the input may leave the output usable.
  bool resume_for_answer() {
    if (halt_ == Halt::kClosed || halt_ == Halt::kAborted) return false;
    halt_ = Halt::kNone;
    return true;
  }

  // --- Steps of the connection.

  // Waits for what a step asked for; false when halted.
  awaitable<bool> ready(Conn::Outcome wanted) {
    if (halt_ != Halt::kNone) co_return false;
    if (wanted == Conn::Outcome::kEnd) {
      halt_ = Halt::kClosed;
      co_return false;
    }
    const auto direction = wanted == Conn::Outcome::kWantRead ? Socket::wait_read : Socket::wait_write;
    const auto [error] = co_await socket_.async_wait(direction, asio::as_tuple(kAwait));
    if (error && halt_ == Halt::kNone) halt_ = Halt::kClosed;
    co_return halt_ == Halt::kNone;
  }

  // Notes that bytes moved. True when it is time to pause(): a step that never waits would never let others
  // have theirs.
  bool progressed(std::size_t bytes) {
    if (idle_ms_ > 0) deadline_ = SteadyClock::now() + std::chrono::milliseconds(idle_ms_);
    turn_bytes_ += bytes + kStepBytes;
    return turn_bytes_ >= kTurnBytes;
  }
  awaitable<void> pause() {
    turn_bytes_ = 0;
    co_await asio::post(loop_.context, kAwait);
  }

  awaitable<bool> shake_hands() {
    for (;;) {
      const Conn::Step step = conn_->handshake();
      if (step.outcome == Conn::Outcome::kDone) co_return true;
      if (!co_await ready(step.outcome)) co_return false;
    }
  }

  // 0 when halted.
  awaitable<std::size_t> read_into(std::span<std::uint8_t> out) {
    while (halt_ == Halt::kNone) {
      const Conn::Step step = conn_->read(out);
      if (step.bytes > 0) {
        if (progressed(step.bytes)) co_await pause();
        co_return step.bytes;
      }
      co_await ready(step.outcome);
    }
    co_return 0;
  }

  // Appends what has arrived to input_; false when halted. Through the loop's scratch, so that a connection
  // that waits holds no buffer.
  awaitable<bool> fill() {
    input_.erase(0, input_at_);
    input_at_ = 0;
    while (halt_ == Halt::kNone) {
      const Conn::Step step = conn_->read(loop_.scratch);
      if (step.bytes > 0) {
        input_.append(reinterpret_cast<const char*>(loop_.scratch.data()), step.bytes);
        if (progressed(step.bytes)) co_await pause();
        co_return true;
      }
      co_await ready(step.outcome);
    }
    co_return false;
  }

  std::string_view input() const { return std::string_view(input_).substr(input_at_); }
  void consume(std::size_t bytes) {
    input_at_ += bytes;
    if (input_at_ < input_.size()) return;
    input_at_ = 0;
    input_.clear();
    if (input_.capacity() > kIdleInputBytesMax) input_ = {};
  }

  awaitable<bool> write_all(std::string_view text, Follows follows) {
    while (!text.empty()) {
      if (is_overdue()) co_await hold_back();
      if (halt_ != Halt::kNone) co_return false;
      const Conn::Step step = conn_->write(text, follows);
      if (step.bytes > 0) {
        text.remove_prefix(step.bytes);
        if (progressed(step.bytes)) co_await pause();
      } else if (!co_await ready(step.outcome)) {
        co_return false;
      }
    }
    co_return true;
  }

  // Runs `job` on the pool and comes back to this loop's thread. No deadline runs meanwhile: a handler may
  // take its time.
  template <typename Job>
  auto on_pool(Job& job) -> awaitable<std::invoke_result_t<Job&>> {
    disarm();
    std::optional<std::invoke_result_t<Job&>> out;
    // References into this frame are good: it stays suspended until the job's last act has resumed it.
    auto initiate = [&](auto handler) {
      auto resume = std::make_shared<decltype(handler)>(std::move(handler));
      shared_.tasks.fetch_add(1);
      const Result<void> posted = shared_.pool.post([&out, &job, this, &shared = shared_, resume] {
        out.emplace(job());
        shared.tasks.fetch_sub(1);
        asio::post(loop_.context, [resume] { std::move (*resume)(); });
      });
      CHECK(posted);
    };
    co_await asio::async_initiate<const UseAwaitable&, void()>(initiate, kAwait);
    co_return std::move(*out);
  }

  // --- Requests.

  // False when the connection is to be closed.
  awaitable<bool> serve_one() {
    RequestHead head;
    head.request.request_id = next_request_id();
    head.request.client = origin_.address;
    parser_.emplace();
    auto raw = co_await read_head();
    if (!raw) {
      if (!resume_for_answer()) co_return false;
      // A connection that ends or is asked to end between requests did nothing wrong.
      if (raw.error().problem == &problems::kRequestTimeout && input().empty()) co_return false;
      co_return co_await refuse(raw.error(), head, BodyRead::kNo);
    }
    head.request.began_us =
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now().time_since_epoch()).count();
    const auto understood = interpret(std::move(*raw), origin_, shared_.proxies, head);
    if (!understood) co_return co_await refuse(understood.error(), head, BodyRead::kNo);
    RouteMatch match = shared_.routes.table.find(head.request.method, head.segments);
    if (match.route == nullptr) {
      Response response = unrouted(match, head.request);
      co_return co_await send(response, head, after_unread(head));
    }
    if (shared_.tasks.load() >= static_cast<std::size_t>(options_.handler_threads) + options_.handler_queue_max) {
      const Error error{&problems::kUnavailable, "The server has too much to do just now.", {}};
      co_return co_await refuse(error, head, after_unread(head));
    }
    head.request.params = std::move(match.params);
    head.request.route = match.route->pattern;
    body_left_ = head.request.content_length.value_or(0);
    if (match.route->stream) co_return co_await serve_stream(match.route->stream, head);
    co_return co_await serve_plain(match.route->handler, head);
  }

  awaitable<Result<RawHead>> read_head() {
    phase_ = Phase::kIdle;
    arm(is_first_ ? options_.header_timeout_ms : options_.keep_alive_timeout_ms, Progress::kIgnored);
    if (loop_.is_stopping) halt(Halt::kStopping);
    HeadScanner scanner;
    bool has_begun = false;
    for (;;) {
      // RFC 9112 asks servers to bear an empty line in front of a request.
      while (!has_begun && input().starts_with("\r\n")) consume(2);
      if (!has_begun && !input().empty() && input() != "\r") {
        has_begun = true;
        is_first_ = false;
        phase_ = Phase::kAnswering;
        arm(options_.header_timeout_ms, Progress::kIgnored);
      }
      if (has_begun) {
        const auto bytes = scanner.scan(input());
        if (!bytes) co_return fail(bytes.error());
        if (*bytes > 0) {
          auto raw = parser_->head(input().substr(0, *bytes));
          consume(*bytes);
          co_return raw;
        }
      }
      if (!co_await fill()) co_return fail(problems::kRequestTimeout, "The request head did not arrive in time.");
    }
  }

  Response unrouted(const RouteMatch& match, const Request& request) const {
    Response response;
    if (match.allowed.empty()) {
      response = problem_response({&problems::kNotFound, "Nothing has this address.", {}}, request);
    } else {
      response = problem_response(
          {&problems::kMethodNotAllowed, "This address does not take " + request.method + ".", {}}, request);
      std::string allow;
      for (const std::string& method : match.allowed) allow.append(allow.empty() ? "" : ", ").append(method);
      response.with("Allow", std::move(allow));
    }
    run_after(request, response);
    return response;
  }

  awaitable<bool> serve_plain(const Handler& handler, RequestHead& head) {
    if (head.request.content_length.value_or(0) > options_.body_bytes_max) {
      const Error error = too_large();
      co_return co_await refuse(error, head, BodyRead::kNo);
    }
    if (head.has_body()) {
      const Result<void> read = co_await read_whole_body(head);
      if (!read) {
        if (!resume_for_answer()) co_return false;
        co_return co_await refuse(read.error(), head, BodyRead::kNo);
      }
    }
    auto job = [&] { return answer(handler(head.request), head.request); };
    Response response = co_await on_pool(job);
    co_return co_await send(response, head, BodyRead::kYes);
  }

  Error too_large() const {
    return {&problems::kTooLarge, fmt::format("The body is over {} bytes.", options_.body_bytes_max), {}};
  }

  awaitable<Result<void>> read_whole_body(RequestHead& head) {
    arm(options_.body_idle_timeout_ms, Progress::kExtends);
    if (head.wants_continue) {
      const bool is_said = co_await write_all(kContinue, Follows::kNothing);
      if (!is_said) co_return fail(body_error());
    }
    std::string& body = head.request.body;
    for (;;) {
      const std::size_t had = body.size();
      body.resize(had + (head.is_chunked ? kBodyStepBytes : std::min<std::size_t>(body_left_, kBodyStepBytes)));
      const BodyStep step =
          co_await read_body(head, {reinterpret_cast<std::uint8_t*>(body.data()) + had, body.size() - had});
      body.resize(had + step.bytes);
      if (body.size() > options_.body_bytes_max) co_return fail(too_large());
      if (step.state == BodyState::kComplete) co_return Result<void>{};
      if (step.state == BodyState::kBroken) co_return fail(body_error());
    }
  }

  // Some of the body: at least a byte unless the state says why not. What was read before is given out before
  // a halt is looked at.
  awaitable<BodyStep> read_body(const RequestHead& head, std::span<std::uint8_t> out) {
    if (!head.is_chunked) {
      if (body_left_ == 0) co_return BodyStep{0, BodyState::kComplete};
      out = out.first(std::min<std::uint64_t>(out.size(), body_left_));
      std::size_t count = std::min(out.size(), input().size());
      if (count > 0) {
        std::memcpy(out.data(), input().data(), count);
        consume(count);
      } else {
        count = co_await read_into(out);  // straight into place
      }
      body_left_ -= count;
      co_return BodyStep{count, count == 0        ? BodyState::kBroken
                                : body_left_ == 0 ? BodyState::kComplete
                                                  : BodyState::kMore};
    }
    for (;;) {
      const auto step = parser_->unchunk(input(), out);
      if (!step) {
        malformed_ = step.error();
        co_return BodyStep{0, BodyState::kBroken};
      }
      consume(step->consumed);
      if (step->is_complete) co_return BodyStep{step->produced, BodyState::kComplete};
      if (step->produced > 0) co_return BodyStep{step->produced, BodyState::kMore};
      if (!co_await fill()) co_return BodyStep{0, BodyState::kBroken};
    }
  }

  Error body_error() {
    if (malformed_) return *std::exchange(malformed_, std::nullopt);
    switch (halt_) {
      case Halt::kTimeout:
        return {&problems::kRequestTimeout, "The request body stalled.", {}};
      case Halt::kStopping:
        return {&problems::kUnavailable, "The server is stopping.", {}};
      default:
        return {&problems::kInvalid, "The connection ended inside the request body.", {}};
    }
  }

  awaitable<bool> serve_stream(const StreamHandler& handler, const RequestHead& head) {
    const Request& request = head.request;
    std::unique_ptr<BodySink> sink;
    auto decide = [&]() -> std::optional<Response> {
      auto decided = handler(request);
      if (!decided) return answer(fail(std::move(decided.error())), request);
      if (auto* early = std::get_if<Response>(&*decided)) return answer(std::move(*early), request);
      sink = std::move(std::get<std::unique_ptr<BodySink>>(*decided));
      CHECK(sink != nullptr);
      return std::nullopt;
    };
    std::optional<Response> response = co_await on_pool(decide);
    if (response) co_return co_await send(*response, head, after_unread(head));

    phase_ = Phase::kStreaming;
    if (loop_.is_stopping) halt(Halt::kStopping);
    arm(options_.body_idle_timeout_ms, Progress::kExtends);
    if (head.wants_continue && head.has_body()) co_await write_all(kContinue, Follows::kNothing);

    BodyStep step;
    {
      const BufferStock::Buffer chunk = shared_.chunks.take();
      std::size_t filled = 0;
      std::optional<Error> cut;  // found here, since the halt may change while the pool works
      auto hand_over = [&]() -> std::optional<Response> {
        Result<void> written;
        if (filled > 0) written = sink->write(chunk.span().first(filled));
        if (written && step.state == BodyState::kMore) return std::nullopt;
        const bool is_whole = written && step.state == BodyState::kComplete;
        Result<Response> finished = sink->finish(is_whole ? BodyEnd::kComplete : BodyEnd::kCut);
        sink.reset();
        if (!written) return answer(fail(std::move(written.error())), request);
        return answer(is_whole ? std::move(finished) : fail(std::move(*cut)), request);
      };
      while (!response) {
        step = co_await read_body(head, chunk.span().subspan(filled));
        filled += step.bytes;
        if (step.state == BodyState::kMore && filled < chunk.span().size()) continue;
        if (step.state == BodyState::kBroken) cut = body_error();
        response = co_await on_pool(hand_over);
        filled = 0;
        arm(options_.body_idle_timeout_ms, Progress::kExtends);
      }
    }
    if (!resume_for_answer()) co_return false;
    co_return co_await send(*response, head, step.state == BodyState::kComplete ? BodyRead::kYes : BodyRead::kNo);
  }

  // --- Answers.

  static BodyRead after_unread(const RequestHead& head) { return head.has_body() ? BodyRead::kNo : BodyRead::kYes; }

  // What cannot be written is replaced before the steps run, which tell what goes out; they may only add to it.
  void run_after(const Request& request, Response& response) const {
    if (!is_writable(response)) response = unwritable(request);
    for (const auto& step : shared_.routes.steps) step(request, response);
    CHECK(is_writable(response));
  }
  static Response unwritable(const Request& request) {
    return problem_response({&problems::kInternal, "The answer could not be written as HTTP.", {}}, request);
  }

  Response answer(Result<Response> result, const Request& request) const {
    Response response = result ? std::move(*result) : problem_response(result.error(), request);
    run_after(request, response);
    return response;
  }

  awaitable<bool> refuse(const Error& error, const RequestHead& head, BodyRead body_read) {
    Response response = answer(fail(error), head.request);
    co_return co_await send(response, head, body_read);
  }

  // True when another request may follow.
  awaitable<bool> send(Response& response, const RequestHead& head, BodyRead body_read) {
    phase_ = Phase::kAnswering;
    if (response.hold_us > 0) co_await hold_for(response.hold_us);
    const BodyPlan plan = plan_body(response, head);
    const auto afterwards = head.keeps_alive && body_read == BodyRead::kYes && !loop_.is_stopping
                                ? Afterwards::kKeepAlive
                                : Afterwards::kClose;
    arm(options_.write_idle_timeout_ms, Progress::kExtends);
    std::string text = response_head(response, head, plan, afterwards, shared_.clock.now());
    if (plan.is_sent && response.goes_on) watch(std::move(response.goes_on));
    const bool is_sent = co_await send_all(text, response, plan);
    unwatch();
    if (!is_sent) co_return false;
    must_linger_ = body_read == BodyRead::kNo;
    co_return afterwards == Afterwards::kKeepAlive;
  }

  awaitable<bool> send_all(std::string& text, Response& response, const BodyPlan& plan) {
    if (plan.is_sent) {
      for (Piece& piece : response.body) {
        auto* more = std::get_if<std::string>(&piece);
        if (more != nullptr && text.size() + more->size() <= kCoalesceBytesMax) {
          text += *more;
          continue;
        }
        if (!co_await write_all(text, Follows::kMore)) co_return false;
        text.clear();
        if (more != nullptr) {
          text = std::move(*more);
        } else if (!co_await send_slice(std::get<FileSlice>(piece))) {
          co_return false;
        }
      }
    }
    co_return co_await write_all(text, Follows::kNothing);
  }

  // False also when the file ends early: the promised length cannot be kept, and only a cut connection says
  // so.
  awaitable<bool> send_slice(const FileSlice& slice) {
    const int file = slice.file->descriptor();
    if (file < 0 || !conn_->can_send_file()) co_return co_await send_blocks(slice);
    std::uint64_t sent = 0;
    while (sent < slice.bytes) {
      if (is_overdue()) co_await hold_back();
      if (halt_ != Halt::kNone) co_return false;
      const std::size_t count = std::min<std::uint64_t>(slice.bytes - sent, kSendFileBytesMax);
      const Conn::Step step = conn_->send_file(file, slice.offset + sent, count);
      if (step.bytes > 0) {
        sent += step.bytes;
        if (progressed(step.bytes)) co_await pause();
      } else if (!co_await ready(step.outcome)) {
        co_return false;
      }
    }
    co_return true;
  }

  awaitable<bool> send_blocks(const FileSlice& slice) {
    const BufferStock::Buffer block = shared_.file_blocks.take();
    for (std::uint64_t sent = 0; sent < slice.bytes;) {
      const auto out = block.span().first(std::min<std::uint64_t>(slice.bytes - sent, kFileBlockBytes));
      std::size_t count = read_cached(*slice.file, slice.offset + sent, out);
      if (count == 0) {
        auto read = [&] { return slice.file->read_at(slice.offset + sent, out); };
        const Result<std::size_t> got = co_await on_pool(read);
        if (!got || *got == 0) co_return false;
        count = *got;
        arm(options_.write_idle_timeout_ms, Progress::kExtends);
      }
      sent += count;
      const std::string_view text(reinterpret_cast<const char*>(out.data()), count);
      if (!co_await write_all(text, sent < slice.bytes ? Follows::kMore : Follows::kNothing)) co_return false;
    }
    co_return true;
  }

  // Only what the page cache has at once: a disk may not hold up the loop. 0 when the pool must read it.
  static std::size_t read_cached(const os::File& file, std::uint64_t offset, std::span<std::uint8_t> out) {
    const int descriptor = file.descriptor();
    if (descriptor < 0) return 0;
    const iovec into{out.data(), out.size()};
    const ssize_t count = ::preadv2(descriptor, &into, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  awaitable<void> linger() {
    phase_ = Phase::kIdle;
    arm(kLinger_ms, Progress::kIgnored);
    for (std::size_t drained = 0; drained < kLingerBytesMax;) {
      const Conn::Step step = conn_->discard(loop_.scratch);
      drained += step.bytes;
      if (step.bytes > 0) continue;
      const bool is_ready = co_await ready(step.outcome);
      if (!is_ready) co_return;
    }
  }

  Loop& loop_;
  Shared& shared_;
  const ServerOptions& options_;
  const std::unique_ptr<Conn> conn_;
  const Origin origin_;
  Socket socket_;  // for waiting only
  Timer timer_;
  bool timer_is_set_ = false;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  std::int64_t idle_ms_ = 0;  // 0: the deadline stands
  std::optional<Timer> watch_timer_;
  Watched watched_;                  // while an answer is under way that may have to stop
  SteadyClock::time_point went_on_;  // when it last was allowed to
  std::optional<Timer> held_timer_;  // of an answer that waits: for that question, or because it is to
  bool is_held_ = false;             // because it is to
  Halt halt_ = Halt::kNone;
  Phase phase_ = Phase::kIdle;
  bool is_first_ = true;
  bool must_linger_ = false;
  std::size_t turn_bytes_ = 0;
  std::string input_;  // read and not yet used, from input_at_
  std::size_t input_at_ = 0;
  std::optional<RequestParser> parser_;
  std::uint64_t body_left_ = 0;  // of a body with Content-Length
  std::optional<Error> malformed_;
};

BufferStock::Buffer BufferStock::take() {
  {
    const os::MutexLock lock(mutex_);
    if (!free_.empty()) {
      std::uint8_t* data = free_.back();
      free_.pop_back();
      return {*this, data};
    }
  }
  auto* data = static_cast<std::uint8_t*>(std::aligned_alloc(os::kDirectAlignmentBytes, bytes_));
  CHECK(data != nullptr);
  return {*this, data};
}

void BufferStock::put_back(std::uint8_t* data) {
  {
    const os::MutexLock lock(mutex_);
    if (free_.size() < kBuffersKept) {
      free_.push_back(data);
      return;
    }
  }
  std::free(data);
}

BufferStock::~BufferStock() {
  const os::MutexLock lock(mutex_);
  for (std::uint8_t* data : free_) std::free(data);
}

Shared::Shared(ServerOptions given_options, Routes given_routes, TrustedProxies given_proxies)
    : options(std::move(given_options)),
      routes(std::move(given_routes)),
      proxies(std::move(given_proxies)),
      chunks(options.body_chunk_bytes),
      file_blocks(kFileBlockBytes),
      pool({"http", options.handler_threads, options.connections_max}),
      questions({"http-goes-on", kQuestionThreads, options.connections_max}) {}

void Loop::begin_stop(std::int64_t grace_ms) {
  is_stopping = true;
  for (Session* session : sessions) session->ask_to_stop();
  if (sessions.empty()) return;
  grace.expires_after(std::chrono::milliseconds(grace_ms));
  grace.async_wait([this](boost::system::error_code error) {
    if (error) return;
    for (Session* session : sessions) session->abort();
  });
}

void start_session(Loop& loop, Shared& shared, std::unique_ptr<Conn> conn, Origin origin) {
  if (loop.is_stopping) {  // accepted just before; nobody would ask this one to stop
    shared.connections.fetch_sub(1);
    return;
  }
  auto session = std::make_shared<Session>(loop, shared, std::move(conn), std::move(origin));
  asio::co_spawn(loop.context, Session::live(std::move(session)), asio::detached);
}

}  // namespace lapel::http
