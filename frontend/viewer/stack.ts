import {
  cache,
  Enums,
  eventTarget,
  imageLoader,
  init as initCore,
  RenderingEngine,
  type StackViewport,
  type Types,
} from '@cornerstonejs/core';
import { init as initLoader } from '@cornerstonejs/dicom-image-loader';
import { Prefetcher } from './prefetch';
import type { LoadedSeries } from './series';
import { type Range, toRange, toWindow, type Window } from './windowing';

export const ENGINE = 'klisza-engine';
export const VIEWPORT = 'klisza-viewport';

export interface StackEvents {
  /** The wanted image changed; it may not be on the screen yet. */
  moved(index: number): void;
  drawn(index: number): void;
  /** Window, zoom, pan or rotation changed. */
  changed(): void;
  failed(error: unknown): void;
  loaded(): void;
}

export interface StackSettings {
  element: HTMLDivElement;
  cpu: boolean;
  phone: boolean;
  cacheBytes: number;
  events: StackEvents;
}

export function startCornerstone(cpu: boolean, phone: boolean): void {
  initCore({ isMobile: phone, rendering: { useCPURendering: cpu } } as never);
  initLoader({
    maxWebWorkers: Math.max(1, Math.min(phone ? 2 : 4, Math.floor((navigator.hardwareConcurrency || 2) / 2))),
  });
}

/** One series on the screen: where in it we are, how it is drawn. Everything Cornerstone's viewport is asked goes through here. */
export class Stack {
  readonly viewport: StackViewport;
  private readonly engine: RenderingEngine;
  private readonly prefetcher: Prefetcher;
  private series: LoadedSeries | null = null;
  private wanted = 0;

