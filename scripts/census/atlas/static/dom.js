const SVG = "http://www.w3.org/2000/svg";
// names of columns that do not say what they hold when their words are put apart
const NAMES = {
  top_class_1: "Most common class",
  top_count_1: "Images of the most common class",
  top_class_2: "Second class",
  top_count_2: "Images of the second class",
  top_class_3: "Third class",
  top_count_3: "Images of the third class",
  precision_top_k: "Precision of top images",
  ablation_kl: "Ablation effect (KL divergence)",
  ablation_changed: "Ablation effect (changed predictions)",
  ablation_loss: "Ablation effect (loss)",
  ablation_accuracy: "Ablation effect (accuracy)",
  ablation_most_affected: "Accuracy drop of the most affected class",
};
const SHORT = { mf: "MF", rs: "RS", iam: "IAM", am: "AM", auroc: "AUROC", gini: "Gini", n: "number of", p: "p", q: "q" };

/** Return an element. Texts become text nodes, so nothing that stands in data is ever read as HTML. */
function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Return an element of a drawing. */
function s(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") Object.assign(element.style, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Return a column's name as it is written in the atlas: "mf_degree" as "MF degree". */
function label(column) {
  if (column in NAMES) return NAMES[column];
  if (column === "n") return "Number";
  const words = column.split("_").map((word) => SHORT[word] ?? word);
  return capital(words.join(" "));
}

/** Return a text with a capital letter at the beginning. */
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Return a name whose beginning is left out if it is too long: its end tells layers apart. */
const shortened = (name, longest) => (name.length <= longest ? name : `…${name.slice(name.length - longest + 1)}`);

/** Return a number with three digits, or more before the point. */
function number(value) {
  if (value === Infinity || value === -Infinity) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  // from 999.5, three digits are no longer enough
  if (Number.isInteger(value) || size >= 999.5) return `${value < 0 ? "−" : ""}${Math.round(size).toLocaleString("en")}`;
  if (size < 0.0005) {
    const [digits, power] = value.toExponential(1).split("e");
    return `${digits.replace("-", "−")} × 10${power.replace("+", "").replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻")}`;
  }
  return value.toPrecision(3).replace("-", "−");
}

/** Return a value as text: what was not measured and what is undefined do not look the same. */
function shown(value) {
  if (value === null || value === undefined) return "—";
  if (typeof value !== "number") return value;
  return Number.isNaN(value) ? "undefined" : number(value);
}

/** Return "1 unit", "2 units", "2 classes". */
const count = (n, word) => `${number(n)} ${word}${n === 1 ? "" : word.endsWith("s") ? "es" : "s"}`;

/** Return a choice among options, [value, text] of each; `change` is called with the value that is chosen. */
const choice = (words, id, options, chosen, change) => h("label", { class: "choice" }, `${words} `, h("select", { id, onchange: (event) => change(event.target.value) },
  options.map(([value, text]) => h("option", { value, selected: value === chosen }, text))));

/** Return a choice among measures. */
const measureChoice = (names, measure, go) => choice("Measure", "measure", names.map((name) => [name, label(name)]), measure, (name) => go({ measure: name }));

/** Return a field for the words of a search. */
const wordsField = (text, placeholder, go) => h("label", { class: "choice" }, "Words ",
  h("input", { id: "text", type: "search", value: text, placeholder, autocomplete: "off", onchange: (event) => go({ text: event.target.value.trim() }) }));

/**
 * Return links to the pages before and after a place in a list; a place below 0 has no neighbors.
 *
 * kind: of the pages, in words; linkOf: returns the name, address and title of an entry's link; first: stands before the links.
 */
function stepLinks(kind, list, place, linkOf, first = null) {
  const step = (to, words, id) => {
    if (place < 0 || !(to in list)) return h("span", { class: "step muted" }, words(""));
    const { name, href, title } = linkOf(list[to]);
    return h("a", { class: "step", id, rel: id, href, title }, words(name));
  };
  return h("nav", { class: "steps", "aria-label": `Previous and next ${kind}` }, first,
    step(place - 1, (name) => `← ${name}`, "prev"), step(place + 1, (name) => `${name} →`, "next"));
}

/** Return what a column means, as far as it is known. */
function meaning(column, definitions = ATLAS.shell.definitions) {
  const found = definitions[column];
  if (!found) return "";
  const text = (found.definition ?? "").replaceAll("`", "").replace(/\.$/, "");
  const bounded = found.range && found.range !== "(-inf, inf)";
  const rest = [bounded && `range ${found.range.replace(/inf/g, "∞").replace(/-/g, "−")}`, found.unit && `in ${found.unit}`, found.source && `source: ${found.source}`];
  return `${text} (${rest.filter(Boolean).join("; ")}).`.replace(" ()", "");
}

/** Tell readers who do not see the page what has changed. */
function announce(text) {
  document.getElementById("announce").textContent = text;
}
