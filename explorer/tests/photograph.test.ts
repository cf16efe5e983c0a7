/** How photographs fit into the input, beside what convnet computes; `python explorer/record.py` records it. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hasAlpha, isPhotograph } from "../src/model/channels";
import type { InputForm, Shape } from "../src/model/document";
import type { Box, Fit } from "../src/state/photograph";
import { placementOf } from "../src/state/photograph";

interface Recorded {
  fit: Fit;
  shape: Shape;
  image: [number, number];
  source: number[];
  target: number[];
}

const RECORDED = JSON.parse(readFileSync(new URL("../recorded/placements.json", import.meta.url), "utf-8")) as Recorded[];
const numbers = ({ top, left, height, width }: Box) => [top, left, height, width];

test.each(RECORDED)("$fit of $image to $shape", ({ fit, shape, image, source, target }) => {
  const found = placementOf(...image, shape, fit);
  numbers(found.source).forEach((value, i) => expect(value).toBeCloseTo(source[i], 9));
  expect(numbers(found.target)).toEqual(target);
});

test("numbers in two or four channels are neither alpha nor a photograph", () => {
  const form = (shape: Shape, encoding: InputForm["encoding"]): InputForm =>
    ({ shape, dtype: "", scale: 1, largest: 1, encoding, fit: null });
  const expected: [number, InputForm["encoding"], boolean, boolean][] = [
    [1, "png", false, true], [2, "png", true, false], [3, "png", false, true], [4, "png", true, true], [5, "float32", false, false],
    [1, "float32", false, true], [2, "float32", false, false], [3, "float32", false, true], [4, "float32", false, false],
  ];
  for (const [c, encoding, alpha, photograph] of expected) {
    expect(hasAlpha(form([5, 5, c], encoding), [5, 5, c]), `${c} ${encoding}`).toBe(alpha);
    expect(isPhotograph(form([5, 5, c], encoding), [5, 5, c]), `${c} ${encoding}`).toBe(photograph);
  }
});
