// Draws values from 0 to 1 as bars, and keeps the last hundred.
export function draw(element, value) {
  const bar = document.createElement("i");
  bar.style.height = `${100 * value}%`;
  element.append(bar);
  if (element.children.length > 100) element.firstChild.remove();
}
