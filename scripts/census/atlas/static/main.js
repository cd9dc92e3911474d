/** Return a run that an address names; throws what a reader can understand. */
async function knownRun(network, dataset) {
  if (listedRun(network, dataset)) return openRun(network, dataset);
  throw new Error(`There is no network ${network}${dataset === undefined ? "" : ` on ${dataset}`} in this atlas.`);
}

/** Return the page that an address names; throws what a reader can understand. */
async function pageOf({ parts, state }, go) {
  const [first, second, third, fourth] = parts;
  const { claims } = ATLAS.shell;
  if (first === undefined) return claims ? claimsPage() : networksPage();
  if (first === "networks" && parts.length === 1) return networksPage();
  if (first === "search" && parts.length === 1) return searchPage(state, go);
  if (first === "compare" && parts.length === 1) return comparePage(state, go);
  if (!listedRun(first, second)) { // networks may have these names
    if (first === "images") return imagePages(parts.slice(1), state, go);
    if (first === "papers") return paperPage(parts.slice(1));
    if (first === "claims" && claims) return parts.length === 1 ? claimsPage() : claimPage(parts.slice(1));
  }
  const run = await knownRun(first, second);
  if (third === undefined) return networkPage(run, state, go);
  const layer = run.byName.get(third);
  if (!layer) throw new Error(`${first} has no layer ${third} in this atlas.`);
  if (fourth === undefined) return layerPage(layer, state, go);
  await openLayer(layer);
  if (Object.hasOwn(ATLAS.shell.families, fourth)) return directionPage(layer, fourth, parts.slice(4), state, go);
  if (parts.length > 4 || !/^\d+$/.test(fourth) || !layer.rowOf.has(Number(fourth))) {
    throw new Error(`${third} has no unit ${parts.slice(3).join("/")}; its units are 0 to ${layer.columns.unit.at(-1)}.`);
  }
  return unitPage(layer, Number(fourth), state, go);
}

/** Return the way from the first page to this one; a list of units on the way is as the reader left it. */
function crumbsOf(parts, state = {}) {
  if (!parts.length) return [];
  const [network, dataset, layer, unit] = parts;
  if (dataset === undefined) return [];
  const steps = [];
  const section = listedRun(network, dataset) ? "networks" : network;
  if (section === "papers") {
    steps.push(ATLAS.shell.claims ? ["Claims", []] : ["Networks", ["networks"]], [ATLAS.shell.papers.find(({ code }) => code === dataset)?.short ?? dataset, parts]);
  } else if (section === "images") {
    const [name, set, image] = parts.slice(1);
    steps.push(["Networks", ["networks"]], [`${listedRun(name, set)?.title ?? name} on ${set}`, [name, set]], ["Images", parts.slice(0, 3), { text: state.text, class: state.class }]);
    if (image !== undefined) steps.push([`image ${image}`, parts, state]);
  } else if (section === "claims") {
    steps.push(["Claims", []], [dataset, parts.slice(0, 2)]);
    if (layer !== undefined) steps.push([`${layer} on ${unit}`, parts.slice(0, 4)]);
    if (parts.length > 4) steps.push([`seed ${parts[4]}`, parts]);
  } else {
    steps.push(["Networks", ["networks"]], [`${listedRun(network, dataset)?.title ?? network} on ${dataset}`, [network, dataset]]);
    if (layer !== undefined) steps.push([layer, [network, dataset, layer], state.from ? {} : state]);
    if (Object.hasOwn(ATLAS.shell.families, unit)) steps.push(["Directions", [network, dataset, layer], { ...state, view: "directions" }], [`${ATLAS.shell.families[unit]}, ${parts[4]}`, parts, state]);
    else if (unit !== undefined) steps.push([`unit ${unit}`, parts, state]);
  }
  return steps.map(([words, to, seen], place) => h("a", {
    href: address(to, seen), "aria-current": place === steps.length - 1 ? "page" : null,
  }, words));
}

let drawn = { path: null, number: 0 };
const places = keptPlaces(); // where readers were, by entry of the browser's history
let entry = null;

/** Return where readers were before the page was loaded again. */
function keptPlaces() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem("places") ?? "[]"));
  } catch {
    return new Map(); // without storage
  }
}

/** Keep where readers are when they leave the page: a reload drops what is written into the history by then. */
function keepPlaces() {
  if (entry === null) return;
  const place = placeNow();
  history.replaceState({ entry, place }, "");
  places.set(entry, place);
  try {
    sessionStorage.setItem("places", JSON.stringify([...places]));
  } catch {
    // without storage
  }
}

/** Return where the reader is: how far page and tables are scrolled, and how long a table is. */
const placeNow = () => ({
  page: [window.scrollX, window.scrollY],
  tables: [...document.querySelectorAll("#main .scroll")].map((each) => [each.scrollLeft, each.scrollTop]),
  rows: document.querySelector("#main .units tbody")?.childElementCount,
});

/** Take a reader who comes back to the place that was left. */
function resume({ page, tables }) {
  document.querySelectorAll("#main .scroll").forEach((each, number) => each.scrollTo(...(tables[number] ?? [0, 0])));
  window.scrollTo(...page);
}

