import {
  AngleTool,
  addTool,
  annotation,
  init as initTools,
  LengthTool,
  PanTool,
  StackScrollTool,
  Enums as ToolEnums,
  ToolGroupManager,
  type Types as ToolTypes,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools';
import { decimal } from './labels';
import type { Spacing } from './series';
import { VIEWPORT } from './stack';
import type { Texts } from './texts';

/** What one finger or the left mouse button does. */
export type Mode = 'scroll' | 'window' | 'pan' | 'zoom' | 'length' | 'angle';

const TOOL_OF: Readonly<Record<Mode, string>> = {
  scroll: StackScrollTool.toolName,
  window: WindowLevelTool.toolName,
  pan: PanTool.toolName,
  zoom: ZoomTool.toolName,
  length: LengthTool.toolName,
  angle: AngleTool.toolName,
};
const MEASURING: readonly Mode[] = ['length', 'angle'];
const { Primary, Auxiliary, Secondary } = ToolEnums.MouseBindings;
const GROUP = 'klisza-tools';

type Stats = Record<string, { length?: number; unit?: string; angle?: number }>;
type TextLines = (data: { cachedStats?: Stats }, target: string) => string[];

export interface MeasureTexts {
  t: Texts;
  language: string;
  spacing(): Spacing;
}

/** 'mm' as measured, 'px' where the file does not tell; at the detector a length is an estimate and says so. */
function lengthLines({ t, language, spacing }: MeasureTexts): TextLines {
  return (data, target) => {
    const stats = data.cachedStats?.[target];
    if (stats?.length === undefined || Number.isNaN(stats.length)) return [];
    const unit = stats.unit?.startsWith('px') ? 'px' : (stats.unit?.split(' ')[0] ?? 'px');
    const value = `${decimal(stats.length, language, unit === 'px' ? 0 : 1)} ${unit}`;
    if (unit === 'px') return [value, t('measure_no_scale')];
    return spacing() === 'detector' ? [`≈ ${value}`, t('measure_detector')] : [value];
  };
}

function angleLines({ language }: MeasureTexts): TextLines {
  return (data, target) => {
    const angle = data.cachedStats?.[target]?.angle;
    return angle === undefined || Number.isNaN(angle) ? [] : [`${decimal(angle, language)}°`];
  };
}

const AMBER = 'rgb(242, 177, 52)';
const TURQUOISE = 'rgb(138, 213, 228)';
/** Large enough for tired eyes, on a dark ground so that a number stays readable over bone. */
const LINES = {
  color: AMBER,
  colorHighlighted: TURQUOISE,
  colorSelected: TURQUOISE,
  lineWidth: '2',
  lineDash: '',
  shadow: true,
  textBoxVisibility: true,
  textBoxFontFamily: 'system-ui, sans-serif',
  textBoxFontSize: '16px',
  textBoxColor: AMBER,
  textBoxColorHighlighted: TURQUOISE,
  textBoxColorSelected: TURQUOISE,
  textBoxBackground: 'rgba(0, 0, 0, 0.75)',
  textBoxLinkLineWidth: '1',
  textBoxLinkLineDash: '2,3',
  textBoxShadow: true,
};

/** Before the first viewport exists: it is then that mouse, touch and drawing are attached to it. */
export function startTools(): void {
  initTools();
  for (const tool of [StackScrollTool, WindowLevelTool, PanTool, ZoomTool, LengthTool, AngleTool]) addTool(tool);
  const { style } = annotation.config;
  style.setDefaultToolStyles({ ...style.getDefaultToolStyles(), global: LINES } as never);
}

export class Tools {
  private readonly group: ToolTypes.IToolGroup;
  mode: Mode = 'scroll';

  /** redraw: shows the picture again after measurements were taken away. */
  constructor(
    engineId: string,
    texts: MeasureTexts,
    private readonly redraw: () => void,
  ) {
    const group = ToolGroupManager.createToolGroup(GROUP);
    if (!group) throw new Error('tool group exists already');
    this.group = group;
    group.addTool(StackScrollTool.toolName, { debounceIfNotLoaded: true });
    group.addTool(WindowLevelTool.toolName);
    group.addTool(PanTool.toolName);
    group.addTool(ZoomTool.toolName, { pinchToZoom: true, pan: true, minZoomScale: 0.2, maxZoomScale: 20 });
    group.addTool(LengthTool.toolName, { getTextLines: lengthLines(texts) });
    group.addTool(AngleTool.toolName, { getTextLines: angleLines(texts) });
    group.addViewport(VIEWPORT, engineId);
    this.use('scroll');
  }

  use(mode: Mode): void {
    for (const name of Object.values(TOOL_OF)) this.group.setToolPassive(name, { removeAllBindings: true });
    // Two fingers and the other buttons always do the same, whatever the first one is set to.
    this.bind('zoom', [{ mouseButton: Secondary }, { numTouchPoints: 2 }]);
    this.bind('pan', [{ mouseButton: Auxiliary }]);
    this.bind(mode, [{ mouseButton: Primary }, { numTouchPoints: 1 }]);
    this.mode = mode;
  }

  get measuring(): boolean {
    return MEASURING.includes(this.mode);
  }

  /** The marked measurement, or with none marked the latest. */
  deleteOne(): void {
    const selected = annotation.selection.getAnnotationsSelected()[0];
    const latest = annotation.state.getAllAnnotations().at(-1)?.annotationUID;
    const uid = selected ?? latest;
    if (uid) annotation.state.removeAnnotation(uid);
    this.redraw();
  }

  private bind(mode: Mode, bindings: ToolTypes.IToolBinding[]): void {
    this.group.setToolActive(TOOL_OF[mode], { bindings });
  }
}
