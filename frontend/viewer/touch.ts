/** Wheel and double tap. Drags and pinches are Cornerstone's (tools.ts). */

const PIXELS_PER_IMAGE = 60; // one notch of a mouse wheel is 100 to 120, a touch pad sends many small steps
const PIXELS_PER_LINE = 40;
const ZOOM_PER_PIXEL = 0.0016;

/** Turns wheel movement into whole images; a rest is kept for the next event. */
export class WheelSteps {
  private rest = 0;

  add(pixels: number): number {
    if (Math.sign(pixels) !== Math.sign(this.rest)) this.rest = 0;
    this.rest += pixels;
    const steps = Math.trunc(this.rest / PIXELS_PER_IMAGE);
    this.rest -= steps * PIXELS_PER_IMAGE;
    // A notch is one image, however long: some mice send 120, some 300.
    return Math.max(-3, Math.min(3, Math.abs(pixels) >= 100 ? Math.sign(pixels) : steps));
  }
}

export interface WheelTarget {
  step(by: number): void;
  zoomBy(factor: number): void;
}

export function listenToWheel(element: HTMLElement, target: WheelTarget): void {
  const steps = new WheelSteps();
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault(); // the page itself must neither scroll nor zoom
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * PIXELS_PER_LINE : event.deltaY;
      // A pinch on a touch pad arrives as Ctrl + wheel.
      if (event.ctrlKey) target.zoomBy(Math.exp(-pixels * ZOOM_PER_PIXEL));
      else target.step(steps.add(pixels));
    },
    { passive: false },
  );
}

const DOUBLE_TAP_MS = 350;
const DOUBLE_TAP_PIXELS = 30;

/** Two quick taps on one spot. `dblclick` does not fire on touch screens that may not zoom. */
export function listenToDoubleTap(element: HTMLElement, act: () => void): void {
  let last = { time: Number.NEGATIVE_INFINITY, x: 0, y: 0 };
  element.addEventListener('pointerup', (event) => {
    const near = Math.hypot(event.clientX - last.x, event.clientY - last.y) < DOUBLE_TAP_PIXELS;
    if (near && event.timeStamp - last.time < DOUBLE_TAP_MS) {
      act();
      last = { time: Number.NEGATIVE_INFINITY, x: 0, y: 0 };
    } else {
      last = { time: event.timeStamp, x: event.clientX, y: event.clientY };
    }
  });
}
