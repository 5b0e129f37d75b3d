/** The planner's page: asks for the plan at once, and meanwhile reads the map that shows it. */
import { begin, token } from "./api";
import "./planner.css";

const held = token(); // out of the address at once
const draft = new URLSearchParams(location.search).get("draft");
if (draft && held) begin(draft);
void import("./planner-app");
