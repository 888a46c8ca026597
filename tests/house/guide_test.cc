#include "house/guide.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "house/reply.h"

namespace cria::house {
namespace {

House small_house() {
  House house;
  house.services = {{"light.turn_on", {"brightness"}}, {"light.turn_off", {}}, {"fan.turn_on", {}}};
  house.devices = {{"light.hue_3", "Desk Lamp", "off", {}},
                   {"light.hue_31", "Lamp", "on", {}},
                   {"fan.k7", "Fan", "off", {}},
                   {"sensor.t", "Thermometer", "21C", {}}};
  return house;
}

using Texts = std::vector<std::string>;

constexpr std::string_view kLight =
    "\n{\"service\": \"light.turn_on\", \"target_device\": \"light.";

Texts texts_of(const std::vector<Continuation>& continuations) {
  Texts texts;
  for (const Continuation& one : continuations) texts.push_back(one.text);
  return texts;
}

Texts after(std::string_view reply) {
  const Continuations next = guide(small_house(), reply);
  if (!next) return {"anything"};
  Texts texts = texts_of(*next);
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::string in_block(std::string_view words, std::string_view block) {
  return std::string(words) + "\n```homeassistant" + std::string(block);
}

TEST(Guide, OtherSentencesAreFree) {
  for (const char* reply :
       {"", "Turning on", "I can't find the", "Hello, I look after the", "Turning off all the",
        "None of the", "Skipping to the", "The Fan is at 0%, setting the",
        "Turning on the Desk Lamp.\n```home"}) {
    EXPECT_EQ(after(reply), Texts{"anything"}) << reply;
  }
}

TEST(Guide, NamesAreThoseOfDevices) {
  EXPECT_EQ(after("The"), (Texts{" Desk Lamp", " Fan", " Lamp", " Thermometer"}));
  EXPECT_EQ(after("Turning off the D"), Texts{"esk Lamp"});
  EXPECT_EQ(after("I can't do that with the T"), Texts{"hermometer"});
  const Texts on = after("Turning on the");
  EXPECT_EQ(std::count(on.begin(), on.end(), " Fan"), 1);
  EXPECT_EQ(std::count(on.begin(), on.end(), " desk lights"), 1);
  const Texts off = after("Turning off the");
  EXPECT_EQ(std::count(off.begin(), off.end(), " Thermometer"), 0);
  EXPECT_EQ(after("Turning on the Desk Lamp and the"), (Texts{" Fan", " Lamp"}));
  EXPECT_EQ(after("Which one do you mean: the Lamp or the"),
            (Texts{" Desk Lamp", " Fan", " Thermometer"}));
  EXPECT_EQ(after("Turning on the Lamp"), (Texts{" ", ",", ".", ";", "?"}));
  EXPECT_EQ(after("Turning on the Lamp."), Texts{"anything"});
}

TEST(Guide, StatesAreToldAsTheyAre) {
  House house = small_house();
  house.devices[1].state = "on;80%;red";
  const auto next = [&](std::string_view reply) {
    const Continuations found = guide(house, reply);
    return found ? texts_of(*found) : Texts{"anything"};
  };
  EXPECT_EQ(next("The Lamp is"), (Texts{" on at 80% in red", " at 80%"}));
  EXPECT_EQ(next("The Lamp is on at 8"), Texts{"0% in red"});
  EXPECT_EQ(next("The Lamp is at 80%"), (Texts{" ", ".", ",", ";"}));
  EXPECT_EQ(next("The Lamp is at 80%, setting it to"), Texts{"anything"});
  EXPECT_EQ(next("The Desk Lamp is"), (Texts{" off", " at 0%"}));
  EXPECT_EQ(next("The Thermometer is"), Texts{" at 21C"});
  EXPECT_EQ(next("The Lamp is off"), Texts{"anything"});  // too late
}

TEST(Guide, StatesOfEveryKind) {
  const struct {
    const char *id, *state, *told, *value;
  } cases[] = {
      {"light.a", "on", "on", "at 100%"},
      {"fan.a", "on;60%", "on at 60%", "at 60%"},
      {"climate.a", "heat;21.5C", "set to heat at 21.5C", "at 21.5C"},
      {"climate.a", "off", "off", "at 0%"},
      {"cover.a", "closed", "closed", "at 0%"},
      {"cover.a", "open;40%", "open at 40%", "at 40%"},
      {"media_player.a", "playing;30%", "playing at 30%", "at 30%"},
      {"media_player.a", "idle", "idle", "at"},
      {"timer.a", "active;00:05:00", "active with 00:05:00 left", nullptr},
      {"lock.a", "locked", "locked", nullptr},
      {"binary_sensor.a", "motion", "seeing motion", nullptr},
  };
  for (const auto& c : cases) {
    const House house = {.services = {}, .devices = {{c.id, "It", c.state, {}}}, .origin = ""};
    Texts expected = {std::string(" ") + c.told};
    if (c.value != nullptr) expected.push_back(std::string(" ") + c.value);
    const Continuations found = guide(house, "The It is");
    ASSERT_TRUE(found) << c.id;
    EXPECT_EQ(texts_of(*found), expected) << c.id << " " << c.state;
  }
}

TEST(Guide, CallsAreOfTheDevicesThatTheWordsName) {
  EXPECT_EQ(after(in_block("Turning on the DESK lamp.", kLight)), Texts{"hue_3\""});
  EXPECT_EQ(after(in_block("Turning on the Lamp.", kLight)), Texts{"hue_31\""});
  EXPECT_EQ(after(in_block("The Lamp is at 30%, setting it to 50%.", "")),
            Texts{std::string(kLight) + "hue_31\""});
  EXPECT_EQ(after(in_block("Turning on the Fan.", "")),
            Texts{"\n{\"service\": \"fan.turn_on\", \"target_device\": \"fan.k7\""});
}

TEST(Guide, CallsAreOfTheServiceThatTheWordsSay) {
  EXPECT_EQ(after(in_block("Turning off the Lamp.", "\n{\"service\": \"light.")),
            Texts{"turn_off\", \"target_device\": \"light.hue_31\""});
  // This house's fan cannot be turned off: nothing else is done with it.
  EXPECT_EQ(after(in_block("Turning off the Fan.", "")), Texts{"\n```"});
}

TEST(Guide, WhatTheHouseCannotDoIsNotCalledForAndIsToldAfterwards) {
  EXPECT_EQ(after("Turning off the Fan."), Texts{""});
  EXPECT_EQ(after("Turning on the Fan."), Texts{"anything"});
  EXPECT_EQ(after("Turning off the Fan. Turning off the Lamp."), Texts{"anything"});
  House house = small_house();
  const Outcome outcome = obey(house, split_reply("Turning off the Fan."));
  EXPECT_EQ(outcome.refused, Texts{"Fan: this house has no service for \"Turning off\""});
}

TEST(Guide, GroupsAreCalledInFull) {
  EXPECT_EQ(after(in_block("Turning on all the lights.", kLight)), (Texts{"hue_3\"", "hue_31\""}));
  EXPECT_EQ(after(in_block("Turning on the desk lights.", kLight)), Texts{"hue_3\""});
  EXPECT_EQ(after(in_block("Turning on all the lights.", std::string(kLight) + "hue_3\"}")),
            Texts{std::string(kLight) + "hue_31\""});
}

TEST(Guide, WithoutNamesAnythingThatTheHouseHasOnce) {
  EXPECT_EQ(after(in_block("Here you go.", "")).size(), 5u);
  const Texts next = after(in_block("Here you go.", std::string(kLight) + "hue_3\"}"));
  EXPECT_EQ(next.size(), 5u);
  EXPECT_EQ(next.front(), "\n```");
  EXPECT_EQ(std::count(next.begin(), next.end(), std::string(kLight) + "hue_3\""), 0);
}

TEST(Guide, AfterAnIdIsFreeAgain) {
  EXPECT_EQ(after(in_block("The Lamp.", std::string(kLight) + "hue_31\"")), Texts{"anything"});
  EXPECT_EQ(after(in_block("The Lamp.", std::string(kLight) + "hue_31\", \"brightness\": 4")),
            Texts{"anything"});
}

TEST(Guide, EveryPromiseIsKeptBeforeTheBlockEnds) {
  const std::string first = std::string(kLight) + "hue_31\"}";
  EXPECT_EQ(after(in_block("Turning on the Lamp and the Fan.", first)),
            Texts{"\n{\"service\": \"fan.turn_on\", \"target_device\": \"fan.k7\""});
  EXPECT_EQ(after(in_block("Turning on the Lamp.", first)), Texts{"\n```"});
  EXPECT_EQ(after(in_block("Turning on the Lamp. Turning off the Desk Lamp.", first)),
            Texts{"\n{\"service\": \"light.turn_off\", \"target_device\": \"light.hue_3\""});
}

TEST(Guide, WhatIsNoCallOfTheHouseIsLeftAlone) {
  EXPECT_EQ(after(in_block("Hm.", "\n{\"service\": \"lock.unlock\", ")), Texts{"anything"});
  EXPECT_EQ(after(in_block("Hm.", "\n```")), Texts{"anything"});
  EXPECT_FALSE(guide({}, in_block("Hm.", "")));
  EXPECT_FALSE(guide({}, "The"));
}

}  // namespace
}  // namespace cria::house
