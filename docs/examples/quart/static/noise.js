// Draws each sample that arrives. The import map of the page leads "./bars.js" to the hashed URL.
import { draw } from "./bars.js";

const noise = document.getElementById("noise");
const scheme = location.protocol === "https:" ? "wss:" : "ws:";

new WebSocket(`${scheme}//${location.host}/noise`).onmessage = ({ data }) => draw(noise, data);
