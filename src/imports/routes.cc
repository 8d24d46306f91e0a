// SPDX-License-Identifier: Apache-2.0
#include "imports/routes.h"

#include <utility>

#include <fmt/format.h>

#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::imports {
namespace {

using access::Actor;
using http::answer;
using http::or_null;
using http::Request;
using http::Response;
using http::text_or_null;

constexpr JsonLimits kListingBody = {1 << 20, 4};
constexpr JsonLimits kNewBody = {2 * kMappingBytesMax, 8};

Json::Object profile_json(const Profile& profile) {
  const Mapping& mapping = profile.mapping;
  return {{"name", mapping.name},
          {"title", mapping.title},
          {"make", mapping.make},
          {"system", mapping.system},
          {"verified", mapping.is_verified},
          {"needs_zone", mapping.needs_zone()},
          {"inventory", Json::Array(mapping.inventory_files.begin(), mapping.inventory_files.end())},
          {"logs", Json::Array(mapping.log_files.begin(), mapping.log_files.end())},
          {"sources", Json::Array(mapping.sources.begin(), mapping.sources.end())}};
}

Json::Object import_json(const Import& import) {
  const Counts& counts = import.counts;
  Json::Object findings;
  for (const auto& [kind, times] : import.findings) findings.emplace(kind, times);
  return {{"id", import.id.text()},
          {"title", import.title},
          {"profile", import.profile},
          {"make", import.make},
          {"system", import.system},
          {"verified", import.is_verified},
          {"mapping_sha256", import.mapping},
          {"zone", text_or_null(import.zone)},
          {"state", import.closed_at ? "closed" : "open"},
          {"began_at", ledger_time(import.began_at)},
          {"closed_at", http::time_or_null(import.closed_at)},
          {"report_sha256", text_or_null(import.report)},
          {"reason", text_or_null(import.reason)},
          {"read", import.is_read},
          {"counts", Json::Object{{"expected", counts.expected},
                                  {"found", counts.found},
                                  {"arrived", counts.arrived},
                                  {"missing", counts.missing()},
                                  {"extra", counts.extra},
                                  {"differing", counts.differing},
                                  {"without_hash", counts.unsaid},
                                  {"documents", counts.documents},
                                  {"refused", counts.refused},
                                  {"unsent", counts.unsent},
                                  {"sealing", counts.sealing},
                                  {"files", counts.files},
                                  {"bytes", counts.bytes}}},
          {"findings", std::move(findings)}};
}

Json::Object sending_json(const Sending& file) {
  return {{"path", file.path},
          {"bytes", file.bytes},
          {"state", file.state},
          {"upload", http::id_or_null(file.upload)},
          {"recording", file.state == "in" ? http::id_or_null(file.recording) : Json()}};
}

Json::Object finding_json(const Finding& finding) {
  return {{"kind", finding.kind},
          {"path", text_or_null(finding.path)},
          {"place", text_or_null(finding.place)},
          {"column", text_or_null(finding.column)},
          {"sentence", finding.sentence},
          {"remedy", finding.remedy}};
}

Json::Object line_json(const Line& line) {
  return {{"status", line.status},
          {"path", line.path},
          {"row", text_or_null(line.row)},
          {"vendor_id", text_or_null(line.vendor_id)},
          {"bytes", or_null(line.bytes)},
          {"vendor_bytes", or_null(line.vendor_bytes)},
          {"sha256", text_or_null(line.sha256)},
          {"algorithm", text_or_null(line.algorithm)},
          {"vendor_hash", text_or_null(line.vendor_hash)},
          {"agrees", text_or_null(line.agrees)},
          {"recording", text_or_null(line.recording)},
          {"recorded_at", http::time_or_null(line.recorded_at)},
          {"category", text_or_null(line.category)},
          {"vendor_category", text_or_null(line.vendor_category)},
          {"incident", text_or_null(line.incident)},
          {"wearer", text_or_null(line.wearer)},
          {"device", text_or_null(line.device)},
          {"hold", text_or_null(line.hold)},
          {"retain_until", text_or_null(line.retain_until)},
          {"sentence", text_or_null(line.sentence)},
          {"settled", line.is_settled}};
}

Result<ImportId> import_param(const Request& request) {
  return http::id_param<ImportId>(request, "import");
}

Result<Response> create(const Request& request, Imports& imports, const Actor& actor) {
  const Json body = TRY(http::json_body(request, kNewBody));
  Imports::New wanted;
  wanted.title = TRY(http::required_text(body, "title"));
  wanted.profile = TRY(http::text_member(body, "profile")).value_or("");
  wanted.zone = TRY(http::text_member(body, "zone")).value_or("");
  if (const Json* mapping = body.find("mapping"); mapping && !mapping->is_null()) wanted.mapping = *mapping;
  return answer(201, import_json(TRY(imports.create(actor, wanted))));
}

Result<Response> listing(const Request& request, Imports& imports, const Actor& actor) {
  const ImportId id = TRY(import_param(request));
  const Json body = TRY(http::json_body(request, kListingBody));
  const Json* files = body.find("files");
  if (!files || !files->array() || files->array()->size() > kListingFilesMax)
    return fail(Code::kInvalid, fmt::format("\"files\" must be a list of at most {} files", kListingFilesMax));
  std::vector<Imports::Entry> entries;
  for (const Json& each : *files->array()) {
    // A path may be whatever it is: that it is none is told of it, and no reason to refuse the others.
    const std::string* path = each.find_string("path");
    const std::int64_t* bytes = each.find_integer("bytes");
    if (!path || !bytes || *bytes < 0)
      return fail(Code::kInvalid, "Each of \"files\" must have a \"path\" and its length in \"bytes\"");
    const auto trouble = TRY(http::text_member(each, "trouble"));
    entries.push_back({*path, static_cast<std::uint64_t>(*bytes), trouble.value_or("")});
  }
  const Imports::Listed listed = TRY(imports.listing(actor, id, entries));
  Json::Array documents, refused;
  for (const Sending& file : listed.documents) documents.emplace_back(sending_json(file));
  for (const auto& [path, sentence] : listed.refused)
    refused.emplace_back(Json::Object{{"path", path}, {"sentence", sentence}});
  return answer(200, {{"documents", std::move(documents)}, {"refused", std::move(refused)}});
}

Result<Response> send(const Request& request, Imports& imports, const Actor& actor) {
  const ImportId id = TRY(import_param(request));
  const Json body = TRY(http::json_body(request));
  return answer(200, sending_json(TRY(imports.send(actor, id, TRY(http::required_text(body, "path"))))));
}

Result<Response> close(const Request& request, Imports& imports, const Actor& actor) {
  const ImportId id = TRY(import_param(request));
  const Json body = TRY(http::json_body(request));
  Imports::Closing closing;
  closing.leaves_unsent = TRY(http::flag_member(body, "leave_unsent")).value_or(false);
  closing.reason = TRY(http::text_member(body, "reason")).value_or("");
  return answer(200, import_json(TRY(imports.close(actor, id, closing))));
}

Result<Response> report(const Request& request, Imports& imports, const Actor& actor) {
  const ImportId id = TRY(import_param(request));
  const std::string form = http::text_query(request, "form").value_or("csv");
  if (form != "csv" && form != "json") return fail(Code::kInvalid, "\"form\" must be csv or json");
  const Imports::Report made =
      TRY(imports.report(actor, id, form == "csv" ? Imports::Form::kCsv : Imports::Form::kJson));
  Response response;
  response.with("Content-Type", form == "csv" ? "text/csv; charset=utf-8" : "application/json");
  response.with("Content-Disposition", fmt::format("attachment; filename=\"import-{}.{}\"", id.text(), form));
  response.with("Cache-Control", "no-store");
  if (made.bytes > 0) response.body.emplace_back(http::FileSlice{made.file, 0, made.bytes});
  return response;
}

Result<Response> origin(const Request& request, Imports& imports, const Actor& actor) {
  const auto id = TRY(http::id_param<RecordingId>(request, "recording"));
  const auto found = TRY(imports.origin(actor, id));
  if (!found) return answer(200, {{"origin", Json()}});
  const roster::SealedRow& row = found->row;
  return answer(
      200,
      {{"origin", Json::Object{{"import", found->import.text()},
                               {"title", found->title},
                               {"make", found->make},
                               {"system", found->system},
                               {"path", row.text("path")},
                               {"role", row.text("role")},
                               {"row", text_or_null(row.text("place"))},
                               {"vendor_id", text_or_null(row.text("vendor_id"))},
                               {"vendor_category", text_or_null(row.text("vendor_category"))},
                               {"vendor_bytes", or_null(row.number("vendor_bytes"))},
                               {"algorithm", text_or_null(row.text("algorithm"))},
                               {"vendor_hash", text_or_null(row.text("vendor_hash"))},
                               {"own_hash", text_or_null(row.text("own_hash"))},
                               {"agrees", row.text("agrees")},
                               {"hold", text_or_null(found->shows_hold ? row.text("hold") : "")},
                               {"retain_until", text_or_null(found->shows_reasons ? row.text("retain_until") : "")},
                               {"settled_at", http::time_or_null(row.time("settled"))},
                               {"reason", text_or_null(found->shows_reasons ? row.text("reason") : "")}}}});
}

}  // namespace

