// below it, claims that compare the order of units are inconclusive
const RELIABLE = 0.5;
const COMPANIONS = ["low", "high", "chance", "p", "q"];

/** Return a unit's page. */
async function unitPage(layer, unit, state) {
  const { run } = layer;
  const [, units] = await Promise.all([openLayer(layer), openUnits(layer)]);
  const row = layer.rowOf.get(unit);
  const list = await listOfUnit(layer, row, state);
  const get = (name) => valueOf(layer, name, row);
  const images = units.top.image[row].filter((place) => place >= 0).length;
  announce(`Unit ${unit} of ${layer.name}`);
  return {
    title: `unit ${unit}, ${layer.name}, ${run.title} on ${run.dataset}`,
    content: [
      h("div", { class: "bar" },
        h("h1", {}, `Unit ${unit}`, h("small", {}, ` ${layer.name}, ${run.title} on ${run.dataset}`)),
        stepsOfUnit(list, layer)),
      h("p", { class: "facts" }, inShort(layer, get)),
      h("div", { class: "two" },
        h("div", {},
          h("section", { class: "panel" },
            h("h2", {}, "Maximally activating images"),
            images
              ? [h("p", { class: "meaning" }, `Images with the largest activations of the unit; the number is its largest value on the image${layer.field ? ", the frame the receptive field at that position" : ""}.`), imagesOf(run, layer, units.top, row, true)]
              : h("p", { class: "empty" }, "The unit is inactive: no image gives a value above 0.")),
          bottomOf(layer, units, row),
          facetsOf(layer, units, unit),
          maximizationOf(layer, units, unit, get),
          nearestOf(layer, units, row)),
        h("div", {},
          classesOf(layer, units, row),
          ablationOf(layer, get),
          standingsOf(layer, row))),
    ],
  };
}

/** Return a summary of a unit. */
function inShort(layer, get) {
  const found = [];
  if (get("top_class_1")) found.push(`most common class ${get("top_class_1")}, ${shown(get("top_count_1"))} of ${shown(get("n_top_images"))} top images`);
  if (get("faceted")) found.push(`${get("faceted")}-faceted`);
  if (get("active_fraction") !== null) found.push(`not 0 at ${shown(100 * get("active_fraction"))} % of positions and images`);
  found.push(fieldWords(layer));
  const text = found.join("; ");
  return text[0].toUpperCase() + text.slice(1);
}

function bottomOf(layer, units, row) {
  const { bottom } = units;
  const least = Number(bottom.value[row][0]);
  const tied = bottom.tied[row];
  const many = tied > bottom.image[row].length;
  const words = many
    ? `The largest value is the same, ${number(least)}, on ${count(tied, "image")} of ${layer.run.n_images.toLocaleString("en")}; these are a random sample of them.`
    : "Images with the smallest activations of the unit; the number is its largest value on the image.";
  return h("section", { class: "panel" },
    h("h2", {}, "Minimally activating images"),
    h("p", { class: "meaning" }, words),
    imagesOf(layer.run, layer, bottom, row, !many));
}

function classesOf(layer, units, row) {
  const { run } = layer;
  const pairs = units.classes[row];
  const total = pairs.reduce((sum, [, n]) => sum + n, 0);
  const largest = Math.max(...pairs.map(([, n]) => n), 1);
  const all = run.class_images.reduce((sum, n) => sum + n, 0);
  const scale = (n) => `${Math.min(100, (100 * n) / largest)}%`;
  const shownPairs = pairs.slice(0, 12);
  return h("section", { class: "panel" },
    h("h2", {}, "Classes of its top images"),
    pairs.length
      ? [
        h("p", { class: "meaning" }, `Classes of the ${count(total, "top image")}; the line is the count for as many random images.`),
        h("ol", { class: "bars" }, shownPairs.map(([place, n]) => {
          const name = run.classes[place];
          const chance = (total * run.class_images[place]) / all;
          return h("li", { title: `${name}: ${n} of ${total}, by chance ${number(chance)}` },
            h("a", { href: address(["search"], { where: [{ column: "top_class_1", operator: "is", value: name }], in: run.key }), title: `Units whose most common class is ${name}` }, name),
            h("span", { class: "track" },
              h("span", { class: "fill", style: { width: scale(n) } }),
              chance <= largest && h("span", { class: "level", style: { left: scale(chance) } })),
            h("span", { class: "n" }, String(n)));
        })),
        pairs.length > shownPairs.length && h("p", { class: "muted small" }, `and ${count(pairs.length - shownPairs.length, "other class").replace(/classs$/, "classes")}`),
      ]
      : h("p", { class: "empty" }, "The unit has no top images."));
}

