/** What the service refuses, in the reader's words: it sends codes and numbers; what has no code is told as it came. */
import { type Fault, Problem } from "../api";
import { type Key, lang, say } from "./planner";
import { zh } from "./zh-planner";

/** Say why something was not done: every fault, with its row and column. */
export function worded(caught: unknown): string {
  if (!(caught instanceof Problem)) return String(caught);
  if (caught.status === 0) return say("no_network");
  const kind = `no_${String(caught.body.type ?? "").split("#problem-")[1] ?? ""}`;
  if (kind in zh) return say(kind as Key, { names: ((caught.body.absent as string[]) ?? []).map((one) => say(`input_${one}` as Key)).join(lang.value === "en" ? ", " : "、") });
  return caught.faults.length ? caught.faults.map(fault).join("\n") : caught.message;
}

function fault({ code, values = {}, row, column, problem, remedy, zh: chinese }: Fault): string {
  if (code === "issue") return String(values[lang.value] ?? problem);
  const key = `no_${code}`;
  if (!(key in zh)) return `${[column, row].filter(Boolean).join(" ")} ${lang.value === "zh" && chinese ? chinese : problem + (remedy ? ` → ${remedy}` : "")}`.trim();
  const said = { ...values };
  for (const name of ["state", "role"] as const) if (values[name]) said[name] = say(`${name}_${values[name]}` as Key);
  return say(key as Key, said);
}
