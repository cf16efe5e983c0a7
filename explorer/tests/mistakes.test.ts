import { expect, test } from "vitest";
import type { Sample } from "../src/model/document";
import { arranged, confusionOf } from "../src/state/mistakes";

function sample(label: string | null, prediction: string, loss: number | null): Sample {
  const correct = label === null ? null : label === prediction;
  return { name: "", prediction, label, correct, loss, outputs: [], values: [], data: "", explanation: { target: 0, maps: {} } };
}

const SAMPLES = [sample("a", "a", 0.1), sample("b", "a", 3), sample(null, "a", null), sample("a", "b", 2), sample("b", "a", 3)];

test("the worst mistakes come first, and images without a label last", () => {
  expect(arranged(SAMPLES, "worst", null)).toEqual([1, 4, 3, 0, 2]);
  expect(arranged(SAMPLES, "given", null)).toEqual([0, 1, 2, 3, 4]);
});

test("a cell has its images", () => {
  expect(arranged(SAMPLES, "given", { label: "b", predicted: "a" })).toEqual([1, 4]);
});

test("the confusion table counts, and keeps the classes with the most mistakes", () => {
  expect(confusionOf(SAMPLES, ["a", "b", "c"])).toEqual({ classes: ["a", "b"], counts: [[1, 1], [2, 0]], left_out: 0 });
  expect(confusionOf([SAMPLES[0], SAMPLES[2]], ["a", "b"])).toBeNull();
  const many = Array.from({ length: 20 }, (_, i) => sample(String(i), i < 13 ? String(i) : "0", 1));
  const classes = Array.from({ length: 20 }, (_, i) => String(i));
  expect(confusionOf(many, classes)).toMatchObject({ left_out: 8, classes: ["0", "1", "2", "3", "4", "13", "14", "15", "16", "17", "18", "19"] });
});
