// SPDX-License-Identifier: Apache-2.0
#pragma once
// Result<T>: what every fallible function of Lapel returns.
//
// Owns: one Error for the whole program and the TRY macro.
// Promises: an Error names a Problem (stable slug, closed Code, HTTP status, remedy), a sentence a person can act on,
//   and the path, id or offset it happened at. Nothing of ours throws.
// Fails with: nothing.
// Threads: values; share them as you would a string.

#include <string>
#include <string_view>
#include <utility>

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

// One row of the table in base/problems.h: the unit of documentation, never made on the fly.
struct Problem {
  std::string_view slug;  // last part of the problem's URI: /problems/<slug>
  Code code;
  int http_status;
  std::string_view title;   // what happened, without particulars
  std::string_view remedy;  // what whoever meets it should do
};

// The problem to use when nothing more particular is known of a code.
const Problem& generic_problem(Code code);

struct [[nodiscard]] Error {
  const Problem* problem;
  std::string message;  // a sentence for a person
  std::string context;  // path, id, offset, errno text: for whoever repairs it; may be empty

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
// The value of a Result, or return its error from the enclosing function.
#define TRY(expr) LAPEL_TRY(LAPEL_CONCAT(try_result_, __COUNTER__), expr)
