// Lists of units: which units, in which order. Pages of units go through the list from which they are opened.
const ACTIVE = 0.001; // least active fraction of units in rankings, unless an address says otherwise
const NO_CODES = ["input", "pooling"]; // layers that rankings leave out: pixels, and units of other layers again

/** Return the least active fraction of units in rankings. */
const leastActive = ({ active }) => (active === "" ? ACTIVE : Number(active) || 0);

/** Return whether a list leaves out units that respond to almost nothing: rankings, unless these are asked for. */
const isRanking = (state, ofLayer) =>
  (!ofLayer || state.sort !== "") && !complete(state.where).some(({ column }) => column === "active_fraction");

/** Return the units of layers that meet all conditions, in order, and how many are left out as inactive. */
function unitsOf(layers, state, ofLayer) {
  const conditions = complete(state.where);
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  const least = isRanking(state, ofLayer) ? leastActive(state) : 0;
  const found = layers.flatMap((layer) => {
    const matches = matchesOf(layer, conditions);
    return layer.columns.unit.flatMap((_, row) => (matches(row) && hasWords(layer, row, words) ? [{ layer, row }] : []));
  });
  const rows = found.filter(({ layer, row }) => {
    const value = valueOf(layer, "active_fraction", row);
    return value === null || !(value < least);
  });
  const sorted = sortedRows(rows, state.sort);
  const together = ofLayer && state.group === "cluster" && state.view !== "table";
  return { rows: together ? clustersOf(sorted).flatMap(({ units }) => units) : sorted, inactive: found.length - rows.length };
}

/** Return whether all words stand in what is written of a unit: its layer, number, network and texts. */
function hasWords(layer, row, words) {
  if (!words.length) return true;
  if (!layer.texts) {
    const columns = Object.keys(layer.columns).filter((name) => layer.run.columns[name] === "text");
    layer.texts = layer.columns.unit.map((unit, place) =>
      [layer.run.title, layer.run.dataset, layer.name, `unit ${unit}`, ...columns.map((name) => layer.columns[name][place])].join("\n").toLowerCase());
  }
  return words.every((word) => layer.texts[row].includes(word));
}

/** Return the layers that a search goes over, with their columns. */
async function layersOfSearch(state) {
  const opened = await Promise.all(ATLAS.shell.runs.map(({ network, dataset }) => openRun(network, dataset)));
  return Promise.all(opened.filter((run) => !state.in || run.key === state.in).flatMap((run) => run.layers)
    .filter(({ kind }) => state.kinds === "all" || !NO_CODES.includes(kind)).map(openLayer));
}

function sortedRows(rows, sort) {
  if (!sort) return rows;
  const descending = sort.startsWith("-");
  const name = descending ? sort.slice(1) : sort;
  const values = new Map(rows.map((each) => [each, valueOf(each.layer, name, each.row)]));
  return [...rows].sort((one, other) => compare(values.get(one), values.get(other), descending));
}

/** Return the address of a unit in a list, so that its page knows the list. */
const addressOfUnit = (layer, row, state = {}) => address(
  [layer.run.network, layer.run.dataset, layer.name, String(layer.columns.unit[row])], { ...state, measure: "" });

/** Return the list through which a unit's page goes, and the unit's place in it: the layer, or what was searched. */
async function listOfUnit(layer, row, state) {
  const searched = state.from === "search";
  const { rows } = unitsOf(searched ? await layersOfSearch(state) : [layer], state, !searched);
  const place = rows.findIndex((each) => each.layer === layer && each.row === row);
  if (place >= 0) return { rows, place, state, listed: searched || rows.length < layer.columns.unit.length || state.sort !== "" || state.group !== "" };
  const all = layer.columns.unit.map((_, other) => ({ layer, row: other }));
  return { rows: all, place: row, state: {}, listed: false };
}

/** Return links to the previous and the next unit of the list, and to the list itself. */
function stepsOfUnit({ rows, place, state, listed }, layer) {
  const step = (to, words, id) => {
    const found = rows[to];
    if (!found) return h("span", { class: "step muted" }, words(""));
    const unit = found.layer.columns.unit[found.row];
    return h("a", { class: "step", id, rel: id, title: found.layer === layer ? null : `unit ${unit} of ${found.layer.name}, ${found.layer.run.title}`, href: addressOfUnit(found.layer, found.row, state) }, words(unit));
  };
  const { from, ...rest } = state;
  const back = listed && address(from === "search" ? ["search"] : [layer.run.network, layer.run.dataset, layer.name], rest);
  const order = listed && state.sort && `, by ${label(state.sort.replace(/^-/, ""))}`;
  return h("nav", { class: "steps", "aria-label": "Previous and next unit" },
    listed && h("a", { id: "list", class: "small", href: back }, `${(place + 1).toLocaleString("en")} of ${rows.length.toLocaleString("en")} in the list${order || ""}`),
    step(place - 1, (name) => `← ${name}`, "prev"), step(place + 1, (name) => `${name} →`, "next"));
}

/** Return the controls of what a ranking leaves out. */
function rankingForm(state, inactive, go, kinds, ofLayer) {
  if (!isRanking(state, ofLayer)) return null;
  return h("p", { class: "ranking" },
    "active_fraction" in kinds && h("label", {}, "Minimum active fraction ", h("input", {
      id: "active", inputmode: "decimal", value: String(leastActive(state)), autocomplete: "off",
      onchange: (event) => go({ active: Number(event.target.value) >= 0 && event.target.value.trim() ? event.target.value.trim() : "" }),
    })),
    "active_fraction" in kinds && h("span", { class: "muted", id: "inactive" }, inactive ? `leaves out ${count(inactive, "unit")}` : "leaves out no unit"),
    !ofLayer && h("label", {}, h("input", {
      type: "checkbox", id: "kinds", checked: state.kinds === "all", onchange: (event) => go({ kinds: event.target.checked ? "all" : "" }),
    }), " inputs and pooling layers, too"));
}

/** Return a button that saves a list as a table of comma-separated values, with all rows and the columns shown. */
function csvButton(rows, columns, name) {
  const quoted = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const text = (value) => (value === null ? "" : quoted(String(value)));
  return h("button", {
    type: "button",
    id: "csv",
    onclick: () => {
      const lines = [["network", "dataset", "layer", "unit", ...columns], ...rows.map(({ layer, row }) =>
        [layer.run.network, layer.run.dataset, layer.name, layer.columns.unit[row], ...columns.map((column) => valueOf(layer, column, row))])];
      const url = URL.createObjectURL(new Blob([lines.map((line) => line.map(text).join(",")).join("\n"), "\n"], { type: "text/csv" }));
      h("a", { href: url, download: `${name}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    },
  }, "CSV");
}
