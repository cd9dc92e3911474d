// p-values, counts, and what follows from another measure, beside companions
const FOLDED = /_p_|^n_|_count_|^top_class_|_failed$|_normalized$|^(auroc|informedness)_class$|^cluster_size$|^natural_|_over_natural$/;
const END = /_(low|high)$/; // of an interval
const ABLATION = /^ablation_|^most_affected_class$/; // in a panel of their own

/** Return a unit's page. */
async function unitPage(layer, unit, state, go) {
  const { run } = layer;
  const [, units, untrained] = await Promise.all([openLayer(layer), openUnits(layer), openCheckpoint(layer, UNTRAINED), openTiles(layer)]);
  const row = layer.rowOf.get(unit);
  const list = await listOfUnit(layer, row, state);
  const get = (name) => valueOf(layer, name, row);
  const images = units.top.image[row].filter((place) => place >= 0).length;
  const shows = (name) => !state.hide.split(",").includes(name);
  const over = { boxed: shows("field"), maps: shows("maps") ? units.maps : null };
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
          h("section", { class: "panel", id: "top" },
            h("div", { class: "bar" }, h("h2", {}, "Maximally activating images"), overlayChoice(layer, units, state, go)),
            images
              ? [h("p", { class: "meaning" }, `Images with the largest activations of the unit; the number is its largest value on the image${layer.field ? ", the frame the receptive field at that position" : ""}.`), imagesOf(run, layer, units.top, row, over)]
              : inactiveUnit()),
          mapsOf(layer, units, row, over),
          distributionOf(layer, units, row),
          untrainedOf(layer, untrained, row, over),
          bottomOf(layer, units, row, over),
          facetsOf(layer, units, unit),
          maximizationOf(layer, units, unit, get),
          nearestOf(layer, units, row)),
        h("div", {},
          classesOf(layer, units, row),
          ablationOf(layer, row, untrained),
          standingsOf(layer, row, untrained))),
    ],
  };
}

const inactiveUnit = () => h("p", { class: "empty" }, "The unit is inactive: no image gives a value above 0.");

/** Return a summary of a unit. */
function inShort(layer, get) {
  const found = [];
  if (get("top_class_1")) found.push(`most common class ${get("top_class_1")}, ${shown(get("top_count_1"))} of ${shown(get("n_top_images"))} top images`);
  if (get("faceted")) found.push(`${get("faceted")}-faceted`);
  if (get("active_fraction") !== null) found.push(`not 0 at ${shown(100 * get("active_fraction"))} % of positions and images`);
  found.push(fieldWords(layer));
  return capital(found.join("; "));
}

/** Return the choice of what lies over images. */
function overlayChoice(layer, units, state, go) {
  const choices = { maps: units.maps && "activation maps", field: layer.field && "receptive field" };
  const hidden = state.hide.split(",").filter(Boolean);
  const toggled = (name) => (hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name]).sort().join(",");
  return h("div", { class: "controls" }, Object.entries(choices).filter(([, words]) => words).map(([name, words]) =>
    h("label", { class: "choice" }, h("input", {
      type: "checkbox", id: `show-${name}`, checked: !hidden.includes(name), onchange: () => go({ hide: toggled(name) }),
    }), words)));
}

/** Return where the unit responds: the images with activation maps that activate it most. */
function mapsOf(layer, units, row, over) {
  const { maps, top } = units;
  if (!maps) return null;
  const tops = top.image[row].filter((place) => place >= 0);
  const there = maps.image[row].filter((place) => place >= 0);
  const both = tops.filter((place) => there.includes(place)).length;
  const words = !tops.length ? "" : both ? `${both} of the ${count(tops.length, "top image")} above ${both === 1 ? "has one" : "have one"}.` : "None of the top images above has one.";
  return h("section", { class: "panel", id: "maps" },
    h("h2", {}, "Where the unit responds"),
    h("p", { class: "meaning" }, `Activation maps of ${number(maps.n_images)} of ${count(layer.run.n_images, "image")} are stored. ${words} ${there.length ? "Of the images with maps, these activate the unit most." : ""}`),
    there.length
      ? [
        h("p", { class: "legend" }, h("span", {}, "0 or below ", h("span", { class: "ramp over", "aria-hidden": "true" }), " largest value of the map")),
        imagesOf(layer.run, layer, maps, row, { ...over, size: 112 }),
      ]
      : h("p", { class: "empty" }, "The unit is inactive on all of them."));
}

