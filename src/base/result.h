// SPDX-License-Identifier: Apache-2.0
#pragma once
// Result<T>: what every fallible function of Lapel returns.
//
// Owns: one Error for the whole program and the TRY macro.
// Promises: an Error names a Problem (stable slug, closed Code, HTTP status, remedy), a sentence a person can act on,
//   and the path, id or offset it happened at. Nothing of ours throws.
// Fails with: nothing.
// Threads: values; share them as you would a string.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

// Debian's tl::expected does not say it, and a Result that nobody looks at is an error that nobody hears of.
namespace tl {
template <class T, class E>
class [[nodiscard]] expected;
}
#include <tl/expected.hpp>

namespace lapel {

// The closed set of causes, from storage to HTTP and the exit code of a command (docs/errors.md).
enum class Code {
  kInvalid,
  kTooLarge,
  kUnsupported,
  kUnauthenticated,
  kNotFound,
  kGone,
  kDenied,
  kConflict,
  kHeld,
  kBusy,
  kCorrupt,
  kUnavailable,
  kLimited,
  kFull,
  kInternal,
};

// Whether sending the very same again can help.
enum class Retry {
  kNo,           // it gets the same answer: what the remedy names has to change first
  kYes,          // a bounded number of times, each after Retry-After where the answer has it
  kAfterSignIn,  // with a credential that stands
  kLater,        // once somebody has made room or mended what the remedy names
  kNever,        // something is damaged, and trying again could cover it
};

// One row of the table in base/problems.h: the unit of documentation, never made on the fly.
struct Problem {
  std::string_view slug;  // last part of the problem's URI: /problems/<slug>
  Code code;
  int http_status;
  Retry retry;
  std::string_view title;   // what happened, without particulars
  std::string_view remedy;  // what whoever meets it should do
};

// The problem to use when nothing more particular is known of a code.
const Problem& generic_problem(Code code);

struct [[nodiscard]] Error {
  const Problem* problem;
  std::string message;  // a sentence for a person
  std::string context;  // path, id, offset, errno text: for whoever repairs it; may be empty
  // Seconds after which another attempt may succeed, where that is known: sent as Retry-After. 0: not known.
  std::int64_t retry_after_s = 0;

  Code code() const { return problem->code; }
  // "message (context)", for a terminal or a trace line.
  std::string text() const;
};

template <typename T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(const Problem& problem, std::string message, std::string context = {}) {
  return tl::unexpected<Error>(Error{&problem, std::move(message), std::move(context)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Code code, std::string message, std::string context = {}) {
  return fail(generic_problem(code), std::move(message), std::move(context));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

std::string_view code_name(Code code);
// The exit code of a command that ends with this cause.
int exit_code(Code code);
// "no", "yes", "after signing in", "later", "never".
std::string_view retry_name(Retry retry);

namespace internal {
template <typename T>
T unwrap(Result<T>&& result) {
  return *std::move(result);
}
inline void unwrap(Result<void>&&) {}
}  // namespace internal

}  // namespace lapel

#define LAPEL_CONCAT_INNER(a, b) a##b
#define LAPEL_CONCAT(a, b) LAPEL_CONCAT_INNER(a, b)
#define LAPEL_TRY(name, expr)                                                    \
  __extension__({                                                                \
    auto name = (expr);                                                          \
    if (!name) return ::tl::unexpected<::lapel::Error>(std::move(name).error()); \
    ::lapel::internal::unwrap(std::move(name));                                  \
  })
// The value of a Result, or return its error from the enclosing function. Not behind other elements of a braced list: g++ and clang++
// leak what was made for the list when TRY returns. tools/tidy.py sees it.
#define TRY(expr) LAPEL_TRY(LAPEL_CONCAT(try_result_, __COUNTER__), expr)
