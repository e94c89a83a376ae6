// Programs as text, and tables of figures.

/** A line of a program, with its words coloured. */
function programLine(line) {
  if (/^\s*#/.test(line)) return [element("span", { class: "comment" }, line)];
  if (/^\w+:\s*$/.test(line)) return [element("span", { class: "part" }, line)];
  const pattern = /(\b[a-z_]\w*(?=\())|(\b(?:program|schema|input|output|constant|state|scratch|tensor|scalar|column|row)\b)|((?<![\w.])-?\d[\d.]*(?:e-?\d+)?)/g;
  const parts = [];
  let last = 0;
  for (const found of line.matchAll(pattern)) {
    parts.push(line.slice(last, found.index));
    const kind = found[1] ? "op" : found[2] ? "word" : "number";
    parts.push(element("span", { class: kind }, found[0]));
    last = found.index + found[0].length;
  }
  return [...parts, line.slice(last)];
}

/** A button that copies what `text()` is. */
function copyButton(text, label = "Copy") {
  const button = element("button", { type: "button" }, label);
  button.addEventListener("click", async () => {
    button.textContent = (await copied(text())) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = label), 1600);
  });
  return button;
}

/** Puts a text on the clipboard, also where pages from files may not by the newer way. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { style: "position:fixed;opacity:0", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

let unpacked;

/** Programs as code for elsewhere, by target and candidate; unpacked when they are first asked for. */
function exportsUnpacked() {
  unpacked ??= (async () => {
    const bytes = Uint8Array.from(atob(data.exports.packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  })();
  return unpacked;
}

const ownText = "text";

/** Chooses what a candidate's program is shown as; `show(target, text)` is called for each choice. */
function targetChoice(id, text, show) {
  const select = element("select", { "aria-label": "Show the program as" }, [ownText, ...data.exports.targets].map((target) => element("option", { value: target }, target)));
  select.addEventListener("change", async () => {
    const target = select.value;
    try {
      const found = target === ownText ? text : (await exportsUnpacked())[target][id];
      // Another may have been chosen by now.
      if (select.value === target) show(target, found);
    } catch {
      show(target, "This browser cannot unpack what is in this page. A newer one can, and so can `mlevolve export`.");
    }
  });
  return element("label", {}, "as ", select);
}

/** A program's text; beside that of its parent, what is new and what is gone. With `id`, as code for elsewhere, too. */
function programBox(title, text, { before, id } = {}) {
  const lines = before === undefined
    ? text.trimEnd().split("\n").map((line) => [...programLine(line), "\n"])
    : difference(withoutName(before), withoutName(text)).map(([kind, line]) => element("span", { class: `line ${kind}` }, programLine(line)));
  const code = element("pre", { tabindex: 0 }, lines);
  // What changed is in sight.
  requestAnimationFrame(() => {
    const changed = code.querySelector(".added, .removed");
    if (changed) code.scrollTop = changed.offsetTop - code.offsetTop - 60;
  });
  let shown = text;
  const show = (target, found) => {
    shown = found;
    code.replaceChildren(...(target === ownText ? lines : [found]).flat(1));
    code.scrollTop = 0;
  };
  const isExported = before === undefined && data.exports.candidates.includes(id);
  const actions = [isExported ? targetChoice(id, text, show) : null, copyButton(() => shown)];
  return element("div", { class: "program" }, element("header", {}, element("span", {}, title), element("div", {}, actions)), code);
}

/** A program's lines but for its name, which is no part of what it does. */
function withoutName(text) {
  return text.trimEnd().split("\n").filter((line) => !/^(#|program )/.test(line));
}

/** Lines with what became of them, by a longest common subsequence. */
function difference(before, after) {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      lengths[row][column] = before[row] === after[column]
        ? lengths[row + 1][column + 1] + 1
        : Math.max(lengths[row + 1][column], lengths[row][column + 1]);
    }
  }
  const lines = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    if (row < before.length && column < after.length && before[row] === after[column]) {
      lines.push(["", after[column]]);
      [row, column] = [row + 1, column + 1];
    } else if (row < before.length && (column === after.length || lengths[row + 1][column] >= lengths[row][column + 1])) {
      lines.push(["removed", before[row]]);
      row += 1;
    } else {
      lines.push(["added", after[column]]);
      column += 1;
    }
  }
  return lines;
}

/** A figure that is to be seen first, with what it is and what there is to say of it. */
function tile(name, value, more, isMain) {
  return element("div", { class: isMain ? "main" : null }, element("dt", {}, name), element("dd", {}, value, element("small", {}, more)));
}

/** What to type to go on, and what made the page. */
function commands() {
  const rows = data.commands.map(({ purpose, line }) => element("li", {}, element("span", {}, purpose), element("div", {}, element("code", { tabindex: 0 }, line), copyButton(() => line))));
  at("commands").append(element("ul", { class: "commands" }, rows));
  at("made-by").textContent = `Made by mlevolve ${data.version}. The same settings and seed give the same search, to the bit.`;
}

/** Facts about a program: [name, value] each. */
function facts(list) {
  return element("ul", { class: "facts" }, list.map(([name, value]) => element("li", {}, `${name} `, element("b", {}, value))));
}

/**
 * A table that its headers sort. A column: { name, value(row), text(row), note(row) }. `opened(row)` is what a row's button opens below it.
 */
function sortableTable(place, { columns, rows, sorted, opened, caption }) {
  const order = { column: sorted, descending: true };
  const body = element("tbody");
  const open = new Set();
  const fill = () => {
    const { value } = columns[order.column];
    const size = (row) => value(row) ?? -Infinity;
    const list = [...rows].sort((one, other) => (order.descending ? size(other) - size(one) : size(one) - size(other)));
    body.replaceChildren(...list.flatMap((row) => tableRows(row)));
    for (const [place, header] of headers.entries()) {
      const direction = order.descending ? "descending" : "ascending";
      header.setAttribute("aria-sort", place === order.column ? direction : "none");
    }
  };
  const tableRows = (row) => {
    const isOpen = open.has(row);
    const button = element("button", { type: "button", "aria-expanded": String(isOpen) }, isOpen ? "Hide" : "Show");
    button.addEventListener("click", () => {
      if (!open.delete(row)) open.add(row);
      const top = place.scrollTop;
      fill();
      place.scrollTop = top;
      body.querySelector(`[data-id="${row.id}"] button`)?.focus();
    });
    const [first, ...others] = columns.map((column) => element("td", {}, column.text(row), column.note?.(row)));
    const shown = [element("tr", { "data-id": row.id, class: row.isOwn ? "own" : null }, first, element("td", {}, button), others)];
    if (isOpen) shown.push(element("tr", {}, element("td", { class: "opened", colspan: columns.length + 1 }, opened(row))));
    return shown;
  };
  const headers = columns.map((column, place) => {
    const button = element("button", { type: "button" }, column.name);
    button.addEventListener("click", () => {
      order.descending = order.column === place ? !order.descending : true;
      order.column = place;
      fill();
    });
    return element("th", { scope: "col" }, button);
  });
  const [first, ...others] = headers;
  const head = element("thead", {}, element("tr", {}, first, element("th", { scope: "col" }, "Program"), others));
  place.append(element("table", { "aria-label": caption }, head, body));
  fill();
}

/** Everyone's fitness on each task, the best of each in bold. */
function fitnessTable(compared) {
  const bests = compared.tasks.map((_, task) => Math.max(...compared.contenders.map((one) => one.results[task]?.fitness ?? -Infinity)));
  const best = Math.max(...compared.contenders.map((one) => one.fitness));
  const cell = (value, greatest) => element("td", { class: value === greatest ? "best" : null }, fitnessText(value));
  const head = ["Fitness", ...compared.tasks.map((task) => task.name), "Mean", `FLOPs/${data.best.cost.unit}`, `State/${data.best.cost.unit}`];
  const rows = compared.contenders.map((one) => element("tr", { class: one.role === "known" ? null : "own" },
    element("td", {}, one.name),
    one.results.map((result, task) => cell(result.fitness, bests[task])),
    cell(one.fitness, best),
    element("td", {}, figure(one.unit_flops)),
    element("td", {}, figure(one.state)),
  ));
  const table = element("table", {}, element("thead", {}, element("tr", {}, head.map((name) => element("th", { scope: "col" }, name)))), element("tbody", {}, rows));
  return element("div", { class: "scrolled", tabindex: 0, role: "region", "aria-label": "Fitness by task" }, table);
}
