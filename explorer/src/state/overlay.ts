/** The explanation that lies over the image: which one, of which class, and its map. */

import { computed, effect, signal } from "@preact/signals";
import type { Explanation, Question } from "../engine/explain";
import { bytesOf } from "../model/bytes";
import type { Method, PageDocument, Shape } from "../model/document";
import { METHODS } from "../model/document";
import { decodePng } from "../model/png";

export const OPACITY = 0.6; // at first

/** A map that is shown. */
export interface Overlay {
  method: Method;
  target: number;
  values: Float32Array; // a value for each pixel; for each feature of flat rows
  sample: number | null; // the sample that a map of convnet belongs to; null: the image as it is now
}

interface Stored extends Overlay {
  sample: number;
}

/** What the page shows: the sample that is or was selected, whether it was changed, and the epoch; 0 is the net itself. */
export interface Shown {
  sample: number;
  changed: boolean;
  epoch: number;
}

export class OverlayState {
  readonly method = signal<Method | null>(null);
  readonly target = signal<number | null>(null); // null: the prediction
  readonly opacity = signal(OPACITY);
  readonly explained = signal<Explanation | null>(null); // computed by the page
  private readonly stored = signal<Stored | null>(null); // computed by convnet

  /** What the forward pass is asked to explain; null if nothing, or if the page cannot. */
  readonly question = computed<Question | null>(() => {
    const [method, layer] = [this.method.value, this.document.explanations.layer];
    if (!this.isComputed(method) || this.reason !== null) return null;
    const { final, input } = this.document;
    return { method, layer, target: this.target.value, final, scale: input.scale, flat: input.shape.length === 1 };
  });

  /** The map to show, or null if there is none or it is not known yet. */
  readonly current = computed<Overlay | null>(() => {
    const method = this.method.value;
    if (this.question.value) {
      const found = this.explained.value;
      return found && found.method === method ? { ...found, sample: null } : null;
    }
    const found = this.stored.value;
    return found && found.method === method && found.sample === this.shown.value.sample ? found : null;
  });

  constructor(
    private readonly document: PageDocument,
    readonly shape: Shape,
    private readonly shown: { readonly value: Shown },
  ) {
    effect(() => {
      const [method, { sample }] = [this.method.value, this.shown.value];
      if (method && !this.question.value) void this.read(method, sample);
    });
  }

  /** Why the chosen method has no map; null if it has one. */
  get reason(): string | null {
    return this.method.value && this.document.explanations.methods[this.method.value].reason;
  }

  /** Whether a map of convnet is shown, which is that of the given image, although the image was changed. */
  get isOutdated(): boolean {
    return this.isStored && this.shown.value.changed;
  }

  /** Whether a map of convnet is shown, which is that of the finished net, although the page shows an earlier epoch. */
  get isOfLaterEpoch(): boolean {
    return this.isStored && this.shown.value.epoch !== 0;
  }

  private get isStored(): boolean {
    return this.current.value !== null && this.current.value.sample !== null;
  }

  /** Whether convnet was asked to compute a method that the page does not. */
  get isMissing(): boolean {
    const method = this.method.value;
    if (!method || this.reason !== null || this.question.value) return false;
    return !(method in this.document.samples[this.shown.value.sample].explanation.maps);
  }

  /** Choose by names and numbers that come from outside; what is not known is ignored. */
  choose(method: string | undefined, target: number | null, opacity: number): void {
    const n = this.document.final.classes.length;
    this.method.value = METHODS.find((name) => name === method) ?? null;
    this.target.value = target !== null && target >= 0 && target < n ? Math.floor(target) : null;
    this.opacity.value = Math.min(Math.max(opacity, 0), 1);
  }

  /** Whether the page computes a method itself: it needs all weights. */
  private isComputed(method: Method | null): method is Question["method"] {
    const hasAll = this.document.left_out.parameters.length === 0;
    return hasAll && (method === "gradcam" || method === "saliency");
  }

  private async read(method: Method, sample: number): Promise<void> {
    const { target, maps } = this.document.samples[sample].explanation;
    const map = maps[method];
    if (!map) return;
    const { signed } = this.document.explanations.methods[method];
    const [zero, steps] = signed ? [128, 127] : [0, 255];
    const bytes = await decodePng(bytesOf(map.data));
    if (this.method.value !== method || this.shown.value.sample !== sample) return; // another map was chosen meanwhile
    const values = Float32Array.from(bytes, (byte) => ((byte - zero) / steps) * map.largest);
    this.stored.value = { method, target, values, sample };
  }
}
