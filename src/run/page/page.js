// The page: what each section shows.

const unit = data.best.cost.unit;

/** The contender of a comparison that stands for the best program: tuned as the known ones are, if it was. */
const own = (compared) => compared.contenders.find((one) => one.role === "tuned") ?? compared.contenders[0];

function bestKnown(compared) {
  const known = compared.contenders.filter((one) => one.role === "known");
  return known.reduce((best, one) => (!best || one.fitness > best.fitness ? one : best), null);
}

function summary() {
  const { best } = data;
  const [suite, unseen] = data.comparisons;
  const state = data.end ? "the search has ended" : `the search is at ${whole.format(data.generation)}`;
  at("kicker").textContent = `Search for ${article(data.schema)} ${data.schema} on ${data.suite}, seed ${data.seed}`;
  at("best-title").textContent = best.name;
  const known = bestKnown(suite);
  const words = [];
  if (known) {
    const [mine, theirs] = [own(suite), known];
    const order = mine.fitness > theirs.fitness ? "above" : mine.fitness < theirs.fitness ? "below" : "equal to";
    words.push(`Fitness ${fitnessText(mine.fitness)}${mine.role === "tuned" ? " with tuned learning rates" : ""}, ${order} ${theirs.name}, the best of those beside it with ${fitnessText(theirs.fitness)}.`);
  }
  if (unseen) {
    const theirs = bestKnown(unseen);
    words.push(`On tasks that the search did not see: ${fitnessText(own(unseen).fitness)}${theirs ? `; ${theirs.name} has ${fitnessText(theirs.fitness)}` : ""}.`);
  }
  if (data.end) words.push(`The search is over: ${data.end}.`);
  at("verdict").textContent = words.join(" ");
  const adam = suite.contenders.find((one) => one.name === "adam");
  at("tiles").append(
    tile("Fitness as written", fitnessText(best.fitness), data.schema === "learner" ? "1 is perfect" : "0 untrained, 1 best known", true),
    tile(`FLOPs for each ${unit}`, figure(best.cost.unit_flops), adam ? `adam's: ${figure(adam.unit_flops)}` : plural(best.cost.instructions, "instruction")),
    tile("Found in generation", whole.format(best.generation), `of ${whole.format(data.last_generation)}; ${state}`),
    tile("Candidates", whole.format(data.candidates), `${whole.format(data.trained)} trained`),
    tile("Time", duration(data.seconds), `${figure(data.candidates / data.seconds, 3)} candidates a second`),
  );
  at("best-program").append(programBox(`candidate ${best.id}`, data.programs[best.id], { id: best.id }));
}

function search() {
  const { points, leaders } = data.history;
  const last = Math.max(points.at(-1)?.generation ?? 0, 1);
  const x = { label: "generation", least: 0, greatest: last, whole: true };
  const line = (of) => points.filter((point) => of(point) !== null).map((point) => [point.generation, of(point)]);
  const led = leaders.map((leader) => [leader.generation, leader.confirmed]);
  const series = [
    { name: data.confirmation_suite ? `leader, confirmed on ${data.confirmation_suite}` : "leader, on seeds of its own", colour: "var(--accent)", heavy: true, steps: true, points: line((point) => point.leader), marks: led.length > 60 ? [] : led },
    { name: "best in the population", colour: "var(--known-1)", points: line((point) => point.best) },
    { name: "median", colour: "var(--known-2)", dash: "5 4", points: line((point) => point.median) },
  ];
  const [least, greatest] = extent(series.flatMap((one) => one.points.map(([, value]) => value)));
  lineChart(at("fitness-chart"), { x, y: { least, greatest }, series, title: "Fitness over generations", told: fitnessText });
  const diversity = [{ name: "of texts", colour: "var(--known-3)", heavy: true, points: line((point) => point.diversity) }];
  diversity.push({ name: "of behaviour", colour: "var(--known-6)", dash: "5 4", points: line((point) => point.behavioural_diversity) });
  lineChart(at("diversity-chart"), { x, y: { least: 0, greatest: 1 }, series: diversity, title: "Diversity over generations", told: fitnessText });
  islands(x);
  funnel(x);
}

