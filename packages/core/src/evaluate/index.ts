export { type Contingency, ContingencyTable, type Labels } from "./contingency-table.ts";
export { type MeasureOptions, type Measures, measure } from "./measures.ts";
