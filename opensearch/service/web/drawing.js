// Strokes on a canvas: pencil and eraser, undo and redo. A stroke is {erase, points: [x, y, width]}.

export class Strokes {
  done = [];
  undone = [];

  begin(erase) {
    this.done.push({ erase, points: [] });
    this.undone = [];
  }

  add(x, y, width) {
    this.done.at(-1).points.push([x, y, width]);
  }

  undo() {
    if (this.done.length) this.undone.push(this.done.pop());
  }

  redo() {
    if (this.undone.length) this.done.push(this.undone.pop());
  }

  // Clearing can be undone like a stroke.
  clear() {
    if (!this.empty) this.done.push({ clear: true, points: [] });
    this.undone = [];
  }

  get empty() {
    return !this.visible.some((stroke) => !stroke.erase && stroke.points.length);
  }

  get visible() {
    return this.done.slice(this.done.findLastIndex((stroke) => stroke.clear) + 1);
  }
}

// Lets a canvas be drawn on; `changed(finished)` is called as the picture changes.
export class Pad {
  erase = false;
  width = 6;

  constructor(canvas, changed) {
    this.canvas = canvas;
    this.strokes = new Strokes();
    this.changed = changed;
    this.paint = canvas.getContext("2d", { willReadFrequently: true });
    this.drawing = null;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.up(event));
    this.redraw();
  }

  down(event) {
    if (this.drawing !== null || event.button > 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = event.pointerId;
    this.strokes.begin(this.erase || event.buttons === 32);
    this.point(event);
  }

  move(event) {
    if (event.pointerId !== this.drawing) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.point(each);
    this.changed(false);
  }

  up(event) {
    if (event.pointerId !== this.drawing) return;
    this.drawing = null;
    this.changed(true);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    // A mouse has no pressure: it says .5 while a button is down.
    const press = event.pointerType === "pen" && event.pressure ? 0.4 + 1.2 * event.pressure : 1;
    const width = this.width * press * (this.strokes.done.at(-1).erase ? 4 : 1);
    this.strokes.add((event.clientX - box.left) * scale, (event.clientY - box.top) * scale, width);
    this.segment(this.strokes.done.at(-1), -1);
  }

  undo() { this.strokes.undo(); this.redraw(); this.changed(true); }

  redo() { this.strokes.redo(); this.redraw(); this.changed(true); }

  clear() { this.strokes.clear(); this.redraw(); this.changed(true); }

  redraw() {
    this.paint.fillStyle = "#fff";
    this.paint.fillRect(0, 0, this.canvas.width, this.canvas.height);
    for (const stroke of this.strokes.visible) {
      for (let at = 0; at < stroke.points.length; at++) this.segment(stroke, at);
    }
  }

  segment({ erase, points }, at) {
    const [x, y, width] = points.at(at);
    const index = at < 0 ? points.length + at : at;
    const [fromX, fromY] = points[Math.max(0, index - 1)];
    this.paint.strokeStyle = erase ? "#fff" : "#111";
    this.paint.lineWidth = width;
    this.paint.lineCap = "round";
    this.paint.beginPath();
    this.paint.moveTo(fromX, fromY);
    this.paint.lineTo(x + 0.01, y);
    this.paint.stroke();
  }

  // Whether nothing is to be seen: what was drawn may have been rubbed out.
  get blank() {
    const { data } = this.paint.getImageData(0, 0, this.canvas.width, this.canvas.height);
    for (let at = 0; at < data.length; at += 4) if (data[at] < 200) return false;
    return true;
  }

  // What is drawn, as a blob of PNG. At once: `toBlob` waits for the browser to idle, up to a second.
  picture() {
    const bytes = atob(this.canvas.toDataURL("image/png").split(",")[1]);
    return new Blob([Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))], { type: "image/png" });
  }
}
