// SPDX-License-Identifier: Apache-2.0
#pragma once
// Footage that an open camera signed fragment by fragment (docs/formats/camera_signature.md). For the files of this folder.
//
// Owns: which pictures of such a file its signatures cover.
// Promises: every byte is read and none is kept. The key is the one that the file names: whose it is, the server says.
// Fails with: nothing.
// Threads: one.

#include "mediaworker/demuxer.h"

namespace lapel::mediaworker {

inline constexpr int kCaptureBoxesMax = 10'000;  // outermost boxes of a file that are looked at for the first signature

// Whether one of the outermost boxes is a signature.
bool has_capture(Input& input);
protocol::MediaSignature check_capture(const Source& source, const Container& container, const Outline& outline);

}  // namespace lapel::mediaworker
