// The lines of the best programs as a tree that can be walked.
//
// Generations go from left to right. A line is straight as far as it belongs to the best of those that descend from it, so the one of
// the best program is the topmost; the others leave it downwards, those that leave it last next to it, which lets none cross.

/** The tree: each node with its children, its chain, and its lane from above. */
function laidOut(nodes, leaderId) {
  const byId = new Map(nodes.map((node) => [node.id, { ...node, children: [] }]));
  for (const node of byId.values()) {
    node.up = byId.get(node.parent) ?? null;
    node.up?.children.push(node);
  }
  // Chains from their youngest members, the best program's first.
  const leaves = [...byId.values()].filter((node) => node.children.length === 0);
  const best = byId.get(leaderId);
  leaves.sort((one, other) => (other.fitness ?? -1) - (one.fitness ?? -1));
  const chains = [];
  for (const leaf of [best, ...leaves]) {
    if (!leaf || leaf.chain) continue;
    const chain = { nodes: [], from: null, branches: [] };
    for (let node = leaf; node; node = node.up) {
      if (node.chain) {
        chain.from = node;
        node.chain.branches.push(chain);
        break;
      }
      node.chain = chain;
      chain.nodes.push(node);
    }
    chains.push(chain);
  }
  let lanes = 0;
  const settle = (chain) => {
    chain.lane = lanes;
    lanes += 1;
    chain.branches.sort((one, other) => other.from.id - one.from.id);
    chain.branches.forEach(settle);
  };
  chains.filter((chain) => !chain.from).forEach(settle);
  return { byId, chains, lanes };
}

