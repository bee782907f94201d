/** The chart of the counts: Plotly once it is loaded, SVG otherwise. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Bar, type ChartOptions, sameBars } from "./bars";
import { BarsSvg, MOST_BARS } from "./bars_svg";
import { draw, type Picture } from "./plot";
import type { PlotlyApi } from "./plotly";
import { useFrame } from "./theme";

export const HEIGHT = 280;
/**
 * Milliseconds between repaints, because painting at each update would block the page. The pause is shorter than
 * the interval at which the kernel sends counts, so that repaints do not coincide with status updates.
 */
const PAUSE = 150;

interface Props {
  bars: readonly Bar[];
  options: ChartOptions;
  shots: number;
  label: string;
  plotly: PlotlyApi | null;
}

export function Chart({ bars, options, shots, label, plotly }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const { width, theme } = useFrame(frame);
  const [failed, setFailed] = useState(false);
  const drawn = plotly !== null && !failed && bars.length <= MOST_BARS + 1;
  return (
    <div class="qjm-chart" ref={frame} style={{ height: `${HEIGHT}px` }}>
      {drawn && theme !== null && width > 0 ? (
        <Plot
          plotly={plotly}
          picture={{ bars, options, shots, width, height: HEIGHT, theme }}
          label={label}
          onFailed={() => setFailed(true)}
        />
      ) : (
        <BarsSvg
          bars={bars}
          options={options}
          shots={shots}
          width={width || 400}
          height={HEIGHT}
          label={label}
        />
      )}
    </div>
  );
}

interface PlotProps {
  plotly: PlotlyApi;
  picture: Picture;
  label: string;
  onFailed: () => void;
}

function Plot({ plotly, picture, label, onFailed }: PlotProps) {
  const element = useRef<HTMLDivElement>(null);
  const newest = useRef(picture);
  const painted = useRef<{ at: number; picture: Picture | null }>({ at: 0, picture: null });
  const stop = useRef<(() => void) | null>(null);
  newest.current = picture;

  const paint = () => {
    stop.current = null;
    if (element.current === null) return;
    const before = painted.current.picture;
    painted.current = { at: performance.now(), picture: newest.current };
    draw(plotly, element.current, newest.current, before).catch(onFailed);
  };

  useLayoutEffect(() => {
    if (stop.current !== null) return;
    const { picture: before, at } = painted.current;
    if (before === null) return paint();
    if (samePicture(before, newest.current)) return;
    stop.current = later(at + PAUSE - performance.now(), paint);
  });

  useEffect(
    () => () => {
      stop.current?.();
      if (element.current !== null) plotly.purge(element.current);
    },
    [plotly],
  );
  return <div ref={element} role="img" aria-label={label} />;
}

function samePicture(a: Picture, b: Picture): boolean {
  return (
    a.width === b.width &&
    a.theme === b.theme &&
    a.options === b.options &&
    sameBars(a.bars, b.bars)
  );
}

/**
 * Run a function after this many milliseconds and the next frame, which paints the other changes first. Return a
 * function that cancels it.
 */
function later(ms: number, run: () => void): () => void {
  let frame = 0;
  let timer = setTimeout(() => {
    frame = requestAnimationFrame(() => {
      timer = setTimeout(run);
    });
  }, ms);
  return () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
}
