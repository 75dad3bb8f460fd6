// Draws each color's line below its name.
import { line } from "./line.js";

for (const item of document.querySelectorAll("[data-slope]")) {
  item.insertAdjacentHTML(
    "beforeend",
    `<svg viewBox="0 0 100 40" preserveAspectRatio="none">
      <path d="${line(item.dataset.slope)}" stroke="currentColor"/>
    </svg>`,
  );
}