function ablationOf(layer, get) {
  const names = ["ablation_kl", "ablation_changed", "ablation_loss", "ablation_accuracy", "ablation_most_affected"].filter((name) => name in layer.run.columns);
  if (!names.length) return null;
  return h("section", { class: "panel" },
    h("h2", {}, "Ablation effect"),
    names.every((name) => get(name) === null)
      ? h("p", { class: "empty" }, "Not measured: only a sample of units in some layers is ablated.")
      : h("table", { class: "plain" }, h("tbody", {}, names.map((name) => h("tr", {},
        h("th", { scope: "row", title: meaning(name) || null }, label(name)),
        h("td", { class: "number" }, shown(get(name))),
        h("td", { class: "muted" }, interval(get, name), name === "ablation_most_affected" && get("most_affected_class") && ` ${get("most_affected_class")}`))))));
}

/** Return a measure's interval in words; substitution has the range over seeds instead. */
function interval(get, name) {
  const [low, high] = ["low", "high"].map((end) => get(`${name}_${end}`));
  if (!isNumber(low)) return "";
  const of = meaning(`${name}_low`).includes("over these seeds") ? "seeds" : "95 %";
  return `${of}: ${shown(low)} to ${shown(high)}`;
}

/** Return the rank of a unit within its layer, by each measure. */
function standingsOf(layer, row) {
  const { run } = layer;
  const get = (name) => valueOf(layer, name, row);
  const isCompanion = (name) => {
    const found = /^(.+)_([a-z]+)$/.exec(name);
    return found && COMPANIONS.includes(found[2]) && (found[1] in run.columns || `${found[1]}_degree` in run.columns);
  };
  // an image's or a cluster's number has no rank
  const ranked = (name) => !isCompanion(name) && !/^(top_count_\d|natural_image|cluster)$/.test(name);
  const there = run.numbers.filter((name) => ranked(name) && name in layer.columns);
  const names = there.filter((name) => get(name) !== null);
  const missing = there.filter((name) => get(name) === null);
  const texts = Object.keys(run.columns).filter((name) => run.columns[name] === "text" && get(name) !== null);
  return h("section", { class: "panel" },
    h("h2", {}, "Rank within layer"),
    h("p", { class: "legend" },
      h("span", {}, s("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true" }, s("path", { class: "self", d: "M0 -6L4.5 0L0 6L-4.5 0z" })), "this unit"),
      h("span", {}, s("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true" }, s("rect", { class: "half", x: -6, y: -5, width: 12, height: 10 }), s("line", { class: "median", x1: 0, x2: 0, y1: -6, y2: 6 })), "half of the units, median"),
      h("span", {}, s("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true" }, s("line", { class: "whisker", x1: -7, x2: 7, y1: 0, y2: 0 })), "smallest to largest")),
    h("table", { class: "standings" },
      h("thead", { class: "unseen" }, h("tr", {}, ["Measure", "Value", "Among its layer’s units", "Rank"].map((words) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, names.map((name) => {
        const value = get(name);
        const values = finiteValues(layer, name);
        const rank = Number.isFinite(value) ? 1 + values.filter((other) => other > value).length : null;
        const same = Number.isFinite(value) ? values.filter((other) => other === value).length : 0;
        const chance = chanceOf(run, name);
        const notes = [
          chance && get(chance) !== null && `chance ${shown(get(chance))}`,
          interval(get, name),
          name in layer.reliability && `reliability ${number(layer.reliability[name])}${layer.reliability[name] < RELIABLE ? ", too low to compare units" : ""}`,
          ...["p", "q"].map((suffix) => get(`${name}_${suffix}`) !== null && `${suffix} ${shown(get(`${name}_${suffix}`))}`),
        ].filter(Boolean).join(", ");
        return h("tr", {},
          h("th", { scope: "row", title: meaning(name) || null }, label(name), notes && h("span", { class: "notes" }, notes)),
          h("td", { class: value === null || Number.isNaN(value) ? "number muted" : "number" }, shown(value)),
          h("td", {}, new Set(values).size > 1 ? standing(values, value) : h("span", { class: "muted small" }, values.length > 1 && Number.isFinite(value) && "equal for all units")),
          h("td", { class: "rank muted" }, rank === null || values.length === 1 || new Set(values).size === 1 ? "" : `${rank.toLocaleString("en")}${same > 1 ? "=" : ""} of ${values.length.toLocaleString("en")}`));
      }))),
    missing.length > 0 && h("p", { class: "muted small" }, `Measured for other units of the layer only: ${missing.map(label).join(", ")}.`),
    texts.length > 0 && h("dl", { class: "texts" }, texts.map((name) => h("div", {}, h("dt", { title: meaning(name) || null }, label(name)), h("dd", {}, get(name))))));
}

