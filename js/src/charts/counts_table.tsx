/** The bars of the chart as a table. */
import { count } from "../text";
import { type Bar, percent } from "./bars";

/** Rows above this number are only in the CSV file. */
const MOST_ROWS = 1_100;

export function CountsTable({ bars }: { bars: readonly Bar[] }) {
  const withExpected = bars.some(({ expected }) => expected !== null);
  return (
    <details class="qjm-as-table">
      <summary>Counts as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to scroll the table */}
      <div class="qjm-counts-scroller" tabIndex={0} role="region" aria-label="Counts as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Outcome</th>
              <th scope="col">Shots</th>
              <th scope="col">Share</th>
              <th scope="col">95 % interval</th>
              {withExpected && <th scope="col">Expected</th>}
            </tr>
          </thead>
          <tbody>
            {bars.slice(0, MOST_ROWS).map((bar) => (
              <Row key={bar.key} bar={bar} withExpected={withExpected} />
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Row({ bar, withExpected }: { bar: Bar; withExpected: boolean }) {
  return (
    <tr>
      <th scope="row">
        <bdi>{bar.key}</bdi>
      </th>
      <td>{count(bar.count)}</td>
      <td>{percent(bar.share)}</td>
      <td>{`${percent(bar.low, "")} – ${percent(bar.high)}`}</td>
      {withExpected && <td>{percent(bar.expected ?? 0)}</td>}
    </tr>
  );
}
