// What the paper measured: tables 6.1 to 6.6 of the thesis, an LVS dataset at 720p with Mask R-CNN as the
// teacher, a Jetson Nano as the device and 80 Mbit/s. Per cent; its MB and Mb are 2^20 bytes and bits.
const PAPER = {
  categories: [
    // camera, scene, frames/s P F naive, key frames P F, Mbit/s P naive, mIoU wild P-1 P-8 F-1, 7 FPS: P-1 P-8 key frames
    ['fixed', 'animals', 6.55, 6.21, 2.09, 4.73, 4.60, 7.51, 58.51, 14.34, 74.31, 73.27, 74.47, 62.72, 61.86, 6.59],
    ['fixed', 'people', 6.60, 6.43, 2.09, 1.96, 2.42, 3.14, 58.51, 13.91, 81.69, 81.39, 81.36, 80.44, 80.08, 1.97],
    ['fixed', 'street', 6.50, 5.95, 2.09, 7.78, 7.43, 12.27, 58.51, 17.28, 70.26, 69.01, 63.60, 63.78, 62.51, 8.90],
    ['moving', 'animals', 6.57, 6.27, 2.09, 2.55, 2.29, 4.06, 58.51, 22.31, 74.94, 73.80, 75.21, 68.63, 66.78, 4.84],
    ['moving', 'people', 6.59, 6.36, 2.09, 3.45, 4.12, 5.51, 58.51, 17.62, 74.82, 74.06, 75.55, 73.66, 72.91, 4.15],
    ['moving', 'street', 6.41, 5.55, 2.09, 11.70, 11.48, 18.19, 58.51, 18.65, 60.48, 58.61, 52.94, 48.92, 46.99, 12.34],
    ['egocentric', 'people', 6.57, 5.89, 2.09, 5.46, 9.75, 8.70, 58.51, 14.80, 70.42, 68.87, 61.41, 67.57, 66.09, 5.44],
  ],
  average: ['', '', 6.54, 6.08, 2.09, 5.38, 6.01, 6.19, 58.51, 16.99, 72.42, 71.29, 69.22, 66.53, 65.31, 6.32],
  column: {fpsPartial: 2, fpsFull: 3, fpsNaive: 4, keyPartial: 5, keyFull: 6, mbitPartial: 7, mbitNaive: 8,
           wild: 9, 'P-1': 10, 'P-8': 11, 'F-1': 12, slow1: 13, slow8: 14, slowKey: 15},
  steps: {partial: {ms: 13, mean: 3.83}, full: {ms: 18, mean: 4.44}},
  mebibytes: {partial: {up: 2.637, down: 0.395}, full: {up: 2.637, down: 1.846}, naive: {up: 2.637, down: 0.879}},
};