/** Where each line has a colour or a dash of its own. */
const lineStyle = (place) => ({ colour: `var(--known-${(place % 6) + 1})`, dash: knownDashes[Math.floor(place / 6) % knownDashes.length] });

function islands(x) {
  const count = data.history.points.at(-1)?.islands.length ?? 0;
  if (!data.migration || !count) {
    at("islands").remove();
    return;
  }
  const { migrants, interval_generations: interval } = data.migration;
  at("islands-note").textContent = `In the search. ${plural(migrants, "program")} of each moved on to the next every ${plural(interval, "generation")}.`;
  const series = Array.from({ length: count }, (_, island) => {
    const points = data.history.points.map((point) => [point.generation, point.islands[island]]);
    return { name: `island ${island + 1}`, ...lineStyle(island), points: points.filter(([, value]) => value !== null && value !== undefined) };
  });
  const [least, greatest] = extent(series.flatMap((one) => one.points.map(([, value]) => value)));
  lineChart(at("islands-chart"), { x, y: { least, greatest }, series, title: "The best fitness on each island over generations", told: fitnessText });
}

const stageColour = (place) => `var(--stage-${(place % 6) + 1})`;

function funnel(x) {
  const rows = data.funnel.map((stage, place) => {
    const share = stage.entered ? Math.round((100 * stage.stopped) / stage.entered) : 0;
    const parts = [stage.stopped ? `${whole.format(stage.stopped)} of ${whole.format(stage.entered)} stopped, ${share} %` : `${whole.format(stage.entered)} went through`];
    if (stage.let_through) parts.push(`${whole.format(stage.wrongly_stopped)} of ${whole.format(stage.let_through)} tried were good`);
    if (stage.seconds !== undefined) parts.push(duration(stage.seconds));
    return { name: stage.stage, whole: stage.entered, part: stage.stopped, colour: stageColour(place), text: parts.join(" · ") };
  });
  barChart(at("funnel-chart"), { rows, title: "What each stage stopped" });
  const stopping = data.funnel.map((stage, place) => ({ ...stage, place })).filter((stage) => stage.stopped > 0);
  const below = (point, place) => stopping.filter((stage) => stage.place < place).reduce((sum, stage) => sum + point.stopped[stage.place], 0);
  const series = stopping.map(({ stage, place }) => {
    const band = data.history.points.map((point) => [point.generation, below(point, place), below(point, place) + point.stopped[place]]);
    return { name: stage, colour: stageColour(place), fill: true, band, points: band.map(([generation, , high]) => [generation, high]) };
  });
  lineChart(at("stopped-chart"), { x, y: { least: 0, greatest: 1 }, series, title: "The share of candidates that each stage stopped", told: (value) => `${Math.round(100 * value)} %` });
}

