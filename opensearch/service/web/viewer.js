// A shape to turn: triangles drawn by WebGL, turned by mouse, finger or keys. No library, no network.

const VERTEX = `
attribute vec3 place; attribute vec3 normal; uniform mat3 turn; uniform vec2 scale; varying vec3 facing;
void main() {
  vec3 turned = turn * place; facing = turn * normal;
  float near = 3.0 / (3.0 - turned.z);
  gl_Position = vec4(turned.xy * scale * near, -turned.z * 0.3, 1.0);
}`;
const FRAGMENT = `
precision mediump float; varying vec3 facing;
void main() {
  vec3 n = normalize(facing); n = n.z < 0.0 ? -n : n;
  float light = 0.35 + 0.45 * max(dot(n, normalize(vec3(0.4, 0.7, 0.6))), 0.0) + 0.2 * n.z;
  gl_FragColor = vec4(vec3(0.75, 0.79, 0.85) * light, 1.0);
}`;
const STEP = Math.PI / 16;

// The service's answer: four whole numbers (vertices, faces, axis that is up, 0), places, corners.
export function mesh(buffer) {
  const [vertices, faces, up] = new Uint32Array(buffer, 0, 4);
  const places = new Float32Array(buffer, 16, 3 * vertices);
  const corners = new Uint32Array(buffer, 16 + 12 * vertices, 3 * faces);
  return facets(places, corners, upright(up));
}

// Each triangle with corners and a normal of its own; `at` gives a corner's place.
export function facets(places, corners, at = upright(1)) {
  const faces = corners.length / 3;
  const spread = new Float32Array(9 * faces), normals = new Float32Array(9 * faces);
  for (let face = 0; face < faces; face++) {
    const corner = [0, 1, 2].map((k) => at(places, 3 * corners[3 * face + k]));
    const [a, b, c] = corner;
    const u = [b[0] - a[0], b[1] - a[1], b[2] - a[2]], v = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (let k = 0; k < 3; k++) {
      spread.set(corner[k], 9 * face + 3 * k);
      normals.set(n, 9 * face + 3 * k);
    }
  }
  return { spread, normals, count: 3 * faces };
}

// Places with the axis that is up turned to y; the axes keep their order, so nothing is mirrored.
function upright(up) {
  if (up === 0) return (p, i) => [p[i + 1], p[i], -p[i + 2]];
  if (up === 2) return (p, i) => [p[i], p[i + 2], -p[i + 1]];
  return (p, i) => [p[i], p[i + 1], p[i + 2]];
}

export function rotation(yaw, pitch) {
  const [c, s, d, t] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return [c, s * t, -s * d, 0, d, t, s, -c * t, c * d]; // columns: first about y, then about x
}

// Shows a mesh on a canvas; null where there is no WebGL.
export function view(canvas, { spread, normals, count }) {
  const gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const program = linked(gl);
  if (!program) return null;
  gl.useProgram(program);
  for (const [name, data] of [["place", spread], ["normal", normals]]) {
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    const place = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
  }
  gl.enable(gl.DEPTH_TEST);
  const state = { yaw: -0.6, pitch: 0.4, zoom: 0.8 };
  const draw = () => {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    canvas.width = Math.max(1, canvas.clientWidth * ratio);
    canvas.height = Math.max(1, canvas.clientHeight * ratio);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(1, 1, 1, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const side = Math.min(canvas.width, canvas.height);
    gl.uniformMatrix3fv(gl.getUniformLocation(program, "turn"), false, rotation(state.yaw, state.pitch));
    gl.uniform2f(gl.getUniformLocation(program, "scale"), (state.zoom * side) / canvas.width, (state.zoom * side) / canvas.height);
    gl.drawArrays(gl.TRIANGLES, 0, count);
    canvas.dataset.turned = `${state.yaw.toFixed(2)} ${state.pitch.toFixed(2)} ${state.zoom.toFixed(2)}`;
  };
  listen(canvas, state, draw);
  draw();
  return { draw, release: () => gl.getExtension("WEBGL_lose_context")?.loseContext() };
}

function listen(canvas, state, draw) {
  const turn = (yaw, pitch) => {
    state.yaw += yaw;
    state.pitch = Math.max(-1.5, Math.min(1.5, state.pitch + pitch));
    draw();
  };
  const zoom = (factor) => { state.zoom = Math.max(0.2, Math.min(6, state.zoom * factor)); draw(); };
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) turn(event.movementX / 120, event.movementY / 120);
  });
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1); }, { passive: false });
  const keys = {
    ArrowLeft: () => turn(-STEP, 0), ArrowRight: () => turn(STEP, 0), ArrowUp: () => turn(0, -STEP), ArrowDown: () => turn(0, STEP),
    "+": () => zoom(1.1), "=": () => zoom(1.1), "-": () => zoom(1 / 1.1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}
