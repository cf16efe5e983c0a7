/** The images to choose from. */

import { useCallback, useEffect, useRef } from "preact/hooks";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { Pixels } from "./canvas";
import { imagePixels } from "./colors";
import { html } from "./html";

export function Strip({ store }: { store: Store }) {
  const { samples, left_out } = store.document;
  const ref = useRef<HTMLDivElement>(null);
  const index = store.image.value;
  useEffect(() => {
    const button = ref.current?.children[index];
    if (ref.current && button instanceof HTMLElement) scrollTo(ref.current, button);
  }, [index]);
  return html`
    <section class="strip" aria-label=${text.images}>
      <div ref=${ref} class="thumbnails" role="group" aria-label=${text.images}>
        ${samples.map((_, i) => html`<${Thumbnail} key=${i} store=${store} index=${i} />`)}
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

function Thumbnail({ store, index }: { store: Store; index: number }) {
  const [h, w, c] = store.shape;
  const sample = store.document.samples[index];
  const draw = useCallback(() => imagePixels(store.samples[index], h, w, c, store.range), []);
  const mark = sample.correct === null ? "" : sample.correct ? text.correct : text.wrong;
  const parts = [text.image(sample.name), sample.label !== null && text.label(sample.label), sample.prediction && text.predicted(sample.prediction), mark];
  const name = parts.filter(Boolean).join(", ");
  return html`
    <button
      type="button"
      class=${`thumbnail ${mark}`}
      aria-pressed=${store.image.value === index}
      title=${name}
      onClick=${() => store.showSample(index)}
    >
      <${Pixels} width=${w} height=${h} draw=${draw} className=${h === 1 ? "flat" : ""} />
      <span class="hidden">${name}</span>
      <span class="caption" aria-hidden="true">${sample.label ?? (sample.prediction || sample.name)}${mark === text.wrong && html`<b>→ ${sample.prediction}</b>`}</span>
    </button>`;
}
