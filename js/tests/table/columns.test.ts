/** Which columns a table has room for. */
import { describe, expect, it } from "vitest";
import { OPTIONAL_COLUMNS } from "../../src/protocol/wire";
import { columnsFor, gridColumns } from "../../src/table/columns";

const names = (width: number, filled: readonly (typeof OPTIONAL_COLUMNS)[number][] = []) =>
  columnsFor({
    width,
    filled,
    hasActions: true,
    hasErrors: true,
    number: 40,
    span: 70,
    points: false,
  }).map(({ name }) => name);

describe("columns", () => {
  it("are all there in a wide table", () => {
    expect(names(1_200, OPTIONAL_COLUMNS)).toHaveLength(13);
  });

  it("name the points of a single circuit", () => {
    const shape = {
      width: 900,
      filled: [],
      hasActions: true,
      hasErrors: true,
      number: 40,
      span: 70,
    };
    const heading = (points: boolean) =>
      columnsFor({ ...shape, points }).find(({ name }) => name === "span")?.heading;
    expect([heading(false), heading(true)]).toEqual(["Circuits", "Points"]);
  });

  it("leave out what the backend does not report", () => {
    expect(names(1_200)).not.toContain("queue");
    expect(names(1_200)).toContain("waited");
  });

  it("of a narrow table are number, circuits, status and action", () => {
    expect(names(330, OPTIONAL_COLUMNS)).toEqual(["select", "number", "span", "status", "action"]);
  });

  it.each([380, 500, 640, 729, 900])("fit into %d pixels", (width) => {
    const shown = columnsFor({
      width,
      filled: OPTIONAL_COLUMNS,
      hasActions: true,
      hasErrors: true,
      number: 40,
      span: 70,
      points: false,
    });
    expect(shown.reduce((sum, each) => sum + each.width, 0)).toBeLessThanOrEqual(width);
  });

  it("show the note before durations where jobs have errors", () => {
    const ran = (hasErrors: boolean) =>
      columnsFor({
        width: 470,
        filled: [],
        hasActions: true,
        hasErrors,
        number: 40,
        span: 70,
        points: false,
      }).some(({ name }) => name === "ran");
    expect([ran(false), ran(true)]).toEqual([true, false]);
  });

  it("show durations before notes in a finished set without errors", () => {
    const [narrow, wide] = [332, 600].map((width) =>
      columnsFor({
        width,
        filled: [],
        hasActions: false,
        hasErrors: false,
        number: 40,
        span: 70,
        points: false,
      }).map(({ name }) => name),
    );
    expect(narrow).toEqual(["number", "span", "status", "ran"]);
    expect(wide).toEqual(["number", "span", "status", "note", "since", "waited", "ran"]);
  });

  it("show the position in the queue before the time that a job ran", () => {
    const shown = columnsFor({
      width: 480,
      filled: ["queue"],
      hasActions: true,
      hasErrors: false,
      number: 40,
      span: 70,
      points: false,
    }).map(({ name }) => name);
    expect(shown).toContain("queue");
    expect(shown).not.toContain("ran");
  });

  it("give what is left to the note, or to the circuits", () => {
    const grid = (width: number) =>
      gridColumns(
        columnsFor({
          width,
          filled: [],
          hasActions: false,
          hasErrors: false,
          number: 40,
          span: 70,
          points: false,
        }),
      );
    expect(grid(600)).toContain("minmax(100px, 1fr)");
    expect(grid(250)).toBe("44px minmax(78px, 1fr) 92px");
  });
});
