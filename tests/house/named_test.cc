#include "house/named.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cria::house {
namespace {

using Texts = std::vector<std::string>;

House house_of(const std::vector<std::pair<const char*, const char*>>& ids_and_names) {
  House house;
  for (const auto& [id, name] : ids_and_names) house.devices.push_back({id, name, "off", {}});
  return house;
}

Texts names_of(const Named& named) {
  Texts names;
  for (const Device* device : named.devices) names.push_back(device->name);
  return names;
}

const House& a_house() {
  static const House house = house_of({{"light.a", "Kitchen Ceiling Light"},
                                       {"light.b", "Desk Lamp"},
                                       {"light.c", "Floor Lamp"},
                                       {"fan.a", "Kitchen Fan"},
                                       {"climate.a", "Thermostat"},
                                       {"media_player.a", "Ben's Boombox"}});
  return house;
}

Texts named(std::string_view said) { return names_of(named_in(a_house(), said)); }

TEST(Named, WholeNamesInAnyCaseAndWithASlip) {
  EXPECT_EQ(named("turn on the desk lamp"), Texts{"Desk Lamp"});
  EXPECT_EQ(named("DESK LAMP ON"), Texts{"Desk Lamp"});
  EXPECT_EQ(named("bens boombbox louder"), Texts{"Ben's Boombox"});
  EXPECT_EQ(named("the kithcen fan"), Texts{"Kitchen Fan"});
  EXPECT_EQ(named("desk lamp and the kitchen fan"), (Texts{"Desk Lamp", "Kitchen Fan"}));
  EXPECT_TRUE(named_in(a_house(), "the desk lamp").is_sure);
}

TEST(Named, PartsOfNamesAndOtherWordsForThem) {
  EXPECT_EQ(named("the kitchen light"), Texts{"Kitchen Ceiling Light"});
  EXPECT_EQ(named("the light in the kitchen"), Texts{"Kitchen Ceiling Light"});
  EXPECT_EQ(named("kitchen lamp off"), Texts{"Kitchen Ceiling Light"});
  EXPECT_EQ(named("the boombox"), Texts{"Ben's Boombox"});
  EXPECT_EQ(named("the kitchen"), (Texts{"Kitchen Ceiling Light", "Kitchen Fan"}));
  EXPECT_EQ(named("the heating"), Texts{"Thermostat"});
  EXPECT_TRUE(named_in(a_house(), "the kitchen light").is_sure);
  EXPECT_FALSE(named_in(a_house(), "the kitchen").is_sure);
}

TEST(Named, OneOfSeveral) {
  const Named lamp = named_in(a_house(), "the lamp");
  EXPECT_EQ(names_of(lamp), (Texts{"Desk Lamp", "Floor Lamp"}));
  EXPECT_FALSE(lamp.is_sure);
  ASSERT_EQ(lamp.equals.size(), 1u);
  EXPECT_EQ(lamp.equals[0].size(), 2u);
  EXPECT_TRUE(named_in(a_house(), "the desk lamp").equals.empty());
  // A verb there.
  const House house =
      house_of({{"switch.a", "Hall Switch"}, {"switch.b", "Loft Switch"}, {"fan.a", "Attic Fan"}});
  EXPECT_TRUE(named_in(house, "switch the attic fan on").equals.empty());
  EXPECT_EQ(named_in(house, "the switch").equals.size(), 1u);
}

TEST(Named, NothingIsNamed) {
  EXPECT_EQ(named("it's dark in here"), Texts{});
  EXPECT_EQ(named(""), Texts{});
  EXPECT_EQ(named("good night"), Texts{});  // no slip of "light"
  EXPECT_EQ(names_of(named_in(house_of({{"light.a", "Lounge 3"}}), "by 3 degrees")), Texts{});
}

TEST(Named, OfLongTextsTheEnd) {
  std::string text = "the kitchen fan and ";
  for (int i = 0; i < 20000; ++i) text += "lamp lamp ";
  EXPECT_EQ(named(text), (Texts{"Desk Lamp", "Floor Lamp"}));
  EXPECT_EQ(named(text + "kitchen fan").back(), "Kitchen Fan");
}

TEST(Named, OthersMayBeMeantOfAnotherKindOnly) {
  const Named kitchen = named_in(a_house(), "it's cold in the kitchen");
  EXPECT_TRUE(may_mean(kitchen, a_house().devices[4]));   // the thermostat
  EXPECT_FALSE(may_mean(kitchen, a_house().devices[1]));  // another light
  EXPECT_TRUE(may_mean(kitchen, a_house().devices[0]));
  EXPECT_FALSE(may_mean(named_in(a_house(), "desk lamp"), a_house().devices[4]));
  EXPECT_TRUE(may_mean(Named(), a_house().devices[4]));
}

TEST(Named, AfterAReplyWhatItWasAbout) {
  const auto meant = [](std::string_view last, std::string_view answered) {
    return names_of(meant_in(a_house(), {.all = "",
                                         .last = std::string(last),
                                         .answered = std::string(answered),
                                         .is_first = false}));
  };
  EXPECT_EQ(meant("turn it off again", "Turning on the Kitchen Fan."), Texts{"Kitchen Fan"});
  EXPECT_EQ(meant("and the desk lamp", "Turning on the Kitchen Fan."), Texts{"Desk Lamp"});
  constexpr const char* kWhich = "Which one do you mean: the Desk Lamp or the Floor Lamp?";
  EXPECT_EQ(meant("the first one", kWhich), Texts{"Desk Lamp"});
  EXPECT_EQ(meant("the last", kWhich), Texts{"Floor Lamp"});
  EXPECT_EQ(meant("floor", kWhich), Texts{"Floor Lamp"});
  EXPECT_EQ(meant("both", kWhich), (Texts{"Desk Lamp", "Floor Lamp"}));
}

TEST(Named, Words) {
  EXPECT_TRUE(says_word("Ben's LAMP", "bens"));
  EXPECT_FALSE(says_word("lamps", "lamp"));
  EXPECT_TRUE(says_words("the lamp of the kitchen", "kitchen light"));
  EXPECT_FALSE(says_words("the lamp", "kitchen light"));
}

}  // namespace
}  // namespace cria::house
