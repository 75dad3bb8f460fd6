// The router: what a URL shows is decided here, in the browser.
const view = document.getElementById("view");

async function show() {
  const color = location.pathname.match(/^\/colors\/(\w+)$/)?.[1];
  if (!color) {
    view.replaceChildren("Choose a color of noise.");
    return;
  }
  const { spectrum } = await import("./spectrum.js"); // a file of its own, loaded when it is needed
  view.replaceChildren(spectrum(color));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("nav a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  show();
});
addEventListener("popstate", show);
show();
