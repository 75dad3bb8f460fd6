// Draws each sample that arrives as a bar, and keeps the last hundred.
const noise = document.getElementById("noise");
const scheme = location.protocol === "https:" ? "wss:" : "ws:";

new WebSocket(`${scheme}//${location.host}/noise`).onmessage = ({ data }) => {
  const bar = document.createElement("i");
  bar.style.height = `${100 * data}%`;
  noise.append(bar);
  if (noise.children.length > 100) noise.firstChild.remove();
};
