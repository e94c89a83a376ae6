// Charts: axes, lines with bands, stacked shares, bars, and points to choose from. All are SVG, drawn anew when their width
// changes, with colours from the style, so that light and dark need no drawing.

const svgNamespace = document.querySelector("svg").namespaceURI;

/** An HTML element; `children` are elements and text. */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** An SVG element. */
function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(svgNamespace, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return made;
}

const whole = new Intl.NumberFormat("en");

/** A number as people read it, with so many significant digits. */
function figure(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return whole.format(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

/** A fitness, as reports write it. */
const fitnessText = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));

/** Where values lie on an axis, and which of them get a mark. `kind`: "linear", "log", or "log1p" for counts from 0. */
function scale(kind, least, greatest, from, to) {
  const forms = { linear: (value) => value, log: (value) => Math.log10(value), log1p: (value) => Math.log1p(value) };
  const form = forms[kind];
  const [low, high] = [form(least), form(greatest)];
  const at = (value) => from + ((form(value) - low) / (high - low || 1)) * (to - from);
  return { at, ticks: (count) => ticks(kind, least, greatest, count) };
}

function ticks(kind, least, greatest, count) {
  if (kind === "linear") {
    const raw = (greatest - least) / count || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((unit) => unit * power).find((unit) => unit >= raw * 0.75);
    const first = Math.ceil(least / step - 1e-9);
    const found = [];
    for (let place = first; place * step <= greatest + step * 1e-9; place += 1) found.push(Number((place * step).toPrecision(12)));
    return found;
  }
  const found = kind === "log1p" && least <= 0 ? [0] : [];
  const decades = Math.log10(Math.max(greatest, 1e-300)) - Math.log10(Math.max(least, kind === "log1p" ? 1 : 1e-300));
  const units = decades < count / 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.round(decades / count));
  // Of counts, none is between 0 and 1.
  const first = Math.floor(Math.log10(Math.max(least, kind === "log1p" ? 1 : 1e-300)));
  for (let power = first; power <= 300; power += stride) {
    for (const unit of units) {
      const value = Number(`${unit}e${power}`);
      if (value > greatest * 1.0000001) return found;
      if (value >= least * 0.9999999) found.push(value);
    }
  }
  return found;
}

/** The least and the greatest of some values, with a little room. */
function extent(values, room = 0.06) {
  const finite = values.filter(Number.isFinite);
  let [least, greatest] = [Math.min(...finite), Math.max(...finite)];
  if (!finite.length) return [0, 1];
  if (least === greatest) [least, greatest] = [least - Math.abs(least || 1) * 0.1, greatest + Math.abs(greatest || 1) * 0.1];
  const margin = (greatest - least) * room;
  return [least - margin, greatest + margin];
}

/** Calls `draw` with the width of a place, now and whenever that changes. */
function redrawn(place, draw) {
  let width = 0;
  new ResizeObserver(() => {
    const now = Math.floor(place.clientWidth);
    if (now && now !== width) draw((width = now));
  }).observe(place);
}

let clips = 0;

/** Axes with their names; what is drawn goes to `plot`. */
function axes({ width, height, x, y, left = 46, right = 12, title }) {
  const [top, bottom] = [10, height - 34];
  const across = scale(x.kind ?? "linear", x.least, x.greatest, left, width - right);
  const up = scale(y.kind ?? "linear", y.least, y.greatest, bottom, top);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": title });
  for (const value of up.ticks(5)) {
    svg.append(
      drawn("line", { class: "grid", x1: left, x2: width - right, y1: up.at(value), y2: up.at(value) }),
      drawn("text", { x: left - 7, y: up.at(value) + 4, "text-anchor": "end" }, figure(value)),
    );
  }
  for (const value of across.ticks(Math.max(3, Math.floor(width / 90)))) {
    if (x.whole && !Number.isInteger(value)) continue;
    svg.append(
      drawn("line", { class: "grid", x1: across.at(value), x2: across.at(value), y1: bottom, y2: bottom + 4 }),
      drawn("text", { x: across.at(value), y: bottom + 16, "text-anchor": "middle" }, figure(value)),
    );
  }
  svg.append(drawn("text", { x: (left + width - right) / 2, y: height - 3, "text-anchor": "middle" }, x.label));
  // What lies beyond the axes is cut off, with room for lines along them.
  const clip = `clip-${(clips += 1)}`;
  svg.append(drawn("clipPath", { id: clip }, drawn("rect", { x: left - 4, y: top - 6, width: width - left - right + 8, height: bottom - top + 12 })));
  const plot = drawn("g", { "clip-path": `url(#${clip})` });
  svg.append(plot);
  return { svg, plot, across, up, left, right: width - right, top, bottom };
}

