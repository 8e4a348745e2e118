export { withoutContacts } from "./boundaries.ts";
export { type Contingency, ContingencyTable, type Labels } from "./contingency-table.ts";
export { type HeatMapGrid, heatMapOf, largestOf, projectHeatMap } from "./heat-map.ts";
export { colourOf, drawHeatMap } from "./heat-map-image.ts";
export { type JoinedBodies, joinedBodies, transposed } from "./joined-bodies.ts";
export { type MeasureOptions, type Measures, measure } from "./measures.ts";
export { probabilisticRand, type WeightedEdge } from "./probabilistic-rand.ts";
export type * from "./result.ts";
