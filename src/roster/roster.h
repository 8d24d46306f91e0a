// SPDX-License-Identifier: Apache-2.0
#pragma once
// The roster: agencies, people and devices, as the facts that access and custody stand on.
//
// Owns: the tables agencies, people, person_roles, devices, docks, camera_systems, and the schema of the whole module. roles.h changes what
//   people are.
// Promises: a person or device has one subject id for good; what the ledger says of them (identity.bound) is sealed in
//   the same transaction as the row, because the caller writes these rows inside the sequencer's transaction.
// Fails with: kConflict (name, slug, login or serial taken), kNotFound.
// Threads: any; each call runs in the caller's transaction.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::roster {

struct Agency {
  AgencyId id;
  std::string name;
  std::string slug;
  bool is_first = false;  // made by init: its ledger also answers without a slug
  PersonId console;       // the actor of what is done on the server's own console
};

struct Person {
  PersonId id;
  AgencyId agency;
  std::string login;
  std::string name;
  std::optional<std::string> badge;  // worn today; assignments.h knows whose it was when
  std::set<access::Role> roles;
  bool is_active = true;  // nobody signs in as one who is not (roles.h)

  friend bool operator==(const Person&, const Person&) = default;
};

struct Device {
  DeviceId id;
  AgencyId agency;
  std::string serial;
};

struct Dock {
  DockId id;
  AgencyId agency;
  std::string name;
  ByteArray<32> key{};  // Ed25519, signs dock statements
  bool is_revoked = false;
};

// A body-worn system of another maker that sends what its cameras recorded, by an account of its own.
struct CameraSystem {
  CameraSystemId id;
  AgencyId agency;
  std::string name;
  bool is_revoked = false;
};

// ledger.md: A-Z lowered, each run of other bytes than a-z 0-9 made one '-', trimmed, cut to 40. Empty when nothing is left.
std::string slug_of(std::string_view agency_name);

Result<void> add_agency(db::Transaction& tx, const Agency& agency);
Result<std::vector<Agency>> agencies(db::Transaction& tx);
Result<Agency> agency(db::Transaction& tx, const AgencyId& id);
Result<Agency> agency_by_name(db::Transaction& tx, std::string_view name_or_slug);

Result<void> add_person(db::Transaction& tx, const Person& person, Timestamp now);
Result<Person> person(db::Transaction& tx, const PersonId& id);
// "Dana Whitfield, badge 101", as name_of has it.
std::string shown_name(const Person& person);
Result<std::vector<Person>> people(db::Transaction& tx, const AgencyId& agency);  // by login
// A person, dock, camera system or file request as an actor, with the roles held now. A deactivated person, or what was revoked,
// is kUnauthenticated.
Result<access::Actor> actor(db::Transaction& tx, const SubjectId& id);
// Also one of those: for finishing what was received before, and for telling what they would be.
Result<access::Actor> actor_of_received(db::Transaction& tx, const SubjectId& id);
Result<Person> person_by_login(db::Transaction& tx, std::string_view login);

Result<void> add_device(db::Transaction& tx, const Device& device, Timestamp now);
Result<std::optional<Device>> device_by_serial(db::Transaction& tx, const AgencyId& agency, std::string_view serial);

Result<void> add_dock(db::Transaction& tx, const Dock& dock, Timestamp now);
Result<Dock> dock(db::Transaction& tx, const DockId& id);
Result<std::vector<Dock>> docks(db::Transaction& tx, const AgencyId& agency);
// How many had their key and were not revoked at a moment.
Result<std::int64_t> docks_at(db::Transaction& tx, const AgencyId& agency, Timestamp at);
// From the next request on, nothing that the dock signs or asks is accepted.
Result<void> revoke_dock(db::Transaction& tx, const DockId& id, Timestamp now);

Result<void> add_camera_system(db::Transaction& tx, const CameraSystem& system, Timestamp now);
Result<CameraSystem> camera_system(db::Transaction& tx, const CameraSystemId& id);
Result<std::vector<CameraSystem>> camera_systems(db::Transaction& tx, const AgencyId& agency);  // by name
Result<void> revoke_camera_system(db::Transaction& tx, const CameraSystemId& id, Timestamp now);

// What people call an actor of this agency today: "J. Doe, badge 4711", a dock's name, "server console". nullopt: a
// stranger. It is the catalog's word; the ledger's own is identity.bound.
Result<std::optional<std::string>> name_of(db::Transaction& tx, const AgencyId& agency, const SubjectId& actor);

std::span<const db::Migration> schema();

}  // namespace lapel::roster