void register_routes(http::Router& router, Imports& imports, roster::Asker asker) {
  using Handler = Result<Response> (*)(const Request&, Imports&, const Actor&);
  const auto add = [&](std::string_view method, std::string_view path, Handler handler) {
    router.add(method, path, [&imports, asker, handler](const Request& request) -> Result<Response> {
      return handler(request, imports, TRY(asker(request)));
    });
  };
  add("GET", "/api/v1/import-profiles", [](const Request&, Imports& room, const Actor& actor) -> Result<Response> {
    return http::page_of(TRY(room.profiles(actor)), profile_json);
  });
  add("GET", "/api/v1/imports", [](const Request& request, Imports& room, const Actor& actor) -> Result<Response> {
    return http::page_of(TRY(room.list(actor, TRY(http::page_query(request)))), import_json);
  });
  add("POST", "/api/v1/imports", create);
  add("GET", "/api/v1/imports/{id}", [](const Request& request, Imports& room, const Actor& actor) -> Result<Response> {
    return answer(200, import_json(TRY(room.show(actor, TRY(import_param(request))))));
  });
  add("POST", "/api/v1/imports/{id}/listing", listing);
  add("POST", "/api/v1/imports/{id}/files", send);
  add("GET", "/api/v1/imports/{id}/unsent",
      [](const Request& request, Imports& room, const Actor& actor) -> Result<Response> {
        return http::page_of(TRY(room.unsent(actor, TRY(import_param(request)), TRY(http::page_query(request)))),
                             sending_json);
      });
  add("POST", "/api/v1/imports/{id}/reading",
      [](const Request& request, Imports& room, const Actor& actor) -> Result<Response> {
        return answer(200, import_json(TRY(room.read(actor, TRY(import_param(request))))));
      });
  add("GET", "/api/v1/imports/{id}/findings",
      [](const Request& request, Imports& room, const Actor& actor) -> Result<Response> {
        return http::page_of(
            TRY(room.findings(actor, TRY(import_param(request)), http::text_query(request, "kind").value_or(""),
                              TRY(http::page_query(request)))),
            finding_json);
      });
  add("GET", "/api/v1/imports/{id}/lines",
      [](const Request& request, Imports& room, const Actor& actor) -> Result<Response> {
        return http::page_of(
            TRY(room.lines(actor, TRY(import_param(request)), http::text_query(request, "status").value_or(""),
                           TRY(http::page_query(request)))),
            line_json);
      });
  add("POST", "/api/v1/imports/{id}/close", close);
  add("GET", "/api/v1/imports/{id}/report", report);
  add("GET", "/api/v1/recordings/{id}/origin", origin);
  add("POST", "/api/v1/recordings/{id}/origin/settle",
      [](const Request& request, Imports& room, const Actor& actor) -> Result<Response> {
        const auto id = TRY(http::id_param<RecordingId>(request, "recording"));
        const Json body = TRY(http::json_body(request));
        TRY(room.settle(actor, id, TRY(http::required_text(body, "reason"))));
        return Response::empty(204);
      });
}

}  // namespace lapel::imports
