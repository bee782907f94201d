/** The message in an empty table. */
export function NoRows({ searching, onShowAll }: { searching: boolean; onShowAll: () => void }) {
  return (
    <div class="qjm-no-rows" role="row">
      <div role="gridcell">
        {searching ? "Searching…" : "No job matches."}{" "}
        {!searching && (
          <button type="button" class="qjm-link" onClick={onShowAll}>
            Show all jobs
          </button>
        )}
      </div>
    </div>
  );
}
