// SPDX-License-Identifier: Apache-2.0
#pragma once
// The inside of Router: a tree of path segments.
//
// Owns: routes; choosing one for a method and decoded segments.
// Promises: at each segment a literal beats {name}, which beats {name...}; a route of the right method wins
// over a
//   better path of the wrong one. {name} never matches an empty segment.
// Fails with: CHECK on a pattern that is malformed or registered twice: routes are code, not input.
// Threads: built by one, then read by any.

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server.h"

namespace lapel::http {

struct Route {
  Handler handler;  // one of the two is set
  StreamHandler stream;
  std::string pattern;
};

struct RouteMatch {
  const Route* route = nullptr;
  std::map<std::string, std::string, std::less<>> params;
  std::set<std::string> allowed;  // methods of the path when no route is for this one; empty: unknown path
};

class RouteTable {
 public:
  void insert(std::string_view method, std::string_view pattern, Route route);
  // `segments`: the path split at its slashes, each part decoded.
  RouteMatch find(std::string_view method, std::span<const std::string> segments) const;
  const std::vector<Router::RouteName>& names() const { return names_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::unique_ptr<Node> rest;
    std::map<std::string, std::pair<Route, std::vector<std::string>>, std::less<>> methods;  // with parameter names
  };
  struct Search {
    std::string_view method;
    std::vector<std::string> values;  // what the parameters on the way matched
    std::set<std::string> allowed;
  };
  static const Node* search(const Node& node, std::span<const std::string> segments, Search& state);

  Node root_;
  std::vector<Router::RouteName> names_;
};

// All that a Router was told.
struct Routes {
  RouteTable table;
  std::vector<std::function<void(const Request&, Response&)>> steps;  // of after(), in order
};
struct Router::Impl {
  Routes routes;
};

}  // namespace lapel::http
