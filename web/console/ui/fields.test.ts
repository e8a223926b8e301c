import { describe, expect, it } from "vitest";

import { Problem } from "@shared/api/problem";

import { faultAt, fieldFaults, marking } from "./fields";

const says = { t: (key: string) => `<${key}>`, te: (key: string) => key === "fault.missing" };

describe("what the API finds wrong with a field", () => {
  const fault = new Problem(422, "invalid_request", "", {
    errors: [
      { field: "body.titles", code: "missing", message: "Field required" },
      { field: "body.skus.1", code: "value_error", message: "Value error, a bundle has components" },
    ],
  });

  it("stands at the field, or at the part that holds it", () => {
    const faults = fieldFaults(fault);
    expect(faultAt(faults, "titles", says)).toBe("<fault.missing>");
    expect(faultAt(faults, "skus", says)).toBe("a bundle has components");
    expect(faultAt(faults, "skus.0", says)).toBe("");
  });

  it("is said as it is meant of that field", () => {
    const origin = new Problem(422, "invalid_request", "", { errors: [{ field: "body.origins.1", code: "string_pattern_mismatch", message: "pattern" }] });
    const known = (key: string): boolean => key === "fault.at.origins.string_pattern_mismatch" || key === "fault.string_pattern_mismatch";
    expect(faultAt(fieldFaults(origin), "origins", { ...says, te: known })).toBe("<fault.at.origins.string_pattern_mismatch>");
  });

  it("is that of the one field that a rule names beside its reason", () => {
    const rule = new Problem(422, "invalid_request", "Edges rise.", { reason: "bad_bands", field: "recency" });
    expect(faultAt(fieldFaults(rule), "recency", says)).toBe("Edges rise.");
  });

  it("is said with the rest where no field of the form shows it", () => {
    const { take, wrong, others } = marking(says);
    take(fault);
    expect([wrong("titles"), wrong("price")]).toEqual(["<fault.missing>", ""]);
    expect(others()).toEqual(["skus.1: a bundle has components"]);
    expect(wrong("skus")).toBe("a bundle has components");
    expect(others()).toEqual([]);
    take(undefined);
    expect(wrong("titles")).toBe("");
  });

  it("is nothing where the refusal names no field", () => {
    expect(fieldFaults(new Problem(409, "conflict", "", {}))).toEqual([]);
    expect(fieldFaults(new Error("gone"))).toEqual([]);
  });
});
