const MARKS = {
  nonlinearity: "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0",
  pooling: "M-4 -3.2h8L0 4z",
  module: "M0 -4.4L4.4 0L0 4.4L-4.4 0z",
  input: "M-3.2 -3.2h6.4v6.4h-6.4z",
  output: "M-3.2 -3.2h6.4v6.4h-6.4z",
  other: "M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5",
};
/** Return the name of a kind of layers. */
const nameOfKind = (kind) => ATLAS.shell.kinds[kind] ?? kind;

/** Return the column that holds a measure's chance level, null where there is none. */
function chanceOf(run, measure) {
  const names = [`${measure}_chance`, `${measure.replace(/_degree$/, "")}_chance`];
  return names.find((name) => name !== measure && name in run.columns) ?? null;
}

/** Return round numbers across a range, a few. */
function ticks(low, high, n = 4) {
  const raw = (high - low) / n || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= raw);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

/** Return a round number as the label of an axis. */
const tickLabel = (tick) => String(tick).replace("-", "−");

/** Return lines across a plot, from left to right, with the value of each at its left end. */
const gridLines = (values, y, left, right, words = tickLabel) => values.map((value) => [
  s("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
  s("text", { class: "tick", x: left - 5, y: y(value) + 3.5, "text-anchor": "end" }, words(value))]);

/** Return a measure's quantiles over units in each layer, along depth; each layer leads to its page. */
function depthPlot(run, measure, { width, current = null, names = true, small = false, state = {} }) {
  const chance = chanceOf(run, measure);
  const of = (layer, name) => layer.summary[name] ?? [0, 0, null, null, null, null, null];
  const values = run.layers.flatMap((layer) => [...of(layer, measure).slice(2), chance && of(layer, chance)[4]])
    .filter((value) => typeof value === "number" && Number.isFinite(value));
  if (!values.length) return h("p", { class: "muted" }, "No layer has this measure.");
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (low > 0 && low < 0.4 * high) low = 0;
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const longest = Math.max(...run.layers.map((layer) => shortened(layer.name, 30).length));
  const left = small ? 34 : 52;
  const below = names ? 14 + 5.8 * longest : 12;
  const height = (small ? 96 : 210) + below;
  const step = Math.max(small ? 4 : 13, (width - left - 12) / run.layers.length);
  const full = left + step * run.layers.length + 12;
  const [top, bottom] = [10, height - below];
  const y = (value) => bottom - 6 - ((value - low) / (high - low)) * (bottom - top - 10);
  const x = (place) => left + (place + 0.5) * step;
  const wide = Math.min(12, step * 0.55);

  const drawing = s("svg", {
    class: "depth",
    width: full,
    height,
    viewBox: `0 0 ${full} ${height}`,
    role: "group",
    "aria-label": `${label(measure)} of units in each layer, along depth`,
  },
  gridLines(ticks(low, high, small ? 2 : 4), y, left, full - 6),
  !small && s("text", { class: "axis", transform: `translate(11 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, label(measure)));
  // from layer to layer of the chain, where both were measured
  const chain = run.layers.filter((layer) => !layer.branch_of).map((layer) => [x(layer.place), of(layer, measure)[4]]);
  chain.slice(1).forEach(([end, after], place) => {
    const [begin, before] = chain[place];
    if (before !== null && after !== null) {
      drawing.append(s("line", { class: "chain", x1: begin, x2: end, y1: y(before), y2: y(after) }));
    }
  });
  for (const layer of run.layers) {
    const [defined, undefinedUnits, least, lower, median, upper, most] = of(layer, measure);
    const found = defined ? `median ${number(median)}, ${number(lower)} to ${number(upper)} for half of ${count(defined, "unit")}` : "not measured";
    const words = `${layer.name}: ${found}${undefinedUnits ? `, ${undefinedUnits} undefined` : ""}`;
    const at = x(layer.place);
    const link = s("a", {
      href: address([run.network, run.dataset, layer.name], state),
      class: layer.name === current ? "here" : null,
      "aria-label": words,
      "aria-current": layer.name === current ? "page" : null,
    },
    s("title", {}, words),
    s("rect", { class: "hit", x: at - step / 2, y: top - 6, width: step, height: height - top + 2 }));
    if (defined) {
      link.append(
        s("line", { class: "whisker", x1: at, x2: at, y1: y(least), y2: y(most) }),
        s("rect", { class: "half", x: at - wide / 2, width: wide, y: y(upper), height: Math.max(1, y(lower) - y(upper)) }),
        s("path", { class: layer.branch_of ? "mark branch" : "mark", d: MARKS[layer.kind] ?? MARKS.other, transform: `translate(${at} ${y(median)})${small ? " scale(0.7)" : ""}` }));
      const level = chance && of(layer, chance)[4];
      if (typeof level === "number") {
        link.append(s("line", { class: "chance", x1: at - step * 0.4, x2: at + step * 0.4, y1: y(level), y2: y(level) }));
      }
    }
    if (undefinedUnits) link.append(s("path", { class: "cross", d: "M-2.5 -2.5L2.5 2.5M2.5 -2.5L-2.5 2.5", transform: `translate(${at} ${bottom - 1})` }));
    if (names) {
      link.append(s("text", { class: "layer", transform: `translate(${at + 3.5} ${bottom + 8}) rotate(-90)`, "text-anchor": "end" }, shortened(layer.name, 30)));
    }
    drawing.append(link);
  }
  drawing.append(s("line", { class: "base", x1: left, x2: full - 6, y1: bottom, y2: bottom }));
  const host = h("div", { class: "scroll" }, drawing);
  // where not all layers fit, the present one is in sight
  const here = run.byName.get(current);
  if (here && full > width) requestAnimationFrame(() => host.scrollTo(x(here.place) - width / 2, 0));
  return host;
}

const legendMark = (...drawn) => s("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true" }, drawn);

/** Return what boxes and lines of quantiles mean. */
const quantileLegend = () => [
  h("span", {}, legendMark(s("rect", { class: "half", x: -5, y: -5, width: 10, height: 10 })), "half of the units"),
  h("span", {}, legendMark(s("line", { class: "whisker", x1: 0, x2: 0, y1: -7, y2: 7 })), "5 % to 95 %"),
];

/** Return a measure's quantiles over the units of a layer at each checkpoint, in the order of training. */
function trainingPlot(checkpoints, measure, width, [low, high]) {
  const [left, top, height] = [52, 8, 190];
  const bottom = height - 26;
  const [from, to] = low < high ? [low, high] : [low - 0.5, high + 0.5];
  const y = (value) => bottom - 6 - ((value - from) / (to - from)) * (bottom - top - 10);
  const step = (width - left - 10) / checkpoints.length;
  const x = (place) => left + (place + 0.5) * step;
  const there = checkpoints.map((each, place) => ({ ...each, place })).filter(({ quantiles }) => quantiles);
  const words = there.map(({ name, quantiles }) => `${name} ${number(quantiles[2])}`).join(", ");
  return s("svg", { class: "depth", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label(measure)}, median at checkpoints: ${words}` },
    gridLines(ticks(from, to), y, left, width - 6),
    there.slice(1).map(({ place, quantiles }, before) => s("line", { class: "chain", x1: x(there[before].place), x2: x(place), y1: y(there[before].quantiles[2]), y2: y(quantiles[2]) })),
    there.map(({ name, place, quantiles: [least, lower, median, upper, most] }) => s("g", {},
      s("title", {}, `${name}: median ${number(median)}, ${number(lower)} to ${number(upper)} for half of the units`),
      s("line", { class: "whisker", x1: x(place), x2: x(place), y1: y(least), y2: y(most) }),
      s("rect", { class: "half", x: x(place) - 6, width: 12, y: y(upper), height: Math.max(1, y(lower) - y(upper)) }),
      s("circle", { class: "mark", cx: x(place), cy: y(median), r: 3.5 }))),
    checkpoints.map(({ name }, place) => s("text", { class: "tick", x: x(place), y: bottom + 17, "text-anchor": "middle" }, name.replace(/^step |, step .*$/g, ""))),
    s("line", { class: "base", x1: left, x2: width - 6, y1: bottom, y2: bottom }));
}

/** Return what the marks of a plot along depth mean. */
function depthLegend(run, measure) {
  const measured = run.layers.filter((layer) => layer.summary[measure]?.[0]);
  const kinds = [...new Set(measured.map((layer) => layer.kind))];
  const chance = chanceOf(run, measure);
  const anyUndefined = run.layers.some((layer) => layer.summary[measure]?.[1]);
  return h("p", { class: "legend" },
    quantileLegend(),
    kinds.map((kind) => h("span", {}, legendMark(s("path", { class: "mark", d: MARKS[kind] ?? MARKS.other })), `median, ${nameOfKind(kind)}`)),
    measured.some((layer) => layer.branch_of) &&
      h("span", {}, legendMark(s("path", { class: "mark branch", d: MARKS.nonlinearity })), "in a branch"),
    chance && h("span", {}, legendMark(s("line", { class: "chance", x1: -7, x2: 7, y1: 0, y2: 0 })), "chance level"),
    anyUndefined && h("span", {}, legendMark(s("path", { class: "cross", d: "M-2.5 -2.5L2.5 2.5M2.5 -2.5L-2.5 2.5" })), "undefined for some units"));
}

/** Return a histogram with logarithmic counts in equal bins between two ends; marks are quantiles. */
function histogramPlot(counts, quantiles, labels, width, { ends: [low, high], of = "image" }) {
  const [left, top, height] = [44, 6, 128];
  const bottom = height - 30;
  const most = Math.log10(1 + Math.max(...counts));
  const y = (n) => bottom - ((bottom - top) * Math.log10(1 + n)) / most;
  const x = (value) => left + (high > low ? (value - low) / (high - low) : 0) * (width - left - 10);
  const step = (width - left - 10) / counts.length;
  const total = counts.reduce((sum, n) => sum + n, 0);
  const words = quantiles.map((value, place) => `${labels[place]} ${number(value)}`).join(", ");
  return s("svg", { class: "histogram", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Values ${of === "image" ? "on" : "of"} ${count(total, of)}: ${words}` },
    gridLines(Array.from({ length: Math.floor(Math.log10(Math.max(...counts))) + 1 }, (_, power) => 10 ** power), y, left, width - 10, number),
    counts.map((n, place) => n > 0 && s("rect", { class: "half", x: left + place * step + 0.5, width: Math.max(1, step - 1), y: y(n), height: bottom - y(n) },
      s("title", {}, count(n, of)))),
    s("line", { class: "base", x1: left, x2: width - 10, y1: bottom, y2: bottom }),
    high > low && ticks(low, high).map((tick) => s("text", { class: "tick", x: x(tick), y: bottom + 24, "text-anchor": "middle" }, tickLabel(tick))),
    quantiles.map((value, place) => s("path", { class: "self", d: "M0 0L4 8L-4 8z", transform: `translate(${x(value)} ${bottom + 1})` }, s("title", {}, `${labels[place]}: ${number(value)}`))),
    high === low && s("text", { class: "tick", x: left + 8, y: bottom + 24 }, number(low)));
}

/** Return where a value lies among those of its layer: range, middle half, median, and the unit itself. */
function standing(values, value) {
  const sorted = [...values].sort((one, other) => one - other);
  const ends = [sorted[0], sorted[sorted.length - 1]];
  // the value itself need not be one of them
  const [least, most] = Number.isFinite(value) ? [Math.min(ends[0], value), Math.max(ends[1], value)] : ends;
  const x = (each) => (most > least ? 4 + (152 * (each - least)) / (most - least) : 80);
  const at = (share) => {
    const place = share * (sorted.length - 1);
    const lower = Math.floor(place);
    return sorted[lower] + (place - lower) * ((sorted[lower + 1] ?? sorted[lower]) - sorted[lower]);
  };
  return s("svg", { class: "standing", viewBox: "0 0 160 18", width: 160, height: 18, "aria-hidden": "true" },
    s("line", { class: "whisker", x1: x(ends[0]), x2: x(ends[1]), y1: 9, y2: 9 }),
    s("rect", { class: "half", x: x(at(0.25)), y: 4, width: Math.max(1, x(at(0.75)) - x(at(0.25))), height: 10 }),
    s("line", { class: "median", x1: x(at(0.5)), x2: x(at(0.5)), y1: 3, y2: 15 }),
    Number.isFinite(value) && s("path", { class: "self", d: "M0 -7L5 0L0 7L-5 0z", transform: `translate(${x(value)} 9)` }));
}
