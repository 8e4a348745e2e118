/** Spark's types as DDL text. */
import type { DataType } from "../gen/spark/connect/connect_pb.ts";

const NAMES: Readonly<Record<string, string>> = {
  byte: "tinyint",
  short: "smallint",
  integer: "int",
  long: "bigint",
  null: "void",
};

/** Columns of a struct, `id bigint NOT NULL, name string`; other types as they are written in DDL. */
export function ddlOf(type: DataType | undefined): string {
  if (type?.kind.case !== "struct") return typeText(type);
  return type.kind.value.fields
    .map((field) => `${nameOf(field.name)} ${typeText(field.dataType)}${field.nullable ? "" : " NOT NULL"}`)
    .join(", ");
}

function typeText(type: DataType | undefined): string {
  const kind = type?.kind ?? { case: undefined };
  switch (kind?.case) {
    case undefined:
      return "unknown";
    case "decimal":
      return `decimal(${kind.value.precision ?? 10}, ${kind.value.scale ?? 0})`;
    case "array":
      return `array<${typeText(kind.value.elementType)}>`;
    case "map":
      return `map<${typeText(kind.value.keyType)}, ${typeText(kind.value.valueType)}>`;
    case "struct":
      return `struct<${kind.value.fields.map((field) => `${nameOf(field.name)}: ${typeText(field.dataType)}`).join(", ")}>`;
    case "unparsed":
      return kind.value.dataTypeString;
    default:
      return NAMES[kind.case] ?? kind.case;
  }
}

function nameOf(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `\`${name.replaceAll("`", "``")}\``;
}
