#include "house/relative.h"

#include <gtest/gtest.h>

namespace cria::house {
namespace {

TEST(Relative, Directions) {
  const struct {
    const char* said;
    const char* domain;
    int direction;
  } cases[] = {
      {"make it brighter", "light", 1},
      {"dim the lamp", "light", -1},
      {"turn the lamp down", "light", -1},
      {"it's too dark in here", "light", 1},
      {"it's way too bright", "light", -1},
      {"the lamp isn't bright enough", "light", 1},
      {"why is it so bright", "light", -1},
      {"it's a bit dim", "light", 1},
      {"less light please", "light", -1},
      {"more light please", "light", 1},
      {"I can't see a thing", "light", 1},
      {"I'm cold", "climate", 1},
      {"I'm freezing", "climate", 1},
      {"it's hot in here", "climate", -1},
      {"a bit warmer", "climate", 1},
      {"less warm", "climate", -1},
      {"more cool", "climate", -1},
      {"it isn't warm enough", "climate", 1},
      {"three degrees cooler", "climate", -1},
      {"not so loud", "media_player", -1},
      {"it doesn't have to be that loud", "media_player", -1},
      {"I can't hear the tv", "media_player", 1},
      {"too quiet", "media_player", 1},
      {"open the blinds more", "cover", 1},
      {"close the blinds more", "cover", -1},
      {"the blinds are too far open", "cover", -1},
      {"the blinds are open too far", "cover", -1},
      {"less open", "cover", -1},
      {"slow down", "fan", -1},
      {"what is it set to", "light", 0},
      {"raise it and lower it", "light", 0},
      {"open the window, I'm cold", "light", 0},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(direction_in(c.said, c.domain), c.direction) << c.said << " of a " << c.domain;
  }
}

TEST(Relative, Steps) {
  EXPECT_EQ(step_in("a bit warmer"), Step::small);
  EXPECT_EQ(step_in("slightly"), Step::small);
  EXPECT_EQ(step_in("just a little"), Step::small);
  EXPECT_EQ(step_in("a lot brighter"), Step::big);
  EXPECT_EQ(step_in("much less light"), Step::big);
  EXPECT_EQ(step_in("turn it way down"), Step::big);
  EXPECT_EQ(step_in("it's far too cold"), Step::big);
  for (const char* none :
       {"brighter", "thanks a lot", "thank you very much, brighter", "too much light",
        "all the way up", "is there any way to dim it", "open far enough", "the little lamp"}) {
    EXPECT_EQ(step_in(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace cria::house
