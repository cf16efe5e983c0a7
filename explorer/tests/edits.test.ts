import { expect, test } from "vitest";
import type { Shape } from "../src/model/document";
import { NO_EDITS, edited, meanColor, paint } from "../src/state/edits";

const SHAPE: Shape = [2, 3, 1];
const IMAGE = Float32Array.of(1, 2, 3, 4, 5, 6);
const RANGE: [number, number] = [0, 10];

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
  expect([...edited(pixel, [1, 1, 4], { ...NO_EDITS, brightness: 0.1 }, RANGE)]).toEqual([2, 3, 4, 4]);
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
  paint(values, SHAPE, { row: 0, column: 1, radius: 1 }, [9]);
  expect([...values]).toEqual([9, 9, 9, 4, 9, 6]);
});

test("the mean color is that of each channel", () => {
  expect([...meanColor(Float32Array.of(1, 10, 3, 20), 2)]).toEqual([2, 15]);
});
