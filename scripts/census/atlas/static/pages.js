/** Return the measures that can be drawn along depth: those with values in any layer. */
const measuresAlong = (run) => run.numbers.filter((name) => run.layers.some((layer) => layer.summary[name]));

/** Return the measure that is drawn: the one in the address, or a usual one. */
function measureOf(run, state) {
  const there = (name) => run.layers.some((layer) => layer.summary[name]?.[0]);
  return [state.measure, "gini", "mf_degree", "lifetime_sparseness", ...run.numbers].find((name) => name && there(name)) ?? "";
}

/** Draw something as wide as its place: by `fit`, once it is on the page, and again when its width changes. */
function fitted(draw) {
  const host = h("div", { class: "fitted" });
  let width = 0;
  host.fit = () => {
    if (!host.clientWidth || host.clientWidth === width) return; // it has none once the page is left
    width = host.clientWidth;
    host.replaceChildren(draw(width));
  };
  new ResizeObserver(host.fit).observe(host);
  return host;
}

/** Return the page of all networks. */
async function networksPage() {
  const { runs } = ATLAS.shell;
  const opened = await openRuns();
  return {
    title: "Networks",
    content: [
      h("h1", {}, "What single units respond to"),
      h("p", { class: "lead" }, "Choose a network, then a layer, then a unit. A unit’s page shows its maximally and minimally activating images, its measures, and its rank within the layer. All values are of the networks’ final checkpoints."),
      h("ul", { class: "cards" }, runs.map((run, place) => {
        const found = opened[place];
        const measure = measureOf(found, {});
        return h("li", { class: "card" },
          h("h2", {}, h("a", { href: address([run.network, run.dataset]) }, run.title, h("small", {}, ` on ${run.dataset}`))),
          h("p", { class: "facts" }, `${count(run.n_layers, "layer")}, ${count(run.n_units, "unit")}, ${count(run.n_images, "image")} in ${count(found.classes.length, "class")}`),
          h("p", { class: "some", "aria-hidden": "true" }, spread(found.images.index.length, 8).map((image) => thumbnail(found, image, 40, null))),
          measure && h("p", { class: "plot-title" }, `${label(measure)} along depth`),
          measure && fitted((width) => depthPlot(found, measure, { width, names: false, small: true })));
      })),
      h("p", {}, h("a", { href: address(["compare"]) }, "Compare layers, checkpoints, seeds or networks")),
      h("h2", {}, "Find units"),
      h("ul", { class: "examples" }, examples(opened).map(([words, state]) =>
        h("li", {}, h("a", { href: address(["search"], state) }, words)))),
      ATLAS.shell.papers.some(hasFigures) && h("h2", {}, "Figures of the papers"),
      h("ul", { class: "examples" }, ATLAS.shell.papers.filter(hasFigures).map(({ code, short, title }) =>
        h("li", {}, h("a", { href: address(["papers", code]) }, short), `: ${title}`))),
    ],
  };
}

/** Return some of the first n numbers, as far apart as can be. */
const spread = (n, some) => Array.from({ length: Math.min(n, some) }, (_, place) => Math.floor(((place + 0.5) * n) / Math.min(n, some)));

/** Return searches that give something to start from. */
function examples(opened) {
  const has = (name) => opened.some((run) => run.layers.some((layer) => layer.summary[name]));
  const found = [];
  if (opened.some((run) => "top_class_1" in run.columns)) {
    const name = opened[0].classes.at(-2) ?? opened[0].classes[0];
    found.push([`Units whose most common class is ${name}`, { where: [{ column: "top_class_1", operator: "is", value: name }] }]);
  }
  if (has("mf_degree")) {
    found.push(["The most multi-faceted units", { where: [{ column: "mf_degree", operator: "measured", value: "" }], sort: "-mf_degree" }]);
  }
  if (has("rs_iam")) {
    found.push(["Units without substitutes on their own image (RS = 0)", { where: [{ column: "rs_iam", operator: "is", value: "0" }] }]);
  }
  if (has("ablation_kl")) {
    found.push(["Units with the largest ablation effect", { where: [{ column: "ablation_kl", operator: "above", value: "0" }], sort: "-ablation_kl" }]);
  }
  return found;
}

