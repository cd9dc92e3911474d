const VERDICTS = {
  supported: { mark: "●", name: "supported", short: "supported", meaning: "The test excludes chance on the predicted side." },
  "supported, not learned": {
    mark: "▲", name: "not-learned", short: "not learned", meaning: "Supported, but the effect is no stronger than in the untrained network.",
  },
  contradicted: { mark: "■", name: "contradicted", short: "contradicted", meaning: "The test excludes chance on the other side." },
  inconclusive: { mark: "◆", name: "inconclusive", short: "inconclusive", meaning: "Neither, or the claim cannot be tested here." },
};
const OWN = { code: "X", short: "This study", title: "", question: "Questions that no paper asks", url: "" };

/** Return the paper whose claim has an id such as S2.1. */
const paperOf = ({ id }) => ATLAS.shell.papers.find(({ code }) => id.split(".")[0] === code) ?? OWN;

/** Return a number of the table of claims, NaN for none. */
const parsed = (text) => (text === undefined || text === "" ? NaN : Number(text));
const shownNumber = (text) => (text === undefined || text === "" ? "—" : number(Number(text)));

/** Return an interval in words; nothing without one. */
const ends = (low, high) => (Number.isNaN(parsed(low)) ? "" : `${shownNumber(low)} to ${shownNumber(high)}`);

/** Return the run of the atlas that a test is about; any seed's for a verdict over networks. */
function runOf({ network, seed, dataset }) {
  const found = ATLAS.shell.runs.filter((run) => run.name === network && run.dataset === dataset);
  return seed === undefined ? found[0] : found.find((run) => String(run.seed) === seed);
}

/** Return the columns of the matrix: networks and data sets, with seeds folded. */
function columnsOfClaims() {
  const found = new Map();
  for (const { tests } of ATLAS.shell.claims) {
    for (const test of tests) {
      const key = `${test.network}/${test.dataset}`;
      const seeds = found.get(key)?.seeds ?? new Set();
      if (test.seed !== undefined) seeds.add(test.seed);
      found.set(key, { network: test.network, dataset: test.dataset, seeds });
    }
  }
  return [...found.values()];
}

/** Return the test that decides a claim on a network: that over networks if there are several seeds. */
function decisive({ tests }, { network, dataset }) {
  const here = tests.filter((test) => test.network === network && test.dataset === dataset);
  return here.find((test) => test.seed === undefined) ?? here[0];
}

const addressOfTest = (claim, { network, dataset, seed }, folded) =>
  address(["claims", claim.id, network, dataset, ...(folded || seed === undefined ? [] : [seed])]);

/** Return a verdict as shape, color and word. */
function verdictMark(word, full = false) {
  const { mark, name, short } = VERDICTS[word] ?? { mark: "?", name: "", short: word };
  return h("span", { class: `verdict ${name}` }, h("span", { "aria-hidden": "true" }, mark), ` ${full ? word : short}`);
}

/** Return what the states of verdicts mean. */
const verdictLegend = () => h("dl", { class: "verdicts" }, Object.entries(VERDICTS).map(([word, { meaning: words }]) =>
  h("div", {}, h("dt", {}, verdictMark(word)), h("dd", {}, words))));

/** Return the title of a paper, as a link if the paper has an address. */
function titleOf({ title, url }) {
  const cited = h("cite", {}, title);
  return url ? h("a", { href: url, rel: "noreferrer" }, cited) : cited;
}

/** Return author, year, title and question of a paper. */
const citation = (paper) => [h("strong", {}, paper.short), paper !== OWN && ` (${paper.code})`, ": ", paper.title && [titleOf(paper), ". "], h("span", { class: "muted" }, paper.question)];

