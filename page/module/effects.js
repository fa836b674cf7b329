// Draws masks over, around and behind what they show.

const OPACITY = 140;       // of the overlay, of 255
const BLUR_PIXELS = 28;    // a blurred background has so many pixels on its shorter side

export class Effects {
  effect = 'overlay';
  mirrored = false;
  background = null;
  #canvas;
  #context;
  #mask = document.createElement('canvas');   // the labels as a picture, in their own size
  #small = document.createElement('canvas');  // the frame, small
  #cut = document.createElement('canvas');    // the objects alone
  #classes = { background: 0, classes: [] };
  #colors = new Uint32Array(256);             // of each class, as the picture's pixels lie in memory

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
    this.#recolor();
  }

  get classes() {
    return this.#classes;
  }
  set classes(classes) {
    this.#classes = classes;
    this.#recolor();
  }

  draw({ frame, labels, width, height }) {
    const side = this.effect === 'side';
    resize(this.#canvas, frame.width * (side ? 2 : 1), frame.height);
    const context = this.#context;
    context.save();
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (this.mirrored && !side) {
      context.translate(frame.width, 0);
      context.scale(-1, 1);
    }
    if (!labels || this.effect === 'none') {
      context.drawImage(frame, 0, 0);
    } else {
      this.#paint(labels, width, height);
      this['_' + this.effect](context, frame);
    }
    context.restore();
  }

  _overlay(context, frame) {
    context.drawImage(frame, 0, 0);
    context.drawImage(this.#mask, 0, 0, frame.width, frame.height);
  }

  _side(context, frame) {
    // Each half is mirrored in itself.
    for (const [left, picture] of [[0, frame], [frame.width, this.#mask]]) {
      context.save();
      context.translate(this.mirrored ? left + frame.width : left, 0);
      context.scale(this.mirrored ? -1 : 1, 1);
      context.drawImage(picture, 0, 0, frame.width, frame.height);
      context.restore();
    }
  }

  _cutout(context, frame) {
    this.#cutOut(frame);
    context.drawImage(this.#cut, 0, 0);
  }

  _blur(context, frame) {
    const scale = BLUR_PIXELS / Math.min(frame.width, frame.height);
    resize(this.#small, Math.max(1, Math.round(frame.width * scale)), Math.max(1, Math.round(frame.height * scale)));
    const small = this.#small.getContext('2d');
    small.imageSmoothingQuality = 'high';
    small.drawImage(frame, 0, 0, this.#small.width, this.#small.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#small, 0, 0, frame.width, frame.height);
    this._cutout(context, frame);
  }

  _replace(context, frame) {
    if (this.background) {
      cover(context, this.background, frame.width, frame.height, this.mirrored);
    } else {
      context.fillStyle = '#1f6f54';
      context.fillRect(0, 0, frame.width, frame.height);
    }
    this._cutout(context, frame);
  }

  #cutOut(frame) {
    resize(this.#cut, frame.width, frame.height);
    const cut = this.#cut.getContext('2d');
    cut.globalCompositeOperation = 'copy';
    cut.drawImage(frame, 0, 0);
    cut.globalCompositeOperation = 'destination-in';
    cut.drawImage(this.#mask, 0, 0, frame.width, frame.height);
  }

  // Colours with the overlay's opacity, or with side by side opaque ones; for all others only what is an object counts.
  #paint(labels, width, height) {
    resize(this.#mask, width, height);
    const context = this.#mask.getContext('2d');
    const picture = context.createImageData(width, height);
    const pixels = new Uint32Array(picture.data.buffer);
    const { background } = this.#classes;
    if (this.effect === 'overlay' || this.effect === 'side') {
      const shown = this.effect === 'side' ? 0xff000000 : OPACITY << 24;
      const none = this.effect === 'side' ? 0xff000000 : 0;
      for (let i = 0; i < pixels.length; ++i) {
        pixels[i] = labels[i] === background ? none : this.#colors[labels[i]] | shown;
      }
    } else {
      for (let i = 0; i < pixels.length; ++i) pixels[i] = labels[i] === background ? 0 : 0xffffffff;
    }
    context.putImageData(picture, 0, 0);
  }

  #recolor() {
    this.#classes.classes.forEach(({ color }, index) => {
      const rgb = parseInt(color.slice(1), 16);
      this.#colors[index] = (rgb & 0xff) << 16 | (rgb & 0xff00) | rgb >> 16;  // little endian: ABGR
    });
  }
}

function resize(canvas, width, height) {
  if (canvas.width === width && canvas.height === height) return;
  canvas.width = width;
  canvas.height = height;
}

// Fills the area with the picture's middle; never mirrored itself, so that writing in it can be read.
function cover(context, picture, width, height, mirrored) {
  const [w, h] = [picture.videoWidth || picture.naturalWidth || picture.width, picture.videoHeight || picture.naturalHeight || picture.height];
  const scale = Math.max(width / w, height / h);
  context.save();
  if (mirrored) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(picture, (width - w * scale) / 2, (height - h * scale) / 2, w * scale, h * scale);
  context.restore();
}