/** Return the distribution of the unit's values over images, with images at quantiles. */
function distributionOf(layer, units, row) {
  const { levels, histogram } = units;
  const there = levels.image[row].some((place) => place >= 0);
  const [values, ends] = [levels.value[row].map(Number), levels.ends[row].map(Number)];
  // the images with the smallest and the largest value need not be among those of the atlas
  const labels = levels.share.map((share, place) => (share === 0 && values[place] === ends[0] ? "smallest"
    : share === 1 && values[place] === ends[1] ? "largest" : `${Number((100 * share).toPrecision(3))} %`));
  return h("section", { class: "panel", id: "distribution" },
    h("h2", {}, "Distribution of activations"),
    there
      ? [
        h("p", { class: "meaning" }, `The unit’s largest value on each of ${count(layer.run.n_images, "image")}, from the smallest to the largest. Marks, and the images below, are at quantiles: 75 % of the images have at most the value of the image at 75 %. These images are the nearest in rank of those that the atlas shows.`),
        fitted((width) => histogramPlot(histogram[row], values, labels, width, { ends })),
        imagesOf(layer.run, layer, levels, row, { labels }),
      ]
      : h("p", { class: "empty" }, "No value of the unit is finite."));
}

function bottomOf(layer, units, row, over) {
  const { bottom } = units;
  const least = Number(bottom.value[row][0]);
  const tied = bottom.tied[row];
  const many = tied > bottom.image[row].length;
  const words = many
    ? `The largest value is the same, ${number(least)}, on ${count(tied, "image")} of ${number(layer.run.n_images)}; these are a random sample of them.`
    : "Images with the smallest activations of the unit; the number is its largest value on the image.";
  return h("section", { class: "panel", id: "bottom" },
    h("h2", {}, "Minimally activating images"),
    h("p", { class: "meaning" }, words),
    imagesOf(layer.run, layer, bottom, row, { ...over, boxed: over.boxed && !many }));
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
        pairs.length > shownPairs.length && h("p", { class: "muted small" }, `and ${count(pairs.length - shownPairs.length, "other class")}`),
      ]
      : h("p", { class: "empty" }, "The unit has no top images."));
}

function ablationOf(layer, row, untrained) {
  const names = Object.keys(layer.run.columns).filter((name) => ABLATION.test(name) && !END.test(name));
  if (!names.length) return null;
  const measured = names.filter((name) => valueOf(layer, name, row) !== null);
  return h("section", { class: "panel" },
    h("h2", {}, "Ablation effect"),
    measured.length
      ? standingsTable(layer, row, untrained, measured)
      : h("p", { class: "empty" }, "Not measured: only a sample of units in some layers is ablated."));
}

/** Return a measure's interval in words; substitution has the range over seeds instead. */
function interval(get, name) {
  const [low, high] = ["low", "high"].map((end) => get(`${name}_${end}`));
  if (!isNumber(low)) return "";
  const of = meaning(`${name}_low`).includes("over these seeds") ? "seeds" : "95 %";
  return `${of}: ${shown(low)} to ${shown(high)}`;
}

/** Return the unit's top images in the untrained network. */
function untrainedOf(layer, untrained, row, { boxed }) {
  if (!untrained) return null;
  const { run } = layer;
  const none = untrained.top.image[row].every((place) => place < 0);
  return h("section", { class: "panel", id: "untrained" },
    h("h2", {}, "Maximally activating images, untrained"),
    h("p", { class: "meaning" }, run.step === null
      ? "The network with random weights. Its unit of the same number is another unit."
      : "The same unit before training."),
    none ? inactiveUnit() : imagesOf(run, layer, untrained.top, row, { boxed }));
}

/** Return the measures of a unit in groups by paper, each with the unit's rank within its layer. */
function standingsOf(layer, row, untrained) {
  const { run } = layer;
  const get = (name) => valueOf(layer, name, row);
  const { companions, papers, paper_of: paperOfColumn } = ATLAS.shell;
  const isFolded = (name) => companions.some((ending) => name.endsWith(ending)) || FOLDED.test(name);
  const there = Object.keys(run.columns).filter((name) => name !== "unit" && name in layer.columns && !END.test(name) && !ABLATION.test(name));
  const names = there.filter((name) => get(name) !== null);
  const missing = there.filter((name) => get(name) === null && !isFolded(name));
  const importance = (name) => (USUAL.includes(name) ? USUAL.indexOf(name) : USUAL.length);
  const groups = [...papers, null].map((paper) => {
    const here = names.filter((name) => (paperOfColumn[name] ?? null) === (paper?.code ?? null))
      .sort((one, other) => importance(one) - importance(other));
    return { paper, main: here.filter((name) => !isFolded(name)), folded: here.filter(isFolded) };
  }).filter(({ main, folded }) => main.length || folded.length);
  return h("section", { class: "panel" },
    h("h2", {}, "Measures and rank within layer"),
    h("p", { class: "legend" },
      h("span", {}, legendMark(s("path", { class: "self", d: "M0 -6L4.5 0L0 6L-4.5 0z" })), "this unit"),
      h("span", {}, legendMark(s("rect", { class: "half", x: -6, y: -5, width: 12, height: 10 }), s("line", { class: "median", x1: 0, x2: 0, y1: -6, y2: 6 })), "half of the units, median"),
      h("span", {}, legendMark(s("line", { class: "whisker", x1: -7, x2: 7, y1: 0, y2: 0 })), "smallest to largest")),
    groups.map(({ paper, main, folded }) => h("div", { class: "group" },
      h("h3", {}, paper ? paper.short : "Other measures", paper && h("small", {}, ` ${paper.question}`)),
      main.length > 0 && standingsTable(layer, row, untrained, main),
      folded.length > 0 && h("details", { id: `folded-${paper?.code ?? "other"}` },
        h("summary", {}, "p-values, counts and more"),
        h("table", { class: "standings" }, h("tbody", {}, folded.map((name) => h("tr", {},
          h("th", { scope: "row", title: meaning(name) || null }, label(name)),
          h("td", { class: run.columns[name] }, shown(get(name)))))))))),
    missing.length > 0 && h("p", { class: "muted small" }, `Measured for other units of the layer only: ${missing.map(label).join(", ")}.`));
}

