#!/usr/bin/python3
"""Writes TorchScript networks with random weights, and the label maps that PyTorch gives for them.

Usage: torch_reference.py FOLDER

For torch_teacher_test.cc. FOLDER gets image.png and, for each network, NAME.pt and NAME.png. NAME.png is
the label map of image.png, decoded as torchvision, Detectron2 or Ultralytics does it; the decoding is
written here with PyTorch's operators. Prints the versions of torch and torchvision. Exits with 3 when one
of them is not installed.
"""
import pathlib
import sys
import warnings

try:
    import numpy as np
    import PIL.Image
    import torch
    import torchvision
    from torchvision.models.detection.roi_heads import paste_masks_in_image
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

WIDTH, HEIGHT = 160, 120
SCORE = 0.5


def picture():
    """Coloured discs and a gradient, RGB."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = np.stack([x * 255 // WIDTH, y * 255 // HEIGHT, (x + y) % 256], 2).astype(np.uint8)
    for cx, cy, radius, color in [(40, 40, 25, (250, 20, 30)), (110, 70, 35, (20, 240, 90)),
                                  (80, 95, 18, (240, 240, 20))]:
        image[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = color
    return image


def as_input(image, mean=0.0, std=1.0):
    """[1,3,h,w], computed in the order that ShadowTutor documents: value * factor + offset."""
    factor, offset = np.float32(1 / 255 / std), np.float32(-mean / std)
    planes = image.transpose(2, 0, 1).astype(np.float32) * factor + offset
    return torch.from_numpy(np.ascontiguousarray(planes))[None]


def united(masks, classes, scores):
    """Label map of boolean masks: where they overlap, the instance with the higher score is on top."""
    label = np.zeros((HEIGHT, WIDTH), np.uint8)
    kept = [i for i in range(len(scores)) if float(scores[i]) > np.float32(SCORE)]
    for i in sorted(kept, key=lambda i: (float(scores[i]), -i)):
        label[masks[i]] = int(classes[i])
    return label


def write(folder, name, label):
    PIL.Image.fromarray(label, "L").save(folder / f"{name}.png")


def balance(layer, run):
    """Shifts and scales a layer so that its random weights do not prefer one class everywhere."""
    seen = []
    hook = layer.register_forward_hook(lambda _, __, output: seen.append(output))
    run()
    hook.remove()
    output = seen[0].transpose(0, 1).flatten(1)
    mean, std = output.mean(1), output.std(1).clamp(min=1e-6) / 4
    layer.weight /= std.reshape(-1, *[1] * (layer.weight.dim() - 1))
    layer.bias.copy_((layer.bias - mean) / std)


def torchvision_mask_rcnn(folder, image):
    torch.manual_seed(3)
    model = torchvision.models.detection.maskrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=5, min_size=160, max_size=224,
        rpn_pre_nms_top_n_test=200, rpn_post_nms_top_n_test=100,
        box_detections_per_img=20)
    model.eval()
    balance(model.roi_heads.box_predictor.cls_score, lambda: model([as_input(image)[0]]))
    scripted = torch.jit.script(model)
    scripted.save(str(folder / "mask_rcnn.pt"))
    _, found = scripted([as_input(image)[0]])
    result = found[0]
    label = united((result["masks"][:, 0] > 0.5).numpy(), result["labels"], result["scores"])
    write(folder, "mask_rcnn", label)
    return int((result["scores"] > SCORE).sum()), np.unique(label)


def torchvision_deeplab(folder, image):
    torch.manual_seed(5)
    model = torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=6)
    # Takes the running statistics from the picture; with others, the last layer would see almost nothing.
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    both = as_input(image, mean=0.5, std=0.25)
    model.train()(torch.cat([both, both.flip(3)]))
    model.eval()
    balance(model.classifier[-1], lambda: model(as_input(image, mean=0.5, std=0.25)))
    scripted = torch.jit.script(model)
    scripted.save(str(folder / "deeplab.pt"))
    scores = scripted(as_input(image, mean=0.5, std=0.25))["out"]
    label = scores.argmax(1)[0].to(torch.uint8).numpy()
    write(folder, "deeplab", label)
    return np.unique(label)


class SmallMasks(torch.nn.Module):
    """Has the outputs of Detectron2's traced Mask R-CNN: a tuple of boxes, classes, masks [N,1,28,28],
    scores and the input's size. Takes one image."""

    def __init__(self, boxes, classes, masks, scores):
        super().__init__()
        self.boxes, self.classes, self.masks, self.scores = boxes, classes, masks, scores

    def forward(self, image: torch.Tensor):
        size = torch.tensor([image.size(1), image.size(2)])
        return self.boxes, self.classes, self.masks, self.scores, size