/** Return the matrix of claims and networks, with the verdict in each cell. */
function claimsMatrix(claims, grouped = true) {
  const columns = columnsOfClaims();
  const groups = [...new Set([...ATLAS.shell.papers, OWN])]
    .map((paper) => [paper, claims.filter((claim) => paperOf(claim) === paper)]).filter(([, found]) => found.length);
  const heading = (column) => {
    const run = runOf(column);
    const words = [h("span", { class: "network" }, column.network), h("small", {}, ` on ${column.dataset}`)];
    const counts = Object.entries(VERDICTS).map(([word, { mark, name }]) => [word, mark, name, claims.filter((claim) => decisive(claim, column)?.verdict === word).length]);
    return h("th", { scope: "col" },
      run ? h("a", { href: address([run.network, run.dataset]) }, words) : words,
      column.seeds.size > 1 && h("span", { class: "notes" }, `over ${column.seeds.size} seeds`),
      h("span", { class: "counts" }, counts.filter(([, , , n]) => n).map(([word, mark, name, n]) =>
        h("span", { class: `verdict ${name}`, title: `${n} ${word}` }, h("span", { "aria-hidden": "true" }, mark), h("span", { class: "unseen" }, `${word}: `), String(n)))));
  };
  return scrolling("Verdicts on all claims",
    h("table", { class: "matrix" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Claim"), columns.map(heading))),
      groups.map(([paper, found]) => h("tbody", {},
        grouped && h("tr", { class: "paper" }, h("th", { scope: "rowgroup", colspan: 1 + columns.length }, h("div", {}, citation(paper), hasFigures(paper) && [" · ", h("a", { href: address(["papers", paper.code]) }, "figures on these networks")]))),
        found.map((claim) => h("tr", {},
          h("th", { scope: "row" },
            h("a", { href: address(["claims", claim.id]), title: claim.statistic }, h("span", { class: "id" }, claim.id), ` ${capital(claim.claim)}`)),
          columns.map((column) => matrixCell(claim, column))))))));
}

/** Return a cell of the matrix: the verdict, and the effect beside that of the untrained network. */
function matrixCell(claim, column) {
  const test = decisive(claim, column);
  if (!test) return h("td", { class: "muted", title: "not tested" }, "—");
  const measured = test.effect !== undefined;
  return h("td", { class: (VERDICTS[test.verdict] ?? { name: "" }).name, title: test.reason ?? null },
    h("a", { href: addressOfTest(claim, test, true), "aria-label": `${claim.id} on ${column.network}, ${column.dataset}: ${test.verdict}${measured ? `, effect ${shownNumber(test.effect)}` : ""}` },
      verdictMark(test.verdict),
      h("span", { class: "notes" }, measured
        ? [shownNumber(test.effect), test.control !== undefined && [" vs ", shownNumber(test.control)]]
        : "not measured")));
}

/** Return the first page: the claims and what was found of them. */
function claimsPage() {
  const { claims } = ATLAS.shell;
  const codes = [...new Set(claims.map(paperOf))].filter((paper) => paper !== OWN).map(({ code, short }) => `${code} is ${short}`);
  return {
    title: "Claims",
    content: [
      h("h1", {}, "Which claims are supported here?"),
      h("p", { class: "lead" }, "Conclusions of five papers on single units, each tested on each network. Choose a verdict to see the test behind it. ",
        h("a", { href: "#/networks" }, "Networks"), " leads to layers and units."),
      verdictLegend(),
      h("p", { class: "meaning" }, "A cell has the verdict, and the effect vs that in the untrained network. ",
        "Networks that are trained from several seeds have one verdict over all of them. ",
        codes.length > 0 && `The first part of a claim’s id names the paper: ${codes.join(", ")}${claims.some((claim) => paperOf(claim) === OWN) ? "; X marks claims of this study" : ""}.`),
      claimsMatrix(claims),
    ],
  };
}

/** Return the page of a claim, or of one of its tests. */
function claimPage([key, network, dataset, seed, ...rest]) {
  const { claims } = ATLAS.shell;
  const claim = claims.find((each) => each.id === key);
  if (!claim) throw new Error(`There is no claim ${key} in this atlas.`);
  if (network === undefined) return testsPage(claim);
  const here = claim.tests.filter((test) => test.network === network && test.dataset === dataset);
  const test = seed === undefined ? decisive(claim, { network, dataset }) : here.find((each) => each.seed === seed);
  if (!test || rest.length) throw new Error(`Claim ${key} was not tested on ${[network, dataset && `on ${dataset}`, seed && `seed ${seed}`].filter(Boolean).join(", ")}.`);
  return testPage(claim, test, here);
}

/** Return the page of a claim: what was found in every network. */
function testsPage(claim) {
  return {
    title: `${claim.id}: ${claim.claim}`,
    content: [
      claimHeading(claim),
      h("p", { class: "facts" }, `Statistic: ${claim.statistic}. Predicted: ${claim.predicted} ${shownNumber(claim.null)}.`),
      testsTable(claim, claim.tests, claim.id),
      verdictLegend(),
    ],
  };
}

function claimHeading(claim, run = null) {
  const { claims } = ATLAS.shell;
  const linkOf = (to) => {
    const test = run && decisive(to, run);
    return { name: to.id, href: test ? addressOfTest(to, test, true) : address(["claims", to.id]) };
  };
  return [
    h("div", { class: "bar" },
      h("h1", {}, h("span", { class: "id" }, claim.id), ` ${capital(claim.claim)}`),
      stepLinks("claim", claims, claims.indexOf(claim), linkOf)),
    h("p", { class: "facts" }, citation(paperOf(claim))),
  ];
}

/** Return the share of a claim's specifications that agree with it, and their number; nothing without a share. */
const sharing = ({ specifications: n, specifications_agree: share }) => share !== undefined && `${number(100 * Number(share))}\u00a0% of ${shownNumber(n)}`;

/** Return how many specifications of a claim agree with it; nothing for a claim without choices. */
function agreement(test) {
  const { specifications: n, specifications_undefined: none } = test;
  if (n === undefined) return "";
  if (!sharing(test)) return `none of ${count(Number(n), "specification")} has an effect`;
  return `${sharing(test)} specifications agree${Number(none) ? `; ${shownNumber(none)} without an effect` : ""}`;
}

/** Return the figures of a claim's specification curve in a network, a file for each sheet. */
function curvesOf(claim, run) {
  const found = (run && ATLAS.shell.specifications[`${run.network}/${run.dataset}`]) ?? {};
  return found[Object.keys(found).find((beginning) => claim.id.startsWith(beginning))] ?? [];
}

/** Return a table of tests. */
function testsTable(claim, tests, words) {
  const headings = ["Network", "Verdict", "Effect", "95 % interval", "Untrained", "n", "p", "q"];
  return scrolling(`Tests of ${words}`, h("table", { class: "claims" },
    h("thead", {}, h("tr", {}, headings.map((name, place) => h("th", { scope: "col", class: place > 1 ? "number" : "text" }, name)))),
    h("tbody", {}, tests.map((test) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: addressOfTest(claim, test) }, nameOfTest(test))),
      h("td", {}, verdictMark(test.verdict, true), test.reason && h("span", { class: "notes" }, test.reason), sharing(test) && h("span", { class: "notes agreement" }, `${sharing(test)} specifications agree`)),
      h("td", { class: "number" }, shownNumber(test.effect)),
      h("td", { class: "number" }, ends(test.low, test.high) || "—"),
      h("td", { class: "number" }, shownNumber(test.control)),
      ["n", "p", "q"].map((name) => h("td", { class: "number" }, shownNumber(test[name]))))))));
}

