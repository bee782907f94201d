/** The header row of the table; most headings sort. */

import { memo } from "../components/memo";
import type { Query, SortKey } from "../protocol/wire";
import type { Column } from "./columns";

interface Props {
  columns: readonly Column[];
  query: Query;
  /** Whether the table can sort by this key now. Without a kernel it can sort only by a few keys. */
  sorts: (key: SortKey) => boolean;
  selected: "none" | "some" | "all";
  onSort: (key: SortKey) => void;
  onSelectAll: (all: boolean) => void;
}

export const TableHead = memo(Headings);

function Headings({ columns, query, sorts, selected, onSort, onSelectAll }: Props) {
  return (
    <div role="rowgroup">
      <div class="qjm-columns" role="row" aria-rowindex={1}>
        {columns.map(({ name, heading, sort, title }) => (
          <span
            key={name}
            role="columnheader"
            class={`qjm-cell qjm-cell-${name}`}
            aria-sort={sort !== null && sort === query.sort ? sorted(query) : undefined}
          >
            {name === "select" ? (
              <input
                type="checkbox"
                class="qjm-check"
                aria-label="Select all jobs shown"
                checked={selected === "all"}
                indeterminate={selected === "some"}
                onClick={(event) => onSelectAll(event.currentTarget.checked)}
              />
            ) : name === "action" ? (
              <span class="qjm-unseen">{heading}</span>
            ) : sort === null || !sorts(sort) ? (
              heading
            ) : (
              <button
                type="button"
                class="qjm-sort"
                title={title === undefined ? undefined : `${title}: sort by it`}
                onClick={() => onSort(sort)}
              >
                {heading}
                <SortMark query={query} sort={sort} />
              </button>
            )}
          </span>
        ))}
      </div>
    </div>
  );
}

function sorted({ down }: Query): "ascending" | "descending" {
  return down ? "descending" : "ascending";
}

/** The arrow of a sorted column; none for the default order. */
function SortMark({ query, sort }: { query: Query; sort: SortKey }) {
  if (sort !== query.sort || (sort === "job" && !query.down)) return null;
  return (
    <svg class="qjm-sort-mark" viewBox="0 0 10 10" aria-hidden="true">
      <path d={query.down ? "M2 3.5 5 7l3-3.5" : "M2 6.5 5 3l3 3.5"} />
    </svg>
  );
}
