/** What the service suggests, as texts. */

const MOST = 8;

/** Return the texts in what the service suggests. */
export function textsOf(told: unknown): string[] {
  const held = told as { suggestions?: unknown } | unknown[] | null;
  const list = Array.isArray(held) ? held : Array.isArray(held?.suggestions) ? held.suggestions : [];
  const texts = list.map((one) => {
    if (typeof one === "string") return one;
    const { text, address, label } = (one ?? {}) as Record<string, unknown>;
    return [text, address, label].find((word) => typeof word === "string") ?? "";
  }) as string[];
  return [...new Set(texts.filter(Boolean))].slice(0, MOST);
}
