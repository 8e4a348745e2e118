/** Stages of the benchmark's driver. */
export const same = (n) => n;
export const both = ({ left, right }) => left[0] + right[0];
