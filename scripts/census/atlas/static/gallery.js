// Units of a layer as a grid of what activates them most.
const TILE = 44; // pixels along an image; a tile has four
const CATEGORIES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"];

/** Return clusters of units, each together, in the order of their first units; clusters of one unit come last. */
function clustersOf(rows) {
  const found = new Map();
  for (const each of rows) {
    const cluster = valueOf(each.layer, "cluster", each.row);
    const key = isNumber(cluster) ? cluster : "none";
    found.set(key, [...(found.get(key) ?? []), each]);
  }
  const none = found.get("none") ?? [];
  found.delete("none");
  const singles = [...found.values()].filter((units) => units.length === 1).flat();
  return [
    ...[...found].filter(([, units]) => units.length > 1).map(([cluster, units]) => ({ words: `Cluster ${number(cluster)}`, units })),
    { words: "Clusters of one unit", units: singles },
    { words: "In no cluster", units: none },
  ].filter(({ units }) => units.length);
}

/** Return the grid, with the controls of its order and colors. */
function gallery({ rows, layer, tiles, state }) {
  const { run } = layer;
  const by = sortedBy(state.sort);
  const scale = state.color in run.columns ? scaleOf(rows, state.color, run.columns[state.color]) : null;
  const captioned = by in run.columns && by !== "unit" ? by : scale ? state.color : null;
  const groups = state.group === "cluster" ? clustersOf(rows) : [{ words: null, units: rows }];
  const tip = h("div", { class: "tip", id: "tip", role: "tooltip", hidden: true });
  const listed = { ...state, from: "" };
  const lists = groups.map(({ words, units }) => [
    words && h("h3", {}, words, h("small", {}, ` ${count(units.length, "unit")}`)),
    h("ul", { class: "gallery", "aria-label": words ?? "Units" }, units.map(({ row }) => h("li", {}, tileOf(layer, tiles, row, { listed, scale, captioned })))),
  ]);
  const host = h("div", { class: "gallery-host" }, lists, tip);
  tilesByKeys(host);
  tipsOf(host, tip, layer, [...new Set([by, state.color, ...USUAL])].filter((name) => name in layer.columns && name !== "unit"));
  return [scale?.legend, host];
}

/** Return the link to a unit: its first four top images, or what it sees of them, its number and a value. */
function tileOf(layer, { image, position }, row, { listed, scale, captioned }) {
  const unit = layer.columns.unit[row];
  const images = image[row].slice(0, 4).flatMap((place, rank) => (place < 0 ? [] : [patch(layer, place, position[row][rank], TILE)]));
  const value = captioned && shown(valueOf(layer, captioned, row));
  const frame = h("span", { class: "patches" }, images.length ? images : h("span", { class: "muted small" }, "inactive"));
  scale?.paint(frame, valueOf(layer, scale.name, row));
  return h("a", {
    class: "tile", href: addressOfUnit(layer, row, listed), tabindex: -1, "data-row": row,
    "aria-label": `Unit ${unit}${captioned ? `, ${label(captioned)} ${value}` : ""}`,
  }, frame, h("span", { class: "tile-caption" }, h("span", {}, String(unit)), captioned && h("span", { class: "value" }, value)));
}

/** Let arrow keys lead from tile to tile; the tab key takes the grid as one. */
function tilesByKeys(host) {
  const tiles = [...host.querySelectorAll(".tile")];
  if (!tiles.length) return;
  let here = 0;
  tiles[0].tabIndex = 0;
  const across = () => {
    const first = tiles[0].getBoundingClientRect();
    const below = tiles.findIndex((tile) => tile.getBoundingClientRect().top > first.top + 1);
    return below < 0 ? tiles.length : below;
  };
  host.addEventListener("focusin", ({ target }) => {
    const place = tiles.indexOf(target);
    if (place < 0) return;
    tiles[here].tabIndex = -1;
    tiles[place].tabIndex = 0;
    here = place;
  });
  host.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -across(), ArrowDown: () => across(), Home: () => -here, End: () => tiles.length - 1 - here };
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || !(event.key in steps)) return;
    event.preventDefault();
    tiles[here + steps[event.key]()]?.focus();
  });
}

