/** One field for addresses and codes; addresses are suggested while one writes (a combobox as WAI-ARIA has it). */
import { get } from "../api";
import { h, say } from "./page";
import { textsOf } from "./suggested";
import { isCode } from "./words";

const WAIT_MS = 200;
export interface Search {
  element: HTMLElement;
  input: HTMLInputElement;
  close(): void;
}

/** Make the search; `asked` is called with what is to be looked up. */
export function makeSearch(asked: (text: string) => void): Search {
  const list = h("ul", { id: "suggestions", role: "listbox", "aria-label": say("suggestions"), hidden: true });
  const count = h("p", { class: "unseen", role: "status" });
  const input = h("input", {
    id: "asked",
    type: "search",
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": "suggestions",
    "aria-autocomplete": "list",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "search",
    maxlength: "100",
    "aria-describedby": "asked-hint",
  });
  let options: HTMLElement[] = [];
  let at = -1;
  let waiting = 0;
  let running: AbortController | null = null;

  function close(): void {
    clearTimeout(waiting);
    running?.abort();
    list.hidden = true;
    list.replaceChildren();
    options = [];
    at = -1;
    count.textContent = "";
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(place: number): void {
    options[at]?.setAttribute("aria-selected", "false");
    at = (place + options.length) % options.length;
    const one = options[at]!;
    one.setAttribute("aria-selected", "true");
    one.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", one.id);
  }

  function choose(text: string): void {
    input.value = text;
    close();
    asked(text);
  }

  async function suggest(): Promise<void> {
    const text = input.value.trim();
    if (text.length < 2 || isCode(text)) return close();
    running?.abort();
    running = new AbortController();
    let texts: string[];
    try {
      texts = textsOf(await get(`/suggest?${new URLSearchParams({ q: text })}`, running.signal));
    } catch {
      return; // suggestions are a convenience: without them one writes on
    }
    if (input.value.trim() !== text) return;
    close();
    options = texts.map((one, n) =>
      h("li", { id: `suggestion-${n}`, role: "option", "aria-selected": "false", onclick: () => choose(one) }, one),
    );
    list.replaceChildren(...options);
    list.hidden = !texts.length;
    input.setAttribute("aria-expanded", String(texts.length > 0));
    if (texts.length) count.textContent = say("suggestion_count", { count: texts.length });
  }

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => void suggest(), WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (options.length && event.key === "ArrowDown") mark(at + 1);
    else if (options.length && event.key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
    else return;
    event.preventDefault();
  });
  const element = h(
    "form",
    {
      class: "search",
      role: "search",
      onsubmit: (event) => {
        event.preventDefault();
        const text = options[at]?.textContent ?? input.value.trim();
        if (text) choose(text);
        else input.focus();
      },
    },
    h("label", { for: "asked" }, say("field")),
    h("div", { class: "row" }, input, h("button", { type: "submit" }, say("search"))),
    h("p", { id: "asked-hint", class: "hint" }, say("field_hint")),
    list,
    count,
  );
  return { element, input, close };
}
