// The page in a browser: `node page.mjs PAGE SCREENSHOTS` opens a run's report.html in headless Chromium and checks that it works by
// pointer, by keyboard, in light and dark, and on a phone. It leaves screenshots to look at.
//
// A page whose name begins with "million" is looked at for its size and how soon it is drawn, too.

import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [page_file, screenshots] = process.argv.slice(2).map((argument) => resolve(argument));
mkdirSync(screenshots, { recursive: true });
const name = basename(page_file, ".html");
const url = pathToFileURL(page_file).href;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** Opens the page in a window of its own; whatever it complains of or asks the network for is a failure. */
async function opened({ width = 1280, height = 900, scheme = "light" }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => request.url() !== url && !request.url().startsWith("data:") && complaints.push(`asks for ${request.url()}`));
  await page.goto(url);
  await page.waitForSelector("#hall-table tbody tr");
  await page.waitForFunction(() => [...document.querySelectorAll(".chart")].every((chart) => chart.querySelector("svg")));
  return { page, close: async () => { assert.deepEqual(complaints, [], "the page complains"); await context.close(); } };
}

const checks = [];
const check = (title, body) => checks.push([title, body]);
const text = (page, selector) => page.locator(selector).first().innerText();
/** What is drawn in a chart. */
const marks = (page, chart, shapes) => page.locator(`${chart} ${shapes}`).count();

check("every chart is drawn", async () => {
  const { page, close } = await opened({});
  const data = await page.evaluate(() => data);
  // Learners have no learning curves.
  const curved = data.comparisons.flatMap((compared) => compared.tasks).filter((task) => task.steps.length);
  for (const [chart, shapes, least] of [
    ["#fitness-chart", "path.curve", 3],
    ["#diversity-chart", "path.curve", 1],
    ["#funnel-chart", "rect[data-bar]", 2],
    ["#stopped-chart", "path.stacked", 1],
    ["#front-chart", ".point", 1],
    ["#lineage-chart", ".point", 1],
    [".comparison", ".tasks figure", curved.length],
    [".comparison", ".tasks path.curve", curved.length * 2],
  ]) {
    const found = await marks(page, chart, shapes);
    assert.ok(found >= least, `${chart} has ${found} of ${shapes}`);
  }
  const broken = await page.evaluate(() => [...document.querySelectorAll("svg *")].filter((it) => [...it.attributes].some((one) => /NaN|Infinity|undefined/.test(one.value))).length);
  assert.equal(broken, 0, "shapes with no place");
  const words = await page.evaluate(() => document.querySelector("main").innerText);
  assert.doesNotMatch(words, /NaN|undefined|\[object/);
  for (const task of curved) assert.equal(await page.locator(`.tasks figcaption:text-is("${task.name}")`).count(), 1, task.name);
  await page.screenshot({ path: join(screenshots, `${name}-light.png`), fullPage: true });
  await close();
});

check("the best program is explained", async () => {
  const { page, close } = await opened({});
  const { explanation, gains } = await page.evaluate(() => data.explained);
  const words = await page.locator("#explained").innerText();
  for (const one of explanation.reading.functions) for (const formula of one.formulas) assert.ok(words.includes(formula), formula);
  for (const nearest of explanation.nearest) {
    assert.ok(words.includes(nearest.identity ? `It is ${nearest.identity.name}` : `It is no known ${nearest.schema}`));
    for (const known of nearest.distances) assert.ok(words.includes(known.name), known.name);
  }
  assert.equal(await page.locator("#cost tbody tr").count(), explanation.cost.known.length + 1);
  const { measured } = explanation;
  if (!measured) {
    assert.match(words, /has not been measured[\s\S]*explain --run/);
    return close();
  }
  const heard = await page.locator("#parts-chart rect[data-part]").evaluateAll((bars) => bars.map((bar) => bar.dataset.part));
  assert.equal(new Set(heard).size, measured.parts.length, "each part has a bar of its own");
  const varied = measured.constants.filter((one) => one.points.length).length;
  assert.equal(await page.locator("#constants figure path.curve.heavy").count(), varied);
  assert.equal(await page.locator("#gains li").count(), gains.gains.length);
  if (varied) {
    const chart = page.locator("#constants .chart").first();
    await chart.locator("svg").first().focus();
    await page.keyboard.press("Home");
    assert.match(await chart.locator(".tip").innerText(), /times [\s\S]*[+−]\d\.\d{3}/);
  }
  await page.locator("#explained").screenshot({ path: join(screenshots, `${name}-explained.png`) });
  await close();
});

check("the table sorts, and opens programs", async () => {
  const { page, close } = await opened({});
  const column = async (place) => (await page.locator(`#hall-table tbody tr[data-id] td:nth-child(${place})`).allInnerTexts()).map((word) => Number(word.replace(/[^\d.-]/g, "")));
  for (const [header, place] of [["FLOPs", 5], ["Instructions", 7], ["In search", 4]]) {
    const button = page.locator("#hall-table th button", { hasText: header });
    await button.click();
    const falling = await column(place);
    assert.deepEqual(falling, [...falling].sort((one, other) => other - one), `${header} falls`);
    assert.equal(await page.locator(`#hall-table th:nth-child(${place})`).getAttribute("aria-sort"), "descending");
    await button.press("Enter");
    const rising = await column(place);
    assert.deepEqual(rising, [...rising].sort((one, other) => one - other), `${header} rises`);
  }
  await page.locator("#hall-table tbody button", { hasText: "Show" }).first().click();
  const program = await text(page, "#hall-table pre");
  assert.match(program, /schema /);
  await page.locator("#hall-table .program button", { hasText: "Copy" }).first().click();
  await page.locator("#hall-table .program button", { hasText: "Copied" }).first().waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied.trim(), program.trim());
  await close();
});