def detectron2_paste(mask, box):
    """Interpolates the mask at the centre of every pixel; outside of the mask it is 0."""
    x0, y0, x1, y1 = box
    xs = (torch.arange(WIDTH, dtype=torch.float32) + 0.5 - x0) / (x1 - x0) * 2 - 1
    ys = (torch.arange(HEIGHT, dtype=torch.float32) + 0.5 - y0) / (y1 - y0) * 2 - 1
    grid = torch.stack([xs[None].expand(HEIGHT, WIDTH), ys[:, None].expand(HEIGHT, WIDTH)], 2)
    return torch.nn.functional.grid_sample(mask[None, None], grid[None], align_corners=False)[0, 0]


def small_masks(folder):
    torch.manual_seed(7)
    count = 12
    corner = torch.rand(count, 2) * torch.tensor([WIDTH * 0.9, HEIGHT * 0.9]) - 8
    boxes = torch.cat([corner, corner + 3 + torch.rand(count, 2) * 70], 1)
    classes = torch.randint(0, 4, (count,))
    scores = torch.rand(count)
    coarse = torch.rand(count, 1, 7, 7)
    masks = torch.nn.functional.interpolate(coarse, (28, 28), mode="bilinear")
    scripted = torch.jit.script(SmallMasks(boxes, classes, masks, scores).eval())
    scripted.save(str(folder / "small_masks.pt"))
    whole = paste_masks_in_image(masks, boxes, (HEIGHT, WIDTH))[:, 0] > 0.5
    write(folder, "small_masks_torchvision", united(whole.numpy(), classes + 1, scores))
    whole = torch.stack([detectron2_paste(m[0], b) for m, b in zip(masks, boxes)]) >= 0.5
    write(folder, "small_masks_detectron2", united(whole.numpy(), classes + 1, scores))


class Yolo(torch.nn.Module):
    """Has the outputs of Ultralytics' exported segmentation networks, the same for every input."""

    def __init__(self, detections, prototypes):
        super().__init__()
        self.detections, self.prototypes = detections, prototypes

    def forward(self, images: torch.Tensor):
        return self.detections, self.prototypes + 0 * images.sum()


def yolo_seg(folder):
    """In the letterbox, 160x120 becomes 128x96 in 128x128, with 16 rows of padding above and below."""
    torch.manual_seed(11)
    anchors, classes, coefficients, side = 300, 3, 8, 32
    scale, left, top = 0.8, 0, 16
    centre = torch.rand(2, anchors) * 128
    size = 6 + torch.rand(2, anchors) * 60
    scores = torch.rand(classes, anchors) ** 4
    weights = torch.randn(coefficients, anchors)
    prototypes = torch.nn.functional.interpolate(
        torch.randn(1, coefficients, 6, 6), (side, side), mode="bilinear")
    detections = torch.cat([centre, size, scores, weights])[None]
    torch.jit.script(Yolo(detections, prototypes).eval()).save(str(folder / "yolo_seg.pt"))

    best, kind = scores.max(0)
    sure = best > SCORE
    corners = torch.cat([centre - size / 2, centre + size / 2]).T[sure]
    best, kind, weights = best[sure], kind[sure], weights.T[sure]
    kept = torchvision.ops.batched_nms(corners, best, kind, 0.6)
    corners, best, kind, weights = corners[kept], best[kept], kind[kept], weights[kept]
    logits = (weights @ prototypes[0].reshape(coefficients, -1)).reshape(-1, side, side)
    # Cuts off the padding, which is an integer number of prototype pixels here.
    inner = logits.sigmoid()[:, 4:28]
    masks = torch.nn.functional.interpolate(inner[None], (HEIGHT, WIDTH), mode="bilinear")[0]
    boxes = (corners - torch.tensor([left, top, left, top])) / scale
    x, y = torch.arange(WIDTH)[None, None], torch.arange(HEIGHT)[None, :, None]
    x0, y0, x1, y1 = (boxes[:, i, None, None] for i in range(4))
    masks = masks * ((x >= x0) & (x < x1) & (y >= y0) & (y < y1))
    label = united((masks > 0.5).numpy(), kind + 1, best)
    write(folder, "yolo_seg", label)
    return len(kept), int(sure.sum())


def main():
    warnings.filterwarnings("ignore", message="RCNN always returns")
    folder = pathlib.Path(sys.argv[1])
    image = picture()
    PIL.Image.fromarray(image).save(folder / "image.png")
    with torch.no_grad():
        print("mask_rcnn:", torchvision_mask_rcnn(folder, image), file=sys.stderr)
        print("deeplab:", torchvision_deeplab(folder, image), file=sys.stderr)
        small_masks(folder)
        print("yolo_seg:", yolo_seg(folder), file=sys.stderr)
    print("torch", torch.__version__, "torchvision", torchvision.__version__)


if __name__ == "__main__":
    main()
