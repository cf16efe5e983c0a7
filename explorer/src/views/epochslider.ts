/** A slider through the epochs of the training: maps, kernels and probabilities follow. */

import { useEffect } from "preact/hooks";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { html } from "./html";

const INTERVAL = 400; // milliseconds between epochs of the animation

export function EpochSlider({ store }: { store: Store }) {
  const { names } = store.document.epochs;
  const playing = store.isPlaying;
  const n = names.length; // positions 0 to n - 1; position n is the net itself
  const position = (store.epoch.value + n) % (n + 1);
  const go = (to: number) => (store.epoch.value = (to + 1) % (n + 1));
  useEffect(() => {
    if (!playing.value) return undefined;
    let isLate = false; // an epoch is shown only when the one before it has been computed
    const timer = setInterval(async () => {
      if (isLate) return;
      const at = (store.epoch.value + n) % (n + 1);
      if (at === n) {
        playing.value = false;
        return;
      }
      isLate = true;
      go(at + 1);
      await store.settled();
      isLate = false;
    }, INTERVAL);
    return () => clearInterval(timer);
  }, [playing.value]);
  const left_out = store.document.left_out.epochs;
  const note = left_out.length > 0 && html`<p class="note">${text.leftOutEpochs(left_out)}</p>`;
  if (!n) return note;
  const name = position === n ? text.finished : text.afterEpoch(names[position]);
  const play = () => {
    if (!playing.value && position === n) go(0);
    playing.value = !playing.value;
  };
  return html`
    <section class="training" aria-labelledby="training">
      <h2 id="training">${text.training}</h2>
      <div class="player">
        <button type="button" aria-label=${playing.value ? text.pause : text.playEpochs} onClick=${play}>${playing.value ? text.pause : text.play}</button>
        <label>
          <span>${text.epochShown}</span>
          <input type="range" min="0" max=${n} value=${position} aria-valuetext=${name}
            onInput=${(event: Event) => {
              playing.value = false;
              go(Number((event.target as HTMLInputElement).value));
            }} />
          <output aria-live=${playing.value ? "off" : "polite"}>${name}</output>
        </label>
      </div>
      ${note}
    </section>`;
}
