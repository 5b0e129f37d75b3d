/** The planner's words in the language that is chosen now; panels that use them are drawn again when it changes. */
import { signal } from "@preact/signals";
import { type Language, language, speaker } from ".";
import { en } from "./en-planner";
import { zh } from "./zh-planner";

export const lang = signal<Language>(language());
export const say = speaker(zh, en, () => lang.value);
export type Key = keyof typeof zh;
