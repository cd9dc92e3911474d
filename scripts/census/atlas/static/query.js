// Addresses: #/NETWORK/DATASET/LAYER/UNIT?key=value&…, and #/search?…
//   where=COLUMN:OPERATOR:VALUE   a condition; several of them all have to hold
//   text=WORDS                    all of them stand in the texts of a unit
//   class=NAME                    images of one class
//   in=NETWORK/DATASET            search in one run only
//   kinds=all                     search in inputs and pooling layers, too
//   active=NUMBER                 least active fraction of units in rankings
//   view=table                    a table of units in place of their images
//   view=training                 compared layers at all their checkpoints
//   view=directions               the directions of a layer's families, of one with family=NAME
//   color=COLUMN                  what colors the images of units
//   group=cluster                 clusters of units stay together
//   from=search                   the list of a unit's page is a search, not its layer
//   sort=COLUMN or sort=-COLUMN   ascending, or descending
//   columns=COLUMN,COLUMN         which columns a table shows
//   measure=COLUMN                what is drawn along depth
//   a=, b=NETWORK/DATASET/LAYER   the layers that are compared
//   checkpoint_a=, checkpoint_b=  their checkpoints; final ones if nothing is said
//   hide=maps,field               what is not drawn over the images of a unit

const KEYS = ["view", "in", "text", "class", "kinds", "sort", "active", "color", "group", "measure", "from", "hide", "family", "a", "b", "checkpoint_a", "checkpoint_b"];

const isNumber = (value) => typeof value === "number" && !Number.isNaN(value);
const OPERATORS = {
  is: { words: "is", takes: "any", holds: (value, wanted) => value !== null && String(value) === wanted },
  not: { words: "is not", takes: "any", holds: (value, wanted) => value !== null && String(value) !== wanted },
  above: { words: "is above", takes: "number", holds: (value, wanted) => isNumber(value) && value > wanted },
  below: { words: "is below", takes: "number", holds: (value, wanted) => isNumber(value) && value < wanted },
  from: { words: "is at least", takes: "number", holds: (value, wanted) => isNumber(value) && value >= wanted },
  to: { words: "is at most", takes: "number", holds: (value, wanted) => isNumber(value) && value <= wanted },
  contains: {
    words: "contains",
    takes: "text",
    holds: (value, wanted) => value !== null && String(value).toLowerCase().includes(wanted.toLowerCase()),
  },
  undefined: { words: "is undefined", takes: null, holds: (value) => Number.isNaN(value) },
  measured: { words: "was measured", takes: null, holds: (value) => value !== null },
  missing: { words: "was not measured", takes: null, holds: (value) => value === null },
};

/** Return what an address says. */
function readAddress(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const parts = path.split("/").filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return {
    parts,
    state: {
      where: parameters.getAll("where").map(readCondition).filter(Boolean),
      columns: parameters.get("columns")?.split(",").filter(Boolean) ?? null,
      ...Object.fromEntries(KEYS.map((key) => [key, parameters.get(key) ?? ""])),
    },
  };
}

function readCondition(text) {
  const found = /^([^:]+):([^:]+)(?::(.*))?$/s.exec(text);
  if (!found || !Object.hasOwn(OPERATORS, found[2])) return null;
  return { column: found[1], operator: found[2], value: found[3] ?? "" };
}

