// SPDX-License-Identifier: Apache-2.0
#include "paper/pdf.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include <cairo-pdf.h>
#include <fmt/format.h>
#include <pango/pangocairo.h>

namespace lapel::paper {
namespace {

// Points: 72 to an inch.
constexpr double kPageWidth = 612, kPageHeight = 792, kMargin = 58, kFoot = 40;
constexpr double kWidth = kPageWidth - 2 * kMargin, kBottom = kPageHeight - kMargin - 14;
constexpr double kWithHeading = 130;  // of what is below it, on the same page
constexpr double kGap = 8, kPad = 3.5, kColumnGap = 12;
constexpr double kBarLine = 20, kBarHeight = 11, kBarsFrom = 132, kBarsUntil = 372;
constexpr double kHairline = 0.4, kRule = 1.2;
constexpr double kQuiet = 0.35;  // of white
constexpr const char *kPlainFont = "Liberation Sans 10", *kSmallFont = "Liberation Sans 8.5",
                     *kSmallBold = "Liberation Sans Bold 8.5", *kTitleFont = "Liberation Sans Bold 20",
                     *kHeadingFont = "Liberation Sans Bold 12.5", *kMarkFont = "Liberation Sans Bold 10";

struct Unref {
  void operator()(PangoFontMap* map) const { g_object_unref(map); }
  void operator()(PangoContext* context) const { g_object_unref(context); }
  void operator()(PangoLayout* layout) const { g_object_unref(layout); }
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(PangoFontDescription* font) const { pango_font_description_free(font); }
};
template <typename T>
using Owned = std::unique_ptr<T, Unref>;

cairo_status_t append(void* out, const unsigned char* bytes, unsigned int count) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

// One run over the document. How many pages there are is known after a first.
class Writer {
 public:
  Writer(const Document& document, PangoContext* context, cairo_t* cairo, int pages)
      : document_(document), context_(context), cairo_(cairo), pages_(pages) {}

  int run() {
    begin_page();
    y_ += 6;
    put(document_.title, kTitleFont, "H1");
    y_ += 3;
    put(head_of(document_), kSmallFont, "P", kQuiet);
    y_ += kGap;
    for (const Block& block : document_.blocks) std::visit([this](const auto& each) { write(each); }, block);
    end_page();
    return page_;
  }