/** Return a table of measures with the value, that in the untrained network, and the rank within the layer. */
function standingsTable(layer, row, untrained, names) {
  const headings = ["Measure", "Value", untrained && "Untrained", "Rank within layer"].filter(Boolean);
  const before = (name) => untrained.columns[name]?.[row] ?? null;
  const isText = (name) => layer.run.columns[name] === "text";
  return h("table", { class: untrained ? "standings both" : "standings" },
    h("thead", {}, h("tr", {}, headings.map((words, place) => h("th", { scope: "col", class: place > 0 && place < headings.length - 1 ? "number" : null }, words)))),
    h("tbody", {}, names.map((name) => h("tr", {},
      h("th", { scope: "row", title: meaning(name) || null }, label(name), h("span", { class: "notes" }, notesOf(layer, row, name))),
      isText(name)
        ? h("td", { colspan: headings.length - 1 }, valueOf(layer, name, row))
        : [
          h("td", { class: isNumber(valueOf(layer, name, row)) ? "number" : "number muted" }, shown(valueOf(layer, name, row))),
          untrained && h("td", { class: "number muted" }, shown(before(name))),
          rankCell(layer, row, name),
        ]))));
}

/** Return chance level, interval and reliability of a unit's measure. */
function notesOf(layer, row, name) {
  const get = (column) => valueOf(layer, column, row);
  const chance = chanceOf(layer.run, name);
  return [
    chance && get(chance) !== null && `chance ${shown(get(chance))}`,
    interval(get, name),
    name in layer.reliability && `reliability ${number(layer.reliability[name])}${layer.reliability[name] < ATLAS.shell.reliable ? ", too low to compare units" : ""}`,
  ].filter(Boolean).join(", ");
}

function rankCell(layer, row, name) {
  const value = valueOf(layer, name, row);
  const values = finiteValues(layer.columns, name);
  if (name === "cluster" || values.length < 2) return h("td"); // a number that is a name has no rank
  if (new Set(values).size === 1) return h("td", { class: "muted small" }, Number.isFinite(value) && "equal for all units");
  const same = values.filter((other) => other === value).length;
  return h("td", {}, standing(values, value), Number.isFinite(value) && h("span", { class: "rank muted" },
    `${number(1 + values.filter((other) => other > value).length)}${same > 1 ? "=" : ""} of ${number(values.length)}`));
}

/** Return a strip of tiles in one image. */
function stripOf(run, file, text, tiles) {
  return h("img", {
    class: "strip", src: `data/${run.key}/${file}`, alt: text, style: { maxWidth: `${tiles * 98}px` },
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
  const known = natural !== null && Number.isFinite(natural);
  // as in the measure of substitution: no activation, or less than by an image of the data set
  const failure = (response) => (!(response > 0) ? "inactive" : known && response < natural ? "weaker than natural" : null);
  const strip = (file, caption, responses, about, tiles = responses.length) => {
    const failed = responses.filter(failure).length;
    return h("figure", { class: "strips" },
      h("figcaption", {}, caption, failed > 0 && h("strong", { class: "failed" }, responses.length > 1 ? ` ${failed} of ${responses.length} images failed` : " failed")),
      about,
      stripOf(layer.run, `${file}.webp`, `${caption}: ${responses.length > 1 ? "images" : "image"} of unit ${unit}`, tiles),
      h("ol", { class: "responses", style: { maxWidth: `${responses.length * 98}px` } }, responses.map((response) => h("li", {},
        h("span", { class: "value" }, shown(response)), failure(response) && h("span", { class: "failed" }, failure(response))))));
  };
  return h("section", { class: "panel" },
    h("h2", {}, "Activation-maximization images"),
    h("p", { class: "meaning" }, `Made by gradient ascent, each from different noise; the number is the unit’s mean activation on the image.${known ? ` The largest on an image of the data set is ${number(natural)}.` : ""}`),
    Object.entries(found).map(([objective, texts]) => strip(
      `activation_maximization/${layer.path}/${unit}-${objective}`, words[objective] ?? objective, texts.map(Number))),
    unit in units.feature_visualization && strip(
      `feature_visualization/${layer.path}/${unit}`, "Feature visualization (Olah et al. 2017)", [Number(units.feature_visualization[unit])],
      h("p", { class: "meaning" }, "For viewing: smooth, and robust to small shifts. RS uses the plain images above."), 2));
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
