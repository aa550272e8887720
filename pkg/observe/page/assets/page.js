// Keeps the page up to date: the server sends the changing part, rendered, and this
// puts it in place and lets tiles glide to their new column. Without it the page
// loads itself anew every five seconds.
"use strict";

const live = document.getElementById("live");
const link = document.getElementById("link");
const said = document.getElementById("said");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// places is where each tile is, and in which column.
function places() {
  const found = new Map();
  for (const tile of live.querySelectorAll(".board .tile, .loud .tile")) {
    if (!found.has(tile.dataset.id)) {
      const heading = tile.closest(".column")?.querySelector("h3");
      found.set(tile.dataset.id, { tile, column: heading ? heading.title : "", box: tile.getBoundingClientRect() });
    }
  }
  return found;
}

function glide(before) {
  for (const [id, { tile, column, box }] of places()) {
    const from = before.get(id);
    if (!from || from.column === column) {
      continue; // the page around it may have moved, and it has not
    }
    const dx = from.box.left - box.left;
    const dy = from.box.top - box.top;
    tile.animate(
      [{ transform: `translate(${dx}px, ${dy}px)`, zIndex: 1 }, { transform: "none", zIndex: 1 }],
      { duration: 450, easing: "cubic-bezier(.2, .7, .2, 1)" },
    );
  }
}

// newest is the latest handover, which a screen reader is told of.
function newest() {
  const first = live.querySelector(".log li:not(.none)");
  return first ? first.textContent.trim() : "";
}

const source = new EventSource("events");
source.onmessage = (event) => {
  const before = places();
  const last = newest();
  const focused = document.activeElement && document.activeElement.classList.contains("scroll");
  live.innerHTML = event.data; // the server has escaped it, as it has the page itself
  if (focused) {
    live.querySelector(".scroll").focus({ preventScroll: true });
  }
  if (!calm.matches) {
    glide(before);
  }
  if (newest() !== last) {
    said.textContent = newest();
  }
  link.textContent = "live";
  link.className = "link on";
};
source.onerror = () => {
  link.textContent = "connection lost, trying again";
  link.className = "link off";
};
