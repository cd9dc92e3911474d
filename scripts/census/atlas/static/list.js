// Lists of units: which units, in which order. Pages of units go through the list from which they are opened.
const ACTIVE = 0.001; // least active fraction of units in rankings, unless an address says otherwise

/** Return whether rankings leave out a layer: of pixels, or of units of another layer again. */
const isRepeated = ({ kind }) => ATLAS.shell.repeated.includes(kind);

/** Return the least active fraction of units in rankings. */
const leastActive = ({ active }) => (active === "" ? ACTIVE : Number(active) || 0);

/** Return whether a list leaves out units that respond to almost nothing: rankings, unless these are asked for. */
const isRanking = (state, ofLayer) =>
  (!ofLayer || state.sort !== "") && !complete(state.where).some(({ column }) => column === "active_fraction");

/** Return the units of layers that meet all conditions, in order, how many are left out as inactive, and in how many layers they are. */
function unitsOf(layers, state, ofLayer) {
  const conditions = complete(state.where).map((condition) => [condition.column, testOf(condition)]);
  const words = wordsOf(state.text).map((word) => [word, (value) => value !== null && value.toLowerCase().includes(word)]);
  const least = isRanking(state, ofLayer) ? leastActive(state) : 0;
  const isActive = (value) => value === null || !(value < least);
  const rows = [];
  let [inactive, n] = [0, 0];
  for (const layer of layers) {
    const tests = [...conditions.map(([name, test]) => passes(layer, name, test)), ...words.map(([word, test]) => says(layer, word, test))];
    const found = tests.reduce((some, test) => some.filter(test), Array.from({ length: layer.shape[0] }, (_, row) => row));
    const active = found.filter(passes(layer, "active_fraction", isActive));
    for (const row of active) rows.push({ layer, row });
    inactive += found.length - active.length;
    if (active.length) n += 1;
  }
  const sorted = sortedRows(rows, state.sort);
  const together = ofLayer && state.group === "cluster" && state.view !== "table";
  return { rows: together ? clustersOf(sorted).flatMap(({ units }) => units) : sorted, inactive, n };
}

/** Return whether a word stands in what is written of each unit of a layer: its layer, number, network and texts. */
function says(layer, word, test) {
  const { run } = layer;
  if ("unit".includes(word) || [run.title, run.dataset, layer.name].some(test)) return () => true;
  const tests = textColumns(run).map((name) => passes(layer, name, test));
  if (/^\d+$/.test(word)) tests.push((row) => String(valueOf(layer, "unit", row)).includes(word));
  return (row) => {
    for (const each of tests) if (each(row)) return true;
    return false;
  };
}

const textColumns = (run) => Object.keys(run.columns).filter((name) => run.columns[name] === "text");

/** Return the runs that a search goes over. */
async function runsOfSearch(state) {
  return (await openRuns()).filter((run) => !state.in || run.key === state.in);
}

let searched = { key: null, found: null };

/** Return the units that a search finds, see unitsOf; the last search is kept for the pages of its units. */
async function unitsOfSearch(state) {
  const { where, text, kinds, sort, active } = state;
  const key = JSON.stringify([where, text, state.in, kinds, sort, active]);
  if (searched.key !== key) {
    const runs = await runsOfSearch(state);
    const names = [...where.map(({ column }) => column), "active_fraction", sortedBy(sort)];
    await Promise.all(runs.map((run) => openColumns(run, [...new Set(text ? [...names, ...textColumns(run)] : names)])));
    const layers = runs.flatMap((run) => run.layers).filter((layer) => kinds === "all" || !isRepeated(layer));
    searched = { key, found: unitsOf(layers, state, false) };
  }
  return searched.found;
}