 private:
  Owned<PangoLayout> layout(std::string_view text, const char* font, double width, Align align = Align::kStart) {
    Owned<PangoLayout> out(pango_layout_new(context_));
    const Owned<PangoFontDescription> described(pango_font_description_from_string(font));
    pango_layout_set_font_description(out.get(), described.get());
    pango_layout_set_wrap(out.get(), PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(out.get(), align == Align::kEnd ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
    pango_layout_set_width(out.get(), width < 0 ? -1 : static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_spacing(out.get(), static_cast<int>(1.5 * PANGO_SCALE));
    pango_layout_set_text(out.get(), text.data(), static_cast<int>(text.size()));
    return out;
  }
  static double height_of(PangoLayout* text) {
    int height = 0;
    pango_layout_get_size(text, nullptr, &height);
    return static_cast<double>(height) / PANGO_SCALE;
  }
  static double width_of(PangoLayout* text) {
    int width = 0;
    pango_layout_get_size(text, &width, nullptr);
    return static_cast<double>(width) / PANGO_SCALE;
  }

  // What a reader that speaks is told of the words.
  void show(PangoLayout* text, double x, double y, const char* tag, double gray = 0) {
    cairo_tag_begin(cairo_, tag, nullptr);
    cairo_set_source_rgb(cairo_, gray, gray, gray);
    cairo_move_to(cairo_, x, y);
    pango_cairo_show_layout(cairo_, text);
    cairo_tag_end(cairo_, tag);
  }
  void rule(double y, double thickness, double gray = 0) {
    cairo_set_source_rgb(cairo_, gray, gray, gray);
    cairo_set_line_width(cairo_, thickness);
    cairo_move_to(cairo_, kMargin, y);
    cairo_line_to(cairo_, kPageWidth - kMargin, y);
    cairo_stroke(cairo_);
  }

  void begin_page() {
    ++page_;
    y_ = kMargin;
    if (document_.marks.empty()) return;
    double x = kMargin;
    for (const std::string& mark : document_.marks) {
      const auto words = layout(mark, kMarkFont, -1);
      const double width = width_of(words.get()) + 14, height = height_of(words.get()) + 7;
      cairo_set_source_rgb(cairo_, 0, 0, 0);
      cairo_set_line_width(cairo_, kRule);
      cairo_rectangle(cairo_, x, y_ - 14, width, height);
      cairo_stroke(cairo_);
      show(words.get(), x + 7, y_ - 10.5, "P");
      x += width + kGap;
    }
    y_ += 18;
  }
  void end_page() {
    const double y = kPageHeight - kFoot;
    rule(y - 5, kHairline, 0.6);
    const auto name =
        layout(fmt::format("As of {} · {} · {}", day_text(document_.as_of), document_.agency, document_.title),
               kSmallFont, kWidth - 60);
    pango_layout_set_height(name.get(), 0);  // one line
    pango_layout_set_ellipsize(name.get(), PANGO_ELLIPSIZE_END);
    show(name.get(), kMargin, y, "P", kQuiet);
    const auto number = layout(fmt::format("{} / {}", page_, pages_), kSmallFont, 60, Align::kEnd);
    show(number.get(), kPageWidth - kMargin - 60, y, "P", kQuiet);
    cairo_show_page(cairo_);
  }
  void turn_page() {
    end_page();
    begin_page();
  }
  bool fits(double height) const { return y_ + height <= kBottom; }

  // Words over the whole width, line by line over as many pages as they take.
  void put(std::string_view words, const char* font, const char* tag, double gray = 0) {
    const auto text = layout(words, font, kWidth);
    if (fits(height_of(text.get()))) {
      show(text.get(), kMargin, y_, tag, gray);
      y_ += height_of(text.get());
      return;
    }
    const int lines = pango_layout_get_line_count(text.get());
    cairo_set_source_rgb(cairo_, gray, gray, gray);
    for (int i = 0; i < lines; ++i) {
      PangoLayoutLine* line = pango_layout_get_line_readonly(text.get(), i);
      PangoRectangle extents;
      pango_layout_line_get_extents(line, nullptr, &extents);
      const double height = static_cast<double>(extents.height) / PANGO_SCALE + 1.5;
      if (!fits(height)) turn_page();
      cairo_tag_begin(cairo_, tag, nullptr);
      cairo_set_source_rgb(cairo_, gray, gray, gray);
      cairo_move_to(cairo_, kMargin, y_ - static_cast<double>(extents.y) / PANGO_SCALE);
      pango_cairo_show_layout_line(cairo_, line);
      cairo_tag_end(cairo_, tag);
      y_ += height;
    }
  }

  void write(const Heading& heading) {
    const auto words = layout(heading.words, kHeadingFont, kWidth);
    // With something below it.
    if (!fits(height_of(words.get()) + kWithHeading)) turn_page();
    y_ += 12;
    rule(y_, kRule);
    y_ += 7;
    show(words.get(), kMargin, y_, "H2");
    y_ += height_of(words.get()) + 5;
  }
  void write(const Paragraph& paragraph) {
    const bool is_quiet = paragraph.tone == Tone::kQuiet;
    put(paragraph.words, is_quiet ? kSmallFont : kPlainFont, "P", is_quiet ? kQuiet : 0);
    y_ += kGap;
  }

  // As wide as their words where there is room, and narrower in proportion where there is none; nothing below what its longest
  // word needs, as far as that goes.
  std::vector<double> widths_of(const Table& table) {
    std::vector<double> wanted(table.columns.size(), 0), least(table.columns.size(), 0);
    const auto look = [&](std::size_t i, std::string_view text, const char* font) {
      wanted[i] = std::max(wanted[i], width_of(layout(text, font, -1).get()) + 1);
      if (table.columns[i].align == Align::kEnd) {
        least[i] = std::max(least[i], wanted[i]);
        return;
      }
      for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find(' ', from), text.size());
        const auto word = layout(text.substr(from, end - from), font, -1);
        least[i] = std::max(least[i], std::min(width_of(word.get()) + 1, kWidth / 4));
        from = end + 1;
      }
    };
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      look(i, table.columns[i].title, kSmallBold);
      for (const auto& row : table.rows) look(i, row[i], kSmallFont);
    }
    const double room = kWidth - kColumnGap * static_cast<double>(table.columns.size() - 1);
    double all = 0, all_least = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      all += wanted[i];
      all_least += least[i];
    }
    std::vector<double> out = wanted;
    if (all > room) {
      const double spare = room - all_least, asked = all - all_least;
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = spare > 0 && asked > 0 ? least[i] + (wanted[i] - least[i]) * spare / asked
                                        : room * least[i] / std::max(all_least, 1.0);
      }
    } else if (!out.empty()) {
      // What is over goes to the first column, so that numbers stand at the right edge.
      const bool ends_in_numbers = table.columns.back().align == Align::kEnd;
      if (ends_in_numbers) out.front() += room - all;
    }
    return out;
  }

