/** Return whether there are figures that correspond to a paper's. */
const hasFigures = ({ code }) => Object.values(ATLAS.shell.figures).some((figures) => figures.some(({ paper }) => paper === code));

/** Return the page of a paper: its figures on each network, and its claims. */
function paperPage([code, ...rest]) {
  const { papers, runs, figures, claims } = ATLAS.shell;
  const paper = papers.find((each) => each.code === code);
  if (!paper || rest.length) throw new Error(`There is no paper ${[code, ...rest].join("/")} in this atlas.`);
  const drawn = runs.flatMap((run) => (figures[`${run.network}/${run.dataset}`] ?? []).filter((figure) => figure.paper === code).map((figure) => ({ ...figure, run })));
  const rows = [...new Set(drawn.map(({ corresponds, title }) => JSON.stringify([corresponds, title])))].map((text) => JSON.parse(text));
  const columns = [...new Map(runs.map((run) => [`${run.name}/${run.dataset}`, run])).values()];
  const its = (claims ?? []).filter((claim) => paperOf(claim) === paper);
  return {
    title: paper.short,
    content: [
      h("h1", {}, paper.short, h("small", {}, ` ${paper.question}`)),
      h("p", { class: "facts" }, titleOf(paper)),
      h("h2", {}, "Figures, on the networks of this study"),
      rows.length
        ? scrolling("Figures", h("table", { class: "figures" },
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "In the paper"), h("th", { scope: "col" }, "Here"),
            columns.map(({ name, dataset }) => h("th", { scope: "col" }, `${name} on ${dataset}`)))),
          h("tbody", {}, rows.map(([corresponds, title]) => h("tr", {},
            h("th", { scope: "row" }, capital(corresponds)),
            h("td", { class: "statistic" }, title),
            columns.map((column) => figureCell(column, drawn.filter((figure) => figure.corresponds === corresponds && figure.title === title))))))))
        : h("p", { class: "empty" }, "No figure of this study corresponds to one of the paper."),
      its.length > 0 && [h("h2", {}, "Claims"), claimsMatrix(its, false)],
    ],
  };
}

/** Return links to a figure on a network: one for each seed. */
function figureCell({ name, dataset }, drawn) {
  const here = drawn.filter(({ run }) => run.name === name && run.dataset === dataset);
  if (!here.length) return h("td", { class: "muted", title: "not drawn" }, "—");
  const link = ({ file, title, run }, words) => h("a", { href: `../${file}`, "aria-label": `${words}: ${title}, ${run.title} on ${dataset}` }, words);
  return h("td", {}, here.length === 1 ? link(here[0], "figure") : ["seed ", here.map((figure, place) => [place > 0 && ", ", link(figure, String(figure.run.seed))])]);
}
