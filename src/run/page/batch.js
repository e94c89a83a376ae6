// The page of a batch: what its searches found, beside each other.

const unit = data.unit;
const runs = data.runs.map((run, id) => ({ ...run, id }));
const best = runs.reduce((best, run) => (run.fitness > best.fitness ? run : best));
const range = (spread, told) => `${told(spread.lower_quartile)} to ${told(spread.upper_quartile)}`;

/** Where a search's own page is, if it has one. */
const link = (run, words) => (run.page === null ? null : element("a", { href: run.page }, words));

function summary() {
  at("kicker").textContent = `Batch of searches for ${article(data.schema)} ${data.schema} on ${data.suite}`;
  at("best-title").textContent = runs.length === 1 ? "1 search" : `${whole.format(runs.length)} searches`;
  const words = [`Half of them found a program with a fitness of ${fitnessText(data.fitness.median)} or more; the best is of seed ${best.seed}, with ${fitnessText(best.fitness)}.`];
  if (data.held_out_fitness) words.push(`On tasks that the searches did not see, half have ${fitnessText(data.held_out_fitness.median)} or more.`);
  at("verdict").textContent = words.join(" ");
  const candidates = runs.reduce((sum, run) => sum + run.candidates, 0);
  at("tiles").append(...[
    tile("Median fitness", fitnessText(data.fitness.median), `half are ${range(data.fitness, fitnessText)}`, true),
    data.held_out_fitness ? tile("Held out", fitnessText(data.held_out_fitness.median), `half are ${range(data.held_out_fitness, fitnessText)}`) : null,
    tile(`FLOPs for each ${unit}`, figure(data.unit_flops.median), `half are ${range(data.unit_flops, figure)}`),
    tile("Candidates", whole.format(candidates), `${whole.format(runs.reduce((sum, run) => sum + run.training_steps, 0))} steps of training`),
  ].filter(Boolean));
}

function course() {
  const points = (of) => data.course.map((point) => [point.generation, of(point)]);
  const series = [
    { name: "best", colour: "var(--known-1)", points: points((point) => point.greatest) },
    { name: "median", colour: "var(--accent)", heavy: true, points: points((point) => point.spread.median), band: data.course.map((point) => [point.generation, point.spread.lower_quartile, point.spread.upper_quartile]) },
    { name: "worst", colour: "var(--known-2)", dash: "5 4", points: points((point) => point.least) },
  ];
  const [least, greatest] = extent(series.flatMap((one) => one.points.map(([, value]) => value)));
  const last = Math.max(data.course.at(-1)?.generation ?? 0, 1);
  lineChart(at("course-chart"), { x: { label: "generation", least: 0, greatest: last, whole: true }, y: { least, greatest }, series, title: "Fitness over generations", told: fitnessText, height: 280 });
}

function seeds() {
  const points = runs.map((run) => ({ run, key: `seed-${run.seed}`, x: run.unit_flops, y: run.fitness, size: run === best ? 7 : 5.5, colour: "var(--accent)", label: `Seed ${run.seed}: fitness ${fitnessText(run.fitness)} at ${figure(run.unit_flops)} FLOPs` }));
  const [low, high] = [Math.min(...points.map((point) => point.x)), Math.max(...points.map((point) => point.x))];
  const across = (high + 1) / (low + 1) > 8 ? { kind: "log1p", least: Math.max(low * 0.8 - 0.3, 0), greatest: high * 1.15 + 1 } : { least: Math.max(extent([low, high])[0], 0), greatest: extent([low, high])[1] };
  const [least, greatest] = extent(points.map((point) => point.y));
  const panel = at("seeds-panel");
  const chosen = ({ run }) => panel.replaceChildren(
    element("h3", {}, `Seed ${run.seed}`, run === best ? element("span", { class: "mark" }, "the best") : null, link(run, "its page")),
    facts(columns.slice(1).map(({ name, text }) => [name, text(run)])),
    programBox(run.name, run.program, { id: run.id }),
  );
  pointChart(at("seeds-chart"), { x: { ...across, label: `FLOPs for each ${unit}`, whole: true }, y: { least, greatest }, points, lines: [], chosen, first: `seed-${best.seed}`, title: "Fitness against cost, a point for each seed" });
}

const column = (name, value, text = (run) => figure(value(run)), note) => ({ name, value, text, note });
const columns = [
  column("Seed", (run) => Number(run.seed), (run) => run.seed, (run) => (run === best ? element("span", { class: "mark" }, " best") : null)),
  column("Fitness", (run) => run.fitness, (run) => fitnessText(run.fitness)),
  ...(data.held_out_fitness ? [column("Held out", (run) => run.held_out_fitness, (run) => fitnessText(run.held_out_fitness))] : []),
  column(`FLOPs/${unit}`, (run) => run.unit_flops),
  column("Instructions", (run) => run.instructions),
  column("Generation", (run) => run.generation),
  column("Candidates", (run) => run.candidates),
];

function table() {
  sortableTable(at("seeds-table"), {
    caption: "Searches by seed",
    rows: runs.map((run) => Object.assign(run, { isOwn: run === best })),
    sorted: 1,
    columns,
    opened: (run) => [element("p", {}, link(run, `The page of seed ${run.seed}`)), programBox(run.name, run.program, { id: run.id })],
  });
}

summary();
course();
seeds();
table();
commands();
