// What every test of a page needs: a browser, windows that let nothing pass, and checks that are named.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export const [pageFile, screenshots] = process.argv.slice(2).map((argument) => resolve(argument));
mkdirSync(screenshots, { recursive: true });
/** What screenshots are called after. */
export const name = basename(pageFile, ".html");
const url = pathToFileURL(pageFile).href;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** Opens the page in a window of its own; whatever it complains of or asks the network for is a failure. `ready` is there once it is drawn. */
export async function opened({ width = 1280, height = 900, scheme = "light", ready = "tbody tr" }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => request.url() !== url && !request.url().startsWith("data:") && complaints.push(`asks for ${request.url()}`));
  await page.goto(url);
  await page.waitForSelector(ready);
  await page.waitForFunction(() => [...document.querySelectorAll(".chart")].every((chart) => chart.querySelector("svg")));
  return { page, close: async () => { assert.deepEqual(complaints, [], "the page complains"); await context.close(); } };
}

const checks = [];
export const check = (title, body) => checks.push([title, body]);
export const text = (page, selector) => page.locator(selector).first().innerText();

/** The contrast of two colours, as WCAG 2 has it. */
const contrast = `(one, other) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [most, least] = [light(one), light(other)].sort((first, second) => second - first);
  return (most + 0.05) / (least + 0.05);
}`;

/** Checks that all inks can be read on all grounds, in light and in dark, and that the button goes from one to the other. */
export function checkColours() {
  check("it is readable in light and in dark, and has a switch", async () => {
    const grounds = {};
    for (const scheme of ["light", "dark"]) {
      const { page, close } = await opened({ scheme });
      grounds[scheme] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      for (const ink of ["ink", "muted", "accent"]) {
        for (const ground of ["ground", "surface", "sunken"]) {
          const found = await page.evaluate(`(${contrast})(...["${ink}", "${ground}"].map((name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name)))`);
          assert.ok(found >= 4.5, `${scheme}: ${ink} on ${ground} has a contrast of ${found.toFixed(2)}`);
        }
      }
      if (scheme === "dark") await page.screenshot({ path: join(screenshots, `${name}-dark.png`), fullPage: true });
      // From what the system has to light, to dark, and back.
      const before = new Set();
      for (let step = 0; step < 3; step += 1) {
        await page.locator("#theme").click();
        before.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      }
      assert.equal(before.size, 2, "the switch changes colours");
      await close();
    }
    assert.notEqual(grounds.light, grounds.dark);
  });
}

/** Checks that narrow screens need no scrolling sideways, once `prepare(page)` has opened what can be. */
export function checkPhone(prepare) {
  check("a phone shows all without scrolling sideways", async () => {
    for (const width of [320, 390, 768]) {
      const { page, close } = await opened({ width, height: 800 });
      await prepare(page);
      const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(content <= window, `${content} pixels on ${window}`);
      const small = await page.evaluate(() => [...document.querySelectorAll("main button")].filter((it) => it.offsetParent && it.getBoundingClientRect().height < 16).length);
      assert.equal(small, 0, "buttons that no finger finds");
      if (width === 390) await page.screenshot({ path: join(screenshots, `${name}-phone.png`), fullPage: true });
      await close();
    }
  });
}

/** Runs all checks; the process ends with 1 if one fails. */
export async function run() {
  let failed = 0;
  for (const [title, body] of checks) {
    const start = performance.now();
    try {
      await body();
      console.log(`ok    ${title} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${title}\n${error.stack}`);
    }
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
}
