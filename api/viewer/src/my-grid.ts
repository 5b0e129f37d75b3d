/** The phone page. */
import { language, speaker } from "./i18n";
import { en } from "./i18n/en-phone";
import { zh } from "./i18n/zh-phone";

const say = speaker(zh, en, language);

const place = document.getElementById("app");
if (place) place.textContent = say("title");