/** Draws the tree and what is told of the chosen candidate. */
function lineageTree(place, panel, { nodes, programs, leaderId }) {
  const { byId, chains, lanes } = laidOut(nodes, leaderId);
  const fallback = nodes.at(-1).id;
  const state = { id: byId.has(leaderId) ? leaderId : fallback };
  const generations = nodes.map((node) => node.generation);
  const [first, last] = [Math.min(...generations), Math.max(...generations)];
  const pitch = lanes > 8 ? 26 : 34;
  const height = lanes * pitch + 50;
  const fitnesses = nodes.map((node) => node.fitness).filter((value) => value !== null && value !== undefined);
  const [least, greatest] = [Math.min(...fitnesses), Math.max(...fitnesses)];
  const strength = (node) => (node.fitness === null || node.fitness === undefined ? 0 : (node.fitness - least) / (greatest - least || 1));
  const marks = new Map();
  const branches = new Map();

  const choose = (id, focuses) => {
    const before = marks.get(state.id);
    before?.setAttribute("tabindex", -1);
    before?.classList.remove("chosen");
    state.id = id;
    const mark = marks.get(id);
    mark.setAttribute("tabindex", 0);
    mark.classList.add("chosen");
    for (const branch of branches.values()) branch.classList.remove("walked");
    for (let node = byId.get(id); node; node = node.up) branches.get(node.id)?.classList.add("walked");
    if (focuses) mark.focus();
    tell(byId.get(id));
  };

  const tell = (node) => {
    const text = programs[node.text];
    const before = node.up && programs[node.up.text];
    const gain = node.gain === null || node.gain === undefined ? "" : ` (${node.gain >= 0 ? "+" : "−"}${Math.abs(node.gain).toFixed(4)})`;
    const step = (id, label) => element("button", { type: "button", disabled: !byId.has(id), onclick: () => choose(id, false) }, label);
    const following = [...node.children].sort((one, other) => (one.chain === node.chain ? -1 : other.chain === node.chain ? 1 : 0));
    const walk = element("div", { class: "walk" },
      step(node.parent, node.parent === null ? "No parent" : `← Parent ${node.parent}`),
      following.map((child) => step(child.id, `Child ${child.id} →`)),
      node.other_parent === null ? null : step(node.other_parent, `Other parent ${node.other_parent}`));
    const told = [["generation", whole.format(node.generation)], ["made by", node.made_by], ["fitness in the search", fitnessText(node.fitness) + gain]];
    if (nodes.some((one) => one.island > 0)) told.splice(1, 0, ["island", String(node.island + 1)]);
    const hasChanged = before !== undefined && before !== null && text !== undefined;
    const content = [
      element("h3", {}, `Candidate ${node.id}`, node.id === leaderId ? element("span", { class: "mark" }, "the best program") : null),
      facts(told),
      walk,
      text === undefined
        ? element("p", { class: "note" }, "It did not train itself, and the log has no text of one that is judged alike.")
        : programBox(hasChanged ? "What changed since its parent" : "Its text", text, hasChanged ? { before } : { id: node.text }),
      node.text !== null && node.text !== node.id ? element("p", { class: "note" }, `The text is that of candidate ${node.text}, which is judged alike.`) : null,
    ];
    panel.replaceChildren(...content.filter(Boolean));
  };

  /** Where an arrow key leads. */
  const next = (node, key) => {
    if (key === "ArrowLeft") return node.up;
    if (key === "ArrowRight") return node.children.find((child) => child.chain === node.chain) ?? node.children[0];
    if (key === "Home") return node.chain.nodes.at(-1);
    if (key === "End") return node.chain.nodes[0];
    const lane = node.chain.lane + (key === "ArrowDown" ? 1 : -1);
    const chain = chains.find((one) => one.lane === lane);
    return chain?.nodes[nearest(chain.nodes.map((one) => one.generation), node.generation)];
  };

  redrawn(place, (width) => {
    const [left, right] = [12, width < 480 ? 62 : 120];
    const across = scale("linear", first, Math.max(last, first + 1), left, width - right);
    // Those of one generation that follow each other, as migrants do, stand beside each other.
    const column = (node) => across.at(node.generation) + (node.up && node.up.generation === node.generation ? 5 : 0);
    const row = (node) => 16 + node.chain.lane * pitch;
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": "The lines of the best programs, from the first generation on the left" });
    for (const value of across.ticks(Math.max(3, Math.floor(width / 90)))) {
      if (!Number.isInteger(value)) continue;
      svg.append(
        drawn("line", { class: "grid", x1: across.at(value), x2: across.at(value), y1: 4, y2: height - 34 }),
        drawn("text", { x: across.at(value), y: height - 20, "text-anchor": "middle" }, figure(value)),
      );
    }
    svg.append(drawn("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, "generation"));
    marks.clear();
    branches.clear();
    const led = new Set();
    for (let node = byId.get(leaderId); node; node = node.up) led.add(node.id);
    const layers = [drawn("g"), drawn("g")];
    for (const node of byId.values()) {
      const [x, y] = [column(node), row(node)];
      if (node.up) {
        const [from, above] = [column(node.up), row(node.up)];
        const bend = Math.min(14, Math.max(x - from, 2) / 2);
        const d = above === y ? `M${from} ${y}H${x}` : `M${from} ${above}C${from + bend} ${above} ${from} ${y} ${from + bend} ${y}H${x}`;
        const branch = drawn("path", { class: led.has(node.id) ? "branch led" : "branch", d });
        branches.set(node.id, branch);
        layers[0].append(branch);
      }
      const size = node.gain > 0.005 ? 5.5 : 3.5;
      const share = Math.round(15 + 85 * strength(node));
      const style = `fill:color-mix(in srgb, var(--accent) ${share}%, var(--rule))`;
      const shape = node.up ? drawn("circle", { cx: x, cy: y, r: size, style }) : drawn("rect", { x: x - 5, y: y - 5, width: 10, height: 10, rx: 2, style });
      const label = `Candidate ${node.id}, generation ${node.generation}, ${node.made_by}, fitness ${fitnessText(node.fitness)}`;
      const mark = drawn("g", { class: "point", role: "button", tabindex: -1, "data-key": node.id, "aria-label": label },
        drawn("circle", { cx: x, cy: y, r: 9, style: "fill:transparent" }), shape, drawn("circle", { class: "ring", cx: x, cy: y, r: size + 3.5 }), drawn("title", {}, label));
      mark.addEventListener("click", () => choose(node.id, true));
      mark.addEventListener("focus", () => node.id !== state.id && choose(node.id));
      mark.addEventListener("keydown", (event) => {
        if (!/^(Arrow|Home|End)/.test(event.key)) return;
        event.preventDefault();
        const found = next(node, event.key);
        if (found) choose(found.id, true);
      });
      marks.set(node.id, mark);
      layers[1].append(mark);
      if (node === node.chain.nodes[0]) {
        const text = width < 480 ? fitnessText(node.fitness) : `${node.id} · ${fitnessText(node.fitness)}`;
        layers[1].append(drawn("text", { class: node.id === leaderId ? "strong" : null, x: x + 12, y: y + 4 }, text));
      }
    }
    svg.append(...layers);
    place.replaceChildren(svg);
    choose(state.id);
  });
}
