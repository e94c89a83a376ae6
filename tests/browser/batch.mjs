// The page of a batch in a browser: `node batch.mjs PAGE SCREENSHOTS`.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { check, checkColours, checkPhone, name, opened, pageFile, run, screenshots, text } from "./harness.mjs";

check("every search is there, in charts and table", async () => {
  const { page, close } = await opened({});
  const runs = await page.evaluate(() => runs);
  assert.ok(runs.length > 1);
  assert.equal(await page.locator("#course-chart path.curve").count(), 3);
  assert.equal(await page.locator("#seeds-chart .point").count(), runs.length);
  assert.equal(await page.locator("#seeds-table tbody tr[data-id]").count(), runs.length);
  const words = await page.evaluate(() => document.querySelector("main").innerText);
  assert.doesNotMatch(words, /NaN|undefined|\[object/);
  const best = Math.max(...runs.map((run) => run.fitness));
  assert.match(await text(page, "#verdict"), new RegExp(best.toFixed(3).replace(".", "\\.")));
  await page.screenshot({ path: join(screenshots, `${name}-light.png`), fullPage: true });
  await close();
});

check("points answer, the table sorts, and both lead to the runs' pages", async () => {
  const { page, close } = await opened({});
  // Points of one cost may cover each other, so all are come to by keyboard.
  await page.locator('#seeds-chart .point[tabindex="0"]').focus();
  await page.keyboard.press("Home");
  const walked = new Set();
  for (let place = 0; place < (await page.locator("#seeds-chart .point").count()); place += 1) {
    const seed = (await page.evaluate(() => document.activeElement.dataset.key)).split("-")[1];
    assert.match(await text(page, "#seeds-panel h3"), new RegExp(`^Seed ${seed}\\b`));
    walked.add(seed);
    await page.keyboard.press("ArrowRight");
  }
  assert.equal(walked.size, await page.evaluate(() => runs.length));
  const column = async () => (await page.locator("#seeds-table tbody tr[data-id] td:nth-child(3)").allInnerTexts()).map(Number);
  const falling = await column();
  assert.deepEqual(falling, [...falling].sort((one, other) => other - one), "the fittest first");
  await page.locator("#seeds-table th button", { hasText: "Fitness" }).click();
  assert.deepEqual(await column(), falling.toReversed());
  await page.locator("#seeds-table tbody button", { hasText: "Show" }).first().click();
  const select = page.locator("#seeds-table .program select");
  await select.selectOption("torch");
  await page.waitForFunction(() => document.querySelector("#seeds-table pre").innerText.includes("import torch"));
  for (const link of await page.locator("#seeds-panel a, #seeds-table a").all()) {
    const to = await link.getAttribute("href");
    assert.ok(existsSync(join(dirname(pageFile), to)), `${to} is there`);
  }
  assert.equal(await page.locator("#seeds-panel a, #seeds-table a").count(), 2);
  await close();
});

checkColours();
checkPhone((page) => page.locator("#seeds-table tbody button", { hasText: "Show" }).first().click());

await run();
