// cria inspect: a file's contents as a report, for people or as JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "cria/diagnose.h"
#include "output.h"
#include "printable.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;

// Values come as JSON texts or as plain ones.
Json value_json(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

Json metadata_json(const FileReport& report) {
  Json all = Json::object();
  for (const MetadataReport& entry : report.metadata) {
    all[entry.key] = {
        {"type", entry.type}, {"count", entry.count}, {"value", value_json(entry.value)}};
  }
  return all;
}

Json tensors_json(const FileReport& report) {
  Json all = Json::array();
  for (const TensorReport& tensor : report.tensors) {
    all.push_back({{"name", tensor.name},
                   {"type", tensor.type},
                   {"shape", tensor.shape},
                   {"size_bytes", tensor.size_bytes},
                   {"file_offset", tensor.file_offset}});
  }
  return all;
}

Json report_json(const FileReport& report) {
  Json hyperparameters = Json::object();
  for (const auto& [name, value] : report.hyperparameters) {
    hyperparameters[name] = value_json(value);
  }
  return {{"path", report.path},
          {"format", report.format},
          {"architecture", report.architecture},
          {"size_bytes", report.size_bytes},
          {"n_params", report.n_params},
          {"hyperparameters", std::move(hyperparameters)},
          {"vocabulary", report.vocabulary},
          {"chat_template", report.chat_template},
          {"notes", report.notes},
          {"runnable", report.run_status.ok()},
          {"reason", report.run_status.message()},
          {"metadata", metadata_json(report)},
          {"tensors", tensors_json(report)}};
}

std::string padded(std::string_view text, size_t width) {
  std::string out = printable(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

std::string row(std::string_view name, std::string_view value) {
  return padded(name, 16) + printable(value) + "\n";
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

std::string metadata_text(const FileReport& report) {
  size_t width = 0;
  for (const MetadataReport& entry : report.metadata) width = std::max(width, entry.key.size());
  width = std::min<size_t>(width, 48);
  std::string text = "\nmetadata (" + std::to_string(report.metadata.size()) + ")\n";
  for (const MetadataReport& entry : report.metadata) {
    const std::string count = entry.count == 1 ? "" : " (" + std::to_string(entry.count) + ")";
    text += "  " + padded(entry.key, width) + "  " + padded(entry.type + count, 24) + "  " +
            printable(entry.value) + "\n";
  }
  return text;
}

std::string tensors_text(const FileReport& report) {
  size_t width = 0;
  for (const TensorReport& tensor : report.tensors) width = std::max(width, tensor.name.size());
  width = std::min<size_t>(width, 48);
  std::string text = "\ntensors (" + std::to_string(report.tensors.size()) + ")\n";
  for (const TensorReport& tensor : report.tensors) {
    text += "  " + padded(tensor.name, width) + "  " + padded(tensor.type, 8) + "  " +
            padded(shape_text(tensor.shape), 18) + "  " +
            padded(human_bytes(tensor.size_bytes), 12) + "  at byte " +
            std::to_string(tensor.file_offset) + "\n";
  }
  return text;
}

std::string report_text(const FileReport& report) {
  std::string text = row("file", report.path + " (" + human_bytes(report.size_bytes) + ")");
  text += row("format", report.format);
  text += row("architecture", report.architecture.empty() ? "unknown" : report.architecture);
  text += row("parameters", std::to_string(report.n_params));
  text += row("vocabulary", report.vocabulary);
  text += row("chat template", report.chat_template);
  text += row("runnable", report.run_status.ok() ? "yes" : "no: " + report.run_status.message());
  for (const std::string& note : report.notes) text += row("note", note);
  if (!report.hyperparameters.empty()) text += "\nhyperparameters\n";
  for (const auto& [name, value] : report.hyperparameters) text += "  " + row(name, value);
  return text + metadata_text(report) + tensors_text(report);
}

}  // namespace

int inspect_command(const InspectOptions& options) {
  const Result<FileReport> report = inspect(options.path, options.tokenizer);
  if (!report.ok()) return fail(report.status());
  Output out;
  if (options.json) {
    // Names in a file may be any bytes; the replacement character stands for what JSON cannot hold.
    out.write(report_json(*report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    out.write(report_text(*report));
  }
  return out.exit_code(kExitDone);
}

}  // namespace cria::cli
