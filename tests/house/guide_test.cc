#include "house/guide.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "house/reply.h"
#include "house/spoken.h"

namespace cria::house {
namespace {

House lamps_and_fan() {
  House house;
  house.services = {{"light.turn_on", {"brightness"}}, {"light.turn_off", {}}, {"fan.turn_on", {}}};
  house.devices = {{"light.hue_3", "Desk Lamp", "off", {}},
                   {"light.hue_31", "Lamp", "on", {}},
                   {"fan.k7", "Fan", "off", {}},
                   {"sensor.t", "Thermometer", "21C", {}}};
  return house;
}

using Texts = std::vector<std::string>;

// What is asked first.
Asked first(std::string_view text) {
  return {.all = std::string(text) + "\n", .last = std::string(text)};
}

constexpr std::string_view kLight =
    "\n{\"service\": \"light.turn_on\", \"target_device\": \"light.";

std::string call_of(const std::string& service, const std::string& id) {
  return "\n{\"service\": \"" + service + "\", \"target_device\": \"" + id + "\"}";
}

Texts texts_of(const std::vector<Continuation>& continuations) {
  Texts texts;
  for (const Continuation& one : continuations) texts.push_back(one.text);
  return texts;
}

Texts follows(std::string_view reply, std::string_view asked = "") {
  const Continuations next = guide(lamps_and_fan(), first(asked), reply);
  if (!next) return {"anything"};
  Texts texts = texts_of(*next);
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::string block_of(std::string_view words, std::string_view block) {
  return std::string(words) + "\n```homeassistant" + std::string(block);
}

TEST(Guide, OtherSentencesAreFree) {
  for (const char* reply :
       {"Hello, I look after the", "Turning off all the", "Skipping to the",
        "The Fan is at 0%, setting the", "Turning on the Desk Lamp.\n```home"}) {
    EXPECT_EQ(follows(reply), Texts{"anything"}) << reply;
  }
}

TEST(Guide, NamesAreThoseOfDevices) {
  EXPECT_EQ(follows("The"), (Texts{" Desk Lamp", " Fan", " Lamp", " Thermometer"}));
  EXPECT_EQ(follows("Turning off the D"), Texts{"esk Lamp"});
  EXPECT_EQ(follows("I can't do that with the T"), Texts{"hermometer"});
  EXPECT_EQ(follows("Turning on the"), (Texts{" Desk Lamp", " Fan", " Lamp"}));
  EXPECT_EQ(follows("Turning on the", "all at the desk"),
            (Texts{" Desk Lamp", " Fan", " desk lights"}));
  EXPECT_EQ(follows("Toggling the Desk Lamp and the"), (Texts{" Fan", " Lamp"}));
  // "fan" is no name there.
  EXPECT_EQ(follows("One light is on: the"), Texts{" Lamp"});
  EXPECT_EQ(follows("Turning on the Lamp"), (Texts{" and the", ", the", "."}));
  EXPECT_EQ(follows("Setting the Lamp"), (Texts{" and the", " to", ", the"}));
  EXPECT_EQ(follows("The Lamp"), (Texts{" are ", " is "}));
  EXPECT_EQ(follows("Turning on the Lamp."), Texts{"anything"});
}

TEST(Guide, NamesAreThoseThatWereNamed) {
  EXPECT_EQ(follows("The", "is the desk lamp on?"), Texts{" Desk Lamp"});
  EXPECT_EQ(follows("Turning on the", "the desk lamp please"), Texts{" Desk Lamp"});
  // One that was named, and no other after it.
  EXPECT_EQ(follows("Turning on the Desk Lamp", "the desk lamp please"), Texts{"."});
  EXPECT_EQ(follows("Turning on the Desk Lamp", "the desk lamp and the fan"),
            (Texts{" and the", ", the", "."}));
  // What it said before is meant where nothing is named.
  Asked again = {.all = "fan on\ntwice\n", .last = "twice", .answered = "", .is_first = false};
  again.answered = "Turning on the Fan.";
  const Continuations next = guide(lamps_and_fan(), again, "The F");
  ASSERT_TRUE(next);
  EXPECT_EQ(texts_of(*next), Texts{"an"});
}

Texts beginnings(std::string_view asked, House house = lamps_and_fan()) {
  const Continuations next = guide(house, first(asked), "");
  return next ? texts_of(*next) : Texts{"anything"};
}

bool has(const Texts& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

TEST(Guide, RepliesBeginWithWhatCanBeDone) {
  House house = lamps_and_fan();
  house.devices[2].name = "Hall Fan";
  const Texts fan = beginnings("the hall fan please", house);
  EXPECT_TRUE(has(fan, "Turning on the"));
  EXPECT_FALSE(has(fan, "Turning off the"));  // no fan.turn_off
  EXPECT_TRUE(has(fan, "I can't do that:"));
  EXPECT_FALSE(has(fan, "Opening the"));
  EXPECT_TRUE(has(beginnings("hello"), "Hello"));
  EXPECT_FALSE(has(beginnings("the desk lamp is nice"), "Hello"));
  EXPECT_FALSE(has(beginnings("turn off the desk lamp"), "I can't find"));
  EXPECT_TRUE(has(beginnings("turn off the garden"), "I can't find"));
  // Without a value nothing is set to one.
  EXPECT_TRUE(has(beginnings("the desk lamp to 30"), "Setting the"));
  EXPECT_FALSE(has(beginnings("the desk lamp a bit brighter"), "Setting the"));
  EXPECT_EQ(
      follows("I can't do that: f", "the fan to 30"),
      (Texts{"an.set_percentage is not available here.", "an.turn_off is not available here."}));
}

TEST(Guide, TheOppositeOfWhatWasSaidIsNotDone) {
  EXPECT_FALSE(has(beginnings("desk lamp off"), "Turning on the"));
  EXPECT_TRUE(has(beginnings("desk lamp off"), "Turning off the"));
  EXPECT_FALSE(has(beginnings("put the desk lamp on"), "Turning off the"));
  EXPECT_TRUE(has(beginnings("I don't want the desk lamp on"), "Turning off the"));
  EXPECT_TRUE(has(beginnings("desk lamp on and lamp off"), "Turning on the"));
  Asked no = {.all = "fan on\nno thanks\n", .last = "no thanks", .answered = "", .is_first = false};
  no.answered = "Which one do you mean: the Lamp or the Desk Lamp?";
  const Continuations next = guide(lamps_and_fan(), no, "");
  ASSERT_TRUE(next);
  EXPECT_FALSE(has(texts_of(*next), "Turning on the"));
  EXPECT_TRUE(has(texts_of(*next), "All "));
}

TEST(Guide, QuestionsAreAnswered) {
  for (const char* asked :
       {"is the desk lamp on?", "Sorry to ask, is the desk lamp on", "which lamps are on",
        "how bright is the desk lamp", "tell me if the desk lamp is on", "are the lamps off?"}) {
    EXPECT_FALSE(has(beginnings(asked), "Turning on the")) << asked;
    EXPECT_TRUE(has(beginnings(asked), "The")) << asked;
  }
  for (const char* asked :
       {"is there any way you could put the desk lamp on", "what about the desk lamp",
        "the desk lamp on, is that possible", "desk lamp on"}) {
    EXPECT_TRUE(has(beginnings(asked), "Turning on the")) << asked;
  }
  EXPECT_EQ(follows("The Desk Lamp is", "is the desk lamp on?"), Texts{" off"});
  EXPECT_EQ(follows("The Desk Lamp is", "what's the id of the desk lamp?"),
            (Texts{" light.hue_3", " off"}));
}

TEST(Guide, WhereOneOfSeveralIsMeantItAsks) {
  House house = lamps_and_fan();
  house.devices[1].name = "Floor Lamp";
  const Texts lamp = beginnings("turn on the lamp", house);
  EXPECT_FALSE(has(lamp, "Turning on the"));
  EXPECT_FALSE(has(lamp, "The"));
  EXPECT_TRUE(has(lamp, "Which one do you mean:"));
  EXPECT_TRUE(has(beginnings("turn on the lamps", house), "Turning on all the"));
  EXPECT_TRUE(has(beginnings("turn on the floor lamp", house), "Turning on the"));
  const Continuations next = guide(house, first("turn on the lamp"), "Which one do you mean:");
  ASSERT_TRUE(next);
  EXPECT_EQ(texts_of(*next).front(), " the Desk Lamp or the Floor Lamp?");
  // "the second one"
  Asked second = {
      .all = "lamp on\n2\n", .last = "the second one", .answered = "", .is_first = false};
  second.answered = "Which one do you mean: the Desk Lamp or the Floor Lamp?";
  const Continuations names = guide(house, second, "Turning on the");
  ASSERT_TRUE(names);
  EXPECT_EQ(texts_of(*names), Texts{" Floor Lamp"});
}

TEST(Guide, CountsAreRight) {
  House house = lamps_and_fan();
  EXPECT_TRUE(has(beginnings("which lights are on?"), "One light is on: the Lamp"));
  EXPECT_EQ(follows("One", "which lights are on?"), Texts{" light is on: the Lamp"});
  EXPECT_EQ(follows("One light is on: the Lamp"), (Texts{", so no", ", so yes", "."}));
  EXPECT_TRUE(has(beginnings("any fans on?"), "None of the fans is on"));
  EXPECT_FALSE(has(beginnings("any fans on?"), "One light is on: the Lamp"));
  house.devices[0].state = "on";
  EXPECT_TRUE(has(beginnings("which lights are on?", house),
                  "Two lights are on: the Desk Lamp and the Lamp"));
}

TEST(Guide, WhatCannotBeFoundWasSaid) {
  EXPECT_EQ(follows("I can't find the garden s", "is the Garden shed locked?"),
            (Texts{"hed in this house.", "hed locked in this house."}));
  EXPECT_EQ(follows("I can't find the shed in this house.", "the shed"), Texts{""});
}

TEST(Guide, NamesMayHoldArticlesPointsAndEachOther) {
  const House house = {.services = {{"switch.turn_on", {}}},
                       .devices = {{"switch.sink", "Over the Sink", "off", {}},
                                   {"switch.coffee", "Mr. Coffee", "off", {}},
                                   {"switch.other", "Coffee", "off", {}}},
                       .origin = ""};
  const auto next = [&](std::string_view reply) {
    const Continuations found = guide(house, first(""), reply);
    return found ? texts_of(*found) : Texts{"anything"};
  };
  EXPECT_EQ(next("Turning on the Over the"), Texts{" Sink"});
  EXPECT_EQ(next("Turning on the Over the Sink and the M"), Texts{"r. Coffee"});
  EXPECT_EQ(next(block_of("Turning on the Mr. Coffee.", "")),
            Texts{call_of("switch.turn_on", "switch.coffee")});
}

TEST(Guide, OfDevicesOfOneNameTheOneThatCanIsMeant) {
  const House house = {.services = {{"lock.lock", {}}},
                       .devices = {{"binary_sensor.d", "Front Door", "closed", {}},
                                   {"lock.d", "Front Door", "unlocked", {}}},
                       .origin = ""};
  const Continuations calls = guide(house, first(""), block_of("Locking the Front Door.", ""));
  ASSERT_TRUE(calls);
  EXPECT_EQ(texts_of(*calls), Texts{call_of("lock.lock", "lock.d")});
  const Continuations states = guide(house, first(""), "The Front Door is");
  ASSERT_TRUE(states);
  const Texts told = texts_of(*states);
  EXPECT_EQ(std::count(told.begin(), told.end(), " closed"), 1);
  EXPECT_EQ(std::count(told.begin(), told.end(), " unlocked"), 1);
}

TEST(Guide, StatesAreToldAsTheyAre) {
  House house = lamps_and_fan();
  house.devices[1].state = "on;80%;red";
  const auto next = [&](std::string_view reply) {
    const Continuations found = guide(house, first(""), reply);
    return found ? texts_of(*found) : Texts{"anything"};
  };
  EXPECT_EQ(next("The Lamp is"),
            (Texts{" on at 80% in red", " at 80%, setting it to", " at 80%, setting them to"}));
  EXPECT_EQ(next("The Lamp is on at 8"), Texts{"0% in red"});
  EXPECT_EQ(next("The Lamp is at 80%"), (Texts{", setting it to", ", setting them to"}));
  EXPECT_EQ(next("The Desk Lamp is off"), (Texts{".", ", so yes", ", so no", ";"}));
  EXPECT_EQ(next("The Thermometer is"), Texts{" at 21C"});
  EXPECT_EQ(next("The Lamp is off"), Texts{"anything"});  // too late
  EXPECT_EQ(next("The Desk Lamp is off."), Texts{""});    // nothing is done
}

TEST(Guide, StatesOfEveryKind) {
  const struct {
    const char *id, *state, *told, *value;
  } cases[] = {
      {"light.a", "on", "on", "at 100%"},
      {"fan.a", "on;60%", "on at 60%", "at 60%"},
      {"climate.a", "heat;21.5C", "set to heat at 21.5C", "at 21.5C"},
      {"climate.a", "heat", "set to heat", "at"},
      {"climate.a", "off", "off", "at"},
      {"cover.a", "closed", "closed", "at 0%"},
      {"cover.a", "open;40%", "open at 40%", "at 40%"},
      {"media_player.a", "playing;30%", "playing at 30%", "at 30%"},
      {"media_player.a", "idle", "idle", "at"},
      {"timer.a", "active;00:05:00", "active with 00:05:00 left", nullptr},
      {"lock.a", "locked", "locked", nullptr},
      {"binary_sensor.a", "motion", "seeing motion", nullptr},
  };
  for (const auto& c : cases) {
    const House house = {.services = {{"light.turn_on", {}},
                                      {"fan.set_percentage", {}},
                                      {"climate.set_temperature", {}},
                                      {"cover.set_position", {}},
                                      {"media_player.volume_set", {}}},
                         .devices = {{c.id, "It", c.state, {}}},
                         .origin = ""};
    Texts expected = {std::string(" ") + c.told};
    const std::string value = c.value == nullptr ? "" : std::string(" ") + c.value;
    if (value == " at") expected.push_back(value);
    if (value.size() > 3) {
      expected.push_back(value + ", setting it to");
      expected.push_back(value + ", setting them to");
    }
    const Continuations found = guide(house, first(""), "The It is");
    ASSERT_TRUE(found) << c.id;
    EXPECT_EQ(texts_of(*found), expected) << c.id << " " << c.state;
  }
}

TEST(Guide, ValuesAreThoseAskedForOrSteps) {
  EXPECT_EQ(follows("Setting the Fan to", "fan at sixty two percent"), Texts{" 62%"});
  EXPECT_EQ(follows("Setting the Lamp to", "lamp 3 to 40% and blue please"),
            (Texts{" 3%", " 40%", " blue"}));
  EXPECT_EQ(follows("Setting the Lamp to 40% and", "the lamp to 40 and blue"), Texts{" blue"});
  const Texts any = follows("Setting the Fan to", "the fan as fast as it goes");
  EXPECT_EQ(std::count(any.begin(), any.end(), " 100%"), 1);
  EXPECT_EQ(follows("The Fan is at 0%, setting it to", "faster"), Texts{" 20%"});
  EXPECT_EQ(follows("The Fan is at 0%, setting it to", "a bit faster"), Texts{" 10%"});
  EXPECT_EQ(follows("The Fan is at 0%, setting it to", "change it"), (Texts{" 0%", " 20%"}));
  EXPECT_EQ(follows("The Fan is at 0%, setting it to 1", "faster by 15"), Texts{"5%"});
  EXPECT_EQ(follows("Setting the Fan to 62%", "fan at 62"), (Texts{" and", "."}));
  EXPECT_EQ(follows("The Fan is at 0%, setting them", "faster"), Texts{"anything"});
}

TEST(Guide, DegreesAreInTheHousesUnit) {
  House house = {.services = {}, .devices = {{"climate.a", "It", "heat;70F", {}}}, .origin = ""};
  const auto next = [&] {
    const Continuations found = guide(house, first("to 72"), "Setting the It to");
    return found ? texts_of(*found) : Texts{"anything"};
  };
  EXPECT_EQ(next(), Texts{" 72F"});
  house.devices[0].state = "off";  // shows no unit
  house.devices[0].remembered = parse_state("climate", "heat;70F");
  EXPECT_EQ(next(), Texts{" 72F"});
}

TEST(Guide, CallsAreOfTheDevicesThatTheWordsName) {
  EXPECT_EQ(follows(block_of("Turning on the DESK lamp.", kLight)), Texts{"hue_3\"}"});
  EXPECT_EQ(follows(block_of("Turning on the Lamp.", kLight)), Texts{"hue_31\"}"});
  EXPECT_EQ(follows(block_of("Turning on the Fan.", "")), Texts{call_of("fan.turn_on", "fan.k7")});
  // What is only told asks for nothing.
  EXPECT_EQ(follows(block_of("The Lamp is on. Turning on the Fan.", "")),
            Texts{call_of("fan.turn_on", "fan.k7")});
}

TEST(Guide, CallsAreOfTheServiceAndTheValueThatTheWordsSay) {
  EXPECT_EQ(follows(block_of("Turning off the Lamp.", "\n{\"service\": \"light.")),
            Texts{"turn_off\", \"target_device\": \"light.hue_31\"}"});
  EXPECT_EQ(follows(block_of("The Lamp is at 30%, setting it to 50%.", kLight)),
            Texts{"hue_31\", \"brightness\": 50}"});
  EXPECT_EQ(follows(block_of("Setting the Lamp and the Desk Lamp to 50%.", kLight)),
            (Texts{"hue_3\", \"brightness\": 50}", "hue_31\", \"brightness\": 50}"}));
  // This house's fan can neither be turned off nor be set: nothing else is done with it.
  EXPECT_EQ(follows(block_of("Turning off the Fan.", "")), Texts{"\n```"});
  EXPECT_EQ(follows(block_of("Setting the Fan to 60%.", "")), Texts{"\n```"});
  // A value that the service does not take is left to the model.
  EXPECT_EQ(follows(block_of("Setting the Lamp to blue.", kLight)), Texts{"hue_31\""});
}

TEST(Guide, WhatTheHouseCannotDoIsNotCalledForAndIsToldAfterwards) {
  EXPECT_EQ(follows("Turning off the Fan."), Texts{""});
  EXPECT_EQ(follows("Turning on the Fan."), Texts{"anything"});
  EXPECT_EQ(follows("Turning off the Fan. Turning off the Lamp."), Texts{"anything"});
  House house = lamps_and_fan();
  const Outcome outcome = obey(house, split_reply("Turning off the Fan."));
  EXPECT_EQ(outcome.refused, Texts{"Fan: this house has no service for \"Turning off\""});
  EXPECT_EQ(obey(house, split_reply("Toggling it.")).refused, Texts{});
  // Of a kind that there is none of.
  EXPECT_EQ(follows("Opening all the covers."), Texts{""});
  EXPECT_EQ(follows(block_of("Opening all the covers.", "")), Texts{"\n```"});
  EXPECT_EQ(follows(block_of("Turning on the Garage Light.", "")), Texts{"\n```"});
  EXPECT_EQ(obey(house, split_reply("Opening all the covers.")).refused,
            Texts{"\"Opening all the covers.\": this house has no such device"});
}

TEST(Guide, GroupsAreCalledInFull) {
  EXPECT_EQ(follows(block_of("Turning on all the lights.", kLight)),
            (Texts{"hue_3\"}", "hue_31\"}"}));
  EXPECT_EQ(follows(block_of("Turning on the desk lights.", kLight)), Texts{"hue_3\"}"});
  EXPECT_EQ(follows(block_of("Setting all the lights to 20%.",
                             std::string(kLight) + "hue_3\", \"brightness\": 20}")),
            Texts{std::string(kLight) + "hue_31\", \"brightness\": 20}"});
}

TEST(Guide, WithoutNamesAnythingThatTheHouseHasOnce) {
  EXPECT_EQ(follows(block_of("Here you go.", "")).size(), 5u);
  const Texts next = follows(block_of("Here you go.", std::string(kLight) + "hue_3\"}"));
  EXPECT_EQ(next.size(), 5u);
  EXPECT_EQ(next.front(), "\n```");
  EXPECT_EQ(std::count(next.begin(), next.end(), std::string(kLight) + "hue_3\""), 0);
  EXPECT_EQ(follows("```homeassistant").size(), 5u);
}

TEST(Guide, AfterAnIdWithoutAToldValueIsFreeAgain) {
  EXPECT_EQ(follows(block_of("Done.", std::string(kLight) + "hue_31\"")), Texts{"anything"});
  EXPECT_EQ(follows(block_of("Done.", std::string(kLight) + "hue_31\", \"brightness\": 4")),
            Texts{"anything"});
}

TEST(Guide, EveryPromiseIsKeptBeforeTheBlockEnds) {
  const std::string first = std::string(kLight) + "hue_31\"}";
  EXPECT_EQ(follows(block_of("Turning on the Lamp and the Fan.", first)),
            Texts{call_of("fan.turn_on", "fan.k7")});
  EXPECT_EQ(follows(block_of("Turning on the Lamp.", first)), Texts{"\n```"});
  EXPECT_EQ(follows(block_of("Turning on the Lamp. Turning off the Desk Lamp.", first)),
            Texts{call_of("light.turn_off", "light.hue_3")});
}

TEST(Guide, WhatIsNoCallOfTheHouseIsLeftAlone) {
  EXPECT_EQ(follows(block_of("Hm.", "\n{\"service\": \"lock.unlock\", ")), Texts{"anything"});
  EXPECT_EQ(follows(block_of("Hm.", "\n```")), Texts{"anything"});
  EXPECT_FALSE(guide({}, first(""), block_of("Hm.", "")));
  EXPECT_FALSE(guide({}, first(""), "The"));
}

TEST(Spoken, Numbers) {
  using Numbers = std::vector<double>;
  EXPECT_EQ(numbers_in("no number"), Numbers{});
  EXPECT_EQ(numbers_in("62%, 21.5C and 3°"), (Numbers{62, 21.5, 3}));
  EXPECT_EQ(numbers_in("seventy-four, then TWENTY or a hundred"), (Numbers{74, 20, 100}));
  EXPECT_EQ(numbers_in("nineteen and a half degrees"), (Numbers{19, 19.5}));
  EXPECT_EQ(numbers_in("12345678901234567890 one hundred"), Numbers{100});
}

TEST(Spoken, NumberWords) {
  EXPECT_EQ(number_word(0), "zero");
  EXPECT_EQ(number_word(19), "nineteen");
  EXPECT_EQ(number_word(20), "twenty");
  EXPECT_EQ(number_word(99), "ninety nine");
}

TEST(Spoken, Durations) {
  EXPECT_EQ(durations_in("ten minutes"), Texts{"00:10:00"});
  EXPECT_EQ(durations_in("5min"), Texts{"00:05:00"});
  EXPECT_EQ(durations_in("half an hour"), Texts{"00:30:00"});
  EXPECT_EQ(durations_in("a minute and a half"), Texts{"00:01:30"});
  EXPECT_EQ(durations_in("one and a half hours"), Texts{"01:30:00"});
  EXPECT_EQ(durations_in("three quarters of an hour"), Texts{"00:45:00"});
  EXPECT_EQ(durations_in("1 hour and 20 minutes"), Texts{"01:20:00"});
  EXPECT_EQ(durations_in("tea 3 minutes, and the eggs 5 minutes"), (Texts{"00:03:00", "00:05:00"}));
  EXPECT_EQ(durations_in("lamp 3 off"), Texts{});
}

}  // namespace
}  // namespace cria::house