  using Cells = std::vector<Owned<PangoLayout>>;
  Cells cells_of(const Table& table, const std::vector<std::string>& words, const std::vector<double>& widths,
                 const char* font) {
    Cells out;
    for (std::size_t i = 0; i < words.size(); ++i) {
      out.push_back(layout(words[i], font, widths[i], table.columns[i].align));
    }
    return out;
  }
  static double height_of(const Cells& cells) {
    double out = 0;
    for (const auto& cell : cells) out = std::max(out, height_of(cell.get()));
    return out + 2 * kPad;
  }
  void show(const Cells& cells, const std::vector<double>& widths, const char* tag) {
    double x = kMargin;
    cairo_tag_begin(cairo_, "TR", nullptr);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      show(cells[i].get(), x, y_ + kPad, tag);
      x += widths[i] + kColumnGap;
    }
    cairo_tag_end(cairo_, "TR");
    y_ += height_of(cells);
  }
  void show_heads(const Table& table, const std::vector<double>& widths) {
    std::vector<std::string> titles;
    for (const Column& column : table.columns) titles.push_back(column.title);
    show(cells_of(table, titles, widths, kSmallBold), widths, "TH");
    rule(y_, 0.8);
  }

  void write(const Table& table) {
    const auto caption = layout(table.caption, kSmallFont, kWidth);
    if (!fits(height_of(caption.get()) + 60)) turn_page();
    show(caption.get(), kMargin, y_, "P", kQuiet);
    y_ += height_of(caption.get()) + 2;
    const std::vector<double> widths = widths_of(table);
    cairo_tag_begin(cairo_, "Table", nullptr);
    show_heads(table, widths);
    for (const auto& row : table.rows) {
      const Cells cells = cells_of(table, row, widths, kSmallFont);
      if (!fits(height_of(cells))) {
        cairo_tag_end(cairo_, "Table");
        turn_page();
        cairo_tag_begin(cairo_, "Table", nullptr);
        show_heads(table, widths);
      }
      show(cells, widths, "TD");
      rule(y_, kHairline, 0.6);
    }
    cairo_tag_end(cairo_, "Table");
    y_ += kGap + 4;
  }

  void fill(Fill kind, double x, double y, double width, double height) {
    cairo_save(cairo_);
    cairo_rectangle(cairo_, x, y, width, height);
    cairo_set_line_width(cairo_, 0.7);
    const double gray = kind == Fill::kSolid ? 0.25 : 1;
    cairo_set_source_rgb(cairo_, gray, gray, gray);
    cairo_fill_preserve(cairo_);
    if (kind == Fill::kHatched) {
      cairo_save(cairo_);
      cairo_clip_preserve(cairo_);
      cairo_path_t* outline = cairo_copy_path(cairo_);
      cairo_new_path(cairo_);
      cairo_set_source_rgb(cairo_, 0.25, 0.25, 0.25);
      for (double at = x - height; at < x + width; at += 4) {
        cairo_move_to(cairo_, at, y + height);
        cairo_line_to(cairo_, at + height, y);
      }
      cairo_stroke(cairo_);
      cairo_restore(cairo_);
      cairo_new_path(cairo_);
      cairo_append_path(cairo_, outline);
      cairo_path_destroy(outline);
    }
    cairo_set_source_rgb(cairo_, 0.25, 0.25, 0.25);
    cairo_stroke(cairo_);
    cairo_restore(cairo_);
  }

  void write(const Bars& bars) {
    std::int64_t most = 1;
    for (const Bar& bar : bars.bars) {
      std::int64_t all = 0;
      for (const Part& part : bar.parts) all += part.value;
      most = std::max(most, all);
    }
    const auto caption = layout(bars.caption, kSmallBold, kWidth);
    const double all =
        height_of(caption.get()) + kBarLine * static_cast<double>(std::min<std::size_t>(bars.bars.size(), 3));
    if (!fits(all + kBarLine)) turn_page();
    show(caption.get(), kMargin, y_, "P");
    y_ += height_of(caption.get()) + 4;
    for (const Bar& bar : bars.bars) {
      if (!fits(kBarLine)) turn_page();
      const auto label = layout(bar.label, kSmallFont, kBarsFrom - kGap);
      pango_layout_set_height(label.get(), 0);  // one line: the table has it whole
      pango_layout_set_ellipsize(label.get(), PANGO_ELLIPSIZE_END);
      show(label.get(), kMargin, y_ + 4, "P");
      double x = kMargin + kBarsFrom;
      for (const Part& part : bar.parts) {
        const double width = (kBarsUntil - kBarsFrom) * static_cast<double>(part.value) / static_cast<double>(most);
        if (part.value > 0) fill(part.fill, x, y_ + 4, width, kBarHeight);
        x += width;
      }
      show(layout(bar.shown, kSmallFont, -1).get(), x + 6, y_ + 4, "P");
      y_ += kBarLine;
    }
    if (!bars.legend.empty()) {
      if (!fits(kBarLine)) turn_page();
      double x = kMargin + kBarsFrom;
      for (const auto& [kind, words] : bars.legend) {
        fill(kind, x, y_ + 5, 9, 9);
        const auto text = layout(words, kSmallFont, -1);
        show(text.get(), x + 14, y_ + 4, "P");
        x += width_of(text.get()) + 30;
      }
      y_ += kBarLine;
    }
    y_ += 5;
    write(bars.twin);
  }

  const Document& document_;
  PangoContext* const context_;
  cairo_t* const cairo_;
  const int pages_;
  int page_ = 0;
  double y_ = 0;
};

