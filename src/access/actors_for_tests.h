// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ids by which the tests of access know their people, docks and agencies.
//
// Owns: nothing.
// Promises: no two are the same.
// Fails with: nothing.
// Threads: constants.

#include "access/access.h"

namespace lapel::access {

template <typename AnyId>
AnyId id_for_tests(std::uint8_t fill) {
  ByteArray<16> bytes;
  bytes.fill(fill);
  return AnyId(bytes);
}
inline const AgencyId kAgency = id_for_tests<AgencyId>(1), kOtherAgency = id_for_tests<AgencyId>(2);
inline const PersonId kSelf = id_for_tests<PersonId>(3), kSomebody = id_for_tests<PersonId>(4);
inline const CameraSystemId kCameraSystem = id_for_tests<CameraSystemId>(15);
inline const DockId kDock = id_for_tests<DockId>(5), kOtherDock = id_for_tests<DockId>(6);
inline const ShareId kShare = id_for_tests<ShareId>(7);
inline const FileRequestId kFileRequest = id_for_tests<FileRequestId>(16);

}  // namespace lapel::access