/** Return a strip of tiles in one image, loaded when it is in view. */
function stripOf(run, file, text, tiles) {
  return h("img", {
    class: "strip", src: `data/${run.key}/${file}`, alt: text, loading: "lazy", style: { maxWidth: `${tiles * 98}px` },
  });
}

function facetsOf(layer, units, unit) {
  const found = units.facets[unit];
  if (!found) return null;
  const words = { gray: "Components of gray patches", color: "Components of colored patches", patches: "Patches" };
  const extremes = { SF: "the lowest degrees of multifacetedness in the layer", MF: "the highest degrees of multifacetedness in the layer" };
  return h("section", { class: "panel" },
    h("h2", {}, "Facets"),
    h("p", { class: "meaning" }, `Independent components of the patches of the unit’s top images${extremes[found.extreme] ? `. It is among the units with ${extremes[found.extreme]}` : ""}.`),
    found.reason && h("p", { class: "empty" }, `${found.made.gray ? "None in color" : "None"}: ${found.reason}.`),
    Object.entries(found.made).map(([part, tiles]) => h("figure", { class: "strips" },
      h("figcaption", {}, words[part] ?? part),
      stripOf(layer.run, `facets/${layer.path}/${unit}-${part}.webp`, `${words[part] ?? part} of unit ${unit}`, tiles))));
}

function maximizationOf(layer, units, unit, get) {
  const found = units.activation_maximization[unit];
  if (!found) return null;
  const words = { am: "Activation maximization (AM)", iam: "Independent activation maximization (IAM)" };
  const natural = get("natural_maximum");
  return h("section", { class: "panel" },
    h("h2", {}, "Activation-maximization images"),
    h("p", { class: "meaning" }, `Made by gradient ascent, each from different noise; the number is the unit’s mean activation on the image.${Number.isFinite(natural) && natural !== null ? ` The largest on an image of the data set is ${number(natural)}.` : ""}`),
    Object.entries(found).map(([objective, responses]) => h("figure", { class: "strips" },
      h("figcaption", {}, words[objective] ?? objective, h("span", { class: "value" }, ` ${responses.map((response) => shown(Number(response))).join(", ")}`)),
      stripOf(layer.run, `activation_maximization/${layer.path}/${unit}-${objective}.webp`, `${words[objective] ?? objective}: images of unit ${unit}`, responses.length))));
}

function nearestOf(layer, units, row) {
  const near = units.near[row].map((unit, rank) => [unit, Number(units.near_r[row][rank])]).filter(([unit]) => unit >= 0);
  return h("section", { class: "panel" },
    h("h2", {}, "Most correlated units"),
    near.length
      ? [
        h("p", { class: "meaning" }, "Correlation of mean activations over images."),
        h("ul", { class: "near" }, near.map(([unit, r]) => h("li", {},
          h("a", { href: address([layer.run.network, layer.run.dataset, layer.name, String(unit)]) },
            h("span", { class: "name" }, `Unit ${unit}`), h("span", { class: "value" }, `r = ${number(r)}`),
            layer.rowOf.has(unit) && someImages(layer, layer.rowOf.get(unit), 3))))),
      ]
      : h("p", { class: "empty" }, "None: the unit’s mean activation is the same on all images, or that of all other units is."));
}