check("the front's points answer to pointer and keyboard", async () => {
  const { page, close } = await opened({});
  const panel = () => text(page, "#front-panel h3");
  const points = page.locator("#front-chart .point");
  const count = await points.count();
  const seen = new Set([await panel()]);
  const data = await page.evaluate(() => data);
  for (const place of [0, count - 1]) {
    await points.nth(place).hover({ force: true });
    const shown = await panel();
    const key = await points.nth(place).getAttribute("data-key");
    assert.ok(shown.includes(key.split("-")[1]), `${shown} for ${key}`);
    assert.equal((await text(page, "#front-panel pre")).trim(), data.programs[key.split("-")[1]].trim());
    seen.add(shown);
  }
  // One point is in the tab order; arrow keys walk from there.
  assert.equal(await page.locator('#front-chart .point[tabindex="0"]').count(), 1);
  await page.locator('#front-chart .point[tabindex="0"]').focus();
  await page.keyboard.press("Home");
  const walked = [];
  for (let step = 0; step < count; step += 1) {
    walked.push(await page.evaluate(() => document.activeElement.dataset.key));
    assert.ok((await panel()).includes(walked.at(-1).split("-")[1]));
    await page.keyboard.press("ArrowRight");
  }
  assert.equal(new Set(walked).size, count, "every point can be walked to");
  await page.locator("#front").screenshot({ path: join(screenshots, `${name}-front.png`) });
  await close();
});

check("curves tell their values to pointer and keyboard", async () => {
  const { page, close } = await opened({});
  const tip = page.locator("#fitness-chart .tip");
  await page.locator("#fitness-chart svg").first().hover();
  assert.match(await tip.innerText(), /generation \d+[\s\S]*leader[\s\S]*\d\.\d{3}/);
  await page.mouse.move(1, 1);
  assert.equal(await tip.evaluate((it) => it.style.visibility), "hidden");
  if ((await page.evaluate(() => data.schema)) === "learner") return close();
  const curves = page.locator(".tasks .chart").first();
  await curves.locator("svg").first().focus();
  await page.keyboard.press("Home");
  const first = await curves.locator(".tip").innerText();
  await page.keyboard.press("ArrowRight");
  const second = await curves.locator(".tip").innerText();
  assert.match(first, /^step 0/);
  assert.notEqual(first, second);
  const button = page.locator(".comparison .legend button").first();
  await button.click();
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  assert.ok((await page.locator(".tasks .curve.faded").count()) > 0, "others step back");
  await page.locator("#curves").screenshot({ path: join(screenshots, `${name}-curves.png`) });
  await close();
});

check("the lineage can be walked", async () => {
  const { page, close } = await opened({});
  const heading = () => text(page, "#lineage-panel h3");
  const data = await page.evaluate(() => data);
  const byId = new Map(data.lineage.nodes.map((node) => [node.id, node]));
  assert.ok((await heading()).includes(String(data.best.id)), "it begins with the best program");
  await page.locator('#lineage-chart .point[tabindex="0"]').focus();
  let node = byId.get(data.best.id);
  while (byId.has(node.parent)) {
    await page.keyboard.press("ArrowLeft");
    node = byId.get(node.parent);
    assert.equal(await heading(), `Candidate ${node.id}`);
  }
  assert.match(node.made_by, /known program|random program/);
  await page.keyboard.press("End");
  assert.ok((await heading()).includes("Candidate"));
  if (byId.has(byId.get(data.best.id).parent)) {
    await page.locator('#lineage-panel .walk button', { hasText: "Parent" }).first().click();
    assert.match(await text(page, "#lineage-panel .program header"), /changed|text/);
  }
  await page.locator("#lineage").screenshot({ path: join(screenshots, `${name}-lineage.png`) });
  await close();
});

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

check("a phone shows all without scrolling sideways", async () => {
  for (const width of [320, 390, 768]) {
    const { page, close } = await opened({ width, height: 800 });
    for (const summary of await page.locator("summary").all()) await summary.click();
    await page.locator("#hall-table tbody button", { hasText: "Show" }).first().click();
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= window, `${content} pixels on ${window}`);
    const small = await page.evaluate(() => [...document.querySelectorAll("main button")].filter((it) => it.offsetParent && it.getBoundingClientRect().height < 16).length);
    assert.equal(small, 0, "buttons that no finger finds");
    if (width === 390) await page.screenshot({ path: join(screenshots, `${name}-phone.png`), fullPage: true });
    await close();
  }
});

check("it is drawn soon", async () => {
  const before = performance.now();
  const { page, close } = await opened({});
  const all = performance.now() - before;
  const drawn = await page.evaluate(() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd);
  const size = statSync(page_file).size;
  console.log(`  ${(size / 1e6).toFixed(2)} MB; its script is done after ${Math.round(drawn)} ms, its charts are there after ${Math.round(all)} ms with starting a window`);
  // Far more than it takes on a machine that has something else to do.
  assert.ok(drawn < 3000, `${drawn} ms`);
  assert.ok(size < 4e6, `${size} bytes`);
  await close();
});

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