function front() {
  const known = data.comparisons[0].contenders.filter((one) => one.role === "known");
  const hall = data.hall_of_fame;
  const again = hall.filter((member) => member.fitness !== null);
  const label = (member, value) => `Candidate ${member.id}: fitness ${fitnessText(value)} at ${figure(member.unit_flops)} FLOPs`;
  const points = [
    ...hall.filter((member) => Number.isFinite(member.search_fitness)).map((member) => ({ member, key: `search-${member.id}`, x: member.unit_flops, y: member.search_fitness, size: 4, faint: true, colour: "var(--muted)", label: `${label(member, member.search_fitness)}, in the search` })),
    ...again.map((member) => ({ member, key: `again-${member.id}`, x: member.unit_flops, y: member.fitness, size: member.id === data.best.id ? 7 : 5.5, colour: "var(--accent)", label: `${label(member, member.fitness)}, judged again` })),
  ];
  const costs = [...points, ...known.map((one) => ({ x: one.unit_flops }))].map((point) => point.x);
  const [low, high] = [Math.min(...costs), Math.max(...costs)];
  const fitnesses = [...points.map((point) => point.y), ...known.map((one) => one.fitness)];
  const [least, greatest] = extent(fitnesses);
  const isWide = (high + 1) / (low + 1) > 8;
  const across = isWide ? { kind: "log1p", least: Math.max(low * 0.8 - 0.3, 0), greatest: high * 1.15 + 1 } : { least: Math.max(extent([low, high])[0], 0), greatest: extent([low, high])[1] };
  const lines = [
    { colour: "var(--muted)", dash: "3 4", points: frontier(points.filter((point) => point.faint)) },
    { colour: "var(--accent)", points: frontier(points.filter((point) => !point.faint)) },
  ];
  const labels = known.map((one) => ({ x: one.unit_flops, y: one.fitness, text: one.name }));
  at("front-note").textContent = `Every program that was best at its cost or length. Hollow: by its fitness in the search, where the best of many owe some to luck. Filled: the fittest at each cost, judged again on seeds that no search uses. Diamonds: known ones${known.length && data.schema !== "learner" && data.schema !== "loss" ? ", with learning rates tuned for each task" : ""}.`;
  const panel = at("front-panel");
  const chosen = ({ member }) => {
    panel.replaceChildren(
      element("h3", {}, `Candidate ${member.id}`, member.id === data.best.id ? element("span", { class: "mark" }, "the best program") : null),
      facts([
        ["fitness", fitnessText(member.fitness)],
        ["in the search", fitnessText(member.search_fitness)],
        [`FLOPs/${unit}`, figure(member.unit_flops)],
        ["instructions", figure(member.instructions)],
        ["generation", whole.format(member.generation)],
      ]),
      programBox("program", data.programs[member.id], { id: member.id }),
    );
  };
  pointChart(at("front-chart"), {
    x: { ...across, label: `FLOPs for each ${unit}`, whole: true }, y: { least, greatest }, points, lines, labels, chosen,
    first: `again-${data.best.id}`, title: "Fitness against cost",
  });
}

/** The greatest fitness up to each cost. */
function frontier(points) {
  const line = [];
  for (const { x, y } of [...points].sort((one, other) => one.x - other.x || other.y - one.y)) {
    if (!line.length || y > line.at(-1)[1]) line.push([x, y]);
  }
  return line;
}

function comparisons() {
  for (const compared of data.comparisons) {
    const part = element("div", { class: "comparison" });
    if (data.comparisons.length > 1) part.append(element("h3", {}, compared.is_held_out ? "On tasks that the search did not see" : "On the search's tasks"));
    if (!compared.is_held_out) part.append(element("p", { class: "note" }, compared.legend));
    part.append(fitnessTable(compared));
    at("comparisons").append(part);
    if (compared.tasks.some((task) => task.steps.length)) part.append(learningCurves(compared));
    else if (data.schema !== "learner") part.append(element("p", { class: "note" }, "This run's report was made by a version that kept no learning curves."));
  }
}

const knownDashes = [null, "7 3", "2 3", "9 3 2 3", "5 5", "1 4"];

