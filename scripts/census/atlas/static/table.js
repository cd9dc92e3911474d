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
  const first = [sort.replace(/^-/, ""), ...where.map(({ column }) => column)];
  const wanted = columns ?? (usual.length ? usual : any());
  const added = first.filter((name) => !wanted.includes(name));
  return [...new Set([...added, ...wanted])].filter((name) => name in kinds && name !== "unit");
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
  const [by, descending] = state.sort.startsWith("-") ? [state.sort.slice(1), true] : [state.sort || "unit", false];
  const heading = (name, words, kind) => {
    const here = by === name;
    const down = kind === "number" && name !== "unit"; // what readers want first: the largest
    const next = here ? (descending ? name : `-${name}`) : down ? `-${name}` : name;
    return h("th", {
      scope: "col",
      class: kind,
      "aria-sort": here ? (descending ? "descending" : "ascending") : null,
    }, h("button", {
      type: "button", id: `sort-${name}`, title: meaning(name) || null, onclick: () => go({ sort: next }),
    }, words, h("span", { class: "arrow", "aria-hidden": "true" }, here ? (descending ? "▼" : "▲") : "")));
  };
  const body = h("tbody");
  const append = (n) => {
    const from = body.childElementCount;
    body.append(...rows.slice(from, from + n).map((each) => unitRow(each, shownColumns, kinds, listed)));
    more.hidden = body.childElementCount >= rows.length;
    more.textContent = `Show more of ${count(rows.length, "unit")}; ${body.childElementCount.toLocaleString("en")} are shown`;
  };
  const more = h("button", { type: "button", class: "more", onclick: () => append(AT_ONCE) });
  append(Math.max(AT_ONCE, state.rows ?? 0));
  return h("div", {},
    h("div", { class: "scroll table", tabindex: 0, role: "region", "aria-label": "Table of units" },
      h("table", { class: "units" },
        h("thead", {}, h("tr", {},
          heading("unit", "Unit", "number"),
          h("th", { scope: "col", class: "text" }, "Top images"),
          shownColumns.map((name) => heading(name, label(name), kinds[name])))),
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
