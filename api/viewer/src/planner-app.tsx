/** The planner's page with its map. */
import { render } from "preact";
import { token } from "./api";
import { listen } from "./keys";
import { desk, loading, openDraft, showPlan, theMap } from "./page";
import { App } from "./ui/App";

const draft = new URLSearchParams(location.search).get("draft");
loading.value = Boolean(draft && token());
const place = document.getElementById("app");
if (place) render(<App />, place);
listen();
void (draft && token() ? openDraft(draft) : showPlan());

Object.assign(window, { gisGrid: { desk: () => desk.value, map: theMap } });
