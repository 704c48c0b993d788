import { expect, it } from "vitest";

import { refusalText } from "./refusal";

it("leaves out the position and all but the first of what could stand there", () => {
  const expected = Array.from({ length: 12 }, (_, at) => `f${at}`);
  const detail = `query, character 1: there is no field 'foo'. Expected ${expected.join(", ")}.`;
  expect(refusalText({ title: "No", detail, expected })).toBe(
    "There is no field 'foo'. Expected: f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more.",
  );
});

it("keeps what it does not know", () => {
  expect(refusalText({ title: "The query is too long" })).toBe("The query is too long");
});