/** Return a network's page: a measure along depth, and its layers. */
async function networkPage(run, state, go) {
  const measure = measureOf(run, state);
  return {
    title: `${run.title} on ${run.dataset}`,
    content: [
      h("div", { class: "bar" }, h("h1", {}, run.title, h("small", {}, ` on ${run.dataset}`)), seedsOf(run)),
      h("p", { class: "facts" }, `${count(run.layers.length, "layer")}; ${count(run.n_images, "image")} (${run.split}); final checkpoint${run.step === null ? "" : `, step ${number(run.step)}`}`),
      h("section", { class: "panel" },
        h("div", { class: "bar" }, h("h2", {}, "Along depth"), measureChoice(measuresAlong(run), measure, go)),
        meaning(measure) && h("p", { class: "meaning" }, meaning(measure)),
        fitted((width) => depthPlot(run, measure, { width, state: { measure: state.measure } })),
        depthLegend(run, measure)),
      h("p", {}, h("a", { id: "all-images", href: address(["images", run.network, run.dataset]) }, `${count(run.images.index.length, "image")} of the atlas`), ", each with the units that it activates most"),
      h("section", {},
        h("h2", {}, "Layers"),
        scrolling("Table of layers", h("table", {},
          h("thead", {}, h("tr", {}, ["Layer", "Kind", "Units", "Map size", "Receptive field"].map((words, place) => h("th", { scope: "col", class: place === 2 ? "number" : "text" }, words)),
            h("th", { scope: "col", class: "number" }, `${label(measure)}, median`),
            h("th", { scope: "col", class: "number" }, "Undefined for"))),
          h("tbody", {}, run.layers.map((layer) => {
            const [units, height, width] = layer.shape;
            const [, none, , , median] = layer.summary[measure] ?? [0, null, null, null, null];
            return h("tr", {},
              h("th", { scope: "row" }, h("a", { href: address([run.network, run.dataset, layer.name], { measure: state.measure }) }, layer.name)),
              h("td", {}, nameOfKind(layer.kind), layer.branch_of && h("span", { class: "muted" }, `, in ${layer.branch_of}`)),
              h("td", { class: "number" }, number(units)),
              h("td", {}, `${height} × ${width}`),
              h("td", {}, layer.field ? `${layer.field.size[0]} × ${layer.field.size[1]}` : "whole image"),
              cell(median, "number"),
              h("td", { class: "number" }, none === null ? "—" : number(none)));
          }))))),
    ],
  };
}

/** Return a layer's page: where it stands along depth, and its units. */
async function layerPage(layer, state, go) {
  if (state.view === "directions") return directionsPage(layer, state, go);
  const { run } = layer;
  const [, tiles] = await Promise.all([openLayer(layer), openTiles(layer)]);
  const measure = measureOf(run, state);
  const asTable = state.view === "table";
  const { rows, inactive } = unitsOf([layer], state, true);
  const measured = (name) => name in layer.columns;
  const [units, height, width] = layer.shape;
  const found = rows.length < units ? `${number(rows.length)} of ${count(units, "unit")}` : count(units, "unit");
  announce(found);
  return {
    title: `${layer.name}, ${run.title} on ${run.dataset}`,
    content: [
      h("div", { class: "bar" }, h("h1", {}, layer.name, h("small", {}, ` ${run.title} on ${run.dataset}`)), seedsOf(run, [layer.name], { measure: state.measure, view: state.view }), neighborsOfLayer(layer, state)),
      h("p", { class: "facts" }, h("a", { id: "compare", href: address(["compare"], { a: nameOfSide(run, layer), measure: state.measure }) }, "Compare"), ` · ${nameOfKind(layer.kind)}${layer.branch_of ? `, in the branch ${layer.branch_of}` : ""}; ${count(units, "unit")} with maps of ${height} × ${width}; ${fieldWords(layer)}`),
      h("details", { class: "panel", id: "depth", open: state.measure !== "" },
        h("summary", { id: "depth-summary" }, `${label(measure)} along depth`),
        measureChoice(measuresAlong(run), measure, go),
        fitted((available) => depthPlot(run, measure, { width: available, current: layer.name, names: false, state: { measure: state.measure, view: state.view } })),
        depthLegend(run, measure)),
      h("section", {},
        h("div", { class: "bar" }, h("h2", { id: "found" }, found), viewSwitch([run.network, run.dataset, layer.name], state, layer.n_directions > 0)),
        !asTable && galleryControls(layer, state, go),
        conditionForm(state.where, run.columns, (name) => textsOf(layer.columns[name] ?? []), (where) => go({ where }), "Add a condition"),
        rankingForm(state, inactive, go, run.columns, true),
        asTable && h("div", { class: "bar" },
          csvButton(rows, columnsToShow(run.columns, state, measured), `${run.network}-${run.dataset}-${layer.path}`),
          columnChooser(run.columns, columnsToShow(run.columns, { columns: state.columns }, measured), measured, go)),
        !rows.length
          ? h("p", { class: "empty" }, "No unit of this layer meets all conditions.")
          : asTable ? unitTable({ rows, kinds: run.columns, measured, state, go }) : gallery({ rows, layer, tiles, state })),
    ],
  };
}

