// Two layers side by side: of one network or two, at one checkpoint or all.
const LIMIT = 60; // images of units per side
const SIDES = ["a", "b"];
const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95];
const NAMES_OF_SHARES = ["5\u00a0%", "25\u00a0%", "median", "75\u00a0%", "95\u00a0%"];

/** Return the run, layer and checkpoint of a side that an address names; throws what a reader can understand. */
async function sideOfAddress(text, checkpoint) {
  const [, network, dataset, name] = /^([^/]*)\/([^/]*)\/(.*)$/s.exec(text) ?? [null, text];
  const run = await knownRun(network, dataset);
  const layer = run.byName.get(name);
  if (!layer) throw new Error(`${network} has no layer ${name} in this atlas.`);
  const earlier = checkpoint ? await openCheckpoint(layer, checkpoint) : null;
  if (checkpoint && !earlier) throw new Error(`${layer.name} of ${run.title} has no checkpoint ${checkpoint} in this atlas.`);
  const [, tiles] = await Promise.all([openLayer(layer), earlier ? earlier.top : openTiles(layer)]);
  const { columns } = earlier ?? layer;
  return { run, layer, checkpoint, columns, shownAs: { ...layer, columns }, tiles };
}

/** Return what the two sides are: those of the address, or layers that are usually compared. */
async function sidesOf(state) {
  const { runs } = ATLAS.shell;
  const chosen = { a: state.a, b: state.b, checkpoint_a: state.checkpoint_a, checkpoint_b: state.checkpoint_b };
  if (!chosen.a) {
    const run = await openRun(runs[0].network, runs[0].dataset);
    chosen.a = nameOfSide(run, firstLayer(run));
  }
  if (!chosen.b) {
    const { run, layer } = await sideOfAddress(chosen.a, "");
    const seed = run.seeds.find((name) => name !== run.network);
    const [first] = earlierOf(layer);
    if (first && !chosen.checkpoint_a && state.view !== "training") [chosen.b, chosen.checkpoint_b] = [chosen.a, first.name];
    else if (seed) chosen.b = `${seed}/${run.dataset}/${layer.name}`;
    else chosen.b = nameOfSide(run, run.layers[layer.place + 1] ?? run.layers[layer.place - 1] ?? layer);
  }
  const sides = await Promise.all(SIDES.map((side) => sideOfAddress(chosen[side], chosen[`checkpoint_${side}`])));
  return { sides, chosen };
}

/** Return the name of a checkpoint; nothing stands for the final one. */
const nameOfCheckpoint = (name) => (!name ? "final" : name === UNTRAINED ? "untrained" : `step ${number(Number(name))}`);

/** Return the first layer of a run that rankings include. */
const firstLayer = ({ layers }) => layers.find((layer) => !isRepeated(layer)) ?? layers[0];

const nameOfSide = (run, layer) => `${run.key}/${layer.name}`;

/** Return the page of two layers side by side. */
async function comparePage(state, go) {
  const { sides, chosen } = await sidesOf(state);
  const change = (changes) => go({ ...chosen, ...changes });
  const measured = (name) => sides.some(({ columns }) => finiteValues(columns, name).length);
  const numbers = [...new Set(sides.flatMap(({ run }) => run.numbers))].filter(measured);
  const measure = [state.measure, "gini", "mf_degree", ...numbers].find((name) => numbers.includes(name)) ?? "";
  const draw = state.view === "images" ? imagesOfSides : state.view === "training" ? trainingOfSides : valuesOfSides;
  const drawn = await draw(sides, measure);
  // all checkpoints of a layer are on one side
  const others = { ...chosen, ...(chosen.a === chosen.b ? { b: "", checkpoint_b: "" } : {}) };
  const link = (view, words) => h("a", { href: address(["compare"], { ...state, ...(view === "training" ? others : chosen), view }), id: `view-${view || "values"}`, "aria-current": state.view === view ? "true" : null }, words);
  return {
    title: "Compare",
    content: [
      h("h1", {}, "Compare layers, checkpoints, seeds or networks"),
      h("div", { class: "bar" },
        measureChoice(numbers, measure, change),
        h("nav", { class: "switch", "aria-label": "View" }, link("", "Values"), link("images", "Images"), link("training", "Training"))),
      meaning(measure) && h("p", { class: "meaning" }, meaning(measure)),
      h("div", { class: "two even" }, sides.map((side, place) => h("section", { class: "panel", id: `side-${SIDES[place]}`, "aria-label": place ? "Second layer" : "First layer" },
        sideChoice(side, SIDES[place], change, state.view === "training"),
        h("h2", {}, h("a", { href: address([side.run.network, side.run.dataset, side.layer.name]) }, side.layer.name), h("small", {}, ` ${side.run.title} on ${side.run.dataset}, ${state.view === "training" ? "all checkpoints" : nameOfCheckpoint(side.checkpoint)}`)),
        drawn[place]))),
    ],
  };
}

/** Return the smallest and the largest of values; null without any. */
const endsOf = (values) => (values.length ? [values.reduce((one, other) => Math.min(one, other)), values.reduce((one, other) => Math.max(one, other))] : null);