/** Return the name of the network of a test. */
function nameOfTest({ network, seed, dataset, n_networks: networks }) {
  const seeds = ATLAS.shell.runs.filter((run) => run.name === network && run.dataset === dataset).length;
  if (seed === undefined) return `${network} on ${dataset}${networks === undefined ? "" : `, over ${count(seeds, "seed")}`}`;
  return `${network}${seeds > 1 ? `, seed ${seed},` : ""} on ${dataset}`;
}

/** Return the page of a test: the numbers behind a verdict. */
function testPage(claim, test, here) {
  const run = runOf(test);
  const seeds = here.filter((each) => each.seed !== undefined);
  const folded = test.seed === undefined;
  const single = test.figure && folded ? here.find((each) => each.seed !== undefined && each.figure) : null;
  const figures = [test.figure, single?.figure].filter(Boolean);
  const names = test.layers ? test.layers.split(", ") : [];
  const curves = curvesOf(claim, run);
  const row = (words, ...content) => content.flat(Infinity).some(Boolean) && h("tr", {}, h("th", { scope: "row" }, words), h("td", {}, content));
  return {
    title: `${claim.id} on ${nameOfTest(test)}: ${test.verdict}`,
    content: [
      claimHeading(claim, test),
      h("section", { class: "panel" },
        h("h2", {}, verdictMark(test.verdict, true), h("small", {}, " ", run ? h("a", { href: address([run.network, run.dataset]) }, nameOfTest(test)) : nameOfTest(test))),
        h("p", { class: "meaning" }, VERDICTS[test.verdict]?.meaning, test.reason && ` Reason given: ${test.reason}.`),
        test.effect !== undefined && fitted((width) => effectPlot(claim, test, folded ? seeds : [], width)),
        test.effect !== undefined && effectLegend(test, folded && seeds.length > 0)),
      h("div", { class: "two even" },
        h("section", { class: "panel" },
          h("h2", {}, "Test"),
          h("table", { class: "plain facts-of-test" }, h("tbody", {},
            row("Statistic", claim.statistic),
            row("Predicted", `${claim.predicted} the null, ${shownNumber(claim.null)}`),
            row("Effect", shownNumber(test.effect), ends(test.low, test.high) && ` (95 % interval ${ends(test.low, test.high)})`),
            row("Control", test.control === undefined ? "none: the effect in the untrained network is not known" : [`${shownNumber(test.control)} in the untrained network`, ends(test.control_low, test.control_high) && ` (${ends(test.control_low, test.control_high)})`]),
            row("Decided by", test.test),
            row("n", shownNumber(test.n)),
            test.n_networks !== undefined && row("Networks", `${test.n_agreeing} of ${test.n_networks} on the predicted side`),
            row("p, one-sided", shownNumber(test.p)),
            row("q, over all claims on this network", shownNumber(test.q)),
            row("Under other choices", agreement(test)),
            row("Interval resamples", test.resampled, parsed(test.resamples) > 0 && `, ${shownNumber(test.resamples)} times`)))),
        h("section", { class: "panel" },
          h("h2", {}, "Evidence"),
          figures.length > 0
            ? h("ul", { class: "plain-list" }, figures.map((file) => h("li", {}, h("a", { href: `../${file}` }, file === figures.at(-1) && claim.shown ? claim.shown.title : "All claims"), h("span", { class: "notes" }, file))))
            : h("p", { class: "empty" }, "No figure shows a claim without an effect."),
          claim.shown?.corresponds && h("p", {}, `Corresponds to ${claim.shown.corresponds}.`),
          agreement(test) && curves.length > 0 && [
            h("h3", {}, "Under other choices"),
            h("p", { class: "meaning" }, `${capital(agreement(test))}. A specification is a combination of defensible choices. It agrees if its effect is on the predicted side. All share their data, so the share is no p-value.`),
            h("ul", { class: "plain-list", id: "curves" }, curves.map((file, sheet) => h("li", {}, h("a", { href: `../${file}` }, `Specification curves${curves.length > 1 ? `, sheet ${sheet + 1}` : ""}${folded && run.seeds.length ? `, seed ${run.seed}` : ""}`), h("span", { class: "notes" }, file)))),
          ],
          h("h3", {}, count(names.length, "layer")),
          h("p", { class: "layers" }, names.length
            ? names.map((name) => (run ? h("a", { href: address([run.network, run.dataset, name]) }, name) : h("span", {}, name)))
            : h("span", { class: "empty" }, "The network has none of the layers that the claim is about.")))),
      seeds.length > 1 && h("section", {}, h("h2", {}, "Single networks"), testsTable(claim, here.filter((each) => each !== test), `${claim.id} in single networks`)),
    ],
  };
}

