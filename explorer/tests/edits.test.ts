import { expect, test } from "vitest";
import type { Shape } from "../src/model/document";
import type { Edits } from "../src/state/edits";
import { NO_EDITS, brightened, meanColor, moved, placeOf, sourceOf } from "../src/state/edits";
import { paint, painted } from "../src/state/painting";

const SHAPE: Shape = [2, 3, 1];
const IMAGE = Float32Array.of(1, 2, 3, 4, 5, 6);
const RANGE: [number, number] = [0, 10];

const edited = (values: Float32Array, shape: Shape, edits: Edits, range: [number, number], colors = shape[2]) =>
  brightened(moved(values, shape, edits), shape, edits.brightness, range, colors);

test("an image without changes is the same array", () => {
  expect(edited(IMAGE, SHAPE, NO_EDITS, RANGE)).toBe(IMAGE);
});

test("shifts move pixels and leave zeros", () => {
  expect([...edited(IMAGE, SHAPE, { ...NO_EDITS, right: 1 }, RANGE)]).toEqual([0, 1, 2, 0, 4, 5]);
  expect([...edited(IMAGE, SHAPE, { ...NO_EDITS, down: -1 }, RANGE)]).toEqual([4, 5, 6, 0, 0, 0]);
});

test("brightness adds a share of the range and keeps to it", () => {
  expect([...edited(IMAGE, SHAPE, { ...NO_EDITS, brightness: 0.5 }, RANGE)]).toEqual([6, 7, 8, 9, 10, 10]);
});

test("brightness leaves alpha as it is", () => {
  const pixel = Float32Array.of(1, 2, 3, 4);
  expect([...edited(pixel, [1, 1, 4], { ...NO_EDITS, brightness: 0.1 }, RANGE, 3)]).toEqual([2, 3, 4, 4]);
  expect([...edited(pixel, [1, 1, 4], { ...NO_EDITS, brightness: 0.1 }, RANGE)]).toEqual([2, 3, 4, 5]);
});

test("a rotation is clockwise and about the middle", () => {
  const square = Float32Array.of(1, 2, 3, 4);
  const turned = edited(square, [2, 2, 1], { ...NO_EDITS, rotation: 90 }, RANGE);
  [3, 1, 4, 2].forEach((value, i) => expect(turned[i]).toBeCloseTo(value, 5));
  const half = edited(IMAGE, SHAPE, { ...NO_EDITS, rotation: 180 }, RANGE);
  [6, 5, 4, 3, 2, 1].forEach((value, i) => expect(half[i]).toBeCloseTo(value, 5));
});

test("a brush paints the pixels within its radius", () => {
  const values = Float32Array.from(IMAGE);
  const at = { row: 0, column: 1 };
  paint(values, SHAPE, at, at, 1, [9]);
  expect([...values]).toEqual([9, 9, 9, 4, 9, 6]);
});

test("the smallest brush paints a pixel wherever it is", () => {
  for (const at of [{ row: 0.5, column: 0.5 }, { row: 0.49, column: 1.5 }, { row: 1, column: 2 }]) {
    const values = new Float32Array(6);
    paint(values, SHAPE, at, at, 0.5, [1]);
    expect(values.some(Boolean), JSON.stringify(at)).toBe(true);
  }
});

test("a fast stroke has no gaps", () => {
  const values = new Float32Array(40 * 40);
  paint(values, [40, 40, 1], { row: 2, column: 3 }, { row: 37, column: 29 }, 0.5, [1]);
  for (let row = 2; row <= 37; row++) expect(values.subarray(row * 40, row * 40 + 40).some(Boolean), `row ${row}`).toBe(true);
});

test("places of the moved image and of the image are inverse to each other", () => {
  const edits = { ...NO_EDITS, right: 2, down: -3, rotation: 35 };
  const place = { row: 1.25, column: 7 };
  const back = sourceOf(placeOf(place, [9, 12, 1], edits), [9, 12, 1], edits);
  expect(back.row).toBeCloseTo(place.row, 10);
  expect(back.column).toBeCloseTo(place.column, 10);
});

test("a stroke is painted where the moved image shows it, also beyond the edge of the image", () => {
  const shape: Shape = [5, 5, 1];
  const edits = { ...NO_EDITS, right: 2, rotation: 90 };
  const at = sourceOf({ row: 4, column: 0 }, shape, edits);
  const image = moved(new Float32Array(25).fill(1), shape, edits);
  const result = painted(image, shape, edits, [{ from: at, to: at, radius: 0.5, color: [9] }]);
  expect([...result.keys()].filter((i) => result[i] === 9)).toEqual([20]);
  const more = { ...edits, right: 3 }; // the stroke moves with the image
  const next = painted(image, shape, more, [{ from: at, to: at, radius: 0.5, color: [9] }]);
  expect([...next.keys()].filter((i) => next[i] === 9)).toEqual([21]);
});

test("the mean color is that of each channel", () => {
  expect([...meanColor(Float32Array.of(1, 10, 3, 20), 2)]).toEqual([2, 15]);
});
