// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include "base/check.h"

namespace lapel::http {

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  CHECK(handler);
  impl_->routes.table.insert(method, pattern, Route{std::move(handler), {}, std::string(pattern)});
}

void Router::add_stream(std::string_view method, std::string_view pattern, StreamHandler handler) {
  CHECK(handler);
  impl_->routes.table.insert(method, pattern, Route{{}, std::move(handler), std::string(pattern)});
}

void Router::after(std::function<void(const Request&, Response&)> step) {
  impl_->routes.steps.push_back(std::move(step));
}

std::vector<Router::RouteName> Router::routes() const {
  return impl_->routes.table.names();
}

void RouteTable::insert(std::string_view method, std::string_view pattern, Route route) {
  CHECK(pattern.starts_with('/'));
  Node* node = &root_;
  std::vector<std::string> parameters;
  for (std::string_view left = pattern; !left.empty();) {
    const std::size_t slash = left.find('/', 1);
    std::string_view segment = left.substr(1, slash == left.npos ? left.npos : slash - 1);
    left = slash == left.npos ? std::string_view{} : left.substr(slash);
    if (!segment.starts_with('{')) {
      auto& next = node->literals[std::string(segment)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
      continue;
    }
    CHECK(segment.ends_with('}'));
    segment = segment.substr(1, segment.size() - 2);
    const bool is_rest = segment.ends_with("...");
    if (is_rest) {
      CHECK(left.empty());
      segment.remove_suffix(3);
    }
    CHECK(!segment.empty());
    parameters.emplace_back(segment);
    auto& next = is_rest ? node->rest : node->parameter;
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  names_.push_back({std::string(method), std::string(pattern)});
  std::pair<Route, std::vector<std::string>> entry{std::move(route), std::move(parameters)};
  const bool is_new = node->methods.emplace(std::string(method), std::move(entry)).second;
  CHECK(is_new);
}

// Depth first, most specific branch first; what other methods the path knows is noted on the way.
const RouteTable::Node* RouteTable::search(const Node& node, std::span<const std::string> segments, Search& state) {
  const auto serves = [&](const Node& end) {
    for (const auto& [name, route] : end.methods) state.allowed.insert(name);
    return end.methods.contains(state.method);
  };
  if (segments.empty()) return serves(node) ? &node : nullptr;
  const std::string& first = segments.front();
  if (const auto literal = node.literals.find(first); literal != node.literals.end()) {
    if (const Node* found = search(*literal->second, segments.subspan(1), state)) return found;
  }
  if (node.parameter && !first.empty()) {
    state.values.push_back(first);
    if (const Node* found = search(*node.parameter, segments.subspan(1), state)) return found;
    state.values.pop_back();
  }
  if (node.rest && serves(*node.rest)) {
    std::string joined = first;
    for (const std::string& segment : segments.subspan(1)) joined.append("/").append(segment);
    state.values.push_back(std::move(joined));
    return node.rest.get();
  }
  return nullptr;
}

RouteMatch RouteTable::find(std::string_view method, std::span<const std::string> segments) const {
  Search state{method, {}, {}};
  const Node* node = search(root_, segments, state);
  if (node == nullptr && method == "HEAD") {
    state.method = "GET";
    state.values.clear();
    node = search(root_, segments, state);
  }
  RouteMatch match;
  if (node == nullptr) {
    match.allowed = std::move(state.allowed);
    if (match.allowed.contains("GET")) match.allowed.insert("HEAD");
    return match;
  }
  const auto& [route, parameters] = node->methods.find(state.method)->second;
  match.route = &route;
  for (std::size_t i = 0; i < parameters.size(); ++i) match.params.emplace(parameters[i], std::move(state.values[i]));
  return match;
}

}  // namespace lapel::http
