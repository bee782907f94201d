/** The chart: Plotly once it is here, a light drawing before that and in its stead. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Bar, type Looks, sameBars } from "./bars";
import { BarsSvg, MOST_BARS } from "./bars_svg";
import { draw, type Picture } from "./plot";
import type { PlotlyApi } from "./plotly";
import { useFrame } from "./theme";

export const HEIGHT = 280;
/** Milliseconds between repaints: Plotly at the panel's pace would hold up the page. Below the kernel's pace for
 * counts, or repaints would drift into the moments when statuses come. */
const PAUSE = 150;

interface Props {
  bars: readonly Bar[];
  looks: Looks;
  shots: number;
  label: string;
  plotly: PlotlyApi | null;
}

export function Chart({ bars, looks, shots, label, plotly }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const { width, theme } = useFrame(frame);
  const [failed, setFailed] = useState(false);
  const drawn = plotly !== null && !failed && bars.length <= MOST_BARS + 1;
  return (
    <div class="qjm-chart" ref={frame} style={{ height: `${HEIGHT}px` }}>
      {drawn && theme !== null && width > 0 ? (
        <Plot
          plotly={plotly}
          picture={{ bars, looks, shots, width, height: HEIGHT, theme }}
          label={label}
          onFailed={() => setFailed(true)}
        />
      ) : (
        <BarsSvg
          bars={bars}
          looks={looks}
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
    a.width === b.width && a.theme === b.theme && a.looks === b.looks && sameBars(a.bars, b.bars)
  );
}

/** After so many milliseconds and after the next frame, which shows what else is new. Returns how to stop it. */
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