/** Return rows in the order of a column; undefined values come last, then those that were not measured. */
function sortedRows(rows, sort) {
  if (!sort) return rows;
  const descending = sort.startsWith("-");
  const name = descending ? sort.slice(1) : sort;
  const values = rows.map(({ layer, row }) => valueOf(layer, name, row));
  const [rankOf, n] = ranksOf(values);
  const ranks = values.map((value) => (value === null ? n + 1 : Number.isNaN(value) ? n : descending ? n - 1 - rankOf(value) : rankOf(value)));
  // each row goes behind those of smaller ranks, and of its own in rows before it: no two rows are compared
  const next = new Uint32Array(n + 3);
  for (const rank of ranks) next[rank + 1] += 1;
  for (let rank = 1; rank < next.length; rank++) next[rank] += next[rank - 1];
  const found = new Array(rows.length);
  rows.forEach((each, place) => { found[next[ranks[place]]++] = each; });
  return found;
}

/** Return the rank of each value among values, equal ones having the same, and a bound of the ranks. */
function ranksOf(values) {
  const texts = [...new Set(values.filter((value) => typeof value === "string"))].sort(new Intl.Collator("en").compare);
  if (texts.length) {
    const ranks = new Map(texts.map((text, rank) => [text, rank]));
    return [(value) => ranks.get(value), texts.length];
  }
  const sorted = Float64Array.from(values.filter(isNumber)).sort();
  return [(value) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }, sorted.length];
}

/** Return the address of a unit in a list, so that its page knows the list. */
const addressOfUnit = (layer, row, state = {}) => address(
  [layer.run.network, layer.run.dataset, layer.name, String(valueOf(layer, "unit", row))], { ...state, measure: "" });

/** Return the list through which a unit's page goes, and the unit's place in it: the layer, or what was searched. */
async function listOfUnit(layer, row, state) {
  const isSearch = state.from === "search";
  const { rows } = isSearch ? await unitsOfSearch(state) : unitsOf([layer], state, true);
  const place = rows.findIndex((each) => each.layer === layer && each.row === row);
  if (place >= 0) return { rows, place, state, listed: isSearch || rows.length < layer.columns.unit.length || state.sort !== "" || state.group !== "" };
  const all = layer.columns.unit.map((_, other) => ({ layer, row: other }));
  return { rows: all, place: row, state: {}, listed: false };
}

/** Return links to the previous and the next unit of the list, and to the list itself. */
function stepsOfUnit({ rows, place, state, listed }, layer) {
  const linkOf = (found) => {
    const unit = valueOf(found.layer, "unit", found.row);
    return { name: unit, href: addressOfUnit(found.layer, found.row, state), title: found.layer === layer ? null : `unit ${unit} of ${found.layer.name}, ${found.layer.run.title}` };
  };
  const { from, ...rest } = state;
  const back = listed && address(from === "search" ? ["search"] : [layer.run.network, layer.run.dataset, layer.name], rest);
  const order = listed && state.sort && `, by ${label(sortedBy(state.sort))}`;
  return stepLinks("unit", rows, place, linkOf,
    listed && h("a", { id: "list", class: "small", href: back }, `${number(place + 1)} of ${number(rows.length)} in the list${order || ""}`));
}

/** Return the controls of what a ranking leaves out. */
function rankingForm(state, inactive, go, kinds, ofLayer) {
  if (!isRanking(state, ofLayer)) return null;
  return h("p", { class: "ranking" },
    "active_fraction" in kinds && h("label", {}, "Minimum active fraction ", h("input", {
      id: "active", inputmode: "decimal", value: String(leastActive(state)), autocomplete: "off",
      onchange: ({ target }) => {
        const text = target.value.trim();
        if (Number(text) >= 0) go({ active: text });
        if (!text || !(Number(text) >= 0)) target.value = String(text ? leastActive(state) : ACTIVE);
      },
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
    onclick: async () => {
      const runs = new Set(rows.flatMap(({ layer }) => (layer.columns ? [] : [layer.run])));
      await Promise.all([...runs].map((run) => openColumns(run, columns)));
      const lines = [["network", "dataset", "layer", "unit", ...columns], ...rows.map(({ layer, row }) =>
        [layer.run.network, layer.run.dataset, layer.name, valueOf(layer, "unit", row), ...columns.map((column) => valueOf(layer, column, row))])];
      const url = URL.createObjectURL(new Blob([lines.map((line) => line.map(text).join(",")).join("\n"), "\n"], { type: "text/csv" }));
      h("a", { href: url, download: `${name}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    },
  }, "CSV");
}
