/** Sentences never claim more than is known, and an answer from the phone says how old it is. */
import { afterEach, expect, test, vi } from "vitest";
import vectors from "../../../../tests/viewer/phone/vectors.json";
import { speaker } from "../../src/i18n";
import { en } from "../../src/i18n/en-phone";
import { zh } from "../../src/i18n/zh-phone";
import { answerFrom, editionOf, fromAddress, today, type Shown } from "../../src/my-grid/ask";
import type { Kept } from "../../src/my-grid/kept";
import { textsOf } from "../../src/my-grid/suggested";
import { crsOfHost } from "../../src/my-grid/shifts";
import type { Carried } from "../../src/api-types";
import { age, hasLongNumber, isCode, metres, open, reachable, whereabouts } from "../../src/my-grid/words";

const say = speaker(zh, en, () => "en");
const file = vectors.file as unknown as Carried;
const kept: Kept = { community: "c1", file, etag: "x", bytes: 1, at: 0 };
const places = vectors.asked as unknown as [number, number, number, string | null][];

function at(lon: number, lat: number, accuracy: number | null): Shown | null {
  return answerFrom([kept], { lon, lat, crs: "wgs84", accuracy });
}

afterEach(() => vi.useRealTimers());

test("a distance below the accuracy names both grids and claims neither", () => {
  const shown = places.map(([lon, lat]) => at(lon, lat, 40)).filter((one) => one?.inside && one.also.length === 1);
  expect(shown.length).toBeGreaterThan(5);
  for (const one of shown) {
    const said = whereabouts(say, one!, "en");
    expect(open(one!)).toBe(2);
    expect(said).toContain(one!.inside!.grid.code);
    expect(said).toContain(one!.also[0]!.grid.code);
    expect(said).toContain("either");
    expect(said).not.toContain("Inside");
  }
});

test("a distance above the accuracy is certain, and says both", () => {
  const shown = at(114.2712, 30.5809, 5)!;
  expect(open(shown)).toBe(1);
  expect(whereabouts(say, shown, "en")).toMatch(/^Inside 07, \d+ m from the border; the phone says ±5 m\.$/);
});

test("what is not carried is not answered, and beside the own community others may be meant", () => {
  expect(at(120, 30, 10)).toBeNull();
  const near = places.map(([lon, lat]) => at(lon, lat, 5)).find((one) => one?.inside?.grid.code === "06")!;
  expect(near.partial).toBe("c1");
  expect(at(114.2712, 30.5809, 1000)!.partial).toBe("c1");
});

test("a plan to come answers from its day on, one that has ended says so", () => {
  const now = { ...file.editions[0]!, valid_to: "2026-05-01" };
  const then = { ...file.editions[0]!, plan: "p2", valid_from: "2026-05-01" };
  const two: Kept = { ...kept, file: { ...file, editions: [now, then] } };
  expect(editionOf(two, "2026-04-30").plan).toBe("p1");
  expect(editionOf(two, "2026-05-01").plan).toBe("p2");
  vi.useFakeTimers({ now: new Date("2026-05-02T00:00:00Z") });
  const one: Kept = { ...kept, file: { ...file, editions: [now] } };
  const place = { lon: 114.2712, lat: 30.5809, crs: "wgs84" as const, accuracy: null };
  expect(answerFrom([one], place)!.over).toBe("2026-05-01");
  expect(answerFrom([two], place)!.over).toBeNull();
});

test("a day begins at midnight in the district", () => {
  expect(today("Asia/Shanghai", new Date("2026-03-01T16:30:00Z"))).toBe("2026-03-02");
  expect(today("America/Toronto", new Date("2026-03-01T04:30:00Z"))).toBe("2026-02-28");
});

test("an address that may lie in two grids shows both with the reason", () => {
  const grid = (code: string) => ({ ...file.editions[0]!.grids[0]!, code, name: code });
  const told = {
    grid: null, people: [], level: "", label: "", lon: null, lat: null, reason: "which-number", district: "1", plan: "p1",
    reason_zh: "请写门牌号", reason_en: "add the number", as_of: "2026-04-01",
    also_possible: ["a", "b"].map((code) => ({ grid: grid(code), people: [], label: `和平路 ${code}`, score: 90 })),
  } as Parameters<typeof fromAddress>[0];
  const shown = fromAddress(told, "和平路");
  expect([shown.inside, open(shown)]).toEqual([null, 2]);
  expect(whereabouts(say, shown, "en")).toContain("add the number");
  expect(whereabouts(speaker(zh, en, () => "zh"), shown, "zh")).toContain("请写门牌号");
  expect(shown.labels).toEqual(["和平路 a", "和平路 b"]);
});

test("distances and ages are said as a phone can know them", () => {
  expect([0.4, 9.4, 999.4, 1250].map((one) => metres(say, one))).toEqual(["0 m", "9 m", "999 m", "1.3 km"]);
  expect([0, 5, 180, 4000].map((one) => age(say, one * 60_000))).toEqual(["a moment", "5 min", "3 h", "2 days"]);
});

test("codes are told from addresses, telephone numbers from house numbers", () => {
  expect(["B-07", "980101001001001", "和平路12号", "no code", "和平"].map(isCode)).toEqual([true, true, false, false, false]);
  expect(["和平路12号", "138 0013 8000", "１３８００１３８０００", "12号 126、128、130号"].map(hasLongNumber)).toEqual([false, true, true, false]);
});

test("who can be called comes first, and the order stays otherwise", () => {
  const people = [["a", ""], ["b", "1"], ["c", ""], ["d", "2"]].map(([name, work_phone]) => ({ name, work_phone }) as never);
  expect(reachable(people).map((one) => one.name)).toEqual(["b", "d", "a", "c"]);
});

test("hosts that shift positions are known by their names", () => {
  expect(crsOfHost("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50")).toBe("gcj02");
  expect(crsOfHost("Mozilla/5.0 (iPhone) AliApp(DingTalk/7.6.0)")).toBe("gcj02");
  expect(crsOfHost("Mozilla/5.0 (Linux; Android 14) Chrome/140")).toBe("wgs84");
});

test("suggestions are read whichever way they are wrapped, each once", () => {
  expect(textsOf({ suggestions: [{ text: "a" }, { label: "b" }, "a", {}, null] })).toEqual(["a", "b"]);
  expect([textsOf(null), textsOf({}), textsOf("x")]).toEqual([[], [], []]);
});
