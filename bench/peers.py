#!/usr/bin/env python3
"""Other people's kernels, one operation in its own process, for kernels.mjs.

    peers.py --list                               what this interpreter can time: {operation: [peer, ...]}
    peers.py INPUTS OPERATION PEER NAME,NAME      loads the arrays; answers each line on standard input with one call (worker.mjs)

Arrays are C order, z y x. One thread. A peer whose packages are missing is left out.
"""
import importlib.util
import json
import os
import sys
import time

import numpy as np

OPERATIONS = {}
DATA = os.environ.get("AXONLOOM_DATA", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "shared", "data"))


def peer(name, *operations, needs):
    """Registers `make(*arrays)`, which returns (call, check of its result)."""
    def register(make):
        if all(importlib.util.find_spec(package) for package in needs):
            for operation in operations:
                OPERATIONS.setdefault(operation, {})[name] = make
        return make
    return register


def labels_found(result):
    return {"labels": int(np.asarray(result).max())}


@peer("fastremap.unique of packed keys", "overlap fib25", "overlap pinky40", needs=["fastremap"])
def _(a, b):
    import fastremap
    return (lambda: fastremap.unique((a.astype(np.uint64) << np.uint64(32)) | b, return_counts=True),
            lambda result: {"pairs": len(result[0])})


@peer("fastremap.renumber + numpy.bincount", "overlap fib25", "overlap pinky40", needs=["fastremap"])
def _(a, b):
    import fastremap

    def call():
        (one, _), (two, names) = (fastremap.renumber(v, in_place=False) for v in (a, b))
        width = max(names.values()) + 1
        table = np.bincount((one.astype(np.int64) * width + two).ravel())
        return np.flatnonzero(table)
    return call, lambda pairs: {"pairs": len(pairs)}


@peer("fastremap.remap out of place", "remap u64 pinky40", needs=["fastremap"])
def _(labels):
    import fastremap
    ids = fastremap.unique(labels).tolist()
    table = {v: ids[k - k % 2] for k, v in enumerate(ids)}
    return lambda: fastremap.remap(labels, table, in_place=False), lambda result: {"labels": len(fastremap.unique(result))}


@peer("fastremap.remap in place", "remap u64 pinky40", needs=["fastremap"])
def _(labels):
    import fastremap
    ids = fastremap.unique(labels).tolist()
    table = {v: ids[k - k % 2] for k, v in enumerate(ids)}
    return lambda: fastremap.remap(labels, table, in_place=True), lambda result: {"labels": len(fastremap.unique(result))}


@peer("numpy table[labels]", "remap u32 to u64 pinky40", needs=[])
def _(labels):
    table = np.arange(int(labels.max()) + 1, dtype=np.uint64) << np.uint64(20)
    return lambda: table[labels], lambda result: {"last": int(result.flat[-1])}


@peer("numpy.take, reused output", "remap u32 to u64 pinky40", needs=[])
def _(labels):
    table = np.arange(int(labels.max()) + 1, dtype=np.uint64) << np.uint64(20)
    out = np.empty(labels.shape, np.uint64)
    return lambda: np.take(table, labels, out=out, mode="clip"), lambda result: {"last": int(result.flat[-1])}


@peer("fastremap.renumber", "renumber u64 pinky40", needs=["fastremap"])
def _(labels):
    import fastremap
    return lambda: fastremap.renumber(labels, in_place=False), lambda result: {"labels": len(result[1])}


for connectivity in (6, 26):
    every = [f"components {connectivity} {name}" for name in ("pinky40_u32", "fib25_ws_u32", "fib25_mask_u8", "flyem256_labels_u32")]

    @peer("cc3d", *every, needs=["cc3d"])
    def _(labels, connectivity=connectivity):
        import cc3d
        labels = labels.view(bool) if labels.dtype == np.uint8 else labels
        return lambda: cc3d.connected_components(labels, connectivity=connectivity), labels_found

    @peer("scipy", f"components {connectivity} fib25_mask_u8", needs=["scipy"])
    def _(mask, connectivity=connectivity):
        from scipy import ndimage
        structure = ndimage.generate_binary_structure(3, 1 if connectivity == 6 else 3)
        return lambda: ndimage.label(mask, structure)[0], labels_found


@peer("vigra turbo", "watershed u8 fib25", needs=["vigra"])
def _(membrane, seeds):
    import vigra
    return (lambda: vigra.analysis.watershedsNew(membrane, seeds=seeds)[0]), lambda result: {"labels": len(np.unique(result))}


@peer("scikit-image", "watershed u8 fib25", needs=["skimage"])
def _(membrane, seeds):
    from skimage.segmentation import watershed
    seeds = seeds.astype(np.int32)
    return lambda: watershed(membrane, seeds, connectivity=1), lambda result: {"labels": len(np.unique(result))}


def mean(values):
    return {"mean": float(np.asarray(values).mean(dtype=np.float64))}


for name, spacing in (("distance fib25", (1, 1, 1)), ("distance anisotropic fib25", (4, 1.6, 1.6))):
    @peer("edt", name, needs=["edt"])
    def _(walls, spacing=spacing):
        import edt
        mask = walls == 0
        return lambda: edt.edt(mask, anisotropy=spacing, black_border=False, parallel=1), mean

    @peer("vigra", name, needs=["vigra"])
    def _(walls, spacing=spacing):
        import vigra
        values = (walls == 0).astype(np.float32)
        return lambda: vigra.filters.distanceTransform(values, background=False, pixel_pitch=spacing), mean

    @peer("scipy", name, needs=["scipy"])
    def _(walls, spacing=spacing):
        from scipy.ndimage import distance_transform_edt
        mask = walls == 0
        return lambda: distance_transform_edt(mask, sampling=spacing), mean


