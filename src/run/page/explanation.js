// The best program explained: as formulas, beside known ones, and which of its parts and constants matter.

/** A number as formulas have it, with four significant digits. */
const short = (value) => figure(value, 4);

/** A change with its sign. */
const signed = (value, digits = 3) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

function explained() {
  const { explanation, gains } = data.explained;
  const { reading, nearest, cost, measured } = explanation;
  const place = at("explanation");
  place.append(readAs(reading), ...nearest.map(knownOnes), costTable(cost));
  if (measured) {
    place.append(partEffects(measured), constantCharts(measured));
  } else {
    place.append(element("p", { class: "note" }, "Which of its parts and constants matter takes training, and has not been measured. This does it, and the page has it then:"));
    const line = data.commands.find((command) => command.line.includes(" explain "))?.line;
    if (line) place.append(element("ul", { class: "commands" }, element("li", {}, element("div", {}, element("code", { tabindex: 0 }, line), copyButton(line)))));
  }
  if (gains) place.append(gainList(gains));
}

/** A part of the section with a title of its own. */
const part = (id, title, ...children) => element("div", { class: "explained", id }, element("h3", {}, title), ...children);

function readAs(reading) {
  const lines = reading.functions.flatMap((one) => [`${one.name}:`, ...one.formulas.map((formula) => `  ${formula}`)]);
  const inexact = [...new Set(reading.functions.flatMap((one) => one.inexact))];
  const words = ["As on paper; a name with ' is what the cell holds after the call."];
  if (reading.idle_instructions) words.push(`${reading.idle_instructions} of its ${plural(reading.instructions, "instruction")} have no effect and are left out.`);
  if (!inexact.length) words.push("The rewriting keeps every bit.");
  const rules = inexact.length ? element("details", {}, element("summary", {}, `Not exact: ${plural(inexact.length, "rewrite rule")}`), element("ul", { class: "rules" }, inexact.map((rule) => element("li", {}, element("code", {}, rule))))) : null;
  return part("read-as", "Read as", element("p", { class: "note" }, words.join(" ")), programBox("formulas", lines.join("\n")), rules);
}

/** What known program it is, in words. */
function identified({ identity, schema }) {
  if (!identity) return `It is no known ${schema} with other constants.`;
  const { name, is_exact: isExact, constants } = identity;
  if (isExact) return `It is ${name}, to the bit.`;
  if (!constants) return `It is ${name} in form, with numbers that no constants of ${name} give.`;
  const changed = constants.filter((one) => one.own !== null).map((one) => `${one.name} ${short(one.own)} (${name}: ${short(one.known)})`);
  return changed.length ? `It is ${name} with other constants: ${changed.join(", ")}.` : `It is ${name}, but for rounding.`;
}

/** A table of figures: rows of text, the first column on the left. */
function plainTable(caption, head, rows) {
  const table = element("table", {}, element("thead", {}, element("tr", {}, head.map((name) => element("th", { scope: "col" }, name)))), element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell))))));
  return element("div", { class: "scrolled", tabindex: 0, role: "region", "aria-label": caption }, table);
}

function knownOnes(nearest, place) {
  const title = `The nearest known ${nearest.schema}`;
  // Of a part, no behaviour is measured.
  const behaves = nearest.distances.some((one) => one.behaviour !== null);
  const rows = nearest.distances.map((one) => [one.name, one.structure.toFixed(2), ...(behaves ? [one.behaviour === null ? "–" : one.behaviour.toFixed(3)] : [])]);
  const note = `Structure: 0 where constants are all that differs, 1 where nothing is shared.${behaves ? " Behaviour: the angle between what both do with the same made-up numbers; 0 for the same but for one factor, 0.5 for nothing to do with each other, 1 for opposites." : ""}`;
  return part(`nearest-${place}`, title, element("p", { class: "is" }, identified(nearest)), element("p", { class: "note" }, note), plainTable(title, ["Known", "Structure", ...(behaves ? ["Behaviour"] : [])], rows));
}

function costTable({ own, known }) {
  const all = [...(own ? [["this program", own]] : []), ...known.map((row) => [row.name, row.cost])];
  const rows = all.map(([name, cost]) => [name, figure(cost.unit_flops), figure(cost.state), figure(cost.instructions), cost.call_flops_formula || figure(cost.call_flops)]);
  return part("cost", "What it costs", plainTable("What it costs", ["Program", `FLOPs/${unit}`, `State/${unit}`, "Instructions", "FLOPs a call"], rows));
}

/** What a part is called. */
const partName = (one) => (one.kind === "state" ? `memory of ${one.cell}` : `${one.function} ${one.number}: ${one.text}`);

function partEffects(measured) {
  const telling = (effect) => effect.retuned?.change ?? effect.change;
  const effects = [...measured.parts].sort((one, other) => telling(one).spread.median - telling(other).spread.median);
  const isTuned = effects.some((effect) => effect.retuned);
  const rows = effects.map((effect) => {
    const { spread } = telling(effect);
    const again = effect.retuned ? `, rate × ${short(effect.retuned.rate_factor)}` : "";
    const why = effect.rejection ? `; else ${effect.rejection}` : "";
    return { name: partName(effect.part), low: spread.lower_quartile, middle: spread.median, high: spread.upper_quartile, text: `${signed(spread.median)}${again}${why}` };
  });
  const { fitness } = measured;
  const note = `Its fitness on ${measured.suite} is ${fitnessText(fitness.median)}, the median of ${plural(measured.seeds.length, "seed")} that are used for nothing else. How that changes, seed by seed, without an instruction, or where a cell of state forgets after each call${isTuned ? "; with the learning rate tuned again for both, where what is left has one" : ""}. Bars are medians, lines reach from quartile to quartile.`;
  const chart = element("div", { class: "chart", id: "parts-chart" });
  effectChart(chart, { rows, title: "The change of fitness without each part" });
  return part("parts", "Which parts matter", element("p", { class: "note" }, note), element("figure", {}, chart));
}

