/** What stands where no row does. */
export function NoRows({ searching, onAll }: { searching: boolean; onAll: () => void }) {
  return (
    <div class="qjm-no-rows" role="row">
      <div role="gridcell">
        {searching ? "Searching…" : "No job fits."}{" "}
        {!searching && (
          <button type="button" class="qjm-link" onClick={onAll}>
            Show all jobs
          </button>
        )}
      </div>
    </div>
  );
}