/** A chart for each task. The legend's buttons bring one contender to the fore, everywhere. */
function learningCurves(compared) {
  let known = -1;
  const style = compared.contenders.map((one) => {
    if (one.role === "tuned") return { colour: "var(--accent)", heavy: true };
    if (one.role === "written") return { colour: "var(--accent)", dash: "6 4", heavy: true };
    known += 1;
    return lineStyle(known);
  });
  const grid = element("div", { class: "tasks" });
  const buttons = compared.contenders.map((one, place) => {
    const button = element("button", { type: "button", "aria-pressed": "false" }, sample({ ...style[place] }), one.name);
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      for (const other of buttons) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", String(isOn));
      bringForward(isOn ? one.name : null);
    });
    button.addEventListener("pointerenter", () => bringForward(one.name));
    button.addEventListener("pointerleave", () => bringForward(pressed()));
    return button;
  });
  const pressed = () => compared.contenders[buttons.findIndex((it) => it.getAttribute("aria-pressed") === "true")]?.name ?? null;
  const bringForward = (name) => {
    for (const mark of grid.querySelectorAll("[data-series]")) {
      mark.classList.toggle("faded", name !== null && mark.dataset.series !== name);
      mark.classList.toggle("forward", mark.dataset.series === name);
    }
  };
  for (const [task, described] of compared.tasks.entries()) {
    if (!described.steps.length) continue;
    const chart = element("div", { class: "chart" });
    const series = compared.contenders.map((one, place) => {
      const { mean, least, greatest } = one.results[task];
      const points = mean.map((value, step) => [described.steps[step], value]);
      return { name: one.name, ...style[place], points, band: points.map(([step], index) => [step, least[index], greatest[index]]) };
    });
    // The untrained model is often so far off that nothing else could be told apart.
    const values = series.flatMap((one) => one.points.slice(1).map(([, value]) => value));
    const ends = series.flatMap((one) => one.band.slice(-1).flatMap(([, low, high]) => [low, high]));
    const all = [...values, ...ends];
    const isLog = described.lower_is_better && Math.min(...all) > 0 && Math.max(...values) / Math.min(...values) > 8;
    const [least, greatest] = isLog ? [Math.min(...all) * 0.8, Math.max(...all) * 1.25] : extent(all);
    const clipped = isLog ? series.map((one) => ({ ...one, band: one.band.map(([step, low, high]) => [step, Math.max(low, least / 2), high]) })) : series;
    grid.append(element("figure", {}, element("figcaption", {}, described.name), element("p", { class: "note" }, `${described.metric}, ${described.lower_is_better ? "lower is better" : "higher is better"}${diverged(compared, task)}`), chart));
    lineChart(chart, {
      x: { label: "step", least: 0, greatest: Math.max(described.steps.at(-1), 1) }, y: { kind: isLog ? "log" : "linear", least, greatest },
      series: clipped, title: `Learning curves on ${described.name}`, height: 210, legend: false,
    });
  }
  const runs = compared.contenders[0].results[0]?.runs;
  const bands = `Lines are means over ${plural(runs, "seed")}, bands reach from the least to the greatest. Choose one to see it alone.`;
  return element("div", {}, element("p", { class: "note", style: "margin-top:1rem" }, bands), element("ul", { class: "legend" }, buttons.map((button) => element("li", {}, button))), grid);
}

/** Whose runs diverged on a task. */
function diverged(compared, task) {
  const those = compared.contenders.filter((one) => one.results[task].diverged_runs > 0);
  return those.length ? `; ${those.map((one) => `${one.name} diverged in ${one.results[task].diverged_runs} of ${one.results[task].runs} runs`).join(", ")}` : "";
}

function lineage() {
  const { nodes, note } = data.lineage;
  const text = "Every candidate that the best programs descend from, each by the parent that most of it is of. Large: fitter than its parent; square: where a line begins. Choose one, or walk with the arrow keys.";
  at("lineage-note").textContent = nodes.length ? [text, note].filter(Boolean).join(" ") : (note ?? "");
  if (!nodes.length) {
    at("lineage-tree").remove();
    return;
  }
  lineageTree(at("lineage-chart"), at("lineage-panel"), { nodes, programs: data.programs, leaderId: data.best.id });
}

function hall() {
  const rows = data.hall_of_fame.map((member) => ({ ...member, isOwn: member.id === data.best.id }));
  const column = (name, value, text = (row) => figure(value(row)), note) => ({ name, value, text, note });
  at("hall-note").textContent = "What was kept of everything that was judged, as nothing beside it was at least as good in fitness, cost and length. Fitness is on seeds that no search uses, of those that were judged on them; with a dot, nothing is at least as good in all three by that either.";
  sortableTable(at("hall-table"), {
    caption: "Hall of fame",
    rows,
    sorted: 2,
    columns: [
      column("Candidate", (row) => row.id, (row) => String(row.id), (row) => (row.isOwn ? element("span", { class: "mark" }, " best") : null)),
      column("Fitness", (row) => row.fitness, (row) => [row.is_on_front ? element("span", { class: "mark", title: "on the front" }, "● ") : null, fitnessText(row.fitness)]),
      column("In search", (row) => row.search_fitness, (row) => fitnessText(row.search_fitness)),
      column(`FLOPs/${unit}`, (row) => row.unit_flops),
      column("State", (row) => row.state),
      column("Instructions", (row) => row.instructions),
      column("Generation", (row) => row.generation),
    ],
    opened: (row) => programBox(`candidate ${row.id}`, data.programs[row.id], { id: row.id }),
  });
}

function again() {
  commands();
  at("configuration").append(programBox("config.toml", data.configuration));
}

summary();
search();
front();
comparisons();
explained();
lineage();
hall();
again();
