import { describe, expect, it } from "vitest";

import { both, chosen, parts, quote, toggle } from "./querytext";

describe("parts", () => {
  it("cuts at top-level ands only", () => {
    expect(parts('state:open and (a:1 and b:2) and asset:"x and y"')).toEqual(["state:open", "(a:1 and b:2)", 'asset:"x and y"']);
  });
  it("leaves a query with a top-level or whole", () => {
    expect(parts("a:1 or b:2 and c:3")).toEqual(["a:1 or b:2 and c:3"]);
  });
  it("reads an escaped quote", () => {
    expect(parts('t:"a\\" and b" and c:1')).toEqual(['t:"a\\" and b"', "c:1"]);
  });
});

describe("toggle", () => {
  it("adds, widens, narrows and removes", () => {
    const one = toggle("state:open", "tag", "lab");
    expect(one).toBe("state:open and tag:lab");
    const two = toggle(one, "tag", "team data");
    expect(two).toBe('state:open and (tag:lab or tag:"team data")');
    expect(toggle(two, "tag", "lab")).toBe('state:open and tag:"team data"');
    expect(toggle(one, "tag", "lab")).toBe("state:open");
    expect(toggle("tag:lab", "tag", "lab")).toBe("");
  });
  it("brackets an or that it is joined to", () => {
    expect(toggle("a:1 or b:2", "tag", "lab")).toBe("(a:1 or b:2) and tag:lab");
  });
  it("keeps the place of the field in the query", () => {
    expect(toggle("severity:high and state:open", "severity", "critical")).toBe("(severity:high or severity:critical) and state:open");
  });
});

describe("chosen", () => {
  it("reads both forms", () => {
    expect(chosen('(tag:a or tag:"b c") and x:1', "tag")).toEqual(["a", "b c"]);
    expect(chosen("x:1", "tag")).toEqual([]);
    expect(chosen("not tag:a", "tag")).toEqual([]);
  });
});

describe("quote and both", () => {
  it("quotes what needs it", () => {
    expect(quote("libc6")).toBe("libc6");
    expect(quote('a "b"')).toBe('"a \\"b\\""');
  });
  it("joins two queries", () => {
    expect(both("a:1 or b:2", "c:3")).toBe("(a:1 or b:2) and c:3");
    expect(both("", "c:3")).toBe("c:3");
    expect(both("state:open and a:1", 'state:open and package:"x y"')).toBe('state:open and a:1 and package:"x y"');
  });
});
