// SPDX-License-Identifier: Apache-2.0
#include "lapel/wiring.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "approvals/routes.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/trace.h"
#include "cameras/destination.h"
#include "cameras/destination_routes.h"
#include "cameras/dock_states.h"
#include "cameras/docks.h"
#include "cameras/record.h"
#include "cameras/routes.h"
#include "cameras/signing_keys.h"
#include "cameras/spool_keys.h"
#include "cameras/systems.h"
#include "disclosure/recipients.h"
#include "disclosure/routes.h"
#include "fleet/routes.h"
#include "http/server.h"
#include "imports/routes.h"
#include "ingest/routes.h"
#include "intake/uploads.h"
#include "invitations/requests.h"
#include "invitations/routes.h"
#include "lapel/assets.h"
#include "lapel/documents.h"
#include "lapel/hosting.h"
#include "lapel/installation.h"
#include "lapel/request_trace.h"
#include "media/examiner.h"
#include "os/pace.h"
#include "os/stop_signals.h"
#include "oversight/oversight.h"
#include "oversight/routes.h"
#include "people/people.h"
#include "people/routes.h"
#include "playback/routes.h"
#include "program/drafts.h"
#include "program/profiles.h"
#include "program/program.h"
#include "program/publications.h"
#include "program/routes.h"
#include "public/routes.h"
#include "sharing/shares.h"
#include "signin/accounts.h"
#include "signin/directory.h"
#include "signin/idle_accounts.h"
#include "signin/passkey_json.h"
#include "signin/record.h"
#include "signin/routes.h"
#include "signin/rules.h"
#include "signin/scim_routes.h"
#include "signin/sessions.h"
#include "signin/tokens.h"
#include "training/routes.h"

