// SPDX-License-Identifier: Apache-2.0
// The contract and the router name the same routes: what is served is described, and what is described is served.
#include "lapel/wiring.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/problems.h"
#include "lapel/assets.h"
#include "lapel/documents.h"
#include "lapel/installation.h"

namespace lapel::door {
namespace {

using Names = std::set<std::pair<std::string, std::string>>;  // method, pattern

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/lapel-wiring-XXXXXX";
    EXPECT_NE(::mkdtemp(name), nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const os::Path& path() const { return path_; }

 private:
  os::Path path_;
};

Json read_installed_contract() {
  const auto text = read_contract(*os::real_disk(), installed_share() / "openapi.json");
  EXPECT_TRUE(text) << text.error().text();
  const auto contract = parse_json(text.value_or("{}"), {kContractBytesMax, 64});
  EXPECT_TRUE(contract) << contract.error().text();
  return contract.value_or(Json());
}

Names described_routes(const Json& contract) {
  static const std::set<std::string> kMethods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"};
  Names out;
  const Json* paths = contract.find("paths");
  if (paths == nullptr || paths->object() == nullptr) return out;
  for (const auto& [path, item] : *paths->object()) {
    for (const auto& [name, operation] : *item.object()) {
      if (!kMethods.contains(name)) continue;  // what all operations of a path share
      std::string method = name;
      std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::toupper(c); });
      out.emplace(std::move(method), path);
    }
  }
  return out;
}

// A pattern with a rest takes every address below it, and the contract describes each kind of them by itself.
bool is_served_by(const std::pair<std::string, std::string>& described, const http::Router::RouteName& route) {
  if (described.first != route.method) return false;
  if (!route.pattern.ends_with("...}")) return described.second == route.pattern;
  return described.second.starts_with(route.pattern.substr(0, route.pattern.rfind('{')));
}

Names served_but_not_described(const std::vector<http::Router::RouteName>& routes, const Names& described) {
  Names out;
  for (const auto& route : routes) {
    if (std::none_of(described.begin(), described.end(), [&](const auto& d) { return is_served_by(d, route); }))
      out.emplace(route.method, route.pattern);
  }
  return out;
}

Names described_but_not_served(const std::vector<http::Router::RouteName>& routes, const Names& described) {
  Names out;
  for (const auto& d : described) {
    if (std::none_of(routes.begin(), routes.end(), [&](const auto& route) { return is_served_by(d, route); }))
      out.insert(d);
  }
  return out;
}

// Of a whole server, short of its sockets.
std::vector<http::Router::RouteName> routes_of_rooms() {
  const TemporaryDirectory home;
  ServeOptions options;
  options.where.data = home.path() / "data";
  NewAgency agency;
  agency.name = "Ashfield Police Department";
  NewPerson chief;
  chief.login = "chief";
  chief.roles = {access::Role::kAdministrator};
  chief.password = "correct horse battery staple";
  const auto made = Installation::init(options.where, agency, chief);
  EXPECT_TRUE(made) << made.error().text();
  const auto rooms = Rooms::open(options);
  EXPECT_TRUE(rooms) << rooms.error().text();
  if (!rooms) return {};
  http::Router router;
  (*rooms)->register_routes(router);
  return router.routes();
}

void collect_problem_types(const Json& value, std::set<std::string>& out) {
  if (const std::string* text = value.string(); text != nullptr && text->starts_with("/problems/")) out.insert(*text);
  if (const Json::Array* items = value.array()) {
    for (const Json& item : *items) collect_problem_types(item, out);
  }
  if (const Json::Object* members = value.object()) {
    for (const auto& [name, member] : *members) collect_problem_types(member, out);
  }
}

TEST(Contract, DescribesEveryRouteAndNothingElse) {
  const auto routes = routes_of_rooms();
  const Names described = described_routes(read_installed_contract());
  EXPECT_GE(described.size(), 30u);
  EXPECT_EQ(served_but_not_described(routes, described), Names()) << "add these to api/openapi.yaml";
  EXPECT_EQ(described_but_not_served(routes, described), Names()) << "api/openapi.yaml promises these";

  // The comparison itself tells a missing route, a further one, a method and a parameter's name.
  const Names few = {{"GET", "/a/{id}"}, {"GET", "/b/{slug}/key"}};
  EXPECT_EQ(served_but_not_described({{"GET", "/a/{id}"}, {"POST", "/a/{id}"}, {"GET", "/b/{rest...}"}}, few),
            (Names{{"POST", "/a/{id}"}}));
  EXPECT_EQ(described_but_not_served({{"GET", "/a/{name}"}, {"GET", "/b/{rest...}"}}, few),
            (Names{{"GET", "/a/{id}"}}));
}

// The web app's pages are no part of the contract, whatever they are called: by who registers them, not by a list.
TEST(Contract, TheWebAppTakesNoAddressOfIt) {
  const TemporaryDirectory web;
  std::filesystem::create_directory(web.path() / "assets");
  std::ofstream(web.path() / "index.html") << "<!doctype html>";
  std::ofstream(web.path() / "icon.svg") << "<svg/>";
  const auto assets = Assets::open(*os::real_disk(), web.path());
  ASSERT_TRUE(assets) << assets.error().text();
  http::Router router;
  (*assets)->register_routes(router);
  const Names described = described_routes(read_installed_contract());
  EXPECT_GE(router.routes().size(), 3u);
  for (const auto& route : router.routes()) {
    EXPECT_EQ(route.method, "GET") << route.pattern;
    for (const auto& d : described) EXPECT_NE(d.second, route.pattern);
    for (const std::string_view head : {"/api/", "/ledger/", "/problems/"})
      EXPECT_FALSE(route.pattern.starts_with(head)) << route.pattern;
  }
}

TEST(Contract, NamesOnlyProblemsThatThereAre) {
  std::set<std::string> known;
  for (const Problem* problem : problems::all_problems()) known.insert("/problems/" + std::string(problem->slug));
  std::set<std::string> named;
  collect_problem_types(read_installed_contract(), named);
  EXPECT_GE(named.size(), 20u);
  for (const std::string& type : named) EXPECT_TRUE(known.contains(type)) << type;
}

}  // namespace
}  // namespace lapel::door
