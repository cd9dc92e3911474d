const AT_ONCE = 100; // rows of a table that are drawn before a reader asks for more
const USUAL = [
  "top_class_1", "mf_degree", "gini", "selectivity", "selective_class", "auroc", "lifetime_sparseness",
  "active_fraction", "rs_iam", "ablation_kl",
];

/**
 * Return the columns that a table shows: those by which units are sorted and chosen, then those that a reader
 * asked for, or the usual ones that were measured.
 */
function columnsToShow(kinds, { columns, sort = "", where = [] }, measured) {
  const usual = USUAL.filter((name) => name in kinds && measured(name));
  const any = () => Object.keys(kinds).filter((name) => measured(name)).slice(0, 8);
  const first = [sortedBy(sort), ...where.map(({ column }) => column)];
  const wanted = columns ?? (usual.length ? usual : any());
  const added = first.filter((name) => !wanted.includes(name));
  return [...new Set([...added, ...wanted])].filter((name) => name in kinds && name !== "unit");
}

/** Return a table that scrolls within the page. */
const scrolling = (name, table) => h("div", { class: "scroll table", tabindex: 0, role: "region", "aria-label": name }, table);

/** Return the heading of a column: a button that sorts by it, or the other way if the column is sorted already. */
function sortHeading(name, words, { sort, kind, title, largestFirst, go }) {
  const [ascending, descending] = [sort === name, sort === `-${name}`];
  const next = ascending || (largestFirst && !descending) ? `-${name}` : name;
  return h("th", { scope: "col", class: kind, "aria-sort": descending ? "descending" : ascending ? "ascending" : null },
    h("button", { type: "button", id: `sort-${name}`, title: title || null, onclick: () => go({ sort: next }) },
      words, h("span", { class: "arrow", "aria-hidden": "true" }, descending ? "▼" : ascending ? "▲" : "")));
}

/** Show the first n items in an element, each as `draw` returns it, and return a button that shows more. */
function moreButton(host, items, word, draw, n = AT_ONCE) {
  const append = (some) => {
    const from = host.childElementCount;
    host.append(...items.slice(from, from + some).map(draw));
    button.hidden = host.childElementCount >= items.length;
    button.textContent = `Show more of ${count(items.length, word)}; ${number(host.childElementCount)} are shown`;
  };
  const button = h("button", { type: "button", class: "more", onclick: () => append(AT_ONCE) });
  append(n);
  return button;
}

/**
 * Return a table of units.
 *
 * rows: {layer, row} of each unit, in order; kinds: of the columns; measured: whether a column is; go: called with
 * changes of the state; where: whether each row names the layer, too.
 */
function unitTable({ rows, kinds, measured, state, go, where = false }) {
  const shownColumns = columnsToShow(kinds, state, measured);
  const listed = { ...state, from: where ? "search" : "" };
  const sort = state.sort || (where ? "" : "unit"); // a search lists units layer by layer
  const heading = (name) => sortHeading(name, label(name), { sort, kind: kinds[name], title: meaning(name), largestFirst: kinds[name] === "number", go });
  const body = h("tbody");
  const more = moreButton(body, rows, "unit", (each) => unitRow(each, shownColumns, kinds, listed), Math.max(AT_ONCE, state.rows ?? 0));
  return h("div", {},
    scrolling("Table of units", h("table", { class: "units" },
      h("thead", {}, h("tr", {},
        sortHeading("unit", "Unit", { sort, kind: "number", title: meaning("unit"), go }),
        h("th", { scope: "col", class: "text" }, "Top images"),
        shownColumns.map(heading))),
      body)),
    more);
}

function unitRow({ layer, row }, columns, kinds, listed) {
  const cells = () => columns.map((name) => (isLoaded(layer, name) ? cell(valueOf(layer, name, row), kinds[name]) : h("td", { class: `${kinds[name]} muted` }, "…")));
  const missing = columns.some((name) => !isLoaded(layer, name));
  const found = h("tr", {},
    h("th", { scope: "row" },
      h("a", { href: addressOfUnit(layer, row, listed) },
        listed.from && h("span", { class: "where", title: layer.name }, `${layer.run.title} ${shortened(layer.name, 22)}`), String(valueOf(layer, "unit", row)))),
    h("td", { class: "text" }, someImages(layer, row, 4)),
    cells());
  // a search has loaded the columns by which it finds and sorts; the others are those of the layer
  if (missing) {
    whenSeen(found, () => openLayer(layer).then(
      () => found.replaceChildren(...[...found.children].slice(0, 2), ...cells()),
      (error) => found.lastElementChild.replaceChildren(error.message)));
  }
  return found;
}

function cell(value, kind) {
  if (value === null) return h("td", { class: `${kind} muted`, title: "not measured" }, "—");
  if (Number.isNaN(value)) return h("td", { class: `${kind} muted` }, "undefined");
  return h("td", { class: kind, title: kind === "text" ? value : null }, shown(value));
}

/** Return a choice of columns, each with what it means. */
function columnChooser(kinds, chosen, measured, go) {
  const names = Object.keys(kinds).filter((name) => name !== "unit");
  const list = names.map((name) => h("li", { class: measured(name) ? null : "muted" },
    h("label", {},
      h("input", {
        type: "checkbox",
        id: `column-${name}`,
        checked: chosen.includes(name),
        onchange: (event) => {
          const others = chosen.filter((each) => each !== name);
          // as the list has them: a column that is added does not come last
          go({ columns: names.filter((each) => others.includes(each) || (each === name && event.target.checked)) });
        },
      }), h("span", { class: "name" }, label(name)), !measured(name) && " (not measured here)"),
    meaning(name) && h("p", {}, meaning(name))));
  return h("details", { class: "chooser", id: "chooser" },
    h("summary", { id: "chooser-summary" }, "Columns"),
    h("p", {}, h("button", { type: "button", id: "usual-columns", onclick: () => go({ columns: null }) }, "Default columns")),
    h("ul", {}, list));
}