namespace lapel::door {
namespace {

using http::Request;
using http::Response;

// Counted for /metrics: requests by class of status. Nothing of any ledger.
struct Counters {
  std::array<std::atomic<std::uint64_t>, 6> by_class{};
};

Result<Response> readiness(Installation& installation, const media::Examiner& examiner,
                           const oversight::Oversight& oversight) {
  Json::Array reasons;
  const auto check = [&](std::string_view what, const Result<void>& result) {
    if (!result) reasons.emplace_back(fmt::format("{}: {}", what, result.error().message));
  };
  // A write that changes nothing still needs the lock and the log: it fails where an upload would.
  check("catalog", installation.database().write([](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE agencies SET name = name WHERE id = ''"));
    return {};
  }));
  const auto free = installation.disk().free_bytes(installation.data());
  if (!free) check("disk", fail(free.error()));
  if (free && *free < limits::kDiskReserveBytes) reasons.emplace_back(fmt::format("disk: only {} bytes free", *free));
  const bool is_ready = reasons.empty();
  // Evidence is received, sealed and played without the media worker: its absence is said and does not take the server away.
  const std::optional<std::string> blocked = examiner.blocked();
  if (blocked) reasons.emplace_back(fmt::format("media: {}", *blocked));
  // Nor does it wait for whoever watches: what is not judged now is judged when it can be.
  const std::optional<std::string> unwatched = oversight.trouble();
  if (unwatched) reasons.emplace_back(fmt::format("oversight: {}", *unwatched));
  // Nor does the trace: nothing is refused because it cannot be told of.
  const TraceLoss untold = trace_loss();
  if (untold.since) {
    reasons.emplace_back(
        fmt::format("trace: {} lines could not be written since {}", untold.lines, ledger_time(*untold.since)));
  }
  return Response::json(is_ready ? 200 : 503,
                        to_json(Json(Json::Object{{"ready", is_ready},
                                                  {"reasons", std::move(reasons)},
                                                  {"media", blocked ? fmt::format("blocked: {}", *blocked) : "ok"},
                                                  {"oversight", unwatched ? "behind" : "ok"},
                                                  {"trace", untold.since ? "losing lines" : "ok"}})))
      .with("Cache-Control", "no-store");
}

// Beside this program and nowhere else: a search path would let whoever writes to it choose the parser of evidence.
Result<os::Path> media_worker(const ServeOptions& options) {
  std::error_code error;
  const os::Path path = options.media_worker.empty()
                            ? std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "lapel-media"
                            : std::filesystem::absolute(options.media_worker, error);
  if (error) return fail(Code::kInternal, "The place of the media worker cannot be found", error.message());
  return path;
}

// Whether a host, perhaps with a port, is this machine by a name that every machine has.
bool is_localhost(std::string_view host) {
  const std::string_view name = host.substr(0, host.ends_with(']') ? host.npos : host.rfind(':'));
  return name == "localhost" || name.ends_with(".localhost") || name == "127.0.0.1" || name == "[::1]";
}

void register_own_routes(http::Router& router, Installation& installation, const media::Examiner& examiner,
                         const oversight::Oversight& oversight, Counters& counters) {
  router.add("GET", "/healthz", [](const Request&) -> Result<Response> { return Response::text(200, "ok\n"); });
  router.add("GET", "/readyz", [&installation, &examiner, &oversight](const Request&) {
    return readiness(installation, examiner, oversight);
  });
  router.add("GET", "/metrics", [&counters](const Request&) -> Result<Response> {
    std::string text =
        "# HELP lapel_http_requests_total Requests answered, by class of status.\n# TYPE lapel_http_requests_total "
        "counter\n";
    for (std::size_t i = 1; i < counters.by_class.size(); ++i) {
      text += fmt::format("lapel_http_requests_total{{class=\"{}xx\"}} {}\n", i, counters.by_class[i].load());
    }
    text += fmt::format(
        "# HELP lapel_trace_lines_lost_total Lines of the trace that could not be written.\n# TYPE "
        "lapel_trace_lines_lost_total counter\nlapel_trace_lines_lost_total {}\n",
        trace_loss().total);
    return Response::text(200, std::move(text), "text/plain; version=0.0.4; charset=utf-8");
  });
  router.after([&counters](const Request& request, Response& response) {
    // Not of this machine's own name, which other programs here answer to as well, in the clear.
    if (request.is_secure && !is_localhost(request.host))
      response.with("Strict-Transport-Security", "max-age=31536000");
    trace_request(request, response);
    const std::size_t status_class =
        std::clamp<std::size_t>(static_cast<std::size_t>(response.status) / 100, 0, counters.by_class.size() - 1);
    ++counters.by_class[status_class];
  });
}

// Whether a browser on this machine gets there by the name localhost, which passkeys need.
bool is_here(std::string_view host) {
  constexpr std::string_view kHere[] = {"127.0.0.1", "[::1]", "0.0.0.0", "[::]"};
  return std::ranges::find(kHere, host) != std::end(kHere);
}

// Bytes have quotas and costs of their own, and a player or a dock asks for many pieces.
bool is_paced(const Request& request) {
  return !request.route.starts_with("/api/v1/uploads") && request.route != "/api/v1/views/{id}/original" &&
         request.route != "/api/v1/recordings/{id}/poster" && request.route != "/api/v1/imports/{id}/files" &&
         request.route != "/api/v1/imports/{id}/listing";
}

// Nor has whoever was asked for files any other cost than these: what they begin is held to the pace too.
bool is_paced(const Request& request, const access::Actor& actor) {
  return is_paced(request) || (actor.file_request && request.method == "POST");
}

// Notes who asks, for the trace, and holds them to a pace.
roster::Asker noted(roster::Asker asker, os::Pace& pace) {
  return [asker = std::move(asker), &pace](const Request& request) -> Result<access::Actor> {
    access::Actor actor = TRY(asker(request));
    request.asked.actor = actor.subject().text();
    request.asked.agency = actor.agency.text();
    if (is_paced(request, actor)) TRY(pace.take(request.asked.actor));
    return actor;
  };
}

public_pages::FindLedger find_ledger(Installation& installation) {
  return [&installation](std::string_view slug) -> Result<ledger::Ledger*> {
    for (const roster::Agency& agency : TRY(installation.agencies())) {
      if (slug.empty() ? agency.is_first : agency.slug == slug) return installation.ledgers().find(agency.id);
    }
    return fail(Code::kNotFound, "No such ledger", std::string(slug));
  };
}

// What the room of signing in knows of people, in the words of the room that reviews it.
oversight::Accounts accounts(const Clock& clock) {
  return [&clock](db::Transaction& tx, const AgencyId& agency) -> Result<std::map<PersonId, oversight::Account>> {
    std::map<PersonId, oversight::Account> out;
    for (auto& [person, facts] : TRY(signin::account_facts(tx, agency, clock.now()))) {
      oversight::Account& account = out[person];
      account.signed_in_at = facts.signed_in_at;
      account.is_disabled = facts.is_disabled;
      account.factors = std::move(facts.factors);
      for (const signin::Token& token : facts.tokens) {
        oversight::Credential credential{token.id.text(), std::nullopt, token.created_at, token.expires_at,
                                         token.used_on};
        if (token.scopes) {
          credential.scopes.emplace();
          for (const access::Action scope : *token.scopes) credential.scopes->emplace_back(access::action_name(scope));
        }
        account.tokens.push_back(std::move(credential));
      }
    }
    return out;
  };
}
// How somebody whom an administrator adds comes to a password of their own.
std::function<Result<people::People::Link>(db::Transaction&, const PersonId&, const PersonId&)> invitations(
    const Clock& clock) {
  return [&clock](db::Transaction& tx, const PersonId& person, const PersonId& by) -> Result<people::People::Link> {
    const signin::Setup::Link link = TRY(signin::Setup::invite(tx, person, by, clock.now()));
    return people::People::Link{link.secret, link.expires_at};
  };
}
// What has to come before somebody is given a camera: what keeps it from everybody, and what from them alone.
fleet::Bar bar(program::Programs& programs, const Clock& clock) {
  return [&programs, &clock](db::Transaction& tx, const AgencyId& agency,
                             const PersonId& person) -> Result<std::optional<std::string>> {
    std::vector<std::string> sentences = TRY(programs.bars_of_check_out(tx, agency));
    for (std::string& each : TRY(training::Training::missing(tx, agency, person, clock.now())))
      sentences.push_back(std::move(each));
    std::string out;
    for (const std::string& each : sentences) out += (out.empty() ? "" : "; ") + each;
    return out.empty() ? std::nullopt : std::optional(std::move(out));
  };
}
// What other rooms have in force, in the words of the room of policies.
training::Settings settings() {
  return [](db::Transaction& tx, const AgencyId& agency, Timestamp now) -> Result<std::map<std::string, std::string>> {
    const signin::SignInRules rules = TRY(signin::sign_in_rules(tx, agency));
    const fleet::Window window = TRY(fleet::window_on(tx, agency, day_of(now))).window;
    const std::optional<std::string> mode = TRY(fleet::issue_mode(tx, agency));
    return std::map<std::string, std::string>{
        {"second_factor", std::string(signin::second_factor_name(rules.second_factor))},
        {"idle_days", std::to_string(rules.idle_days)},
        {"notice_of_use", rules.banner.empty() ? "none" : "shown"},
        {"rotation_window", fmt::format("{} to {}", window.min_days, window.max_days)},
        {"issue_mode", mode.value_or("not said")}};
  };
}
// How people sign what they acknowledge, in the words of the room of policies.
training::Prover prover(signin::Factors& factors) {
  training::Prover out;
  out.ask = [&factors](const Request& request,
                       const PersonId& person) -> Result<std::optional<training::Prover::Question>> {
    const auto place = signin::passkey_place(request);
    if (!place) return std::optional<training::Prover::Question>();  // an address at which browsers have none
    std::vector<std::string> known = TRY(factors.passkey_ids(person, place->rp_id));
    if (known.empty()) return std::optional<training::Prover::Question>();
    return std::optional(training::Prover::Question{place->rp_id, std::move(known)});
  };
  out.check = [&factors](const Request& request, const access::Actor& actor, const Json& credential,
                         const std::string& challenge) -> Result<training::PasskeyProof> {
    const signin::PasskeyPlace place = TRY(signin::passkey_place(request));
    const signin::PresentedCredential presented = TRY(signin::read_presented(credential));
    const signin::By by{actor.person, actor.login, request.client};
    const signin::Factors::Signed made =
        TRY(factors.present_signature(by, presented.id, {challenge, place.origin, place.rp_id}, presented.answer));
    return training::PasskeyProof{base64url(presented.id),
                                  std::string(signin::algorithm_name(made.passkey.algorithm)),
                                  hex(made.passkey.public_key),
                                  made.rp_id,
                                  base64url(presented.answer.authenticator_data),
                                  base64url(presented.answer.client_data),
                                  base64url(presented.answer.signature)};
  };
  return out;
}
oversight::ConsoleActs console_acts() {
  return [](db::Transaction& tx, const AgencyId& agency, Timestamp from,
            Timestamp to) -> Result<std::vector<oversight::ConsoleAct>> {
    std::vector<oversight::ConsoleAct> out;
    for (const signin::AccountRecord& record : TRY(signin::console_records(tx, agency, from))) {
      if (record.at < to)
        out.push_back({record.at, std::string(signin::account_event_name(record.event)), record.person});
    }
    return out;
  };
}

// What the gates of the program ask of the other rooms. Nothing tells of a restore test yet.
program::Ask answers_of_rooms() {
  return [](db::Transaction& tx, const AgencyId& agency, std::string_view needs,
            Timestamp at) -> Result<std::optional<program::Standing>> {
    program::Standing out;
    if (needs == "policy" || needs == "training") {
      training::Standing all = TRY(training::Training::standing(tx, agency, at));
      training::Gate& gate = needs == "policy" ? all.policy : all.training;
      out.ready = gate.ready;
      out.of = gate.concerned;
      for (training::Gate::Gap& gap : gate.gaps) out.lacks.push_back({std::move(gap.name), std::move(gap.sentence)});
      // A gate that asks for what nobody requires would be open by an oversight.
      if (!gate.is_required) {
        out.of = 1;
        out.lacks = {{"", fmt::format("No {} is required yet", needs == "policy" ? "policy" : "course")}};
      }
      return std::optional(std::move(out));
    }
    if (needs != "docks") return std::optional<program::Standing>();
    out.of = 1;
    out.ready = std::min<std::int64_t>(1, TRY(roster::docks_at(tx, agency, at)));
    if (out.ready == 0) out.lacks = {{"", "No dock is enrolled"}};
    return std::optional(std::move(out));
  };
}

// Reports that a statute asks for. One that cannot be read is told, and no reason not to serve.
std::vector<program::Profile> report_profiles(os::Disk& disk) {
  std::vector<program::Profile> out;
  const os::Path folder = installed_share() / "reports";
  auto names = disk.list(folder);
  if (!names) return out;
  std::ranges::sort(*names);
  for (const std::string& name : *names) {
    if (!name.ends_with(".json")) continue;
    const auto read = [&]() -> Result<program::Profile> {
      const Bytes text = TRY(os::read_file(disk, folder / name, program::kProfileBytesMax));
      return program::read_profile(TRY(parse_json(as_text(text))));
    };
    if (auto profile = read()) {
      out.push_back(*std::move(profile));
    } else {
      fmt::print(stderr, "lapel: {} is no profile of a report: {}\n", name, profile.error().text());
    }
  }
  return out;
}

// How exports of other systems are read, likewise.
std::vector<imports::Profile> import_profiles(os::Disk& disk) {
  std::vector<imports::Profile> out;
  const os::Path folder = installed_share() / "imports";
  auto names = disk.list(folder);
  if (!names) return out;
  std::ranges::sort(*names);
  for (const std::string& name : *names) {
    if (!name.ends_with(".json")) continue;
    const auto read = [&]() -> Result<imports::Profile> {
      const Bytes text = TRY(os::read_file(disk, folder / name, imports::kMappingBytesMax));
      return imports::Profile{TRY(imports::read_mapping(TRY(parse_json(as_text(text))))), std::string(as_text(text))};
    };
    if (auto profile = read()) {
      out.push_back(*std::move(profile));
    } else {
      fmt::print(stderr, "lapel: {} is no mapping of an import: {}\n", name, profile.error().text());
    }
  }
  return out;
}

}  // namespace

namespace {
constexpr std::size_t kCertificateFileBytesMax = 256 * 1024;
}  // namespace

struct Rooms::Impl {
  Impl(std::unique_ptr<Installation> opened, std::unique_ptr<intake::Uploads> opened_uploads,
       std::unique_ptr<os::Process> opened_process, std::unique_ptr<media::Examiner> opened_examiner,
       std::vector<program::Profile> opened_profiles, bool needs_setup)
      : installation(std::move(opened)),
        uploads(std::move(opened_uploads)),
        process(std::move(opened_process)),
        examiner(std::move(opened_examiner)),
        docks({installation->database(), installation->ledgers(), installation->clock()}),
        spool_keys({installation->database(), installation->ledgers(), installation->keys(), installation->clock()}),
        dock_states({installation->database(), installation->clock()}),
        camera_record({installation->database(), installation->ledgers(), installation->vault(), installation->bucket(),
                       installation->clock()}),
        camera_systems({installation->database(), installation->ledgers(), installation->clock()}),
        signing_keys({installation->database(), installation->ledgers(), installation->clock(), installation->vault()}),
        destination({installation->database(), installation->ledgers(), installation->clock(), *uploads,
                     installation->vault()}),
        markers(installation->database(), installation->vault()),
        people({installation->database(), installation->ledgers(), installation->clock(),
                signin::ManagedPeople::take_in_hand, invitations(installation->clock()),
                bar(programs, installation->clock())}),
        shares({installation->database(), installation->vault(), installation->store(), installation->jobs(),
                installation->ledgers(), installation->clock()}),
        recipients({installation->database(), shares, installation->clock()}),
        holds({installation->database(), installation->ledgers(), installation->clock()}),
        approvals({installation->database(), installation->ledgers(), installation->clock(), holds}),
        imports({installation->database(), installation->ledgers(), installation->clock(), *uploads,
                 installation->vault(), holds, installation->disk(), installation->data() / "imports",
                 import_profiles(installation->disk())}),
        oversight({installation->database(), installation->ledgers(), installation->vault(), installation->clock(),
                   accounts(installation->clock()), console_acts()}),
        programs({installation->database(), installation->ledgers(), installation->clock(), answers_of_rooms(),
                  std::move(opened_profiles)}),
        drafts({installation->database(), installation->ledgers(), installation->clock(), programs}),
        publications({installation->database(), installation->ledgers(), installation->clock(), programs, drafts}),
        staffing({installation->database(), installation->ledgers(), installation->clock()}),
        camera_room({installation->database(), installation->ledgers(), installation->clock()},
                    bar(programs, installation->clock())),
        rotation({installation->database(), installation->ledgers(), installation->clock()},
                 bar(programs, installation->clock())),
        training({installation->database(), installation->ledgers(), installation->clock()}, installation->vault()),
        policies({installation->database(), installation->ledgers(), installation->clock()}, settings()),
        courses({installation->database(), installation->ledgers(), installation->clock()}),
        locks({installation->database(), installation->clock()}),
        challenges({installation->database(), installation->clock()}),
        factors({installation->database(), installation->clock(), installation->keys(), locks, challenges}),
        sessions({installation->database(), installation->clock(), locks}),
        providers(installation->database(), installation->keys()),
        provider_client(installation->clock()),
        flows(installation->database(), installation->clock()),
        managed({installation->database(), installation->ledgers(), installation->clock()}),
        directory({installation->database(), installation->clock(), providers, managed}),
        setup(
            {installation->database(), installation->clock()},
            [this](const std::optional<AgencyId>& agency, const signin::FirstAdministrator& first) {
              return installation->add_first_administrator(agency, first);
            },
            needs_setup),
        idle({installation->database(), installation->ledgers(), installation->clock()}),
        file_requests({installation->database(), installation->ledgers(), installation->clock()},
                      installation->vault()),
        pace(installation->clock()),
        asker(noted(file_requests.asker(
                        docks.asker(sessions.asker(signin::asker(installation->database(), installation->clock())))),
                    pace)) {}

