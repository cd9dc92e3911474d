// Two layers side by side: of one network or two, final or untrained.
const LIMIT = 60; // images of units per side
const SIDES = ["a", "b"];

/** Return the run, layer and checkpoint of a side that an address names; throws what a reader can understand. */
async function sideOfAddress(text, untrained) {
  const [, network, dataset, name] = /^([^/]*)\/([^/]*)\/(.*)$/s.exec(text) ?? [null, text];
  const run = await knownRun(network, dataset);
  const layer = run.byName.get(name);
  if (!layer) throw new Error(`${network} has no layer ${name} in this atlas.`);
  const before = untrained ? await openUntrained(layer) : null;
  if (untrained && !before) throw new Error(`${layer.name} of ${run.title} has no untrained checkpoint in this atlas.`);
  const [, units] = await Promise.all([openLayer(layer), untrained ? null : openUnits(layer)]);
  const columns = before ? before.columns : layer.columns;
  return { run, layer, untrained, columns, shownAs: { ...layer, columns }, units: before ?? units };
}

/** Return what the two sides are: those of the address, or layers that are usually compared. */
async function sidesOf(state) {
  const { runs } = ATLAS.shell;
  let untrained = state.untrained.split(",").filter(Boolean);
  let { a, b } = state;
  if (!a) {
    const run = await openRun(runs[0].network, runs[0].dataset);
    a = nameOfSide(run, run.layers.find(({ kind }) => !NO_CODES.includes(kind)) ?? run.layers[0]);
  }
  if (!b) {
    const { run, layer } = await sideOfAddress(a, false);
    const seed = run.seeds.find((name) => name !== run.network);
    if (run.untrained.includes(layer.path) && !untrained.includes("a")) [b, untrained] = [a, ["b"]];
    else if (seed) b = `${seed}/${run.dataset}/${layer.name}`;
    else b = nameOfSide(run, run.layers[layer.place + 1] ?? run.layers[layer.place - 1] ?? layer);
  }
  const sides = await Promise.all([sideOfAddress(a, untrained.includes("a")), sideOfAddress(b, untrained.includes("b"))]);
  return { sides, chosen: { a, b, untrained: untrained.join(",") } };
}

const nameOfSide = (run, layer) => `${run.key}/${layer.name}`;

/** Return the page of two layers side by side. */
async function comparePage(state, go) {
  const { sides, chosen } = await sidesOf(state);
  const change = (changes) => go({ ...chosen, ...changes });
  const measured = (name) => sides.some(({ columns }) => finiteIn(columns, name).length);
  const numbers = [...new Set(sides.flatMap(({ run }) => run.numbers))].filter(measured);
  const measure = [state.measure, "gini", "mf_degree", ...numbers].find((name) => numbers.includes(name)) ?? "";
  const values = sides.map(({ columns }) => finiteIn(columns, measure));
  const all = values.flat();
  const ends = all.length ? [all.reduce((one, other) => Math.min(one, other)), all.reduce((one, other) => Math.max(one, other))] : null;
  const asImages = state.view === "images";
  const link = (view, words) => h("a", { href: address(["compare"], { ...state, ...chosen, view }), id: `view-${view || "values"}`, "aria-current": state.view === view ? "true" : null }, words);
  return {
    title: "Compare",
    content: [
      h("h1", {}, "Compare layers, checkpoints, seeds or networks"),
      h("div", { class: "bar" },
        h("label", { class: "choice" }, "Measure ", h("select", { id: "measure", onchange: (event) => change({ measure: event.target.value }) },
          numbers.map((name) => h("option", { value: name, selected: name === measure }, label(name))))),
        h("nav", { class: "switch", "aria-label": "View" }, link("", "Values"), link("images", "Images"))),
      meaning(measure) && h("p", { class: "meaning" }, meaning(measure)),
      h("div", { class: "two even" }, sides.map((side, place) => h("section", { class: "panel", id: `side-${SIDES[place]}`, "aria-label": place ? "Second layer" : "First layer" },
        sideChoice(side, SIDES[place], chosen, change),
        h("h2", {}, h("a", { href: address([side.run.network, side.run.dataset, side.layer.name]) }, side.layer.name), h("small", {}, ` ${side.run.title} on ${side.run.dataset}, ${side.untrained ? "untrained" : "final"}`)),
        asImages ? imagesOfSide(side, measure) : valuesOfSide(side, measure, values[place], ends)))),
    ],
  };
}

