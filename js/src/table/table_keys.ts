/** What keys mean among the rows of the table. Pure. */

/** How far a key goes, where a page has so many rows. */
export function stepOf(key: string, page: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page - 1,
    PageUp: 1 - page,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };
  return steps[key];
}

/** The row that a key is meant for; NaN for none: in the drawer and on buttons keys keep their own meaning.
 * A row's box takes those that tick it, and leaves the row the others. */
export function rowOf(element: HTMLElement, key: string): number {
  const boxed = element.matches(".qjm-row .qjm-check") && key !== " " && key !== "Enter";
  const row = boxed ? element.closest<HTMLElement>("[data-row]") : element;
  return Number(row?.dataset.row ?? Number.NaN);
}
