import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { floatsOf } from "../src/model/bytes";
import type { Final } from "../src/model/document";
import { decodePng } from "../src/model/png";
import { finalValues, predictionOf } from "../src/model/samples";

function chunk(kind: string, data: Uint8Array): number[] {
  const size = new DataView(new ArrayBuffer(4));
  size.setUint32(0, data.length);
  return [...new Uint8Array(size.buffer), ...new TextEncoder().encode(kind), ...data, 0, 0, 0, 0];
}

test("a PNG file with each filter", async () => {
  const header = Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 3, 8, 4, 0, 0, 0); // 2 × 3 pixels, gray and alpha
  const lines = Uint8Array.of(0, 1, 2, 3, 4, 1, 10, 20, 250, 1, 2, 1, 1, 1, 1);
  const file = [...Array<number>(8).fill(0), ...chunk("IHDR", header), ...chunk("IDAT", deflateSync(lines)), ...chunk("IEND", new Uint8Array())];
  expect([...(await decodePng(Uint8Array.from(file)))]).toEqual([1, 2, 3, 4, 10, 20, 4, 21, 11, 21, 5, 22]);
});

test("little-endian floats", () => {
  expect([...floatsOf(Buffer.from([0, 0, 128, 63, 0, 0, 0, 192]).toString("base64"))]).toEqual([1, -2]);
});

const final = (name: Final["function"]): Final => ({ function: name, classes: ["a", "b", "c"], mean: [1, 2, 3], scale: [2, 2, 2] });

test("final functions", () => {
  const z = [0, Math.log(2), Math.log(5)];
  [0.125, 0.25, 0.625].forEach((p, i) => expect(finalValues(z, final("softmax"))[i]).toBeCloseTo(p, 12));
  expect([...finalValues([Math.log(3)], final("sigmoid"))].map((p) => +p.toFixed(12))).toEqual([0.25, 0.75]);
  expect(finalValues([0, 0, 0], final("multilabel"))[2]).toBe(0.5);
  expect([...finalValues([1, 2, 3], final("identity"))]).toEqual([3, 6, 9]);
});

test("predictions", () => {
  expect(predictionOf(Float64Array.of(0.1, 0.7, 0.2), final("softmax"), String)).toBe("b");
  expect(predictionOf(Float64Array.of(0.6, 0.2, 0.9), final("multilabel"), String)).toBe("a, c");
  expect(predictionOf(Float64Array.of(0.5, 0.2, 0.1), final("multilabel"), String)).toBe("–");
  expect(predictionOf(Float64Array.of(1, 2), final("identity"), String)).toBe("1, 2");
});
