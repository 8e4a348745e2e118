/** Neighbours that share a face; a face or an edge; a face, an edge or a corner. */
export type Connectivity = 6 | 18 | 26;
