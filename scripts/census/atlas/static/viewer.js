// A larger image over the page.
const LARGEST = 560; // pixels

/** Return an image as a button that enlarges it; pictures are those through which the large view goes. */
const zoomable = (run, pictures, place) => h("button", {
  type: "button", class: "zoom", "aria-label": `${pictures[place].text}; enlarge`, title: pictures[place].text,
  onclick: () => enlarge(run, pictures, place),
}, thumbnail(run, pictures[place].image, LARGE, null, pictures[place].box));

/** Show an image as large as there is room, with its class and number. */
function enlarge(run, pictures, place) {
  const viewer = document.getElementById("viewer");
  const { image, name, text, box } = pictures[place];
  const room = Math.min(LARGEST, window.innerWidth - 48, window.innerHeight - 190);
  const step = (to, words, id) => h("button", { type: "button", id, disabled: !pictures[to], onclick: () => enlarge(run, pictures, to) }, words);
  const focused = document.activeElement?.id;
  viewer.replaceChildren(
    h("h2", { id: "viewer-title" }, name),
    h("p", { class: "facts" }, `${text.replace(`, ${name}`, "")}${box ? "; framed: the receptive field" : ""}`),
    thumbnail(run, image, Math.max(room, 2 * LARGE), text, box),
    h("div", { class: "buttons" }, step(place - 1, "← previous", "viewer-previous"), step(place + 1, "next →", "viewer-next"),
      h("button", { type: "button", id: "viewer-close", onclick: () => viewer.close() }, "Close")));
  viewer.onkeydown = (event) => {
    const to = { ArrowLeft: place - 1, ArrowRight: place + 1 }[event.key];
    if (pictures[to]) enlarge(run, pictures, to);
  };
  viewer.onclick = (event) => event.target === viewer && viewer.close();
  if (!viewer.open) viewer.showModal();
  const kept = focused && viewer.querySelector(`#${CSS.escape(focused)}:enabled`);
  (kept || document.getElementById("viewer-close")).focus();
}