/** Draw an effect, its interval, its null, the untrained network's effect, and those of single networks. */
function effectPlot(claim, test, seeds, width) {
  const none = parsed(claim.null);
  const values = [test.effect, test.low, test.high, test.control, test.control_low, test.control_high, ...seeds.map(({ effect }) => effect)].map(parsed).filter(Number.isFinite);
  const reach = (claim.statistic.startsWith("ρ") ? 1 : Math.max(...values.map((value) => Math.abs(value - none)), 1e-9)) * 1.08;
  const full = Math.min(width, 640);
  const x = (value) => 12 + ((value - none + reach) / (2 * reach)) * (full - 24);
  const [top, bottom] = [6, 62];
  const side = claim.predicted === "above" ? [none, none + reach] : [none - reach, none];
  const bar = (low, high, y, name) => !Number.isNaN(parsed(low)) && s("line", { class: name, x1: x(parsed(low)), x2: x(parsed(high)), y1: y, y2: y });
  const control = parsed(test.control);
  return s("svg", { class: `effect ${VERDICTS[test.verdict]?.name ?? ""}`, width: full, height: 84, viewBox: `0 0 ${full} 84`, role: "img", "aria-label": `Effect ${shownNumber(test.effect)}, ${ends(test.low, test.high) || "no interval"}; null ${shownNumber(claim.null)}; untrained network ${shownNumber(test.control)}` },
    s("rect", { class: "predicted", x: x(side[0]), y: top, width: x(side[1]) - x(side[0]), height: bottom - top }),
    ticks(none - reach, none + reach, 4).map((tick) => [
      s("line", { class: "grid", x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 5 }),
      s("text", { class: "tick", x: x(tick), y: bottom + 17, "text-anchor": "middle" }, tickLabel(tick))]),
    s("line", { class: "base", x1: 12, x2: full - 12, y1: bottom, y2: bottom }),
    s("line", { class: "null", x1: x(none), x2: x(none), y1: top, y2: bottom }),
    seeds.map(({ effect }) => effect !== undefined && s("line", { class: "seed", x1: x(parsed(effect)), x2: x(parsed(effect)), y1: 32, y2: 42 })),
    bar(test.low, test.high, 24, "interval"),
    s("circle", { class: "measured", cx: x(parsed(test.effect)), cy: 24, r: 5 }),
    bar(test.control_low, test.control_high, 50, "control-interval"),
    Number.isFinite(control) && s("circle", { class: "control", cx: x(control), cy: 50, r: 4.5 }));
}

function effectLegend(test, hasSeeds) {
  const mark = (...drawn) => s("svg", { class: `effect ${VERDICTS[test.verdict]?.name ?? ""}`, width: 18, height: 14, viewBox: "-9 -7 18 14", "aria-hidden": "true" }, drawn);
  return h("p", { class: "legend" },
    h("span", {}, mark(s("line", { class: "interval", x1: -9, x2: 9, y1: 0, y2: 0 }), s("circle", { class: "measured", r: 4.5 })), test.low === undefined ? "effect" : "effect, 95 % interval"),
    hasSeeds && h("span", {}, mark(s("line", { class: "seed", x1: 0, x2: 0, y1: -5, y2: 5 })), "one network"),
    test.control !== undefined && h("span", {}, mark(s("circle", { class: "control", r: 4.5 })), "untrained network"),
    h("span", {}, mark(s("line", { class: "null", x1: 0, x2: 0, y1: -7, y2: 7 })), "null"),
    h("span", {}, mark(s("rect", { class: "predicted", x: -9, y: -7, width: 18, height: 14 })), "predicted side"));
}