const finiteIn = (columns, name) => (columns[name] ?? []).filter((value) => Number.isFinite(value));

/** Return the choice of a side's network, layer and checkpoint. */
function sideChoice({ run, layer, untrained }, side, chosen, change) {
  const others = chosen.untrained.split(",").filter((each) => each && each !== side);
  const set = async (key, name) => {
    const to = await openRun(...key.split("/"));
    const found = to.byName.get(name) ?? to.layers.find(({ kind }) => !NO_CODES.includes(kind)) ?? to.layers[0];
    const kept = untrained && to.untrained.includes(found.path) ? [side] : [];
    change({ [side]: nameOfSide(to, found), untrained: [...others, ...kept].join(",") });
  };
  const choice = (words, id, options, onchange) => h("label", { class: "choice" }, `${words} `, h("select", { id: `${id}-${side}`, onchange: (event) => onchange(event.target.value) },
    options.map(([value, text, selected]) => h("option", { value, selected }, text))));
  return h("div", { class: "controls" },
    choice("Network", "run", ATLAS.shell.runs.map((each) => [`${each.network}/${each.dataset}`, `${each.title} on ${each.dataset}`, each.network === run.network && each.dataset === run.dataset]), (key) => set(key, layer.name)),
    choice("Layer", "layer", run.layers.map((each) => [each.name, shortened(each.name, 40), each === layer]), (name) => set(run.key, name)),
    run.untrained.includes(layer.path) && choice("Checkpoint", "checkpoint", [["", "final", !untrained], ["untrained", "untrained", untrained]],
      (value) => change({ untrained: [...others, ...(value ? [side] : [])].join(",") })));
}

/** Return the distribution of a measure over the units of a side, on the axis of both. */
function valuesOfSide({ columns, layer }, measure, values, ends) {
  if (!values.length) return h("p", { class: "empty" }, "No unit has a value of this measure.");
  const sorted = [...values].sort((one, other) => one - other);
  const shares = [0.05, 0.25, 0.5, 0.75, 0.95];
  const quantiles = shares.map((share) => sorted[Math.round(share * (sorted.length - 1))]);
  const names = ["5\u00a0%", "25\u00a0%", "median", "75\u00a0%", "95\u00a0%"];
  const counts = new Array(30).fill(0);
  for (const value of values) counts[ends[1] > ends[0] ? Math.min(29, Math.floor((30 * (value - ends[0])) / (ends[1] - ends[0]))) : 0] += 1;
  const none = (columns[measure] ?? []).filter((value) => Number.isNaN(value)).length;
  return [
    fitted((width) => histogramPlot(counts, quantiles, names, width, { ends, of: "unit" })),
    h("table", { class: "standings" }, h("tbody", {},
      names.map((name, place) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, number(quantiles[place])))),
      h("tr", {}, h("th", { scope: "row" }, "units with a value"), h("td", { class: "number" }, `${values.length.toLocaleString("en")} of ${layer.shape[0].toLocaleString("en")}`)),
      none > 0 && h("tr", {}, h("th", { scope: "row" }, "undefined"), h("td", { class: "number" }, none.toLocaleString("en"))))),
  ];
}

/** Return the units of a side with the largest values of a measure, by their images. */
function imagesOfSide({ shownAs, units }, measure) {
  const rows = sortedRows(shownAs.columns.unit.map((_, row) => ({ layer: shownAs, row })), `-${measure}`);
  return [
    h("p", { class: "meaning" }, `${rows.length > LIMIT ? `The ${LIMIT} units with the largest values` : "Units"}, in descending order.`),
    h("ul", { class: "gallery", "aria-label": "Units" }, rows.slice(0, LIMIT).map(({ row }) => h("li", {}, reachable(tileOf(shownAs, units, row, { listed: {}, scale: null, captioned: measure }))))),
  ];
}

/** Return a tile that the tab key reaches, as there are no arrow keys between those of two grids. */
function reachable(tile) {
  tile.removeAttribute("tabindex");
  return tile;
}
