import { expect, test } from "vitest";
import { pathOf } from "../src/views/curve";

test("a short signal has a point for each value", () => {
  const values = Float32Array.of(0, 9, 1, 9, 0.5, 9); // two channels
  expect(pathOf(values, 3, 2, 0, { low: 0, high: 1 })).toBe("M0,100.0L1,0.0L2,50.0");
  expect(pathOf(values, 3, 2, 1, { low: 9, high: 9 })).toBe("M0,100.0L1,100.0L2,100.0");
});

test("a long signal keeps its peaks", () => {
  const values = new Float32Array(100_000);
  values[54_321] = 1;
  values[77_777] = -1;
  const points = pathOf(values, values.length, 1, 0, { low: -1, high: 1 }).slice(1).split("L");
  expect(points).toContain("54321,0.0");
  expect(points).toContain("77777,100.0");
  expect(points.length).toBeLessThanOrEqual(600);
  const x = points.map((point) => Number(point.split(",")[0]));
  expect(x).toEqual([...x].sort((a, b) => a - b));
});
