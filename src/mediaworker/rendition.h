// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rendition: the same footage as one new MP4, with a mark in every picture of it.
//
// Owns: how it is coded: H.264 and AAC, in a file whose index stands in front.
// Promises: pictures are upright, at most protocol::kMediaRenditionEdgeMax at their longest edge and 30 a second, each at its
//   own time, in order; sound stays with them. Nothing that the source says of itself comes along: no metadata, chapters,
//   subtitles or data. Footage without a picture gets a black one, so that it is marked all the same. The same bytes give the
//   same rendition with the same libraries.
// Fails with: kInternal where the output cannot be written. What is wrong with the footage is a finding.
// Threads: one.

#include "mediaworker/container.h"
#include "mediaworker/footage.h"

namespace lapel::mediaworker {

// Findings, and the rendition where there is one, go to `result`; the MP4 to `output`, which is empty.
Result<void> render(const protocol::MediaRequest& request, const Source& source, const Container& container,
                    const Outline& outline, const Bounds& bounds, int output, protocol::MediaResult& result);

}  // namespace lapel::mediaworker
