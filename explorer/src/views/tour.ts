/** The guided tour of a lesson: a panel beside the page, or a sheet at the bottom of small screens. */

import { useEffect, useRef } from "preact/hooks";
import type { Panel } from "../model/document";
import { predictionOf } from "../model/samples";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { html, number, percent } from "./html";

const NEAR = 0.4; // of the window's height: a panel that begins above it need not be scrolled to

/** Opens the tour where it was closed. Shown while it is closed. */
export function TourButton({ store }: { store: Store }) {
  const ref = useRef<HTMLButtonElement>(null);
  const last = useRef(store.step.value);
  const step = store.step.value;
  useEffect(() => {
    if (!step && last.current) ref.current?.focus();
    last.current = step || last.current;
  }, [step]);
  if (step || !store.lesson?.steps.length) return null;
  const start = () => {
    store.goTo(last.current || 1);
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".tour .next")?.focus());
  };
  return html`<button ref=${ref} type="button" class="start-tour" onClick=${start}>${text.startTour}</button>`;
}

export function Tour({ store }: { store: Store }) {
  const step = store.step.value;
  const steps = store.lesson?.steps ?? [];
  const found = steps[step - 1];
  const body = useRef<HTMLDivElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (body.current) body.current.scrollTop = 0;
    if (found && !(isFirst.current && step === 1)) scrollTo(found.look);
    isFirst.current = false;
  }, [step]);
  if (!found) return null;
  const go = (to: number) => to >= 1 && to <= steps.length && store.goTo(to);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowRight") go(step + 1);
    else if (event.key === "ArrowLeft") go(step - 1);
    else if (event.key === "Escape") store.goTo(0);
    else return;
    event.preventDefault();
  };
  const isLast = step === steps.length;
  return html`
    <aside class="tour" aria-label=${text.tour} onKeyDown=${onKeyDown}>
      <div class="tour-head">
        <span class="note">${text.stepOf(step, steps.length)}</span>
        <button type="button" aria-label=${text.closeTour} title=${text.closeTour} onClick=${() => store.goTo(0)}>✕</button>
      </div>
      <div ref=${body} class="tour-text" tabindex="0" role="region" aria-label=${text.stepOf(step, steps.length)} aria-live="polite" aria-atomic="true">
        <h2>${found.title}</h2>
        ${found.text.split(/\n\s*\n/).map((paragraph) => html`<p>${paragraph}</p>`)}
      </div>
      ${store.lesson?.panels.includes("net") && html`<${Answer} store=${store} />`}
      <div class="tour-buttons">
        <button type="button" aria-disabled=${step === 1} onClick=${() => go(step - 1)}>${text.previousStep}</button>
        <span class="dots" aria-hidden="true">${steps.map((_, i) => html`<span class=${i < step ? "dot seen" : "dot"}></span>`)}</span>
        <button type="button" class="next" onClick=${() => (isLast ? store.goTo(0) : go(step + 1))}>${isLast ? text.endTour : text.nextStep}</button>
      </div>
    </aside>`;
}

/** The prediction, which is beyond the screen while the image is changed. The head of the page announces it. */
function Answer({ store }: { store: Store }) {
  const { final } = store.document;
  const values = store.probabilities.value;
  return html`
    <p class="tour-answer">${text.prediction}: <b>${values ? predictionOf(values, final, number) : "–"}</b>
      ${values && final.function !== "identity" && ` (${percent(Math.max(...values))})`}</p>`;
}

/** Scroll to a panel, unless it begins in the upper part of the window; then to the part to look at, unless all of it is visible. */
function scrollTo(name: Panel): void {
  const panel = document.querySelector(`[data-panel="${name}"]`);
  const start = panel?.getBoundingClientRect().top ?? 0;
  if (start < 0 || start > NEAR * innerHeight) panel?.scrollIntoView({ block: "start" });
  const part = panel?.querySelector('[data-look="true"]');
  if (!part) return;
  const isBeside = matchMedia("(min-width: 1200px)").matches; // else the tour covers the lower part
  const end = isBeside ? innerHeight : (document.querySelector(".tour")?.getBoundingClientRect().top ?? innerHeight);
  const { top, bottom } = part.getBoundingClientRect();
  if (top < 0 || bottom > end) part.scrollIntoView({ block: isBeside ? "nearest" : "start" });
}
