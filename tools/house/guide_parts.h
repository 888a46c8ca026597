// The parts of guide().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/session.h"
#include "house/guide.h"
#include "house/house.h"
#include "house/named.h"
#include "house/sentences.h"

namespace cria::house {

constexpr size_t kMostAskedBack = 6;  // devices

// A "the" of a sentence, but for those inside of names: what stands before it and after it.
struct Article {
  std::string_view before, after;
};

// What may follow the words, with no block yet.
Continuations next_words(const House& house, const Asked& asked, std::string_view words);
// In lower case, without the names of devices, whose words and numbers are none of a wish.
std::string without_names(const House& house, std::string_view asked);
// What a reply may begin with: an action that the house has a service for and a device that may be
// meant, and not several of which one is; counts that are right; refusals with a reason; small talk
// where no device was named for sure.
std::vector<Continuation> beginnings_of(const House& house, const Asked& asked);
// "I can't do that: lock.unlock is not available here.": what is so, of the kinds of devices that
// were named.
constexpr std::string_view kCannotDo = "I can't do that:";
std::vector<std::string> missing_from(const House& house, const Asked& asked);
// "is the fan on?", "which lights are on", "tell me if ...": what is so is asked for, not done.
bool asks_state(std::string_view said);
// "what is the id of ...", "which device is light.x17": whether ids are spoken of.
bool asks_ids(std::string_view said);
// "all", "both", "lights": whether more than one device may be meant.
bool means_many(std::string_view said);
// Whether several devices fit what was said of one, with which the action (null: a sentence that
// tells) could be done.
bool is_in_doubt(const House& house, const Asked& asked, const Named& named, const Action* action);

// After "The": the name, "is", and what is so; where no question was asked, as a wish begins.
std::vector<Continuation> states_after(const House& house, const Asked& asked,
                                       const Device& device);
// "None of the lights is on", "Two lights are on: the Floor Lamp and the Desk Lamp": what is so of
// all of a kind, and of the lights whose names hold what was said.
std::vector<std::string> counts_of(const House& house, std::string_view said);
// What such sentences begin with: "None", "One", "Two" ...
const std::vector<std::string>& count_words();
// "the Floor Lamp, the Desk Lamp or the Fan".
std::string listed(const Devices& devices, std::string_view last_joint);
// "kitchen", "living room", "ceiling light": what stands in the names of lights.
std::vector<std::string> rooms_of(const House& house);

// The values that a sentence may set a device to, in words: "40%", "21C", "blue", "00:05:00".
// device is null for a group of lights. Empty: anything.
std::vector<std::string> values_for(const House& house, const Asked& asked,
                                    std::string_view sentence, const Device* device);
// "Which one do you mean: the Floor Lamp or the Desk Lamp?": all that fit what was said, or all of
// a kind where nothing was named.
constexpr std::string_view kWhich = "Which one do you mean:";
std::vector<Continuation> questions_of(const House& house, const Asked& asked);
// What may follow what stands in the block after its label.
Continuations next_call(const House& house, std::string_view words, std::string_view block);

}  // namespace cria::house
