// Types of shadowtutor.js.

/** Version of this module; that of the server it came from. */
export const version: string;

export interface Options {
  /** The server's web address, `shadowtutor serve --web`: "https://example.org:8080". Default: where the page is from. */
  server?: string;
  /** By which the server knows this device, where it was started with --tokens. Travels in a header, never in an address. */
  token?: string;
  /** Whether a token may travel to another machine without encryption. Default false: the constructor throws. */
  insecure?: boolean;
  /** What is segmented: a camera, a file, a screen. The module neither starts nor changes it. */
  video: HTMLVideoElement;
  /** The longer side of the picture that the student sees, in pixels; frames are never enlarged. Default 640. */
  width?: number;
  /** Key frames a second that are sent to the server, at most. 0, the default: as many as its policy wants. */
  keyFramesPerSecond?: number;
  /** Kilobits a second over any 10 s, both directions together, at most. 0, the default: no bound. */
  budget?: number;
  /** Of key frames as JPEG, 0.3 to 1. 0, the default: 0.8. */
  quality?: number;
  /** Of key frames. "vp9" needs WebCodecs with a quantiser for each picture. The default is it where that is so, JPEG elsewhere. */
  codec?: 'vp9' | 'jpeg' | '';
  /** Threads of the student, at most. 0, the default: up to 4 where the page is cross-origin isolated, 1 elsewhere. */
  threads?: number;
  /** Whether to go on while the page is hidden, such as for picture-in-picture. Default false. */
  whileHidden?: boolean;
}

/** What may change while it runs. */
export type Settings = Pick<Options, 'width' | 'keyFramesPerSecond' | 'budget' | 'quality' | 'whileHidden'>;

export interface Update {
  frameIndex: number;
  /** 0: the answer to its key frame; 1, 2, ...: a better one, after further steps. */
  part: number;
  /** mIoU on its key frame, 0 to 1: after training, and before. */
  metric: number;
  initialMetric: number;
  steps: number;
  teacherMs: number;
  trainMs: number;
  bytes: number;
}

/** What happened at a frame, and in all so far. */
export interface Report {
  index: number;
  /** Whether this frame goes to the server. */
  keyFrame: boolean;
  updateApplied: boolean;
  /** Frames from one key frame to the next, at present. */
  stride: number;
  /** mIoU (0 to 1) on the last key frame after training; -1: none yet. */
  metric: number;
  predictMs: number;
  hasStudent: boolean;
  /** Of the student; grows with what it is taught. */
  version: number;
  connected: boolean;
  session: string;
  teacher: string;
  sessions: number;
  keyFrames: number;
  updates: number;
  /** Of key frames, of updates, and of whole students. */
  bytesUp: number;
  bytesDown: number;
  bytesStudents: number;
  threads: number;
  lastUpdate: Update | null;
}

export interface Mask {
  /** The frame that was predicted. Closed when all listeners have returned: draw it, do not keep it. */
  frame: ImageBitmap;
  /** The class of each pixel, row by row; null while there is no student. Yours to keep. */
  labels: Uint8Array | null;
  /** Of `labels`. */
  width: number;
  height: number;
  report: Report;
}

export interface Classes {
  /** Index of the class that is no object; null: there is none. */
  background: number | null;
  /** In the order of the labels; colours as "#rrggbb". */
  classes: { name: string; color: string }[];
}

export interface State {
  /**
   * `connecting`; `online`: it is taught; `away`: it goes on and the connection is tried again; `refused`: the same, but
   * `reason` says what somebody must change first; `cut`: by network(false); `closed`.
   */
  phase: 'connecting' | 'online' | 'away' | 'refused' | 'cut' | 'closed';
  /** A sentence; empty where there is nothing to say. */
  reason: string;
  /** Until the next attempt; 0: none is to come. */
  retryInMs: number;
}

export interface Ready {
  threads: number;
  /** Why there is one; empty otherwise. */
  threadsOff: string;
}

interface Events {
  /** A frame was predicted, or is to be shown without labels. */
  mask: Mask;
  /** Before the first mask with labels, and when a server with other classes takes over. */
  classes: Classes;
  state: State;
  /** The student's engine is loaded. */
  ready: Ready;
  /** Something failed; the message says what to do. */
  error: Error;
}

/** Runs until close(). One for each video. */
export class ShadowTutor {
  /** Throws TypeError for options that do not exist, Error for an address that is none or a browser that is too old. */
  constructor(options: Options);
  on<Name extends keyof Events>(event: Name, listener: (what: Events[Name]) => void): this;
  off<Name extends keyof Events>(event: Name, listener: (what: Events[Name]) => void): this;
  set(settings: Partial<Settings>): void;
  /** false: no connection to the server, until `network(true)`; the student goes on with what it knows. */
  network(on: boolean): void;
  close(): void;
}