/** Return links to the same page of the networks that are trained alike from other seeds; nothing without any. */
function seedsOf(run, rest = [], state = {}) {
  if (!run.seeds.length) return null;
  const runs = run.seeds.map((name) => listedRun(name, run.dataset));
  return h("nav", { class: "seeds", "aria-label": "Seeds" }, "Seed ", runs.map((each) => h("a", {
    href: address([each.network, each.dataset, ...rest], state), "aria-current": each.network === run.network ? "page" : null,
  }, String(each.seed))));
}

/** Return links to the previous and the next layer. */
const neighborsOfLayer = ({ run, place }, { measure, view }) => stepLinks("layer", run.layers, place,
  ({ name }) => ({ name: shortened(name, 16), href: address([run.network, run.dataset, name], { measure, view }) }));

/** Return the texts of a column, in alphabetic order. */
function textsOf(values) {
  const found = new Set(values);
  found.delete(null);
  return [...found].sort((one, other) => one.localeCompare(other, "en")).slice(0, 2000);
}

/** Return the page of a search over all layers of a run, or of all runs. */
async function searchPage(state, go) {
  const opened = await openRuns();
  const kinds = Object.assign({}, ...opened.map((run) => run.columns));
  const where = state.where.length || state.text ? state.where : [{ column: "top_class_1" in kinds ? "top_class_1" : Object.keys(kinds)[0], operator: "is", value: "" }];
  const asked = complete(state.where).length > 0 || state.text !== "";
  const scope = await runsOfSearch(state);
  await Promise.all(scope.map((run) => openColumns(run, where.map(({ column }) => column))));
  const { rows, inactive, n } = asked ? await unitsOfSearch(state) : { rows: [], inactive: 0, n: 0 };
  const measured = (name) => scope.some((run) => run.searched.includes(name));
  const found = `${count(rows.length, "unit")} in ${count(n, "layer")}`;
  announce(asked ? found : "");
  return {
    title: "Search",
    content: [
      h("h1", {}, "Find units"),
      wordsField(state.text, "class, layer or unit", go),
      " ",
      choice("Search in", "scope", [["", "all networks"], ...opened.map((run) => [run.key, `${run.title} on ${run.dataset}`])], state.in, (key) => go({ in: key })),
      conditionForm(where, kinds, (name) => textsOf(scope.flatMap((run) => run.searching[name]?.values ?? [])), (changed) => go({ where: changed }), "Add a condition"),
      asked
        ? [
          state.text && imagesFound(scope, state.text),
          rankingForm(state, inactive, go, kinds, false),
          h("div", { class: "bar" }, h("p", { class: "found", id: "found" }, found),
            csvButton(rows, columnsToShow(kinds, state, measured), "search"),
            columnChooser(kinds, columnsToShow(kinds, { columns: state.columns }, measured), measured, go)),
          rows.length ? unitTable({ rows, kinds, measured, state, go, where: true }) : h("p", { class: "empty" }, "No unit meets all conditions."),
        ]
        : [
          h("p", {}, "A search lists the units of all layers that meet all conditions, and whose classes, layer, network or number contain all words. The address of this page contains the conditions, so you can bookmark or send it. Examples:"),
          h("ul", { class: "examples" }, examples(opened).map(([words, example]) =>
            h("li", {}, h("a", { href: address(["search"], { ...example, in: state.in }) }, words)))),
        ],
    ],
  };
}
