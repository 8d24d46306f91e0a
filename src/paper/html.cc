// SPDX-License-Identifier: Apache-2.0
#include "paper/html.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace lapel::paper {
namespace {

// Of a screen in both themes, and of paper.
constexpr std::string_view kStyle = R"css(:root{color-scheme:light dark}
body{font:16px/1.5 "Liberation Sans",Arial,Helvetica,sans-serif;margin:0 auto;max-width:46rem;padding:2rem 1.25rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .35rem}
h2{font-size:1.2rem;line-height:1.3;margin:2.2rem 0 .6rem;padding-top:.7rem;border-top:2px solid}
p{margin:0 0 .75rem;overflow-wrap:anywhere}
.quiet,.head,caption{opacity:.75}
.mark{border:2px solid;display:inline-block;font-weight:700;letter-spacing:.06em;margin:0 .5rem .9rem 0;padding:.15rem .6rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:0 0 1.25rem;width:100%}
caption{caption-side:top;font-size:.9rem;padding:0 0 .35rem;text-align:start}
th,td{border-bottom:1px solid;border-color:color-mix(in srgb,currentColor 25%,transparent);padding:.35rem .75rem .35rem 0}
th,td{overflow-wrap:anywhere;text-align:start;vertical-align:top}
thead th{border-bottom:1.5px solid;font-size:.9rem}
tbody th{font-weight:400}
.end{font-variant-numeric:tabular-nums;overflow-wrap:normal;padding-left:.75rem;text-align:end;white-space:nowrap}
.end:last-child{padding-right:0}
figure{break-inside:avoid;margin:0 0 1.25rem}
figcaption{font-size:.9rem;margin:0 0 .35rem;opacity:.75}
svg{display:block;height:auto;width:100%}
svg text{fill:currentColor;font-size:13px}
@media print{@page{margin:2cm;@bottom-right{content:counter(page) " / " counter(pages);font:9pt sans-serif}}
body{font-size:10.5pt;max-width:none;padding:0}thead{display:table-header-group}tr{break-inside:avoid}h2{break-after:avoid}}
)css";

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += letter;
    }
  }
  return out;
}

constexpr int kWidth = 720, kLine = 30, kBarHeight = 16, kBarsFrom = 190, kBarsUntil = 540;

class Writer {
 public:
  std::string out;

  void write(const Heading& heading) { out += fmt::format("<h2>{}</h2>\n", escaped(heading.words)); }
  void write(const Paragraph& paragraph) {
    out += fmt::format("<p{}>{}</p>\n", paragraph.tone == Tone::kQuiet ? " class=\"quiet\"" : "",
                       escaped(paragraph.words));
  }
  void write(const Table& table) {
    out += fmt::format("<div class=\"wide\"><table><caption>{}</caption><thead><tr>", escaped(table.caption));
    for (const Column& column : table.columns) {
      out += fmt::format("<th scope=\"col\"{}>{}</th>", end_of(column), escaped(column.title));
    }
    out += "</tr></thead><tbody>\n";
    for (const auto& row : table.rows) {
      out += "<tr>";
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const std::string_view tag = i == 0 ? "th" : "td";
        out += fmt::format("<{0}{1}{2}>{3}</{0}>", tag, i == 0 ? " scope=\"row\"" : "", end_of(table.columns[i]),
                           escaped(row[i]));
      }
      out += "</tr>\n";
    }
    out += "</tbody></table></div>\n";
  }
  void write(const Bars& bars) {
    ++charts_;
    const int height = static_cast<int>(bars.bars.size()) * kLine + (bars.legend.empty() ? 0 : kLine);
    out += fmt::format("<figure><figcaption>{}</figcaption>", escaped(bars.caption));
    out += fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, height,
                       escaped(bars.caption + ": the table below says the same"));
    out += fmt::format(
        "<defs><pattern id=\"h{}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\"><path d=\"M0 0V6\" stroke=\"currentColor\" "
        "stroke-width=\"2\"/></pattern></defs>",
        charts_);
    std::int64_t most = 1;
    for (const Bar& bar : bars.bars) most = std::max(most, total(bar));
    int y = 0;
    for (const Bar& bar : bars.bars) {
      out += fmt::format("<text x=\"0\" y=\"{}\">{}</text>", y + 17, escaped(shortened(bar.label)));
      double x = kBarsFrom;
      for (const Part& part : bar.parts) {
        const double width = (kBarsUntil - kBarsFrom) * static_cast<double>(part.value) / static_cast<double>(most);
        if (part.value > 0) {
          out += fmt::format(
              "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" stroke=\"currentColor\" fill=\"{}\"/>", x,
              y + 4, width, kBarHeight, fill(part.fill));
        }
        x += width;
      }
      out += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>", x + 8, y + 17, escaped(bar.shown));
      y += kLine;
    }
    int x = kBarsFrom;
    for (const auto& [kind, words] : bars.legend) {
      out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"14\" stroke=\"currentColor\" fill=\"{}\"/>", x,
                         y + 6, fill(kind));
      out += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>", x + 20, y + 17, escaped(words));
      x += 170;
    }
    out += "</svg></figure>\n";
    write(bars.twin);
  }

 private:
  static std::string_view end_of(const Column& column) { return column.align == Align::kEnd ? " class=\"end\"" : ""; }
  static std::int64_t total(const Bar& bar) {
    std::int64_t out = 0;
    for (const Part& part : bar.parts) out += part.value;
    return out;
  }
  // What does not fit beside a bar is whole in the table.
  static std::string shortened(const std::string& label) {
    constexpr std::size_t kMost = 26;
    return label.size() <= kMost ? label : first_characters(label, kMost - 1) + "…";
  }
  std::string fill(Fill kind) const {
    if (kind == Fill::kSolid) return "currentColor";
    return kind == Fill::kLight ? "none" : fmt::format("url(#h{})", charts_);
  }

  int charts_ = 0;
};

}  // namespace

std::string to_html(const Document& document) {
  Writer writer;
  for (const Block& block : document.blocks) std::visit([&](const auto& each) { writer.write(each); }, block);
  std::string marks;
  for (const std::string& mark : document.marks) marks += fmt::format("<p class=\"mark\">{}</p>\n", escaped(mark));
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
      "{}<h1>{}</h1>\n<p class=\"head\">{}</p>\n{}</body>\n</html>\n",
      base64(crypto::sha256(as_bytes(kStyle))), escaped(document.title), kStyle, marks, escaped(document.title),
      escaped(head_of(document)), writer.out);
}

}  // namespace lapel::paper