/** Return the choice of a side's network, layer and checkpoint. */
function sideChoice({ run, layer, checkpoint }, side, change, all) {
  const set = async (key, name) => {
    const to = await openRun(...key.split("/"));
    const found = to.byName.get(name) ?? firstLayer(to);
    const kept = earlierOf(found).some((each) => each.name === checkpoint) ? checkpoint : "";
    change({ [side]: nameOfSide(to, found), [`checkpoint_${side}`]: kept });
  };
  return h("div", { class: "controls" },
    choice("Network", `run-${side}`, ATLAS.shell.runs.map((each) => [`${each.network}/${each.dataset}`, `${each.title} on ${each.dataset}`]), run.key, (key) => set(key, layer.name)),
    choice("Layer", `layer-${side}`, run.layers.map(({ name }) => [name, shortened(name, 40)]), layer.name, (name) => set(run.key, name)),
    !all && earlierOf(layer).length > 0 && choice("Checkpoint", `checkpoint-${side}`, ["", ...earlierOf(layer).map(({ name }) => name)].map((name) => [name, nameOfCheckpoint(name)]), checkpoint,
      (name) => change({ [`checkpoint_${side}`]: name })));
}

/** Return the distributions of a measure over the units of both sides, on one axis. */
function valuesOfSides(sides, measure) {
  const values = sides.map(({ columns }) => finiteValues(columns, measure));
  return sides.map((side, place) => valuesOfSide(side, measure, values[place], endsOf(values.flat())));
}

/** Return values at shares of a sorted list. */
const quantilesOf = (values) => {
  const sorted = Float64Array.from(values).sort();
  return SHARES.map((share) => atShare(sorted, share));
};
/** Return the distribution of a measure over the units of a side, on the axis of both. */
function valuesOfSide({ columns, layer }, measure, values, ends) {
  if (!values.length) return h("p", { class: "empty" }, "No unit has a value of this measure.");
  const quantiles = quantilesOf(values);
  const counts = new Array(30).fill(0);
  for (const value of values) counts[ends[1] > ends[0] ? Math.min(29, Math.floor((30 * (value - ends[0])) / (ends[1] - ends[0]))) : 0] += 1;
  const none = (columns[measure] ?? []).filter((value) => Number.isNaN(value)).length;
  return [
    fitted((width) => histogramPlot(counts, quantiles, NAMES_OF_SHARES, width, { ends, of: "unit" })),
    h("table", { class: "standings" }, h("tbody", {},
      NAMES_OF_SHARES.map((name, place) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, number(quantiles[place])))),
      h("tr", {}, h("th", { scope: "row" }, "units with a value"), h("td", { class: "number" }, `${number(values.length)} of ${number(layer.shape[0])}`)),
      none > 0 && h("tr", {}, h("th", { scope: "row" }, "undefined"), h("td", { class: "number" }, number(none))))),
  ];
}

/** Return a measure of both sides at all checkpoints, on one axis. */
async function trainingOfSides(sides, measure) {
  const found = await Promise.all(sides.map(async ({ layer }) => {
    const opened = await Promise.all(earlierOf(layer).map(async ({ name }) => [nameOfCheckpoint(name), (await openCheckpoint(layer, name)).columns]));
    const { step } = layer.run;
    return [...opened, [step === null ? "final" : `final, step ${number(step)}`, layer.columns]].map(([name, columns]) => {
      const values = finiteValues(columns, measure);
      return { name, n: values.length, quantiles: values.length ? quantilesOf(values) : null };
    });
  }));
  const ends = endsOf(found.flat().flatMap(({ quantiles }) => quantiles ?? []));
  return found.map((checkpoints) => (ends && checkpoints.some(({ n }) => n)
    ? [
      checkpoints.length < 2 && h("p", { class: "meaning" }, "The atlas has only the final checkpoint of this layer."),
      fitted((width) => trainingPlot(checkpoints, measure, width, ends)),
      h("p", { class: "legend" }, quantileLegend(), h("span", {}, legendMark(s("circle", { class: "mark", r: 3.5 })), "median")),
      h("table", { class: "standings training" },
        h("thead", {}, h("tr", {}, ["Checkpoint", "25\u00a0%", "Median", "75\u00a0%", "Units"].map((words, place) => h("th", { scope: "col", class: place ? "number" : null }, words)))),
        h("tbody", {}, checkpoints.map(({ name, n, quantiles }) => h("tr", {}, h("th", { scope: "row" }, name),
          [1, 2, 3].map((place) => h("td", { class: "number" }, quantiles ? number(quantiles[place]) : "—")), h("td", { class: "number" }, number(n)))))),
    ]
    : h("p", { class: "empty" }, "No unit has a value of this measure.")));
}

/** Return the units of both sides with the largest values of a measure, by their images. */
const imagesOfSides = (sides, measure) => sides.map((side) => imagesOfSide(side, measure));

function imagesOfSide({ shownAs, tiles }, measure) {
  const rows = sortedRows(shownAs.columns.unit.map((_, row) => ({ layer: shownAs, row })), `-${measure}`);
  return [
    h("p", { class: "meaning" }, `${rows.length > LIMIT ? `The ${LIMIT} units with the largest values` : "Units"}, in descending order.`),
    h("ul", { class: "gallery", "aria-label": "Units" }, rows.slice(0, LIMIT).map(({ row }) => h("li", {}, reachable(tileOf(shownAs, tiles, row, { listed: {}, scale: null, captioned: measure }))))),
  ];
}

/** Return a tile that the tab key reaches, as there are no arrow keys between those of two grids. */
function reachable(tile) {
  tile.removeAttribute("tabindex");
  return tile;
}