for sigma, name in ((1.6, "fib25_gray_f32"), (3.5, "fib25_gray_f32"), (1.6, "flyem262_gray_f32")):
    @peer("scipy", f"gaussian {sigma} {name}", needs=["scipy"])
    def _(gray, sigma=sigma):
        from scipy.ndimage import gaussian_filter
        out = np.empty_like(gray)
        return lambda: gaussian_filter(gray, sigma, truncate=3.0, mode="mirror", output=out), lambda _: mean(out)

    @peer("vigra", f"gaussian {sigma} {name}", needs=["vigra"])
    def _(gray, sigma=sigma):
        import vigra
        out = np.empty_like(gray)
        return lambda: vigra.filters.gaussianSmoothing(gray, sigma, window_size=3.0, out=out), lambda _: mean(out)


@peer("vigra", "ilastik vigra flyem128", needs=["vigra"])
def _(gray):
    import vigra
    from vigra import filters
    project = os.path.join(DATA, "ilastik", "tiny-pc.ilp")
    forests = [(vigra.learning.RandomForest(project, f"PixelClassification/ClassifierForests/Forest{i:04}"), n)
               for i, n in enumerate([13] * 4 + [12] * 4)]

    def call():
        image = vigra.taggedView(gray.astype(np.float32), "zyx")
        columns = []
        smooth = {s: filters.gaussianSmoothing(image, (s * s - 1) ** 0.5 if s > 1 else s, window_size=3.5) for s in (0.3, 1.0, 3.5)}
        for s in (0.3, 1.0, 3.5):
            columns.append(filters.gaussianSmoothing(smooth[s], min(s, 1.0), window_size=2))
        for feature in (
            lambda p: [filters.laplacianOfGaussian(p, 1.0, window_size=2)],
            lambda p: [filters.gaussianGradientMagnitude(p, 1.0, window_size=2)],
            lambda p: [filters.gaussianSmoothing(p, 1.0, window_size=2) - filters.gaussianSmoothing(p, 0.66, window_size=2)],
            lambda p: np.moveaxis(np.asarray(filters.structureTensorEigenvalues(p, 1.0, 0.5, window_size=2)), -1, 0),
            lambda p: np.moveaxis(np.asarray(filters.hessianOfGaussianEigenvalues(p, 1.0, window_size=2)), -1, 0),
        ):
            for s in (1.0, 3.5):
                columns.extend(feature(smooth[s]))
        rows = np.stack([np.asarray(c, np.float32).ravel() for c in columns], axis=1)
        total = np.zeros((len(rows), 4), np.float32)
        for forest, trees in forests:
            total += forest.predictProbabilities(rows) * np.float32(trees)
        return total / np.float32(100)
    return call, lambda p: {f"mean{c}": float(p[:, c].mean(dtype=np.float64)) for c in range(4)}


@peer("cc3d.contacts (areas only)", "region graph fib25", needs=["cc3d"])
def _(labels, _membrane):
    import cc3d
    return lambda: cc3d.contacts(labels, connectivity=6), lambda result: {"edges": len(result)}


@peer("scikit-image", "region graph fib25", needs=["skimage"])
def _(labels, membrane):
    from skimage.graph import rag_boundary
    labels, membrane = labels.astype(np.int64), membrane.astype(np.float64)
    return lambda: rag_boundary(labels, membrane, connectivity=1), lambda result: {"edges": result.number_of_edges()}


# A C-ordered z, y, x block is a Fortran-ordered x, y, z one, which is what the format stores.
def cubes_of(labels):
    return [cube.T for cube in labels.reshape(-1, 64, 64, 64)]


@peer("compressed-segmentation", "compressed_segmentation encode pinky256", needs=["compressed_segmentation"])
def _(labels):
    import compressed_segmentation as codec
    cubes = cubes_of(labels)
    return (lambda: [codec.compress(cube, block_size=(8, 8, 8), order="F") for cube in cubes],
            lambda packed: {"bytes_per_voxel": sum(map(len, packed)) / labels.size})


@peer("compressed-segmentation", "compressed_segmentation decode pinky256", needs=["compressed_segmentation"])
def _(labels):
    import compressed_segmentation as codec
    packed = [codec.compress(cube, block_size=(8, 8, 8), order="F") for cube in cubes_of(labels)]
    return (lambda: [codec.decompress(p, (64, 64, 64), np.uint64, block_size=(8, 8, 8), order="F") for p in packed],
            lambda cubes: {"first": int(cubes[0].flat[0])})


def memory(field):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return True
    except OSError:
        return False


def serve(folder, operation, name, inputs):
    arrays = [np.load(os.path.join(folder, i + ".npy")) for i in inputs.split(",")]
    call, check = OPERATIONS[operation][name](*arrays)
    first = True
    for _ in sys.stdin:
        before = memory("VmRSS") if first and reset_peak() else None
        cpu, wall = time.process_time(), time.perf_counter()
        result = call()
        answer = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        if first:
            peak = None if before is None else memory("VmHWM") - before
            answer.update(peak_bytes=peak, check=check(result), voxels=int(arrays[0].size))
        first = False
        del result
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print(json.dumps({operation: list(peers) for operation, peers in OPERATIONS.items()}))
    else:
        serve(*sys.argv[1:])
