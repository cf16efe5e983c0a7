/** The images to choose from. */

import { useCallback, useEffect, useRef } from "preact/hooks";
import type { Final } from "../model/document";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { Pixels } from "./canvas";
import { COLORS, Curve } from "./curve";
import { imagePixels } from "./colors";
import { html, number } from "./html";

export function Strip({ store }: { store: Store }) {
  const { left_out } = store.document;
  const ref = useRef<HTMLDivElement>(null);
  const numbers = store.arranged.value;
  const position = numbers.indexOf(store.image.value);
  useEffect(() => {
    const button = ref.current?.children[position];
    if (ref.current && button instanceof HTMLElement) scrollTo(ref.current, button);
  }, [position]);
  return html`
    <section class="strip" aria-label=${text.images}>
      <div ref=${ref} class="thumbnails" role="group" aria-label=${text.images}>
        ${numbers.map((i) => html`<${Thumbnail} key=${i} store=${store} index=${i} />`)}
      </div>
      ${left_out.images > 0 && html`<p class="note">${text.leftOutImages(left_out.images)}</p>`}
    </section>`;
}

/** Scroll the row of images, but not the page, so that an image is visible. */
function scrollTo(row: HTMLElement, button: HTMLElement): void {
  const [box, own] = [row.getBoundingClientRect(), button.getBoundingClientRect()];
  if (own.left < box.left) row.scrollLeft += own.left - box.left;
  else if (own.right > box.right) row.scrollLeft += own.right - box.right;
}

function lossText(loss: number, final: Final): string {
  if (final.function === "identity") return (final.classes.length > 1 ? text.offScaled : text.off)(number(loss));
  return final.function === "multilabel" ? text.wrongLabels(Math.floor(loss)) : text.loss(number(loss));
}

function Thumbnail({ store, index }: { store: Store; index: number }) {
  const [h, w, c] = store.shape;
  const sample = store.document.samples[index];
  const draw = useCallback(() => imagePixels(store.samples[index], store.look), []);
  const mark = sample.correct === null ? "" : sample.correct ? text.correct : text.wrong;
  const loss = sample.loss !== null && lossText(sample.loss, store.document.final);
  const parts = [
    text.image(sample.name),
    sample.label !== null && text.label(sample.label),
    sample.prediction && text.predicted(sample.prediction),
    mark,
    loss,
  ];
  const name = parts.filter(Boolean).join(", ");
  return html`
    <button
      type="button"
      class=${`thumbnail ${mark}`}
      aria-pressed=${store.image.value === index}
      title=${name}
      onClick=${() => store.showSample(index)}
    >
      ${store.isSignal
        ? html`<${Curve} isInput values=${store.samples[index]} w=${w} c=${c} channels=${[...Array(Math.min(c, COLORS)).keys()]} scale=${{ low: store.range[0], high: store.range[1] }} />`
        : html`<${Pixels} width=${w} height=${h} draw=${draw} className=${h === 1 ? "flat" : ""} />`}
      <span class="hidden">${name}</span>
      <span class="caption" aria-hidden="true">${sample.label ?? (sample.prediction || sample.name)}${mark === text.wrong && html`<b>→ ${sample.prediction}</b>`}</span>
    </button>`;
}
