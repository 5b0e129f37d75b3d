/** The planner's page. */
import { render } from "preact";
import { token } from "./api";
import { listen } from "./keys";
import { openDraft, showPlan } from "./page";
import { App } from "./ui/App";
import "./planner.css";

token(); // out of the address at once
const place = document.getElementById("app");
if (place) render(<App />, place);
listen();
const draft = new URLSearchParams(location.search).get("draft");
void (draft && token() ? openDraft(draft) : showPlan());
