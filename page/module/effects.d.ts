import type { Classes, Mask } from './shadowtutor.js';

export type EffectName = 'overlay' | 'blur' | 'replace' | 'cutout' | 'side' | 'none';

/** Draws masks onto a canvas, which gets the frame's size. */
export class Effects {
  constructor(canvas: HTMLCanvasElement);
  effect: EffectName;
  /** Left and right exchanged, as people expect of a camera that looks at them. */
  mirrored: boolean;
  /** Behind the objects with `replace`; null: a plain colour. */
  background: CanvasImageSource | null;
  /** Of the server's classes, as the event `classes` has them. */
  classes: Classes;
  draw(mask: Mask): void;
}