/** Bars to the left and right of 0, one below the other. A row: { name, low, middle, high, text }. */
function effectChart(place, { rows, title }) {
  const values = rows.flatMap((row) => [row.low, row.middle, row.high, 0]);
  const [least, greatest] = extent(values, 0.02);
  redrawn(place, (width) => {
    const pitch = 44;
    const height = rows.length * pitch + 6;
    const across = scale("linear", least, greatest, 4, width - 4).at;
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": title });
    svg.append(drawn("line", { class: "grid", x1: across(0), x2: across(0), y1: 0, y2: height }));
    for (const [index, row] of rows.entries()) {
      const top = index * pitch;
      const [from, to] = [across(0), across(row.middle)].sort((one, other) => one - other);
      const room = Math.floor(width / 6.6) - row.text.length - 2;
      const name = row.name.length > room ? `${row.name.slice(0, Math.max(room - 1, 1))}…` : row.name;
      svg.append(
        drawn("text", { class: "strong", x: 0, y: top + 14 }, name, drawn("title", {}, row.name)),
        drawn("text", { x: width, y: top + 14, "text-anchor": "end" }, row.text),
        drawn("rect", { "data-part": row.name, x: from, y: top + 20, width: Math.max(to - from, 1), height: 13, rx: 3, style: `fill:var(${row.middle < 0 ? "--accent" : "--warm"})` }),
        drawn("line", { x1: across(row.low), x2: across(row.high), y1: top + 26.5, y2: top + 26.5, style: "stroke:var(--ink);stroke-width:1.5" }),
      );
    }
    place.replaceChildren(svg);
  });
}

function constantCharts(measured) {
  const says = { flat: "does not matter", gentle: "half or twice of it will do", sharp: "sharp: half or twice of it costs much" };
  const charts = measured.constants.filter((one) => one.points.length).map((one) => {
    const chart = element("div", { class: "chart" });
    const own = { factor: 1, value: one.value, change: { spread: { lower_quartile: 0, median: 0, upper_quartile: 0 } } };
    const points = [...one.points, own].sort((first, second) => first.factor - second.factor);
    const line = points.map((point) => [point.factor, point.change.spread.median]);
    const band = points.map(({ factor, change }) => [factor, change.spread.lower_quartile, change.spread.upper_quartile]);
    const [least, greatest] = extent([...band.flatMap(([, low, high]) => [low, high]), -0.02, 0.02]);
    const isDistance = one.variation === "distance_from_one";
    const series = [{ name: "change of fitness", colour: "var(--accent)", heavy: true, points: line, band, marks: line }];
    lineChart(chart, {
      x: { kind: "log", label: isDistance ? `times 1 − ${one.constant}` : `times ${one.constant}`, least: points[0].factor, greatest: points.at(-1).factor },
      y: { least, greatest }, series, title: `The change of fitness with other values of ${one.constant}`, height: 190, legend: false, told: (value) => signed(value),
    });
    return element("figure", {}, element("figcaption", {}, `${one.constant} = ${short(one.value)}`), element("p", { class: "note" }, says[one.sharpness]), chart);
  });
  if (!charts.length) return "";
  const note = "The change of fitness where one constant is multiplied; of constants close to 1, their distance from 1. Lines are medians, bands reach from quartile to quartile.";
  return part("constants", "How much its constants matter", element("p", { class: "note" }, note), element("div", { class: "tasks" }, charts));
}

/** The steps of its line that brought a gain, with what they changed. */
function gainList(gains) {
  const text = `Its line begins with candidate ${gains.first_id}, a ${gains.first_made_by}${gains.first_fitness === null ? "" : ` of fitness ${fitnessText(gains.first_fitness)}`}. Of ${plural(gains.steps, "step")} from there, ${whole.format(gains.gains.length)} made it fitter on the search's seeds.`;
  const steps = gains.gains.map((gain) => {
    const others = gain.other_parents.length ? ` with ${gain.other_parents.join(", ")}` : "";
    const changes = gain.changes?.map(({ is_new: isNew, line }) => element("span", { class: `line ${isNew ? "added" : "removed"}` }, programLine(line)));
    return element("li", {},
      element("b", {}, signed(gain.gain, 4)), ` to ${gain.fitness.toFixed(4)}: ${gain.made_by}${others}, candidate ${gain.id} of generation ${whole.format(gain.generation)}`,
      changes?.length ? element("pre", { tabindex: 0 }, changes) : null,
      gain.is_of_twin ? element("p", { class: "note" }, "By texts of candidates that are judged alike, as not all have their own.") : null);
  });
  return part("gains", "What brought the gains", element("p", { class: "note" }, text), element("ol", { class: "gains" }, steps));
}