/** Draw the page of the present address. */
async function draw() {
  if (entry !== null) places.set(entry, placeNow());
  const here = readAddress(location.hash);
  if (!history.state?.entry) history.replaceState({ entry: `${Date.now()}-${drawn.number}` }, "");
  entry = history.state.entry;
  const before = places.get(entry) ?? history.state.place;
  here.state.rows = before?.rows;
  const path = here.parts.join("/");
  document.getElementById("viewer").close(); // a link in it leads here
  const same = drawn.path === path;
  const number = drawn.number + 1;
  drawn = { path, number };
  const main = document.getElementById("main");
  const slow = setTimeout(() => {
    if (drawn.number === number && !same) main.replaceChildren(h("p", { class: "muted" }, "Reading…"));
  }, 200);
  /** Go to the address with changes. */
  const go = (changes) => {
    location.hash = address(here.parts, { ...here.state, ...changes });
  };
  let page;
  try {
    page = await pageOf(here, go);
  } catch (error) {
    page = {
      title: "Page not found",
      content: [
        h("h1", {}, "Page not found"), h("p", {}, error.message.endsWith(".") ? error.message : `${error.message}: run the workflow again.`),
        h("p", {}, h("a", { href: "#/networks" }, "Networks"), " or ", h("a", { href: "#/search" }, "search")),
      ],
    };
  }
  clearTimeout(slow);
  if (drawn.number !== number) return; // the reader has gone on
  // on the same page with other conditions, readers stay where they are
  const focused = document.activeElement?.id;
  const open = [...document.querySelectorAll("#main details[open]")].map(({ id }) => id);
  const [x, y] = [window.scrollX, window.scrollY];
  main.replaceChildren(...page.content.flat(Infinity).filter(Boolean));
  document.title = `${page.title} · Atlas of units`;
  document.getElementById("crumbs").replaceChildren(...crumbsOf(here.parts, here.state));
  if (same) for (const details of open.map((id) => document.getElementById(id))) if (details) details.open = true;
  document.querySelectorAll("#main .fitted").forEach((each) => each.fit());
  for (const link of document.querySelectorAll("#sections a")) {
    if (link.getAttribute("href") === `#/${path}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (same) {
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  } else if (number > 1) main.focus({ preventScroll: true });
  resume(before ?? { page: same ? [x, y] : [0, 0], tables: [] });
  forgetUnseen();
  (window.requestIdleCallback ?? setTimeout)(loadImages);
  document.body.dataset.drawn = String(number);
}

/** Go where a key leads. */
function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key === "p") {
    event.preventDefault();
    seeAll().then(() => window.print());
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input, select, textarea");
  if (typing || document.querySelector("dialog[open]")) return;
  const { parts, state } = readAddress(location.hash);
  const follow = (id) => document.getElementById(id)?.click();
  const layerBy = async (step) => {
    if (parts.length < 3 || !listedRun(parts[0], parts[1])) return;
    const run = await openRun(parts[0], parts[1]);
    const to = run.layers[(run.byName.get(parts[2])?.place ?? NaN) + step];
    if (to) location.hash = address([parts[0], parts[1], to.name], { view: state.view, measure: state.measure });
  };
  // within what scrolls sideways, arrows scroll; in a grid of units, they lead from one to the next
  const scrolls = event.target.closest?.(".scroll, .gallery-host");
  const keys = {
    ArrowLeft: () => !scrolls && follow("prev"),
    ArrowRight: () => !scrolls && follow("next"),
    ArrowUp: () => event.shiftKey && layerBy(-1),
    ArrowDown: () => event.shiftKey && layerBy(1),
    u: () => {
      const steps = document.querySelectorAll("#crumbs a");
      if (steps.length > 1) steps[steps.length - 2].click();
    },
    "/": () => {
      const isSearch = () => readAddress(location.hash).parts.join("/") === "search";
      if (!isSearch()) location.hash = "#/search";
      const wait = () => {
        // until the search is drawn, the page before it is there, which may have a field for words, too
        const isDrawn = drawn.path === "search" && document.body.dataset.drawn === String(drawn.number);
        if (isDrawn) document.getElementById("text")?.focus();
        else if (isSearch()) setTimeout(wait, 30);
      };
      wait();
    },
    "?": () => document.getElementById("help").showModal(),
    Escape: () => document.getElementById("tip")?.toggleAttribute("hidden", true),
  };
  if (!(event.key in keys)) return;
  if (!event.key.startsWith("Arrow") || event.shiftKey) event.preventDefault();
  keys[event.key]();
}

document.addEventListener("DOMContentLoaded", () => {
  const main = document.getElementById("main");
  if (!ATLAS.shell) {
    main.replaceChildren(h("p", {}, "The file data.js is missing beside this page, or damaged. Run the workflow again."));
    return;
  }
  if (ATLAS.shell.claims) document.getElementById("sections").prepend(h("a", { href: "#/" }, "Claims"));
  document.getElementById("help-button").addEventListener("click", () => document.getElementById("help").showModal());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // addresses are the pages'
    main.focus();
  });
  history.scrollRestoration = "manual";
  window.addEventListener("hashchange", draw);
  window.addEventListener("pagehide", keepPlaces);
  window.addEventListener("beforeprint", seeAll);
  document.addEventListener("keydown", onKey);
  draw();
});
