/**
 * HDF5 files, for reading.
 *
 *     const names = await withHdf5("model.ilp", (file) => file.strings("/PixelClassification/LabelNames"));
 */
export { type Hdf5File, type Hdf5Numbers, type NumberArray, withHdf5 } from "./file.ts";
export { readVigraForest, type StoredForest } from "./vigra-forest.ts";
