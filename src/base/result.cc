// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cstdlib>

#include "base/problems.h"

namespace lapel {

const Problem& generic_problem(Code code) {
  switch (code) {
    case Code::kInvalid:
      return problems::kInvalid;
    case Code::kTooLarge:
      return problems::kTooLarge;
    case Code::kUnsupported:
      return problems::kUnsupported;
    case Code::kUnauthenticated:
      return problems::kUnauthenticated;
    case Code::kNotFound:
      return problems::kNotFound;
    case Code::kGone:
      return problems::kGone;
    case Code::kDenied:
      return problems::kDenied;
    case Code::kConflict:
      return problems::kConflict;
    case Code::kHeld:
      return problems::kHeld;
    case Code::kBusy:
      return problems::kBusy;
    case Code::kCorrupt:
      return problems::kCorrupt;
    case Code::kUnavailable:
      return problems::kUnavailable;
    case Code::kLimited:
      return problems::kLimited;
    case Code::kFull:
      return problems::kFull;
    case Code::kInternal:
      return problems::kInternal;
  }
  std::abort();  // no other value exists
}

std::string Error::text() const {
  return context.empty() ? message : message + " (" + context + ")";
}

std::string_view code_name(Code code) {
  return generic_problem(code).slug;
}

int exit_code(Code code) {
  switch (code) {
    case Code::kInvalid:
    case Code::kTooLarge:
    case Code::kUnsupported:
      return 2;
    case Code::kNotFound:
    case Code::kGone:
      return 3;
    case Code::kUnauthenticated:
    case Code::kDenied:
      return 4;
    case Code::kConflict:
    case Code::kHeld:
    case Code::kBusy:
      return 5;
    case Code::kCorrupt:
      return 6;
    case Code::kUnavailable:
    case Code::kLimited:
      return 7;
    case Code::kFull:
    case Code::kInternal:
      return 1;
  }
  std::abort();  // no other value exists
}

std::string_view retry_name(Retry retry) {
  switch (retry) {
    case Retry::kNo:
      return "no";
    case Retry::kYes:
      return "yes";
    case Retry::kAfterSignIn:
      return "after signing in";
    case Retry::kLater:
      return "later";
    case Retry::kNever:
      return "never";
  }
  std::abort();  // no other value exists
}

}  // namespace lapel
