/** Numbers for people. */
import { toXyz, type Vec3 } from "@axonloom/core";

export function formatCount(n: number): string {
  return n.toLocaleString("en-US");
}

/** A count with its noun: `1 face`, `12 faces`. */
export function formatNumber(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** Three significant digits, in powers of 1024. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(value >= 1000 ? 4 : 3)} ${units[unit]}`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

export function formatRate(voxels: number, seconds: number): string {
  return `${(voxels / seconds / 1e6).toFixed(1)} Mvoxel/s`;
}

/** `512 × 512 × 20` (x, y, z). */
export function formatShape(shape: Vec3): string {
  return toXyz(shape).join(" × ");
}
