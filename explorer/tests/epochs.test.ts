import { expect, test } from "vitest";
import { fromIntegers } from "../src/model/epochs";

test("integers with a scale for each output channel, and floats", () => {
  const bytes = new Uint8Array(4 + 2 * 4 + 4 * 2);
  const view = new DataView(bytes.buffer);
  view.setFloat32(0, 7, true); // a bias
  view.setFloat32(4, 0.5, true); // scales of a matrix of 2 × 2
  view.setFloat32(8, -2, true);
  [1, 2, -32767, 0].forEach((value, i) => view.setInt16(12 + 2 * i, value, true));
  expect([...fromIntegers(bytes, [[1], [2, 2]])]).toEqual([7, 0.5, -4, -16383.5, -0]);
});