/** A path through points; `steps` holds each value until the next. */
function path(points, across, up, steps) {
  let text = "";
  for (const [place, [x, y]] of points.entries()) {
    const [column, row] = [across.at(x).toFixed(1), up.at(y).toFixed(1)];
    if (place === 0) text += `M${column} ${row}`;
    else text += steps ? `H${column}V${row}` : `L${column} ${row}`;
  }
  return text;
}

/** A line as the legend has it. */
function sample(series) {
  const shape = series.fill
    ? drawn("rect", { width: 14, height: 10, x: 4, rx: 2, style: `fill:${series.colour}` })
    : drawn("line", { x1: 1, x2: 21, y1: 5, y2: 5, class: series.heavy ? "curve heavy" : "curve", style: `stroke:${series.colour}`, "stroke-dasharray": series.dash });
  return drawn("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" }, shape);
}

function plainLegend(series) {
  return element("ul", { class: "legend plain" }, series.map((one) => element("li", {}, sample(one), one.name)));
}

/**
 * Lines over `x`, with a crosshair that follows pointer and arrow keys, and tells all values there.
 * A series: { name, colour, points: [[x, y]], steps, dash, heavy, band: [[x, low, high]], fill: band is stacked }.
 */
function lineChart(place, { x, y, series, title, height = 230, legend = true, told = figure }) {
  const box = element("div");
  const tip = element("div", { class: "tip", role: "status" });
  place.append(box, tip);
  if (legend) place.append(plainLegend(series));
  const stops = [...new Set(series.flatMap((one) => one.points.map(([at]) => at)))].sort((one, other) => one - other);
  redrawn(place, (width) => {
    const frame = axes({ width, height, x, y, title });
    const { svg, plot, across, up } = frame;
    for (const one of series) {
      if (one.band?.length) {
        const low = path(one.band.map(([at, least]) => [at, least]).reverse(), across, up);
        const high = path(one.band.map(([at, , most]) => [at, most]), across, up);
        plot.append(drawn("path", { class: one.fill ? "stacked" : one.heavy ? "band heavy" : "band", "data-series": one.name, d: `${high}L${low.slice(1)}Z`, style: `fill:${one.colour}` }));
      }
    }
    for (const one of series.filter((one) => !one.fill)) {
      const style = `stroke:${one.colour}`;
      plot.append(drawn("path", { class: one.heavy ? "curve heavy" : "curve", "data-series": one.name, style, "stroke-dasharray": one.dash, d: path(one.points, across, up, one.steps) }));
      for (const [at, value] of one.marks ?? []) plot.append(drawn("circle", { cx: across.at(at), cy: up.at(value), r: 3, style: `fill:${one.colour}` }));
    }
    const line = drawn("line", { class: "crosshair", y1: frame.top, y2: frame.bottom, visibility: "hidden" });
    svg.append(line);
    svg.setAttribute("tabindex", 0);
    let stop = stops.length - 1;
    const show = () => {
      const at = stops[stop];
      line.setAttribute("x1", across.at(at));
      line.setAttribute("x2", across.at(at));
      line.setAttribute("visibility", "visible");
      const rows = series.map((one) => [one, valueAt(one, at)]).filter(([, value]) => value !== undefined);
      tip.replaceChildren(
        element("b", {}, `${x.label} ${figure(at)}`),
        element("table", {}, rows.map(([one, value]) => element("tr", {}, element("td", {}, sample(one), one.name), element("td", {}, told(value))))),
      );
      beside(tip, across.at(at), frame.top, width);
    };
    const hide = () => {
      line.setAttribute("visibility", "hidden");
      tip.style.visibility = "hidden";
    };
    svg.addEventListener("pointermove", (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left;
      stop = nearest(stops.map((value) => across.at(value)), at);
      show();
    });
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    svg.addEventListener("focus", () => svg.matches(":focus-visible") && show());
    svg.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: stop - 1, ArrowRight: stop + 1, Home: 0, End: stops.length - 1 };
      if (event.key === "Escape") hide();
      if (!(event.key in moves)) return;
      event.preventDefault();
      stop = Math.min(Math.max(moves[event.key], 0), stops.length - 1);
      show();
    });
    box.replaceChildren(svg);
  });
}

