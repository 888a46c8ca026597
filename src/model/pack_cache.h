// A folder that keeps models' packed weights from one start to the next.
#pragma once

#include <cstdint>
#include <string>

#include "base/thread_pool.h"
#include "model/model.h"

namespace cria::model {

// Files of packed_file.h, named by model, when its files were written, and kernel table. All
// together stay within max_bytes: those that were used longest ago go first. Several processes may
// use one folder.
class PackCache {
 public:
  // folder is made where it is not there.
  PackCache(std::string folder, uint64_t max_bytes)
      : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  // True: the model's weights are those of the folder now. Else there are none, or they are of no
  // use, which a note on the model says.
  bool attach(ThreadPool& pool, Model& model) const;
  // Writes those of a model that was packed; on_progress as for save_packed. Where that is not
  // possible, or would fill the disk (less than kFreeFactor times as much is free), a note on the
  // model says why.
  void keep(Model& model, const std::function<bool(double)>& on_progress) const;

 private:
  static constexpr uint64_t kFreeFactor = 4;

  std::string path_for(const Model& model) const;
  void make_room(uint64_t n_bytes) const;

  std::string folder_;
  uint64_t max_bytes_;
};

}  // namespace cria::model
