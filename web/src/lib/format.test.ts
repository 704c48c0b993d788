import { describe, expect, it } from "vitest";

import { count, label, middle, percent, plural, system } from "./format";
import { relative } from "./time";

describe("format", () => {
  it("marks a count that is a lower bound", () => {
    expect(count(10000, true)).toBe("10,000+");
    expect(plural(1, "asset")).toBe("1 asset");
  });
  it("never rounds a chance down to nothing", () => {
    expect(percent(0.00001)).toBe("< 0.1 %");
    expect(percent(0.423)).toBe("42 %");
    expect(percent(0)).toBe("0 %");
    expect(percent(0.99957)).toBe("> 99.9 %");
    expect(percent(0.996)).toBe("99.6 %");
    expect(percent(1)).toBe("100 %");
  });
  it("cuts long names in the middle", () => {
    expect(middle("build-runner-07.ci.internal.example.org", 15)).toBe("build-r…ple.org");
    expect(middle("short", 15)).toBe("short");
  });
  it("shortens the names of operating systems", () => {
    expect(system("Debian GNU/Linux 12 (bookworm)")).toBe("Debian 12 (bookworm)");
    expect(system("Alpine Linux v3.20")).toBe("Alpine Linux v3.20");
  });
  it("makes labels of wire names", () => {
    expect(label("password_authentication")).toBe("Password authentication");
    expect(label("packages_deb")).toBe("Packages (Debian)");
  });
});

describe("relative", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  it("chooses the unit that people would", () => {
    expect(relative("2026-11-23T11:59:40Z", now)).toBe("just now");
    expect(relative("2026-11-23T09:00:00Z", now)).toBe("3 hr. ago");
    expect(relative("2026-11-25T12:00:00Z", now)).toBe("in 2 days");
    expect(relative("nonsense", now)).toBe("nonsense");
  });
});
