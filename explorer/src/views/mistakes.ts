/** The order of the images, and the confusion table whose cells choose among them. */

import type { Cell, Confusion, Order } from "../state/mistakes";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { html } from "./html";

const ORDERS: Order[] = ["given", "worst"];

export function Mistakes({ store }: { store: Store }) {
  if (!store.hasLoss) return null;
  const { confusion } = store;
  const cell = store.cell.value;
  return html`
    <section class="mistakes" aria-label=${text.orderOfImages}>
      <fieldset class="choice">
        <legend>${text.order}</legend>
        ${ORDERS.map((order) => html`
          <label key=${order}>
            <input type="radio" name="order" checked=${store.order.value === order} onChange=${() => store.arrange(order, cell)} /> ${text[order]}
          </label>`)}
      </fieldset>
      ${cell && html`
        <p class="note" role="status">
          ${text.shownImages(store.arranged.value.length, cell.label, cell.predicted)} ${" "}
          <button type="button" onClick=${() => store.arrange(store.order.value, null)}>${text.showAll}</button>
        </p>`}
      ${confusion && html`
        <details open=${cell !== null}>
          <summary>${text.confusion}</summary>
          <p class="note">${text.confusionHint}</p>
          <${Table} store=${store} confusion=${confusion} cell=${cell} />
          ${confusion.left_out > 0 && html`<p class="note">${text.classesLeftOut(confusion.left_out)}</p>`}
        </details>`}
    </section>`;
}

function Table({ store, confusion, cell }: { store: Store; confusion: Confusion; cell: Cell | null }) {
  const { classes, counts } = confusion;
  return html`
    <div class="scroller" tabindex="0" role="region" aria-label=${text.confusion}>
      <table class="confusion">
        <thead><tr><td>${text.confusionCorner}</td>${classes.map((name) => html`<th scope="col" title=${name}>${name}</th>`)}</tr></thead>
        <tbody>
          ${classes.map((label, i) => html`
            <tr>
              <th scope="row" title=${label}>${label}</th>
              ${classes.map((predicted, j) => {
                const n = counts[i][j];
                if (!n) return html`<td>0</td>`;
                const chosen = cell?.label === label && cell.predicted === predicted;
                const name = text.cellOf(n, label, predicted);
                return html`
                  <td>
                    <button type="button" class=${i === j ? "" : "wrong"} aria-pressed=${chosen} aria-label=${name} title=${name}
                      onClick=${() => store.arrange(store.order.value, chosen ? null : { label, predicted })}>${n}</button>
                  </td>`;
              })}
            </tr>`)}
        </tbody>
      </table>
    </div>`;
}
