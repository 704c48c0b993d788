import { expect, it } from "vitest";

import { csv } from "./csv";

it("quotes what needs quotes and disarms formulas", () => {
  expect(csv(["a", "b"], [['x "y"', "=1+1"], [null, 3], ["-x", "line\nbreak"]])).toBe('a,b\r\n"x ""y""",\'=1+1\r\n,3\r\n\'-x,"line\nbreak"\r\n');
});