  constructor(private readonly settings: StackSettings) {
    this.engine = new RenderingEngine(ENGINE);
    this.engine.enableElement({
      viewportId: VIEWPORT,
      type: Enums.ViewportType.STACK,
      element: settings.element,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.engine.getViewport(VIEWPORT) as StackViewport;
    this.prefetcher = new Prefetcher(this.work(), settings.phone ? 3 : 4, () => settings.events.loaded());
    this.listen();
  }

  get count(): number {
    return this.series?.imageIds.length ?? 0;
  }

  get index(): number {
    return this.wanted;
  }

  get imageId(): string {
    return this.series?.imageIds[this.wanted] ?? '';
  }

  async show(series: LoadedSeries, index: number): Promise<void> {
    this.prefetcher.stop();
    this.series = series;
    this.wanted = index;
    this.settings.events.moved(index);
    await this.viewport.setStack(series.imageIds, index);
  }

  goTo(index: number): void {
    const target = Math.max(0, Math.min(this.count - 1, index));
    if (target === this.wanted || !this.series) return;
    this.wanted = target;
    this.settings.events.moved(target);
    void this.viewport.setImageIdIndex(target);
  }

  step(by: number): void {
    this.goTo(this.wanted + by);
  }

  /** Ask for the wanted image again after a failure. */
  async reload(): Promise<void> {
    if (!this.series) return;
    const index = this.wanted;
    await this.viewport.setStack(this.series.imageIds, index);
  }

  ready(index: number): boolean {
    const imageId = this.series?.imageIds[index];
    return imageId !== undefined && cache.isLoaded(imageId);
  }

  readyCount(): number {
    return this.series?.imageIds.filter((imageId) => cache.isLoaded(imageId)).length ?? 0;
  }

  resize(): void {
    this.engine.resize(true, true);
    this.viewport.render();
    this.settings.events.changed();
  }

  get window(): Window | null {
    const range = this.viewport.getProperties().voiRange as Range | undefined;
    return range ? toWindow(range) : null;
  }

  /** The window is the one stored in the file, not one that somebody chose. */
  get windowIsStored(): boolean {
    return Boolean(this.viewport.getProperties().isComputedVOI);
  }

  setWindow(window: Window): void {
    this.viewport.setProperties({ voiRange: toRange(window) });
    this.draw();
  }

  automaticWindow(): void {
    const invert = this.inverted;
    this.viewport.resetProperties();
    this.viewport.setProperties({ invert });
    this.draw();
  }

  get inverted(): boolean {
    return Boolean(this.viewport.getProperties().invert);
  }

  toggleInvert(): void {
    this.viewport.setProperties({ invert: !this.inverted });
    this.draw();
  }

  zoomBy(factor: number): void {
    const zoom = Math.max(0.2, Math.min(20, this.viewport.getZoom() * factor));
    this.viewport.setZoom(zoom);
    this.draw();
  }

  /** Screen pixels. */
  panBy(x: number, y: number): void {
    const [left, top] = this.viewport.getPan();
    this.viewport.setPan([left + x, top + y]);
    this.draw();
  }

  fit(): void {
    const { rotation, flipHorizontal, flipVertical } = this.presentation;
    this.viewport.resetCamera();
    this.viewport.setViewPresentation({ rotation, flipHorizontal, flipVertical } as Types.ViewPresentation);
    this.draw();
  }

  rotate(): void {
    const rotation = ((this.presentation.rotation ?? 0) + 90) % 360;
    this.viewport.setViewPresentation({ rotation } as Types.ViewPresentation);
    this.draw();
  }

  flip(axis: 'horizontal' | 'vertical'): void {
    const now = this.presentation;
    const change =
      axis === 'horizontal' ? { flipHorizontal: !now.flipHorizontal } : { flipVertical: !now.flipVertical };
    this.viewport.setViewPresentation(change as Types.ViewPresentation);
    this.draw();
  }

  reset(): void {
    this.viewport.resetCamera();
    this.viewport.setViewPresentation({
      rotation: 0,
      flipHorizontal: false,
      flipVertical: false,
    } as Types.ViewPresentation);
    this.viewport.resetProperties();
    this.draw();
  }

  draw(): void {
    this.viewport.render();
    this.settings.events.changed();
  }

  private get presentation(): Types.ViewPresentation {
    return this.viewport.getViewPresentation() ?? {};
  }

  private work() {
    // The same options as the viewport's own requests, or the cached colours would have the wrong layout.
    const options = { useRGBA: this.settings.cpu, requestType: Enums.RequestType.Prefetch };
    return {
      load: (imageId: string) => imageLoader.loadAndCacheImage(imageId, options as never),
      isLoaded: (imageId: string) => cache.isLoaded(imageId),
    };
  }

  private listen(): void {
    const { element, events } = this.settings;
    element.addEventListener(Enums.Events.STACK_VIEWPORT_SCROLL, (event) => {
      const { newImageIdIndex } = (event as CustomEvent<{ newImageIdIndex: number }>).detail;
      this.wanted = newImageIdIndex;
      events.moved(newImageIdIndex);
    });
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, (event) => {
      const { imageIdIndex, image } = (event as CustomEvent<{ imageIdIndex: number; image: Types.IImage }>).detail;
      events.drawn(imageIdIndex);
      this.prefetchAround(imageIdIndex, image.sizeInBytes);
    });
    for (const kind of [Enums.Events.VOI_MODIFIED, Enums.Events.CAMERA_MODIFIED, Enums.Events.IMAGE_RENDERED]) {
      element.addEventListener(kind, () => events.changed());
    }
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_ERROR, (event: Event) => {
      const { imageId, error } = (event as CustomEvent<{ imageId?: string; error?: unknown }>).detail;
      if (imageId === this.imageId) events.failed(error);
    });
  }

  private prefetchAround(index: number, bytesEach: number): void {
    if (!this.series) return;
    const fitting = Math.floor((0.8 * this.settings.cacheBytes) / Math.max(1, bytesEach));
    this.prefetcher.around(this.series.imageIds, index, Math.max(1, Math.floor(fitting / 2)));
  }
}