/** Return the address of a view. */
function address(parts, state = {}) {
  const query = new URLSearchParams();
  if (state.view) query.set("view", state.view);
  for (const { column, operator, value } of state.where ?? []) {
    query.append("where", OPERATORS[operator].takes ? `${column}:${operator}:${value}` : `${column}:${operator}`);
  }
  for (const key of KEYS) if (state[key] && key !== "view") query.set(key, state[key]);
  if (state.columns) query.set("columns", state.columns.join(","));
  const text = query.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2F", "/");
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** Return a function that returns whether a value meets a condition. */
function testOf({ operator, value }) {
  const { holds, takes } = OPERATORS[operator];
  const wanted = Number(value);
  if (takes === "number") return (found) => holds(found, wanted);
  // as the numbers in a column are written, so that 0 and 0.0 are the same
  const asNumber = value.trim() !== "" && !Number.isNaN(wanted) ? String(wanted) : value;
  return (found) => holds(found, typeof found === "number" ? asNumber : value);
}

/** Return a form of conditions; `change` is called with new ones. */
function conditionForm(conditions, kinds, textsOf, change, words) {
  const columns = Object.keys(kinds);
  const rows = conditions.map((condition, place) => {
    const kind = kinds[condition.column] ?? "number";
    const operators = Object.entries(OPERATORS).filter(([, { takes }]) => takes === null || takes === "any" || takes === kind);
    const takes = OPERATORS[condition.operator].takes;
    const set = (changes) => change(conditions.map((each, other) => (other === place ? { ...each, ...changes } : each)));
    const id = `where-${place}`;
    const takesNumber = takes === "number" || (takes === "any" && kind === "number");
    const isFaulty = takesNumber && condition.value !== "" && Number.isNaN(Number(condition.value));
    const texts = kind === "text" && takes ? textsOf(condition.column) : [];
    return h("div", { class: "condition" },
      h("label", { class: "unseen", for: `${id}-column` }, "Column"),
      h("select", {
        id: `${id}-column`,
        onchange: (event) => {
          const same = kinds[event.target.value] === kind;
          set({ column: event.target.value, ...(same ? {} : { operator: "is", value: "" }) });
        },
      },
      columns.map((name) => h("option", { value: name, selected: name === condition.column }, label(name)))),
      h("label", { class: "unseen", for: `${id}-operator` }, "Comparison"),
      h("select", { id: `${id}-operator`, onchange: (event) => set({ operator: event.target.value }) },
        operators.map(([name, each]) => h("option", { value: name, selected: name === condition.operator }, each.words))),
      takes && h("label", { class: "unseen", for: `${id}-value` }, "Value"),
      takes && h("input", {
        id: `${id}-value`,
        value: condition.value,
        list: texts.length ? `${id}-texts` : null,
        inputmode: kind === "number" ? "decimal" : null,
        placeholder: kind === "number" ? "a number" : "a name",
        autocomplete: "off",
        "aria-invalid": isFaulty ? "true" : null,
        "aria-describedby": isFaulty ? `${id}-hint` : null,
        onchange: (event) => set({ value: event.target.value.trim() }),
      }),
      texts.length > 0 && h("datalist", { id: `${id}-texts` }, texts.map((text) => h("option", { value: text }))),
      h("button", {
        type: "button",
        class: "quiet",
        id: `${id}-remove`,
        "aria-label": `Remove the condition on ${label(condition.column)}`,
        onclick: () => {
          // the page that is drawn next keeps the focus by id
          (document.getElementById(`where-${place - 1}-remove`) ?? document.getElementById("add-condition")).focus();
          change(conditions.filter((_, other) => other !== place));
        },
      }, "×"),
      isFaulty && h("span", { class: "failed small", id: `${id}-hint` }, "Not a number; write it with a decimal point, such as 0.5"));
  });
  const first = columns.find((name) => name === "mf_degree") ?? columns[0];
  return h("form", {
    class: "conditions",
    "aria-label": words,
    // controls apply what they hold when they change; Enter in a field is such a change
    onsubmit: (event) => {
      event.preventDefault();
      document.activeElement.dispatchEvent(new Event("change"));
    },
  },
  rows,
  h("div", { class: "buttons" },
    h("button", {
      type: "button",
      id: "add-condition",
      onclick: () => change([...conditions, { column: first, operator: "above", value: "" }]),
    }, words),
    conditions.length > 0 && h("button", {
      type: "button",
      class: "quiet",
      id: "clear-conditions",
      onclick: () => {
        document.getElementById("add-condition").focus();
        change([]);
      },
    }, "Clear all")));
}

/** Return the column by which an address sorts. */
const sortedBy = (sort) => sort.replace(/^-/, "");

/** Return the words of a search, all of which a text has to hold. */
const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Return conditions that lack no value. */
const complete = (conditions) => conditions.filter(({ operator, value }) => !OPERATORS[operator].takes || value !== "");