/** What a series is at `x`; of stacked shares, the share. */
function valueAt(series, x) {
  if (series.fill) {
    const found = series.band.find(([at]) => at === x);
    return found && found[2] - found[1];
  }
  if (!series.steps) return series.points.find(([at]) => at === x)?.[1];
  return series.points.filter(([at]) => at <= x).at(-1)?.[1];
}

function nearest(values, wanted) {
  let found = 0;
  for (const [place, value] of values.entries()) {
    if (Math.abs(value - wanted) < Math.abs(values[found] - wanted)) found = place;
  }
  return found;
}

/** Shows a tip to the side of a column that has room for it. */
function beside(tip, column, top, width) {
  tip.style.visibility = "visible";
  const own = tip.offsetWidth;
  const left = column + 12 + own > width ? Math.max(0, column - own - 12) : column + 12;
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

/** Bars one below the other, each with a part that is stopped. A row: { name, whole, part, colour, text }. */
function barChart(place, { rows, title }) {
  const most = Math.max(...rows.map((row) => row.whole), 1);
  redrawn(place, (width) => {
    const pitch = 48;
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${rows.length * pitch}`, height: rows.length * pitch, role: "img", "aria-label": title });
    for (const [place, row] of rows.entries()) {
      const top = place * pitch;
      const length = (value) => (value / most) * width;
      svg.append(
        drawn("text", { class: "strong", x: 0, y: top + 13 }, row.name),
        drawn("text", { x: width, y: top + 13, "text-anchor": "end" }, row.text),
        drawn("rect", { x: 0, y: top + 20, width, height: 14, rx: 4, style: "fill:var(--sunken)" }),
        drawn("rect", { "data-bar": row.name, x: 0, y: top + 20, width: Math.max(length(row.whole), 1), height: 14, rx: 4, style: "fill:var(--accent)" }),
        drawn("rect", { x: length(row.whole - row.part), y: top + 20, width: length(row.part), height: 14, rx: 4, style: `fill:${row.colour}` }),
      );
    }
    place.replaceChildren(svg);
  });
}

/** Where a word beside a mark covers nothing: right, left, above or below it. */
function roomFor(text, column, row, taken, width) {
  const long = text.length * 6.6 + 2;
  const places = [
    { x: column + 9, y: row + 4, anchor: "start", box: [column + 9, row - 7, long, 14] },
    { x: column - 9, y: row + 4, anchor: "end", box: [column - 9 - long, row - 7, long, 14] },
    { x: column, y: row - 9, anchor: "middle", box: [column - long / 2, row - 20, long, 13] },
    { x: column, y: row + 18, anchor: "middle", box: [column - long / 2, row + 7, long, 13] },
    // Where it is crowded, farther off.
    ...[-24, 33, -39, 48].map((off) => ({ x: column, y: row + off, anchor: "middle", box: [column - long / 2, row + off - 11, long, 13] })),
    ...[-24, 33, -39, 48].map((off) => ({ x: column, y: row + off, anchor: "end", box: [column - long, row + off - 11, long, 13] })),
  ];
  const covers = ([left, top, wide, high], [other, below, across, deep]) => left < other + across && other < left + wide && top < below + deep && below < top + high;
  const isFree = ({ box }) => box[0] > 0 && box[1] > 4 && box[0] + long < width && !taken.some((one) => covers(one, box));
  return places.find(isFree) ?? places[0];
}

/**
 * Points that pointer and keyboard choose from: one is in the tab order, arrow keys go to the next to the left or right.
 * A point: { x, y, key, label, shape, colour, size, faint }. `chosen(point)` is called for each that is come to.
 */
function pointChart(place, { x, y, points, lines, labels = [], title, chosen, first, height = 360 }) {
  const ordered = [...points].sort((one, other) => one.x - other.x || one.y - other.y);
  const start = Math.max(ordered.findIndex((point) => point.key === first), 0);
  const state = { place: start };
  const tip = element("div", { class: "tip", role: "status" });
  const box = element("div");
  place.append(box, tip);
  redrawn(place, (width) => {
    const { svg, plot, across, up, top } = axes({ width, height, x, y, title });
    svg.setAttribute("role", "group");
    for (const line of lines) {
      plot.append(drawn("path", { class: "curve", style: `stroke:${line.colour}`, "stroke-dasharray": line.dash, d: path(line.points, across, up, true) }));
    }
    const taken = [...points, ...labels].map((point) => [across.at(point.x) - 6, up.at(point.y) - 6, 12, 12]);
    for (const { x: at, y: value, text } of labels) {
      const [column, row] = [across.at(at), up.at(value)];
      const free = roomFor(text, column, row, taken, width);
      taken.push(free.box);
      plot.append(
        drawn("path", { d: `M${column} ${row - 5}l5 5l-5 5l-5 -5Z`, style: "fill:none;stroke:var(--muted);stroke-width:1.5", "data-known": text }),
        drawn("text", { x: free.x, y: free.y, "text-anchor": free.anchor }, text),
      );
    }
    const made = ordered.map((point, place) => {
      const [column, row] = [across.at(point.x), up.at(point.y)];
      const dot = drawn("circle", { cx: column, cy: row, r: point.size, style: point.faint ? `fill:var(--surface);stroke:${point.colour};stroke-width:1.5` : `fill:${point.colour}` });
      const ring = drawn("circle", { class: "ring", cx: column, cy: row, r: point.size + 4 });
      const reach = drawn("circle", { cx: column, cy: row, r: Math.max(point.size + 5, 10), style: "fill:transparent" });
      return drawn("g", { class: "point", role: "button", "data-key": point.key, tabindex: place === state.place ? 0 : -1, "aria-label": point.label }, reach, dot, ring);
    });
    const choose = (place, focuses) => {
      made[state.place].setAttribute("tabindex", -1);
      made[state.place].classList.remove("chosen");
      state.place = place;
      made[place].setAttribute("tabindex", 0);
      made[place].classList.add("chosen");
      if (focuses) made[place].focus({ preventScroll: false });
      chosen(ordered[place]);
    };
    const tell = (place) => {
      tip.textContent = ordered[place].label;
      beside(tip, across.at(ordered[place].x), Math.max(up.at(ordered[place].y) - 40, top - 8), width);
    };
    for (const [place, mark] of made.entries()) {
      mark.addEventListener("pointerenter", () => (choose(place), tell(place)));
      mark.addEventListener("pointerleave", () => (tip.style.visibility = "hidden"));
      mark.addEventListener("click", () => choose(place, true));
      mark.addEventListener("focus", () => choose(place));
      mark.addEventListener("keydown", (event) => {
        const moves = { ArrowLeft: place - 1, ArrowDown: place - 1, ArrowRight: place + 1, ArrowUp: place + 1, Home: 0, End: made.length - 1 };
        if (!(event.key in moves)) return;
        event.preventDefault();
        choose(Math.min(Math.max(moves[event.key], 0), made.length - 1), true);
      });
    }
    plot.append(...made);
    box.replaceChildren(svg);
    choose(state.place);
  });
}
