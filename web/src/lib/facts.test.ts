import { expect, it } from "vitest";

import { inline, shape } from "./facts";

it("puts what people look for first and leaves empty columns out", () => {
  const found = shape([{ gid: 0, layer: "", name: "root", uid: 0 }, { gid: 1, layer: "", name: "daemon", uid: 1 }]);
  expect(found.kind === "rows" && found.columns).toEqual(["name", "uid", "gid"]);
});

it("says once what is the same in every row", () => {
  const found = shape(["a", "b", "c", "d"].map((name) => ({ name, type: "deb" })));
  expect(found).toMatchObject({ columns: ["name"], same: [["type", "deb"]] });
});

it("reads a map of alike records as a table", () => {
  const found = shape({ "/a": { mode: "0640" }, "/b": { mode: "0600" }, "/c": { mode: "0600" } });
  expect(found.kind === "rows" && found.rows[0]).toEqual({ name: "/a", mode: "0640" });
});

it("writes nested values on one line", () => {
  expect(inline({ state: "locked", changed: null, groups: ["a", "b"], ok: true })).toBe("state: locked · groups: a, b · ok: yes");
});
