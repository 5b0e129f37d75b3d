/** The planner's page. */
import { render } from "preact";
import { createMap } from "./map/create";
import { language, speaker } from "./i18n";
import { en } from "./i18n/en-planner";
import { zh } from "./i18n/zh-planner";
import "./planner.css";

const say = speaker(zh, en, language);

const place = document.getElementById("app");
if (place) {
  render(<><div id="map" /><h1 class="name">{say("title")}</h1></>, place);
  createMap("map", "/api/style.json");
}
