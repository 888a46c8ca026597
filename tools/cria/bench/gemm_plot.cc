// Efficiency over M as SVG: one frame for each type, shape, temperature and number of threads.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

#include "bench/gemm_report.h"

namespace cria::cli {
namespace {

constexpr int kFrameWidth = 420, kFrameHeight = 260, kLeft = 48, kTop = 34, kRight = 14,
              kBottom = 40;
constexpr const char* kColors[] = {"#0b6e4f", "#c44900", "#3d5a98", "#8f3985", "#6b6b6b"};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

struct Frame {
  std::string title;
  std::map<std::string, std::vector<std::pair<double, double>>> lines;  // library -> (M, % of peak)
};

std::vector<Frame> frames_of(const std::vector<GemmResult>& results) {
  std::map<std::tuple<int, int64_t, int64_t, bool, int>, Frame> frames;
  for (const GemmResult& r : results) {
    const GemmCase& c = r.which;
    Frame& frame = frames[{static_cast<int>(c.type), c.n, c.k, r.cold, c.n_threads}];
    frame.title = std::string(element_type_name(c.type)) + "  N " + std::to_string(c.n) + "  K " +
                  std::to_string(c.k) + (r.cold ? "  cold" : "  warm") + "  threads " +
                  std::to_string(c.n_threads);
    frame.lines[r.library].emplace_back(static_cast<double>(c.m),
                                        100 * r.gops / peak_of(r.limits, c.type));
  }
  std::vector<Frame> out;
  out.reserve(frames.size());
  for (auto& [key, frame] : frames) out.push_back(std::move(frame));
  return out;
}

std::string text(double x, double y, const std::string& words, const char* anchor, int size) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor +
         "\" font-size=\"" + std::to_string(size) + "\">" + words + "</text>\n";
}

class FrameDrawing {
 public:
  FrameDrawing(const Frame& frame, double y) : frame_(frame), y_(y) {
    for (const auto& [library, points] : frame.lines) {
      for (const auto& [m, share] : points) {
        least_ = std::min(least_, m);
        most_ = std::max(most_, m);
        top_ = std::max(top_, std::ceil(share / 20) * 20);
      }
    }
  }

  std::string draw() {
    std::string svg = text(kLeft, y_ + 20, frame_.title, "start", 13);
    for (double share = 0; share <= top_; share += top_ / 5) {
      svg += "<line x1=\"" + number(kLeft) + "\" x2=\"" + number(kFrameWidth - kRight) +
             "\" y1=\"" + number(at_y(share)) + "\" y2=\"" + number(at_y(share)) +
             "\" stroke=\"#ddd\"/>\n";
      svg += text(kLeft - 6, at_y(share) + 4, std::to_string(std::lround(share)) + " %", "end", 10);
    }
    std::set<double> ms;
    for (const auto& [library, points] : frame_.lines) {
      for (const auto& [m, share] : points) ms.insert(m);
    }
    for (const double m : ms) {
      svg += text(at_x(m), y_ + kFrameHeight - kBottom + 16, std::to_string(std::lround(m)),
                  "middle", 10);
    }
    svg += text(kFrameWidth / 2.0, y_ + kFrameHeight - 6,
                "M (rows of A); share of the measured peak", "middle", 10);
    int i_line = 0;
    for (const auto& [library, points] : frame_.lines) svg += line(library, points, i_line++);
    return svg;
  }

 private:
  double at_x(double m) const {
    const double span = std::max(1e-9, std::log2(most_ / least_));
    return kLeft + 10 + std::log2(m / least_) / span * (kFrameWidth - kLeft - kRight - 20);
  }
  double at_y(double share) const {
    return y_ + kFrameHeight - kBottom - share / top_ * (kFrameHeight - kTop - kBottom);
  }

  std::string line(const std::string& library, std::vector<std::pair<double, double>> points,
                   int i) {
    std::sort(points.begin(), points.end());
    const std::string color = kColors[i % static_cast<int>(std::size(kColors))];
    std::string path, dots;
    for (const auto& [m, share] : points) {
      path += (path.empty() ? "M" : " L") + number(at_x(m)) + " " + number(at_y(share));
      dots += "<circle cx=\"" + number(at_x(m)) + "\" cy=\"" + number(at_y(share)) +
              "\" r=\"2.5\" fill=\"" + color + "\"/>\n";
    }
    return "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + color +
           "\" stroke-width=\"1.6\"/>\n" + dots + "<g fill=\"" + color + "\">" +
           text(kFrameWidth - kRight - 90, y_ + kTop + 12 + 14 * i, library, "start", 11) +
           "</g>\n";
  }

  const Frame& frame_;
  double y_, least_ = 1e18, most_ = 1, top_ = 20;
};

}  // namespace

std::string svg_of(const std::vector<GemmResult>& results) {
  const std::vector<Frame> frames = frames_of(results);
  const auto height = static_cast<int>(frames.size()) * kFrameHeight;
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(kFrameWidth) +
      "\" height=\"" + std::to_string(height) +
      "\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (size_t i = 0; i < frames.size(); ++i)
    svg += FrameDrawing(frames[i], static_cast<double>(i) * kFrameHeight).draw();
  return svg + "</svg>\n";
}

}  // namespace cria::cli
