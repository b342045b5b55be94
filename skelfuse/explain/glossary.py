"""What the words on the page of an explanation mean."""

from __future__ import annotations

GLOSSARY = {
    "share": "What this adds to the log probability of the class, on average over the orders in "
    "which joints can be shown. All shares add up to what everything together adds.",
    "±": "The standard error of the share. A joint is named only if its share is at least three "
    "times that.",
    "without it": "The probability of the class when the model does not see this, and sees all "
    "the rest.",
    "held still": "The probability of the class when this stays at its mean place. If little is "
    "lost, its place counts; if as much as without it, its movement.",
    "only these seen": "The probability of the class when the model sees nothing else.",
    "logit": "The model's score of a class, before scores become probabilities. One more makes "
    "the class 2.7 times as likely beside the others.",
    "evidence": "What a joint adds to the logit beyond what it adds in the average training clip.",
    "statistics": "What the joint's statistics of motion add, as they are.",
    "usual": "What the joint adds in the average training clip.",
    "what each joint did by itself": "The evidence of all joints, each from its own movement.",
    "how the joints went together": "What no joint shows by itself, only several together.",
    "the average training clip": "The logit of a clip in which everything is as usual.",
    "change up": "Mean change in the directions that the model has learned, where it goes up.",
    "change down": "Mean change in those directions, where it goes down.",
    "speed": "Mean size of the change from frame to frame, over as many frames as the column says.",
    "change of speed": "Mean size of the change of the change: jerks, turns and stops.",
    "speed up": "Mean of the upward changes alone.",
    "speed down": "Mean of the downward changes alone.",
    "level, above zero": "Mean of the joint's values along the direction, where it is above zero. "
    "They are numbers that the model has made of its course: zero is no place in space.",
    "level, below zero": "Mean of the joint's values along the direction, where it is below zero. "
    "They are numbers that the model has made of its course: zero is no place in space.",
    "trend up": "How much it goes up from the beginning to the end.",
    "trend down": "How much it goes down from the beginning to the end.",
    "dip in the middle": "How much it is lower in the middle than at both ends.",
    "rise in the middle": "How much it is higher in the middle than at both ends.",
    "range": "The distance between its greatest and its least value.",
    "whole course": "Over the whole clip, not from frame to frame.",
    "direction": "One of the directions along which the model has learned to measure motion.",
}