  const std::unique_ptr<Installation> installation;
  const std::unique_ptr<intake::Uploads> uploads;
  const std::unique_ptr<os::Process> process;
  const std::unique_ptr<media::Examiner> examiner;
  Counters counters;
  cameras::Docks docks;
  cameras::SpoolKeys spool_keys;
  cameras::DockStates dock_states;
  cameras::CameraRecord camera_record;
  cameras::Systems camera_systems;
  cameras::SigningKeys signing_keys;
  cameras::Destination destination;
  cameras::Markers markers;
  people::People people;
  sharing::Shares shares;
  disclosure::Recipients recipients;
  evidence::Holds holds;
  approvals::Approvals approvals;
  imports::Imports imports;
  oversight::Oversight oversight;
  program::Programs programs;
  program::Drafts drafts;
  program::Publications publications;
  fleet::Staffing staffing;
  fleet::Fleet camera_room;
  fleet::Rotation rotation;
  training::Training training;
  training::Policies policies;
  training::Courses courses;
  signin::Locks locks;
  signin::Challenges challenges;
  signin::Factors factors;
  signin::Sessions sessions;
  signin::Providers providers;
  signin::ProviderClient provider_client;
  signin::ProviderFlows flows;
  signin::ManagedPeople managed;
  signin::Directory directory;
  signin::Setup setup;
  signin::IdleAccounts idle;
  std::string public_url;
  std::vector<std::string> certificates;  // that this server shows, as PEM
  invitations::FileRequests file_requests;
  os::Pace pace;
  const roster::Asker asker;
};

Rooms::Rooms(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rooms::~Rooms() = default;

std::optional<std::string> Rooms::take_setup_secret() {
  return impl_->setup.take_secret();
}

os::Disk& Rooms::disk() {
  return impl_->installation->disk();
}

Result<std::unique_ptr<Rooms>> Rooms::open(const ServeOptions& options) {
  auto installation = TRY(Installation::open_for_serving(options.where));
  // Every ledger publishes at its beats whether or not anybody asks for it.
  for (const roster::Agency& agency : TRY(installation->agencies())) TRY(installation->ledgers().find(agency.id));
  const bool is_only_server = installation->is_only_server();
  auto uploads = TRY(intake::Uploads::open({.database = installation->database(),
                                            .disk = installation->disk(),
                                            .directory = installation->bucket_directory() / "uploads",
                                            .vault = installation->vault(),
                                            .clock = installation->clock(),
                                            .is_only_server = is_only_server}));
  auto process = os::real_process();
  const auto signing_keys = std::make_shared<cameras::SigningKeys>(cameras::SigningKeys::Parts{
      installation->database(), installation->ledgers(), installation->clock(), installation->vault()});
  const auto trust = [signing_keys](const AgencyId& agency) -> Result<media::SigningTrust> {
    media::SigningTrust out;
    for (const cameras::SigningKey& key : TRY(signing_keys->all(agency))) {
      if (key.is_root && !key.revoked_at) out.roots.push_back(key.pem);
      const auto sha256 = parse_hex_array<32>(key.sha256);
      if (key.is_root || !sha256) continue;
      // Revoked and trusted once more: what was said last counts.
      std::erase_if(out.keys, [&](const auto& one) { return one.sha256 == *sha256; });
      out.keys.push_back({*sha256, key.serial, key.revoked_at.has_value()});
    }
    return out;
  };
  auto examiner = TRY(media::Examiner::open({.database = installation->database(),
                                             .disk = installation->disk(),
                                             .process = *process,
                                             .vault = installation->vault(),
                                             .jobs = installation->jobs(),
                                             .clock = installation->clock(),
                                             .scratch = installation->data() / "media",
                                             .worker = {.program = TRY(media_worker(options))},
                                             .is_only_server = is_only_server,
                                             .trust = trust,
                                             .trust_mark = cameras::SigningKeys::mark}));
  const bool needs_setup = !TRY(installation->has_administrator());
  os::Disk& disk = installation->disk();
  std::unique_ptr<Rooms> rooms(
      new Rooms(std::make_unique<Impl>(std::move(installation), std::move(uploads), std::move(process),
                                       std::move(examiner), report_profiles(disk), needs_setup)));
  rooms->impl_->public_url = options.public_url.substr(0, options.public_url.find_last_not_of('/') + 1);
  if (!options.tls_certificate.empty())
    rooms->impl_->certificates.emplace_back(
        as_text(TRY(os::read_file(rooms->disk(), options.tls_certificate, kCertificateFileBytesMax))));
  rooms->impl_->oversight.begin();
  rooms->impl_->imports.begin();
  rooms->impl_->idle.begin();
  rooms->impl_->camera_record.begin();
  TRY(rooms->impl_->shares.begin(is_only_server));
  // What a directory said before the server ended; its next request tries again.
  if (const auto finished = rooms->impl_->directory.finish_all(); !finished)
    fmt::print(stderr, "lapel: people are not in step with a directory yet: {}\n", finished.error().text());
  return rooms;
}

void Rooms::register_routes(http::Router& router) {
  Installation& installation = *impl_->installation;
  register_own_routes(router, installation, *impl_->examiner, impl_->oversight, impl_->counters);
  ingest::register_routes(router, *impl_->uploads, installation.clock(), impl_->asker);
  cameras::register_routes(
      router, {impl_->docks, impl_->spool_keys, impl_->dock_states, impl_->camera_record, installation.vault()},
      impl_->asker);
  cameras::register_destination(router, impl_->camera_systems, impl_->destination);
  cameras::register_systems(router, impl_->camera_systems, impl_->signing_keys, impl_->markers,
                            {impl_->public_url, impl_->certificates}, impl_->asker,
                            impl_->sessions.fresh_asker(impl_->asker));
  imports::register_routes(router, impl_->imports, impl_->asker);
  playback::register_routes(router, installation.vault(), impl_->asker);
  people::register_routes(router, impl_->people, impl_->asker, impl_->sessions.fresh_asker(impl_->asker));
  disclosure::register_routes(router, {impl_->shares, impl_->recipients, impl_->pace, impl_->public_url}, impl_->asker);
  invitations::register_routes(router, {impl_->file_requests, installation.vault(), impl_->public_url}, impl_->asker);
  approvals::register_routes(router,
                             {impl_->holds, impl_->approvals, impl_->asker, impl_->sessions.fresh_asker(impl_->asker)});
  register_hosting(router, installation, impl_->setup, impl_->asker);
  oversight::register_routes(router, impl_->oversight, impl_->asker);
  program::register_routes(router, impl_->programs, impl_->drafts, impl_->publications, impl_->asker,
                           impl_->sessions.fresh_asker(impl_->asker));
  fleet::register_routes(router, impl_->staffing, impl_->camera_room, impl_->rotation, impl_->asker);
  training::register_routes(router,
                            {impl_->training, impl_->policies, impl_->courses, prover(impl_->factors),
                             impl_->sessions.fresh_asker(impl_->asker)},
                            impl_->asker);
  public_pages::register_routes(router, find_ledger(installation));
  signin::register_routes(
      router,
      {installation.database(), installation.clock(), impl_->sessions, impl_->factors, impl_->challenges, impl_->setup,
       impl_->providers, impl_->provider_client, impl_->flows, impl_->managed},
      impl_->asker);
  signin::register_scim_routes(router, impl_->directory, impl_->asker);
  auto contract = read_contract(disk(), installed_share() / "openapi.json");
  if (!contract) fmt::print(stderr, "lapel: serving without the contract: {}\n", contract.error().text());
  register_documents(router, contract ? std::optional(*std::move(contract)) : std::nullopt);
}

Result<void> run_serve(const ServeOptions& options) {
  os::StopSignals signals;
  const auto rooms = TRY(Rooms::open(options));
  http::Router router;
  rooms->register_routes(router);
  if (const auto assets =
          Assets::open(rooms->disk(), options.web.empty() ? installed_share() / "web" : os::Path(options.web))) {
    (*assets)->register_routes(router);
  } else if (!options.web.empty()) {
    return fail(assets.error());
  } else {
    fmt::print(stderr, "lapel: serving without the web app: {}\n", assets.error().text());
  }

  http::ServerOptions server_options;
  server_options.listen = options.listen;
  server_options.tls_certificate_file = options.tls_certificate;
  server_options.tls_key_file = options.tls_key;
  server_options.trusted_proxies = options.trusted_proxies;
  server_options.public_url = options.public_url;
  const auto server = TRY(http::Server::open(std::move(router), std::move(server_options)));
  signals.on_stop([&server] { server->stop(); });
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  fmt::print("listening on {}://{}:{}\n", options.tls_certificate.empty() ? "http" : "https", host, server->port());
  if (!options.public_url.empty()) fmt::print(stderr, "lapel: people reach it at {}\n", options.public_url);
  if (const auto secret = rooms->take_setup_secret()) {
    const std::string reached = options.public_url.empty()
                                    ? fmt::format("{}://{}:{}", options.tls_certificate.empty() ? "http" : "https",
                                                  is_here(host) ? "localhost" : host, server->port())
                                    : options.public_url;
    fmt::print("set up the first administrator at {}/setup#{}\n", reached, *secret);
  }
  std::fflush(stdout);
  server->run();
  signals.end();
  return {};
}

}  // namespace lapel::door
