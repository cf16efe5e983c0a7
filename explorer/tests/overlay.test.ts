/** Maps of convnet that are decoded one after the other. */

import { signal } from "@preact/signals";
import { expect, test, vi } from "vitest";
import type { PageDocument } from "../src/model/document";
import { OverlayState } from "../src/state/overlay";

const decoding: ((bytes: Uint8Array) => void)[] = [];
vi.mock("../src/model/png", () => ({ decodePng: () => new Promise((done) => decoding.push(done)) }));

test("a map that is decoded late does not replace that of the image that is shown", async () => {
  const sample = { explanation: { target: 0, maps: { occlusion: { largest: 1, data: "" } } } };
  const document = {
    final: { classes: ["a", "b"] },
    samples: [sample, sample],
    left_out: { parameters: [] },
    explanations: { layer: null, methods: { occlusion: { signed: false, reason: null, note: null } } },
  } as unknown as PageDocument;
  const shown = signal({ sample: 0, changed: false, epoch: 0 });
  const overlay = new OverlayState(document, [1, 1, 1], shown);
  overlay.method.value = "occlusion";
  shown.value = { ...shown.value, sample: 1 };
  const [first, second] = decoding;
  second(Uint8Array.of(255));
  await vi.waitFor(() => expect(overlay.current.value?.sample).toBe(1));
  first(Uint8Array.of(0));
  await new Promise((done) => setTimeout(done));
  expect(Array.from(overlay.current.value?.values ?? [])).toEqual([1]);
});
