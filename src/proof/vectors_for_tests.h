// SPDX-License-Identifier: Apache-2.0
#pragma once
// Vectors: inputs with their verdict, written to test/golden/vectors/*.json so that other verifiers can be
// run over them.
//
// Owns: the files' format, lapel-vectors/1.
// Promises: LAPEL_WRITE_VECTORS=1 writes a file anew; without it check() compares the file with the table,
// byte for byte,
//   and then verifies what the file holds.
// Fails with: test failures.
// Threads: one.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "crypto/sha256.h"
#include "proof/extension.h"
#include "proof/ledger_for_tests.h"
#include "proof/package.h"
#include "proof/receipt.h"
#include "proof/tree.h"

namespace lapel::proof {

struct Vector {
  std::string name;
  bool accept = false;
  std::string why;
  std::string bytes;                         // of a receipt or a checkpoint
  std::optional<std::string> file;           // with a receipt
  std::map<std::string, std::string> files;  // of an export
  std::map<std::string, std::string> parts;  // of a tile or an extension, by the name of the member
};

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// Why the vector is refused, in the words of this verifier; nullopt: it holds.
inline std::optional<std::string> vector_refusal(const std::string& kind, const Json& vector, const Trust& trust) {
  const auto bytes = [&](const Json& json, std::string_view key) {
    const auto decoded = parse_base64(*json.find_string(key));
    return std::string(as_text(decoded.value()));
  };
  const auto reason_of = [](const auto& result) {
    return result ? std::nullopt : std::optional<std::string>(result.error().reason);
  };
  if (kind == "checkpoint") return reason_of(check_checkpoint(bytes(vector, "checkpoint"), trust.log, trust.witnesses));
  if (kind == "tile")
    return reason_of(
        verify_only_tile(bytes(vector, "path"), bytes(vector, "tile"), bytes(vector, "checkpoint"), trust));
  if (kind == "extension")
    return reason_of(verify_extension(bytes(vector, "checkpoint"), bytes(vector, "proof"), trust));
  if (kind == "export") {
    MemoryFiles files;
    for (const auto& [path, content] : *vector.find("files")->object()) {
      files.files[path] = as_text(parse_base64(*content.string()).value());
    }
    const auto verdict = verify_export(files, trust);
    EXPECT_TRUE(verdict);
    if (!verdict) return "It could not be read";
    const auto first = std::find_if(verdict->findings.begin(), verdict->findings.end(),
                                    [](const Finding& f) { return f.kind == Finding::Kind::kRefused; });
    if (first == verdict->findings.end()) return std::nullopt;
    return first->text;
  }
  const std::string receipt = bytes(vector, "receipt");
  if (!vector.find("file")) return reason_of(verify_receipt(receipt, trust));
  const std::string file = bytes(vector, "file");
  return reason_of(verify_admission(receipt, trust, crypto::sha256(as_bytes(file)), file.size()));
}

// One vector a line, so that a change of one is a change of one line.
inline std::string vectors_text(const std::string& kind, const std::vector<Vector>& vectors) {
  Json::Array witnesses;
  for (const VerifierKey& key : test_witnesses()) witnesses.push_back(key.text());
  std::string out = fmt::format("{{\"format\":\"lapel-vectors/1\",\"key\":{},\"witnesses\":{},\"vectors\":[\n",
                                to_json(test_log_key().text()), to_json(std::move(witnesses)));
  for (const Vector& vector : vectors) {
    Json::Object json{{"name", vector.name}, {"kind", kind}, {"accept", vector.accept}, {"why", vector.why}};
    if (kind == "export") {
      Json::Object files;
      for (const auto& [path, bytes] : vector.files) files[path] = base64(as_bytes(bytes));
      json["files"] = std::move(files);
    } else if (!vector.parts.empty()) {
      for (const auto& [name, bytes] : vector.parts) json[name] = base64(as_bytes(bytes));
    } else {
      json[kind] = base64(as_bytes(vector.bytes));
    }
    if (vector.file) json["file"] = base64(as_bytes(*vector.file));
    out += to_json(std::move(json));
    out += &vector == &vectors.back() ? "\n" : ",\n";
  }
  return out + "]}\n";
}

inline void check_vectors(const std::string& kind, const std::vector<Vector>& vectors) {
  const std::string path = LAPEL_SOURCE_DIR "/test/golden/vectors/" + kind + "s.json";
  const std::string expected = vectors_text(kind, vectors);
  if (std::getenv("LAPEL_WRITE_VECTORS")) std::ofstream(path, std::ios::binary) << expected;
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(text == expected) << path << " is not what this test would write";

  const Json json = parse_json(text, {.bytes_max = 16 << 20}).value();
  Trust trust{VerifierKey::parse(*json.find_string("key")).value(), {}};
  for (const Json& witness : *json.find("witnesses")->array()) {
    trust.witnesses.push_back(VerifierKey::parse(*witness.string()).value());
  }
  std::set<std::string> names;
  for (const Json& vector : *json.find("vectors")->array()) {
    const std::string& name = *vector.find_string("name");
    EXPECT_TRUE(names.insert(name).second) << name;
    const bool accept = *vector.find("accept")->boolean();
    const auto refusal = vector_refusal(kind, vector, trust);
    EXPECT_EQ(!refusal, accept) << kind << ": " << name << ": " << refusal.value_or("accepted");
  }
}

}  // namespace lapel::proof
