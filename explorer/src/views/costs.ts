/** The costs of the net beside those of a dense net that computes the same maps. */

import type { Costs } from "../model/costs";
import { costsOf, totalOf } from "../model/costs";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { html } from "./html";

type Kind = keyof Costs;

export function CostTables({ store }: { store: Store }) {
  const layers = costsOf(store.engine.net);
  const [net, dense] = [totalOf(layers.map((layer) => layer.net)), totalOf(layers.map((layer) => layer.dense))];
  const times = Number((dense.parameters / net.parameters).toPrecision(3)).toLocaleString("en");
  const table = (kind: Kind, heading: string) => html`
    <table class="numbers">
      <caption>${heading}</caption>
      <thead><tr><th scope="col">${text.layerHeading}</th><th scope="col">${text.thisNet}</th><th scope="col">${text.denseNet}</th></tr></thead>
      <tbody>
        ${layers.map((layer) => layer.dense[kind] > 0 && html`
          <tr><th scope="row">${layer.layer}</th><td>${text.count(layer.net[kind])}</td><td>${text.count(layer.dense[kind])}</td></tr>`)}
        <tr class="total"><th scope="row">${text.total}</th><td>${text.count(net[kind])}</td><td>${text.count(dense[kind])}</td></tr>
      </tbody>
    </table>`;
  return html`
    <section class="costs" aria-labelledby="costs">
      <h2 id="costs">${text.costs}</h2>
      <p class="note">${text.costsHint}</p>
      <p class="facts"><b>${text.costsTimes(times)}</b></p>
      <div class="cost-tables">
        ${table("parameters", text.parametersHeading)}
        ${table("multiplyAdds", text.multiplyAdds)}
      </div>
    </section>`;
}
