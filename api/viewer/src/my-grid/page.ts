/** Elements, words and looks that every part of the page shares. */
import { language, speaker } from "../i18n";
import { en } from "../i18n/en-phone";
import { zh } from "../i18n/zh-phone";

export const say = speaker(zh, en, language);
export type Key = keyof typeof zh;
type Child = Node | string | null | undefined | false;

/** Make an element: attributes by name, `on…` as listeners; text is text and never markup. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | boolean | ((event: Event) => void)> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((one): one is Node | string => one !== null && one !== undefined && one !== false));
  return made;
}

export type Theme = "auto" | "light" | "dark" | "outdoor";
export const THEMES: readonly Theme[] = ["auto", "light", "dark", "outdoor"];
const KEPT = "gis-grid.phone-theme";

export function theme(): Theme {
  const kept = localStorage.getItem(KEPT) as Theme | null;
  return kept && THEMES.includes(kept) ? kept : "auto";
}

export function setTheme(chosen: Theme): void {
  localStorage.setItem(KEPT, chosen);
  document.documentElement.dataset.theme = chosen;
}

/** Say whether the page is dark now, for the map. */
export function isDark(): boolean {
  return theme() === "dark" || (theme() === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}
