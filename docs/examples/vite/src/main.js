// The router: what a URL shows is decided here, in the browser.
const view = document.getElementById("view");

async function show() {
  const colour = location.pathname.match(/^\/colours\/(\w+)$/)?.[1];
  if (!colour) {
    view.replaceChildren("Choose a colour of noise.");
    return;
  }
  const { spectrum } = await import("./spectrum.js"); // a file of its own, loaded when it is needed
  view.replaceChildren(spectrum(colour));
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
