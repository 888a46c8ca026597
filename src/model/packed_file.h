// A model's packed weights as a file, which is mapped in place of packing them again.
#pragma once

#include <functional>
#include <string>

#include "base/thread_pool.h"
#include "model/model.h"

namespace cria::model {

// Writes the weights of a loaded model, whole or not at all. on_progress (may be empty) gets the
// share done and returns false to cancel. Errors: io_error; invalid_argument where path is the
// model; unsupported where nothing of it is packed; cancelled.
Status save_packed(const Model& model, const std::string& path,
                   const std::function<bool(double)>& on_progress = {});
// What save_packed would write, in bytes; 0: nothing.
uint64_t packed_file_bytes(const Model& model);

// Lets the matrices of a prepared model be those of such a file: every byte of it is checked, at
// the speed of memory, with the pool's threads. On an error the model is as before. Errors:
// not_found, io_error; corrupt; invalid_argument where it is of another model, version, kernel
// table or layout.
Status attach_packed(const std::string& path, ThreadPool& pool, Model& model);

}  // namespace cria::model