struct Drawn {
  std::string bytes;
  int pages = 0;
};

Result<Drawn> draw(const Document& document, PangoFontMap* fonts, int pages) {
  Drawn out;
  const Owned<cairo_surface_t> surface(
      cairo_pdf_surface_create_for_stream(append, &out.bytes, kPageWidth, kPageHeight));
  // Not the moment at which somebody asked.
  const std::string made = day_text(document.made_on) + "T00:00:00Z";
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE, document.title.c_str());
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_AUTHOR, document.agency.c_str());
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, made.c_str());
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_MOD_DATE, made.c_str());
  {
    const Owned<cairo_t> cairo(cairo_create(surface.get()));
    const Owned<PangoContext> context(pango_font_map_create_context(fonts));
    pango_cairo_update_context(cairo.get(), context.get());
    out.pages = Writer(document, context.get(), cairo.get(), pages).run();
    if (const cairo_status_t status = cairo_status(cairo.get()); status != CAIRO_STATUS_SUCCESS) {
      return fail(Code::kInternal, "The PDF cannot be drawn", cairo_status_to_string(status));
    }
  }
  cairo_surface_finish(surface.get());
  if (const cairo_status_t status = cairo_surface_status(surface.get()); status != CAIRO_STATUS_SUCCESS) {
    return fail(Code::kInternal, "The PDF cannot be written", cairo_status_to_string(status));
  }
  return out;
}

}  // namespace

Result<std::string> to_pdf(const Document& document) {
  const Owned<PangoFontMap> fonts(pango_cairo_font_map_new());
  PangoFontFamily** families = nullptr;
  int count = 0;
  pango_font_map_list_families(fonts.get(), &families, &count);
  g_free(families);
  if (count == 0) return fail(Code::kUnavailable, "There is no font on this machine: install fonts-liberation");
  const Drawn first = TRY(draw(document, fonts.get(), 1));
  Drawn second = TRY(draw(document, fonts.get(), first.pages));
  return std::move(second.bytes);
}

}  // namespace lapel::paper
