/** The phone finds what `gg.LookupIndex` finds, on the points that a Python test writes. */
import { expect, test } from "vitest";
import vectors from "../../../../tests/viewer/phone/vectors.json";
import { borderOf, indexOf, ownerOf, within } from "../../src/my-grid/locate";
import { fromBd09, fromGcj02 } from "../../src/my-grid/shifts";
import type { Edition } from "../../src/api-types";

type Asked = [number, number, number, string | null, number, [string, number][]];
const edition = vectors.file.editions[0] as unknown as Edition;
const index = indexOf(edition);
const asked = vectors.asked as unknown as Asked[];
const code = (position: number): string | null => edition.grids[position]?.code ?? null;

test("every point has the owner that the service gives it, on borders and corners too", () => {
  const wrong = asked.filter(([lon, lat, , owner]) => code(ownerOf(index, lon, lat)) !== owner);
  expect(wrong).toEqual([]);
  expect(asked.length).toBeGreaterThan(250);
});

test("borders are as far as the service says", () => {
  for (const [lon, lat, , , metres] of asked) expect(borderOf(index, lon, lat).metres).toBeCloseTo(metres, 2);
});

test("the same grids are possible within an accuracy", () => {
  for (const [lon, lat, accuracy, owner, , also] of asked) {
    if (!accuracy) continue;
    const found = within(index, lon, lat, accuracy).filter((one) => code(one.position) !== owner);
    expect(found.map((one) => code(one.position))).toEqual(also.map(([other]) => other));
    found.forEach((one, n) => expect(one.metres).toBeCloseTo(also[n]![1], 2));
  }
});

test("positions of other systems are brought back as the service does", () => {
  for (const [lon, lat, gcjLon, gcjLat, bdLon, bdLat] of vectors.shifts as number[][]) {
    const gcj = fromGcj02(lon!, lat!);
    const bd = fromBd09(lon!, lat!);
    [gcj[0] - gcjLon!, gcj[1] - gcjLat!, bd[0] - bdLon!, bd[1] - bdLat!].forEach((off) =>
      expect(Math.abs(off)).toBeLessThan(1e-9),
    );
  }
});