/** Show the numbers of the unit under the pointer or the focus. */
function tipsOf(host, tip, layer, names) {
  let described = null; // the tile that the tip is about
  const describe = (tile) => {
    described?.removeAttribute("aria-describedby");
    tile?.setAttribute("aria-describedby", tip.id);
    described = tile;
  };
  const hide = () => {
    tip.hidden = true;
    describe(null);
  };
  const show = (tile) => {
    const row = Number(tile.dataset.row);
    tip.replaceChildren(h("strong", {}, `Unit ${layer.columns.unit[row]}`), h("dl", {}, names.map((name) =>
      h("div", {}, h("dt", {}, label(name)), h("dd", {}, shown(valueOf(layer, name, row)))))));
    tip.hidden = false;
    const [box, around] = [tile.getBoundingClientRect(), host.getBoundingClientRect()];
    const right = box.right - around.left + 6;
    const fits = right + tip.offsetWidth <= around.width;
    tip.style.left = `${fits ? right : Math.max(0, box.left - around.left - tip.offsetWidth - 6)}px`;
    const lowest = Math.min(window.innerHeight, around.bottom) - tip.offsetHeight - 4;
    tip.style.top = `${Math.max(0, Math.min(box.top, lowest) - around.top)}px`;
    describe(tile);
  };
  const over = ({ target }) => {
    const tile = target.closest(".tile");
    if (tile) show(tile);
    else hide();
  };
  host.addEventListener("pointerover", (event) => event.pointerType !== "touch" && over(event));
  host.addEventListener("pointerleave", hide);
  host.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && over(event));
  host.addEventListener("focusout", hide);
}

/** Return how a column colors tiles, and the legend of that. */
function scaleOf(rows, name, kind) {
  const values = rows.map(({ layer, row }) => valueOf(layer, name, row));
  const has = { undefined: values.some(Number.isNaN), missing: values.includes(null) };
  const nothing = [has.undefined && swatch("hatched", "undefined"), has.missing && swatch("unmeasured", "not measured")];
  if (kind === "number") return scaleOfNumbers(name, values.filter(Number.isFinite), nothing);
  const counts = new Map();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const common = [...counts].sort(([one, n], [other, m]) => m - n || one.localeCompare(other, "en"));
  const colors = new Map(common.slice(0, CATEGORIES.length).map(([value], place) => [value, CATEGORIES[place]]));
  const others = common.slice(CATEGORIES.length).reduce((sum, [, n]) => sum + n, 0);
  return {
    name,
    paint: (frame, value) => {
      if (value === null) frame.classList.add("unmeasured");
      else frame.style.backgroundColor = colors.get(value) ?? "var(--muted)";
    },
    legend: h("p", { class: "legend scale" }, h("strong", {}, label(name)),
      [...colors].map(([value, color]) => swatch(null, `${value} (${counts.get(value)})`, color)),
      others > 0 && swatch(null, `others (${others})`, "var(--muted)"), nothing),
  };
}

function scaleOfNumbers(name, finite, nothing) {
  const sorted = finite.sort((one, other) => one - other);
  const inner = [0.05, 0.95].map((share) => atShare(sorted, share));
  const [low, high] = inner[0] < inner[1] ? inner : [sorted[0], sorted.at(-1)];
  const share = (value) => (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5);
  return {
    name,
    paint: (frame, value) => {
      if (value === null) frame.classList.add("unmeasured");
      else if (Number.isNaN(value)) frame.classList.add("hatched");
      else frame.style.backgroundColor = `color-mix(in oklab, var(--most) ${Math.round(100 * share(value))}%, var(--least))`;
    },
    legend: h("p", { class: "legend scale" }, h("strong", {}, label(name)),
      sorted.length ? h("span", {}, number(low), h("span", { class: "ramp", "aria-hidden": "true" }), `${number(high)}${sorted[0] < low || sorted.at(-1) > high ? " (5 % to 95 % of the units)" : ""}`) : "no value",
      nothing),
  };
}

const swatch = (name, words, color = null) => h("span", {}, h("span", { class: `swatch ${name ?? ""}`, style: color ? { backgroundColor: color } : null, "aria-hidden": "true" }), words);

/** Return the controls of order and color. */
function galleryControls(layer, state, go) {
  const { columns } = layer.run;
  const options = Object.keys(columns).filter((name) => name in layer.columns && name !== "unit").map((name) => [name, label(name)]);
  const by = sortedBy(state.sort);
  return h("div", { class: "controls" },
    choice("Order", "order", [["", "unit"], ...options], by, (name) => go({ sort: columns[name] === "number" ? `-${name}` : name })),
    by && h("button", { type: "button", id: "direction", onclick: () => go({ sort: state.sort.startsWith("-") ? by : `-${by}` }) }, state.sort.startsWith("-") ? "descending ▼" : "ascending ▲"),
    choice("Color", "color", [["", "none"], ...options], state.color, (name) => go({ color: name })),
    "cluster" in layer.columns && h("label", { class: "choice" }, h("input", {
      type: "checkbox", id: "clusters", checked: state.group === "cluster", onchange: (event) => go({ group: event.target.checked ? "cluster" : "" }),
    }), "group by cluster"));
}

/** Return the switch between the grid, the table and the directions. */
const viewSwitch = (parts, state, hasDirections) => h("nav", { class: "switch", "aria-label": "View" }, [["", "Images"], ["table", "Table"], ...(hasDirections ? [["directions", "Directions"]] : [])].map(([view, words]) =>
  h("a", { href: address(parts, { ...state, view }), id: `view-${view || "images"}`, "aria-current": state.view === view ? "true" : null }, words)));
