/** Everything by keyboard: one table, which the `?` sheet shows and the page obeys. */
import { signal } from "@preact/signals";
import { chosen, comparing, picked, previewing, tab, tool, type Tool } from "./desk";
import type { Key } from "./i18n/planner";
import { desk, lookAt, lookAtAll, lookAtGrid } from "./page";
import { NONE } from "./plan/plan";
import { allFaults, goTo } from "./ui/Issues";
import { ordered } from "./ui/Grids";

export const sheet = signal(false);
let issue = -1;

export const TABLE: [keys: string, key: Key][] = [
  ["V", "key_border"],
  ["B", "key_brush"],
  ["R", "key_rectangle"],
  ["O", "key_lasso"],
  ["X", "key_cut"],
  ["J / K", "key_next"],
  ["N", "key_issue"],
  ["L", "key_zoom"],
  ["Q", "key_lock"],
  ["C", "key_compare"],
  ["G", "key_blocks"],
  ["M", "key_map"],
  ["T", "key_layers"],
  ["Enter / Esc", "key_keep"],
  ["Shift", "key_whole"],
  ["F", "key_front"],
  ["Alt", "key_cross"],
  ["Space", "key_pan"],
  ["Ctrl Z / Ctrl Shift Z", "undo"],
  ["0", "overview"],
];
const TOOLS: Record<string, Tool> = { v: "border", b: "brush", r: "rectangle", o: "lasso", x: "cut" };

export function listen(): void {
  window.addEventListener("keydown", pressed);
  window.addEventListener("keyup", (event) => {
    if (event.key.toLowerCase() === "c" && held) [comparing.value, held] = [false, false];
  });
}

let held = false;

function pressed(event: KeyboardEvent): void {
  const open = desk.value;
  const key = event.key.toLowerCase();
  const at = event.target as HTMLElement;
  if (at.matches("input:not([type=checkbox]), textarea")) {
    if (key === "escape") at.blur();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
    event.preventDefault();
    if (open && !open.tools.busy) key === "y" || event.shiftKey ? open.session.redo() : open.session.undo();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (key === "?") sheet.value = !sheet.value;
  else if (key === "escape") escape();
  else if (open && key === "enter" && !at.closest(".strip button") && (previewing.value || open.tools.busy)) {
    event.preventDefault();
    open.tools.accept();
  } else if (open && !at.matches("select")) plain(key, event);
}

function escape(): void {
  if (sheet.value) sheet.value = false;
  else if (desk.value?.tools.busy || picked.value.size) desk.value?.tools.cancel();
  else chosen.value = NONE;
}

function plain(key: string, event: KeyboardEvent): void {
  const open = desk.value;
  if (!open) return;
  const { session } = open;
  const asked = TOOLS[key];
  if (asked) tool.value = asked;
  else if (key === "j" || key === "k") {
    const rows = ordered(open);
    const place = rows.indexOf(chosen.value);
    lookAtGrid(rows[(place + (key === "j" ? 1 : -1) + rows.length) % rows.length] ?? NONE);
    tab.value = "grids";
  } else if (key === "n") {
    const faults = allFaults(open);
    const fault = faults[(issue = (issue + 1) % (faults.length || 1))];
    if (fault) goTo(fault);
    tab.value = "issues";
  } else if (key === "l" && chosen.value !== NONE) lookAt(session.plan.members[chosen.value] ?? []);
  else if (key === "q" && chosen.value !== NONE) session.lock([chosen.value], !session.locked(chosen.value));
  else if (key === "c" && !event.repeat) [comparing.value, held] = [true, true];
  else if (key === "0") lookAtAll();
  else if (key === "m") open.cross.show();
  else if (key === "t") {
    tab.value = "layers";
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".layers input")?.focus());
  }
  else if (key === "g" && chosen.value !== NONE) {
    tab.value = "grids";
    requestAnimationFrame(() => {
      const lists = [...document.querySelectorAll<HTMLDetailsElement>(".detail details")];
      const list = lists.find((one) => one.querySelector("[data-block]")) ?? lists[0];
      if (list) list.open = true;
      list?.querySelector<HTMLElement>("[data-block], summary:only-child")?.focus();
    });
  }
}
