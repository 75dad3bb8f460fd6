// Draws white noise and its spectrum, and plays the very samples it draws.

const RATE = 48000;
const SECONDS = 4;
const BLOCK = 512; // samples per spectrum: BLOCK / 2 bars, before grouping
const FRAME = 90; // milliseconds between two drawings

const canvas = document.getElementById("noise");
const button = document.getElementById("play");
const slider = document.getElementById("volume");
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

const samples = whiteNoise(RATE * SECONDS);
const spectrum = averageSpectrum(samples);

let audio = null; // the AudioContext, made when first played
let volume = null; // its GainNode
let source = null; // what is playing, if anything
let offset = 0; // the first sample drawn
let drawn = 0; // when, in milliseconds
let frame = 0; // the animation frame asked for

/** Independent samples, evenly spread between -1 and 1. */
function whiteNoise(length) {
  const noise = new Float32Array(length);
  const random = new Uint16Array(32768); // as much as one call may fill
  for (let start = 0; start < length; start += random.length) {
    crypto.getRandomValues(random);
    const end = Math.min(start + random.length, length);
    for (let i = start; i < end; i++) {
      noise[i] = random[i - start] / 32767.5 - 1;
    }
  }
  return noise;
}

/** The mean power at each frequency, over all whole blocks; the overall mean is 1. */
function averageSpectrum(noise) {
  const power = new Float64Array(BLOCK / 2);
  for (let start = 0; start + BLOCK <= noise.length; start += BLOCK) {
    const real = Float64Array.from(noise.subarray(start, start + BLOCK));
    const imaginary = new Float64Array(BLOCK);
    transform(real, imaginary);
    for (let k = 0; k < power.length; k++) {
      power[k] += real[k + 1] ** 2 + imaginary[k + 1] ** 2;
    }
  }
  const mean = power.reduce((sum, value) => sum + value) / power.length;
  return power.map((value) => value / mean);
}

/** The fast Fourier transform, in place; the length is a power of two. */
function transform(real, imaginary) {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) {
      j ^= bit;
    }
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const cosine = Math.cos((-2 * Math.PI * k) / size);
      const sine = Math.sin((-2 * Math.PI * k) / size);
      for (let a = k; a < n; a += size) {
        const b = a + half;
        const re = real[b] * cosine - imaginary[b] * sine;
        const im = real[b] * sine + imaginary[b] * cosine;
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
    }
  }
}

function draw() {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const style = getComputedStyle(canvas);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);

  const middle = height * 0.3;
  const step = 2;
  context.beginPath();
  for (let x = 0, i = offset; x <= width; x += step, i++) {
    context.lineTo(x, middle - samples[i % samples.length] * (middle - 2));
  }
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  context.strokeStyle = style.getPropertyValue("--trace");
  context.stroke();

  const bars = 64;
  const group = spectrum.length / bars;
  const pitch = width / bars;
  const level = height * 0.26; // the height of the mean
  context.fillStyle = style.getPropertyValue("--bars");
  for (let bar = 0; bar < bars; bar++) {
    let sum = 0;
    for (let k = 0; k < group; k++) {
      sum += spectrum[bar * group + k];
    }
    const tall = (sum / group) * level;
    context.fillRect(bar * pitch, height - tall, Math.max(pitch - 2, 1), tall);
  }
}

function animate(now) {
  if (now - drawn >= FRAME && !stillness.matches) {
    offset = Math.floor(audio.currentTime * RATE) % samples.length;
    drawn = now;
    draw();
  }
  frame = requestAnimationFrame(animate);
}

/** The gain for the slider: squared, as loudness is not heard in proportion. */
function gain() {
  return 0.5 * (slider.valueAsNumber / 100) ** 2;
}

function play() {
  if (audio === null) {
    audio = new AudioContext({ sampleRate: RATE });
    volume = audio.createGain();
    volume.gain.value = 0;
    volume.connect(audio.destination);
  }
  audio.resume();
  const buffer = audio.createBuffer(1, samples.length, RATE);
  buffer.copyToChannel(samples, 0);
  source = audio.createBufferSource();
  source.buffer = buffer;
  source.loop = true;
  source.connect(volume);
  source.start(0, audio.currentTime % SECONDS); // where animate() draws
  volume.gain.setTargetAtTime(gain(), audio.currentTime, 0.05);
  frame = requestAnimationFrame(animate);
}

function stop() {
  volume.gain.setTargetAtTime(0, audio.currentTime, 0.05);
  source.stop(audio.currentTime + 0.3);
  source = null;
  cancelAnimationFrame(frame);
}

button.addEventListener("click", () => {
  if (source === null) {
    play();
  } else {
    stop();
  }
  button.textContent = source === null ? "Play" : "Stop";
});

slider.addEventListener("input", () => {
  if (source !== null) {
    volume.gain.setTargetAtTime(gain(), audio.currentTime, 0.02);
  }
});

new ResizeObserver(draw).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
button.disabled = !("AudioContext" in window);
button.parentElement.hidden = false;
