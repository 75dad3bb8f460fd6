// Draws each color's line below its name.
for (const item of document.querySelectorAll("[data-slope]")) {
  const fall = -5 * item.dataset.slope;
  item.insertAdjacentHTML(
    "beforeend",
    `<svg viewBox="0 0 100 40" preserveAspectRatio="none">
      <path d="M0 5 L100 ${5 + fall}" stroke="currentColor"/>
    </svg>`,
  );
}
