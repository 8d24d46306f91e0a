// SPDX-License-Identifier: Apache-2.0
#pragma once
// The signature of a camera in footage: found while it is probed, checked when that is asked for. For the files of this folder.
//
// Owns: which stream is looked at, by which key, and what else of the file is told.
// Promises: footage is read twice at most and kept nowhere. The demuxer leaves no packet out: what a file's edits hide is checked as
//   well as what they show.
// Fails with: nothing.
// Threads: one.

#include <span>
#include <string>

#include "mediaworker/demuxer.h"

namespace lapel::mediaworker {

// Whether a packet of this stream has a message of a camera that signs. Asked of every packet of a probe.
bool has_signing_message(const AVStream* stream, const AVPacket& packet);

// Nothing of it is believed that the key did not sign; `roots` are those that may vouch for the key.
protocol::MediaSignature check_signature(const Source& source, const Container& container, const Outline& outline,
                                         std::span<const std::string> roots);

}  // namespace lapel::mediaworker
