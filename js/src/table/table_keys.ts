/** Keyboard navigation of the table. Pure. */

/** Rows to move for a key, with `page` rows per page; undefined for other keys. */
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

/**
 * The row that a key acts on; NaN for none. Inside the drawer and on buttons, keys keep their default action. A
 * checkbox takes Space and Enter and leaves other keys to its row.
 */
export function rowOf(element: HTMLElement, key: string): number {
  const onCheckbox = element.matches(".qjm-row .qjm-check") && key !== " " && key !== "Enter";
  const row = onCheckbox ? element.closest<HTMLElement>("[data-row]") : element;
  return Number(row?.dataset.row ?? Number.NaN);
}
