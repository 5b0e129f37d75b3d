/** Chinese first, English by a switch. The Chinese words are the source of keys: English lacks none, or it does not compile. */

export type Language = "zh" | "en";
type Values = Record<string, string | number>;

const KEPT = "gis-grid.language";

/** Return the language of this browser's user: what they chose, else what `?lang=` says, else Chinese. */
export function language(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEPT);
  return asked === "en" ? "en" : "zh";
}

export function setLanguage(chosen: Language): void {
  localStorage.setItem(KEPT, chosen);
}

/** Return a function from a key to words; `{name}` in them takes the value of that name. */
export function speaker<Words extends Record<string, string>>(
  zh: Words,
  en: Record<keyof Words, string>,
  now: () => Language,
): (key: keyof Words, values?: Values) => string {
  return (key, values) => {
    const said = (now() === "en" ? en : zh)[key] as string;
    return values ? said.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "")) : said;
  };
}
