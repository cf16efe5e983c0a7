import { expect, test } from "vitest";
import { NO_EDITS } from "../src/state/edits";
import type { View } from "../src/state/fragment";
import { readFragment, writeFragment } from "../src/state/fragment";

const VIEW: View = {
  ...NO_EDITS, epoch: 2, order: "worst", cell: { label: "a&b", predicted: "<c>" }, image: 3, layer: "residual1/conv1 & <b>", channel: 2, row: 0,
  column: 5, ownScale: true, overlay: "gradcam", target: 0, opacity: 0.25, rotation: -15, step: 2,
};

test("a fragment is read as it was written", () => {
  expect({ ...VIEW, ...readFragment(writeFragment(VIEW)) }).toEqual(VIEW);
  expect(readFragment(writeFragment(VIEW)).row).toBeUndefined(); // 0 is left out
});

test("an overlay without a class is that of the prediction", () => {
  const fragment = writeFragment({ ...VIEW, target: null, opacity: 0.6 });
  expect(fragment).toContain("o=gradcam");
  expect(readFragment(fragment)).not.toHaveProperty("target");
  expect(readFragment(fragment)).not.toHaveProperty("opacity");
  expect(writeFragment({ ...VIEW, overlay: "" })).not.toContain("class");
  expect(readFragment("#o=nonsense&class=x")).toEqual({ overlay: "nonsense" });
});

test("the first image is named if the images are sorted", () => {
  expect(readFragment(writeFragment({ ...VIEW, image: 0 })).image).toBe(0);
  expect(readFragment(writeFragment({ ...VIEW, image: 0, order: "given", cell: null })).image).toBeUndefined();
});

test("what is no number is ignored", () => {
  expect(readFragment("#image=a&row=Infinity&column=&layer=conv1&other=3")).toEqual({ column: 0, layer: "conv1" });
  expect(readFragment("")).toEqual({});
});
