// SPDX-License-Identifier: Apache-2.0
// A whole export of foreign bytes: manifest, checkpoint, then what the manifest names, in its order. The files follow each
// other with 0xff in between, which no good one but an original can contain.
#include <map>

#include "base/check.h"
#include "proof/package.h"

namespace {

using namespace lapel::proof;

class ForeignExport final : public ExportFiles {
 public:
  explicit ForeignExport(std::string_view input) {
    const auto take = [&input] {
      const std::size_t end = input.find('\xff');
      const std::string_view file = input.substr(0, end);
      input.remove_prefix(end == input.npos ? input.size() : end + 1);
      return file;
    };
    const auto manifest_text = files_.emplace(kExportManifestPath, take()).first->second;
    files_.emplace(kExportCheckpointPath, take());
    const auto manifest = ExportManifest::parse(manifest_text);
    if (manifest) {
      CHECK(manifest->text() == manifest_text);
      for (const auto& subject : manifest->subjects) {
        for (const std::uint64_t n : subject.rows) files_.emplace(export_receipt_path(subject.id, n), take());
      }
      for (const auto& original : manifest->originals) files_.emplace(export_original_path(original), take());
    }
    if (!input.empty()) files_.emplace("stray", input);
  }

  lapel::Result<std::vector<Item>> list() const override {
    std::vector<Item> items;
    for (const auto& [path, bytes] : files_) items.push_back({path});
    return items;
  }
  lapel::Result<void> read(const std::string& path, const std::function<bool(lapel::ByteView)>& sink) const override {
    const auto file = files_.find(path);
    CHECK(file != files_.end());  // only what was listed is read
    sink(lapel::as_bytes(file->second));
    return {};
  }

 private:
  std::map<std::string, std::string_view, std::less<>> files_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Of test/golden/vectors/exports.json, where the seeds are from.
  static const Trust kTrust{
      VerifierKey::parse("vectors.example/ashfield+73a4f262+AbUz2K2fz73eC0gcGzNN3DxTQS/WFFZOflr9AgNo04LD").value(), {}};
  const auto verdict = verify_export(ForeignExport(lapel::as_text({data, size})), kTrust);
  CHECK(verdict);
  CHECK(!verdict->findings.empty());
  for (const Finding& finding : verdict->findings) CHECK(!finding.text.empty());
  if (verdict->holds()) CHECK(!verdict->rows.empty());
  return 0;
}
