/** One HTML file: scripts and styles inline, allowed by their hashes, and nothing from the network. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { defineConfig } from "vitest/config";

const POLICY = "<!--policy-->";
const LICENSES = "<!--licenses-->";
const BUNDLED = ["preact", "@preact/signals", "@preact/signals-core", "htm"]; // whose licenses ask to be passed on

/** Return the hashes of the elements that a pattern finds. */
function hashesOf(html: string, element: RegExp): string {
  const found = [...html.matchAll(element)];
  return found.map(([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`).join(" ");
}

/** Return the licenses of the libraries that the page contains. */
function licenses(): string {
  const texts = BUNDLED.map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf-8").trim()}`);
  return texts.join("\n\n").replaceAll("<", "&lt;");
}

/**
 * Writes the licenses, and a content security policy that allows the page's own script and style, workers from blobs, and
 * no network.
 */
function licensesAndPolicy(): Plugin {
  return {
    name: "licenses-and-policy",
    enforce: "post",
    generateBundle: {
      order: "post", // after scripts and styles are inline
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== "asset" || !file.fileName.endsWith(".html")) continue;
          const html = String(file.source);
          const policy = [
            "default-src 'none'",
            `script-src ${hashesOf(html, /<script type="module"[^>]*>([\s\S]*?)<\/script>/g)}`,
            `style-src ${hashesOf(html, /<style[^>]*>([\s\S]*?)<\/style>/g)}`,
            "img-src data: blob:",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
          ].join("; ");
          file.source = html
            .replace(POLICY, `<meta http-equiv="Content-Security-Policy" content="${policy}">`)
            .replace(LICENSES, licenses);
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true }), licensesAndPolicy()],
  build: { target: "es2022", modulePreload: false },
  worker: { format: "iife" },
  test: { include: ["tests/**/*.test.ts"] },
});
