// The book's pictures: `node docs/pictures.mjs PAGE` takes them of a run's report.html into docs/src/images, in light and dark.
//
// Those that are there are of `mlevolve evolve`. Needs what tests/browser/run.sh needs and installs.

import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { chromium } = createRequire(join(here, "../tests/browser/"))("playwright-core");

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (const scheme of ["light", "dark"]) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(process.argv[2])).href);
  await page.waitForSelector("#hall-table tbody tr");
  await page.waitForFunction(() => [...document.querySelectorAll(".chart")].every((chart) => chart.querySelector("svg")));
  await page.addStyleTag({ content: "header { position: static !important } section { padding-top: 0 !important; margin-top: 60px !important }" });
  for (const [name, part] of [["search", "#search"], ["curves", "#comparisons > :first-child"], ["lineage", "#lineage"]]) {
    const { x, y, width, height } = await page.locator(part).boundingBox();
    const margin = 16;
    const clip = { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
    await page.screenshot({ path: join(here, "src/images", `${name}-${scheme}.png`), fullPage: true, clip });
  }
  await context.close();
}
await browser.close();
