// Continues a text with a model file, through the C++ API: app MODEL "Once upon a time"
#include <cria/cria.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto complain = [](const cria::Status& status) {
    std::cerr << status.message() << '\n';
    return 1;
  };
  auto model = cria::Model::open(argv[1]);
  if (!model.ok()) return complain(model.status());
  auto session = model->new_session({.n_ctx = 256});
  if (!session.ok()) return complain(session.status());
  const auto done = session->generate(argv[2], {.max_tokens = 32, .sampling = {.temperature = 0}},
                                      [](std::string_view piece) {
                                        std::cout << piece << std::flush;
                                        return cria::Continue::yes;
                                      });
  if (!done.ok()) return complain(done.status());
  std::cout << '\n';
}
