// Decibels by which the power falls with each octave.
const SLOPES = { white: 0, pink: 3, brown: 6 };

export function spectrum(color) {
  if (!(color in SLOPES)) return document.createTextNode("There is no noise of that color.");
  const canvas = document.createElement("canvas");
  canvas.width = 600;
  canvas.height = 240;
  const context = canvas.getContext("2d");
  context.fillStyle = { white: "gainsboro", pink: "hotpink", brown: "saddlebrown" }[color];
  for (let x = 0; x < canvas.width; x += 4) {
    const octaves = Math.log2(1 + x);
    const decibels = 60 - SLOPES[color] * octaves + 4 * Math.random();
    context.fillRect(x, canvas.height - 3 * decibels, 3, 3 * decibels);
  }
  return canvas;
}
