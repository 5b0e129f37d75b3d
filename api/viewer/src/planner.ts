/** The planner's page: asks for the plan at once, and meanwhile reads the map that shows it. */
import { begin, token } from "./api";
import "./planner.css";

const held = token(); // out of the address at once
const draft = new URLSearchParams(location.search).get("draft");
if (draft && held) begin(draft);
/** The page's inside, for tests and for the curious: `gisGrid.desk()` has the plan, `gisGrid.map()` the map, once they are there. */
Object.assign(window, { gisGrid: { desk: () => null, map: () => null } });
void import("./planner-app");
