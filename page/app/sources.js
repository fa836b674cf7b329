// Where the video comes from: a camera, the screen, a file. Each opens into the page's <video>, and says in a sentence what
// to do where it cannot.

const CAMERA_ERRORS = {
  NotAllowedError: 'The camera was not allowed. Allow it in the browser (the sign beside the address), then choose the source again; a video file needs no permission.',
  NotFoundError: 'There is no camera on this device. A video file or the screen works, too.',
  NotReadableError: 'The camera is in use by another program. Close that one, then choose the source again.',
  OverconstrainedError: 'This device has no such camera. Choose another source.',
};

export class Source {
  #video;
  #stream = null;
  #url = '';
  /** Called when the source ended by itself: a camera was unplugged, sharing was stopped. */
  onended = () => {};

  constructor(video) {
    this.#video = video;
  }

  /** What the video shows: '', 'camera', 'screen', 'file'. */
  kind = '';
  /** Whether it is a camera that looks at its user. */
  get frontal() {
    if (this.kind !== 'camera') return false;
    const mode = this.#stream.getVideoTracks()[0]?.getSettings().facingMode;
    return !mode || mode === 'user';
  }

  /** A camera: 'user', 'environment', or the id of one. */
  async camera(which) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error('Browsers give the camera only to pages over https:// or on localhost. Have the server started with ' +
        '--tls-cert and --tls-key, or choose a video file.');
    }
    const facing = which === 'user' || which === 'environment';
    const video = { width: { ideal: 1280 }, height: { ideal: 720 }, ...(facing ? { facingMode: which } : { deviceId: { exact: which } }) };
    let stream;
    this.close();  // a phone has one camera at a time
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      throw new Error(CAMERA_ERRORS[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
    await this.#show(stream, 'camera');
  }

  async screen() {
    if (!navigator.mediaDevices?.getDisplayMedia) {
      throw new Error('This browser cannot share its screen with a page. Choose a camera or a video file.');
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: false });
    } catch (error) {
      throw new Error(error.name === 'NotAllowedError' ? 'The screen was not shared.' : `The screen cannot be shared: ${error.message}`);
    }
    await this.#show(stream, 'screen');
  }

  async file(file) {
    this.close();
    this.#url = URL.createObjectURL(file);
    this.#video.src = this.#url;
    this.#video.loop = true;
    this.kind = 'file';
    await this.#play().catch(() => {
      this.close();
      throw new Error(`This browser cannot play ${file.name}. MP4 with H.264 and WebM play in all of them.`);
    });
  }

  /** The cameras that the browser tells of, once one was allowed: [{id, label}]. */
  async cameras() {
    const devices = await navigator.mediaDevices?.enumerateDevices?.() ?? [];
    return devices.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId)
      .map(({ deviceId, label }, index) => ({ id: deviceId, label: label || `Camera ${index + 1}` }));
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = null;
    this.#video.srcObject = null;
    if (this.#url) {
      URL.revokeObjectURL(this.#url);
      this.#video.removeAttribute('src');
      this.#video.load();
    }
    this.#url = '';
    this.kind = '';
  }

  async #show(stream, kind) {
    this.close();
    this.#stream = stream;
    this.kind = kind;
    for (const track of stream.getVideoTracks()) track.onended = () => this.onended();
    this.#video.srcObject = stream;
    await this.#play();
  }

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name !== 'AbortError') throw error;  // replaced by another source meanwhile
    }
  }
}
