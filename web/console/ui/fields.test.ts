import { describe, expect, it } from "vitest";

import { Problem } from "@shared/api/problem";

import { faultAt, fieldFaults } from "./fields";

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

  it("is nothing where the refusal names no field", () => {
    expect(fieldFaults(new Problem(409, "conflict", "", {}))).toEqual([]);
    expect(fieldFaults(new Error("gone"))).toEqual([]);
  });
});
