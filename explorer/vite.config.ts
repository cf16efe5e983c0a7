/** One HTML file: scripts and styles inline, allowed by their hashes, and nothing from the network. */

import { createHash } from "node:crypto";
import type { Plugin } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { defineConfig } from "vitest/config";

const PLACEHOLDER = "<!--policy-->";

/** Return the hashes of the elements that a pattern finds. */
function hashesOf(html: string, element: RegExp): string {
  const found = [...html.matchAll(element)];
  return found.map(([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`).join(" ");
}

/** Writes a content security policy that allows the page's own script and style, workers from blobs, and no network. */
function securityPolicy(): Plugin {
  return {
    name: "content-security-policy",
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
          file.source = html.replace(PLACEHOLDER, `<meta http-equiv="Content-Security-Policy" content="${policy}">`);
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true }), securityPolicy()],
  build: { target: "es2022", modulePreload: false },
  worker: { format: "iife" },
  test: { include: ["tests/**/*.test.ts"] },
});
